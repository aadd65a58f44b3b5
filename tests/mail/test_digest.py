"""The digest: who hears of a run, when, and what it says in both forms."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config.settings import Mail
from auditor.config.values import MailUrl, WebUrl
from auditor.mail.digest import digests, letters, link_to
from auditor.mail.letter import message_of
from auditor.model.audit import Undelivered
from auditor.model.finding import NOT_ASKED, Tally
from auditor.report.build import build_report
from auditor.report.rows import Taken
from auditor.resources import bundled_folder
from tests.report import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.mail.digest import Digest
    from auditor.mail.letter import Letter
    from auditor.model.audit import Audit
    from auditor.report.build import ReportData

TEMPLATES = Path(str(bundled_folder("reports/templates/mail")))
MAIL = Mail(
    smtp=MailUrl("smtp://mail.example"),
    from_="auditor@nordlys.example",
    to={"default": ("ops@nordlys.example",), "crm": ("crm@nordlys.example",)},
)
LINK = "reports/out/nordlys/2026-11-23T05-00-00Z-7f3a/index.html"
DAY = timedelta(days=1)
YESTERDAY = examples.AS_OF - DAY
HEARD = dict.fromkeys(MAIL.to, YESTERDAY)
CHANGES = {
    "consent.withdrawn_but_opted_in": Tally(total=12, new=3, worse=3, regressed=3, ongoing=3),
    "consent.opt_in_unknown_person": Tally(total=4, ongoing=4),
    "sales.missing_order": Tally(total=212, new=18, ongoing=194),
    "sales.amount_mismatch": Tally(total=41, ongoing=41, resolved=7),
}


def told(audit: Audit, changes: dict[str, Tally] | None = None, **values: Any) -> ReportData:
    data = examples.report(audit, findings=lambda check: examples.FINDINGS.get(check, list)())
    return dataclasses.replace(data, changes=CHANGES if changes is None else changes, **values)


def due(data: ReportData, heard: dict[str, Any] | None = None) -> dict[str, Digest]:
    made = digests(data, MAIL, LINK, HEARD if heard is None else heard)
    return {digest.group: digest for digest in made}


def written(data: ReportData, heard: dict[str, Any] | None = None) -> dict[str, Letter]:
    made = digests(data, MAIL, LINK, HEARD if heard is None else heard)
    return {
        digest.group: letter
        for digest, letter in zip(made, letters(made, MAIL, TEMPLATES), strict=True)
    }


def words_of(text: str) -> set[str]:
    return {word.strip(".").lower() for word in re.findall(r"[\w.]+", text)}


class Reader(HTMLParser):
    """Keeps what a reader of the HTML sees, and what it links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(re.sub(r"<style>.*?</style>|<title>.*?</title>", "", html, flags=re.DOTALL))

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def words(self) -> set[str]:
        return words_of(" ".join(self.parts))


# --- who hears of a run --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["new", "worse", "regressed", "resolved"])
def test_a_group_hears_of_what_happened_to_its_own(state: str):
    changes = {"consent.opt_in_lost": Tally(**{state: 1})}
    assert set(due(told(examples.critical_audit(), changes))) == {"crm"}


def test_what_no_group_takes_goes_to_the_default():
    changes = {"sales.missing_order": Tally(new=1)}
    assert set(due(told(examples.critical_audit(), changes))) == {"default"}


def test_what_a_group_without_readers_takes_goes_to_the_default():
    mail = Mail(smtp=MAIL.smtp, from_=MAIL.from_, to=MAIL.to | {"crm": ()})
    changes = {"consent.opt_in_lost": Tally(new=1)}
    made = digests(told(examples.critical_audit(), changes), mail, LINK, HEARD)
    assert [(one.group, one.tally.new) for one in made] == [("default", 1)]


def test_nobody_hears_of_what_only_goes_on():
    changes = {"sales.missing_order": Tally(total=9, ongoing=9)}
    assert due(told(examples.critical_audit(), changes)) == {}


def test_everybody_hears_of_an_incomplete_run():
    assert set(due(told(examples.rich_audit(), {}))) == {"default", "crm"}


@pytest.mark.parametrize(("days", "is_told"), [(1, False), (6, False), (7, True), (40, True)])
def test_a_week_of_silence_is_broken(days: int, is_told: bool):
    heard = dict.fromkeys(MAIL.to, examples.AS_OF - days * DAY)
    assert bool(due(told(examples.clean_audit(), {}), heard)) is is_told


def test_a_run_that_begins_a_little_early_is_still_a_week_later():
    heard = dict.fromkeys(MAIL.to, examples.AS_OF - 7 * DAY + timedelta(minutes=4))
    assert set(due(told(examples.clean_audit(), {}), heard)) == {"default", "crm"}


def test_who_never_heard_anything_hears_of_the_first_run():
    assert set(due(told(examples.clean_audit(), {}), {})) == {"default", "crm"}


# --- what it says --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audit", "group", "subject"),
    [
        (examples.critical_audit(), "default", "[nordlys] Critical: 18 new, 7 resolved, 253 open"),
        (
            examples.critical_audit(),
            "crm",
            "[nordlys] Critical: 3 new, 3 worse, 3 back again, 16 open (crm)",
        ),
        (
            examples.rich_audit(),
            "crm",
            "[nordlys] Incomplete: 3 new, 3 worse, 3 back again, 16 open (crm)",
        ),
    ],
)
def test_the_subject_holds_the_verdict_and_what_happened(audit: Audit, group: str, subject: str):
    assert due(told(audit))[group].subject == subject


def test_the_verdict_of_a_group_is_that_of_its_own_findings():
    audit = examples.critical_audit()
    mild = tuple(one for one in audit.checks if one.check.suite != "sales" or one.outcome != "fail")
    data = told(dataclasses.replace(audit, checks=mild), {"sales.unknown_order": Tally(resolved=1)})
    assert digests(data, MAIL, LINK, {})[0].verdict == "clean"


def partial() -> ReportData:
    """Report an audit of one suite, of which the letters of crm stand as they were."""
    audit = examples.critical_audit()
    checks = tuple(
        dataclasses.replace(one, outcome="off", reason=NOT_ASKED)
        if one.check.suite == "consent"
        else one
        for one in audit.checks
    )
    audit = dataclasses.replace(audit, checks=checks, suites=("sales",))
    record = dataclasses.replace(
        examples.record(audit), changes={"consent.opt_in_lost": Tally(total=4, ongoing=4)}
    )
    return build_report(record, {"consent.opt_in_lost": Taken(total=4)})


def test_a_group_whose_findings_stand_is_not_told_that_all_is_clean():
    assert due(partial(), {})["crm"].subject == "[nordlys] Drift: nothing changed, 4 open (crm)"


def accepted() -> ReportData:
    """Report a clean audit, whose critical findings somebody has accepted."""
    failing = next(one for one in examples.RESULTS if one.check.id == "sales.missing_order")
    audit = dataclasses.replace(examples.clean_audit(), checks=(failing,))
    changes = {failing.check.id: Tally(total=3, accepted=3)}
    record = dataclasses.replace(examples.record(audit), changes=changes)
    return build_report(record, {failing.check.id: Taken(total=3, accepted=3)})


def test_what_is_accepted_does_not_decide_the_verdict_of_a_group():
    (digest,) = digests(accepted(), MAIL, LINK, {"crm": YESTERDAY})
    assert digest.verdict == "clean"


def test_a_letter_says_of_what_is_accepted_that_it_is():
    assert ", accepted. sales.missing_order" in written(accepted(), {})["default"].text


def test_a_letter_does_not_send_anybody_to_what_is_accepted():
    assert "First:" not in written(accepted(), {})["default"].text


def test_a_letter_says_which_suites_alone_were_judged():
    assert "Only the suite sales was judged" in written(partial(), {})["crm"].text


def test_a_group_that_was_not_judged_is_not_told_that_nothing_of_it_is_wrong():
    audit = dataclasses.replace(examples.critical_audit(), suites=("sales",))
    sales = tuple(one for one in audit.checks if one.check.suite == "sales")
    letter = written(told(dataclasses.replace(audit, checks=sales), {}), {})["crm"]
    assert letter.text.startswith("Nothing of yours that was judged is wrong.\n")
    assert letter.subject == "[nordlys] Clean, only sales: nothing changed, 0 open (crm)"


def test_what_more_suites_of_a_run_find_is_another_letter_to_whom_it_concerns():
    audit = examples.critical_audit()
    part, whole = (
        written(told(dataclasses.replace(audit, suites=suites)), {})
        for suites in (("consent",), ())
    )
    assert part["crm"].key == whole["crm"].key
    assert part["default"].key != whole["default"].key


def test_a_letter_says_of_what_stands_that_it_was_not_judged():
    assert "not judged this time. consent.opt_in_lost" in written(partial(), {})["crm"].text


def test_the_first_run_that_is_clean_is_told_without_a_past():
    assert (
        "Nothing has changed since" not in written(told(examples.clean_audit(), {}), {})["crm"].text
    )


def test_a_heartbeat_says_since_when_nothing_has_changed():
    heard = dict.fromkeys(MAIL.to, examples.AS_OF - 8 * DAY)
    text = written(told(examples.clean_audit(), {}), heard)["crm"].text
    assert "Nothing has changed since 15 Nov 2026, 06:00 CET." in text


def test_an_incomplete_run_says_what_to_restore_first():
    text = written(told(examples.rich_audit()))["crm"].text
    assert "First: Restore the stream emarsys si_contacts, then audit again." in text


def test_letters_that_wait_are_told():
    data = told(
        examples.rich_audit(), undelivered=Undelivered(2, "the mail server does not answer")
    )
    assert "2 letters of earlier runs could not be sent" in written(data)["crm"].text


@pytest.mark.parametrize("group", ["default", "crm"])
def test_the_plain_text_says_the_same(group: str):
    letter = written(told(examples.rich_audit()))[group]
    assert Reader(letter.html).words <= words_of(letter.text)


def test_hostile_text_is_text_in_both_forms():
    letter = written(told(examples.rich_audit()))["default"]
    assert examples.SCRIPT in letter.text
    assert examples.SCRIPT not in letter.html


def test_a_reason_from_the_systems_begins_no_line_of_the_letter():
    lines = (
        examples.coverage("centra", "orders", 0, complete=False, reason="No.\n\nAll is well."),
    )
    audit = dataclasses.replace(examples.rich_audit(), coverage=lines)
    assert "- centra orders: No. All is well." in written(told(audit))["crm"].text


def test_a_hostile_brand_breaks_no_header():
    audit = dataclasses.replace(examples.critical_audit(), brand="x\r\nBcc: all@nordlys.example")
    letter = written(told(audit))["crm"]
    message = message_of(letter, brand="x", sender=MAIL.from_, at=examples.AS_OF)
    assert (message["Bcc"], "\n" in message["Subject"]) == (None, False)


# --- what clients can show -----------------------------------------------------------------------------


def test_no_letter_loads_anything():
    html = written(told(examples.rich_audit()))["default"].html
    assert not re.search(r"<(img|link|script|iframe)|url\(|@import|https?://", html)


def test_styles_stand_in_the_elements():
    html = written(told(examples.rich_audit()))["default"].html
    assert re.search(r'<td class="band incomplete" style="[^"]*background-color: ?#f1eefb', html)


def test_only_rules_for_the_dark_stay_in_the_sheet():
    html = written(told(examples.rich_audit()))["default"].html
    (sheet,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert sheet.strip().startswith("@media (prefers-color-scheme: dark)")


def test_layout_is_by_tables_of_a_width_that_old_clients_hold():
    html = written(told(examples.rich_audit()))["default"].html
    assert '<!--[if mso]><table role="presentation" width="640"' in html


def huge_audit(checks: int) -> Audit:
    audit = examples.critical_audit()
    (missing,) = (one for one in audit.checks if one.check.id == "sales.missing_order")
    many = tuple(
        dataclasses.replace(
            missing,
            check=dataclasses.replace(missing.check, id=f"sales.rule_{n:03}", title="T" * 400),
        )
        for n in range(checks)
    )
    return dataclasses.replace(audit, checks=many)


def test_a_letter_keeps_below_ninety_kilobytes_and_says_what_is_left_out():
    data = told(huge_audit(300), {"sales.rule_000": Tally(new=1)})
    letter = written(data)["default"]
    assert len(letter.html.encode()) <= 90_000
    assert re.search(r"\d+ more checks in the report", letter.text)


def test_the_whole_message_keeps_below_ninety_kilobytes():
    letter = written(told(examples.rich_audit()))["default"]
    message = message_of(letter, brand="nordlys", sender=MAIL.from_, at=examples.AS_OF)
    assert len(message.as_bytes()) <= 90_000


def test_the_link_leads_to_where_the_readers_find_the_reports():
    mail = Mail(**{**_parts(MAIL), "reports": WebUrl("https://audit.example/r/")})
    assert link_to(Path(LINK), "nordlys", mail) == (
        "https://audit.example/r/nordlys/2026-11-23T05-00-00Z-7f3a/index.html"
    )


def test_without_an_address_the_file_is_named():
    assert link_to(Path(LINK), "nordlys", MAIL) == LINK


def _parts(mail: Mail) -> dict[str, Any]:
    return {name: getattr(mail, name) for name in mail.__struct_fields__}


@pytest.mark.parametrize("form", ["txt", "html"])
def test_the_letter_is_as_it_was(form: str, assert_gold: Callable[[str, str], None]):
    letter = written(told(examples.rich_audit()))["crm"]
    assert_gold(f"digest.{form}", letter.text if form == "txt" else letter.html)


def test_a_waiver_that_ended_is_news():
    (made,) = digests(
        told(examples.critical_audit(), {}), MAIL, LINK, HEARD, {"consent.opt_in_lost": 2}
    )
    assert made.subject == "[nordlys] Critical: 2 no longer accepted, 0 open (crm)"


def test_what_changed_in_audits_that_nobody_was_told_of_is_news():
    untold = {"crm": {"consent.opt_in_lost": 2}}
    (made,) = digests(told(examples.critical_audit(), {}), MAIL, LINK, HEARD, untold=untold)
    (letter,) = letters([made], MAIL, TEMPLATES)
    assert "2 findings came, went or got worse in earlier audits" in letter.text
    assert "Nothing has changed since" not in letter.text
    assert "2 changed since the last word" in letter.subject


def test_a_letter_about_a_waiver_that_ended_does_not_say_that_nothing_changed():
    ended = {"consent.opt_in_lost": 2}
    made = digests(told(examples.critical_audit(), {}), MAIL, LINK, HEARD, ended)
    (letter,) = letters(made, MAIL, TEMPLATES)
    assert "Nothing has changed" not in letter.text
    assert "2 findings no longer accepted" in letter.text


def test_who_has_nothing_wrong_is_not_told_that_both_systems_agree_while_others_have():
    audit = examples.critical_audit()
    checks = tuple(
        dataclasses.replace(one, outcome="pass") if one.check.owner == "crm" else one
        for one in audit.checks
    )
    data = told(dataclasses.replace(audit, checks=checks), {})
    assert written(data, {"default": YESTERDAY})["crm"].text.startswith(
        "Nothing of yours is wrong."
    )
