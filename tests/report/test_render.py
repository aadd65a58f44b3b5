"""The page: as it was, the same again, small enough, self-contained, and deaf to hostile text."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, get_args

import jinja2
import pytest

from auditor.model.audit import Audit
from auditor.model.finding import CheckResult, Tally, Verdict
from auditor.model.incident import Incident as Cause
from auditor.report.render import MAX_BYTES, digest, render_html, rows_that_fit
from tests.report import examples, huge

if TYPE_CHECKING:
    from collections.abc import Callable


class Reader(HTMLParser):
    """Keeps the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(page: str) -> str:
    """Return what a reader sees, with single spaces."""
    reader = Reader()
    body = page[page.index("<body>") :]
    reader.feed(re.sub(r"<script>.*?</script>", "", body, flags=re.DOTALL))
    return " ".join(" ".join(reader.parts).split())


def undrawn(page: str) -> str:
    """Leave out what a picture draws: it depends on the fonts of the machine; its words stay."""
    return re.sub(r"(<svg class=\"drawn\".*?</desc>).*?</svg>", r"\1</svg>", page, flags=re.DOTALL)


def rendered(audit: Audit, locale: str = "en_GB") -> str:
    return render_html(examples.report(audit, locale=locale), examples.TEMPLATES)


def test_the_rich_page_is_as_it_was(assert_gold: Callable[[str, str], None], rich_page: str):
    assert_gold("report.html", undrawn(rich_page))


def test_the_clean_page_is_as_it_was(assert_gold: Callable[[str, str], None], clean_page: str):
    assert_gold("report_clean.html", undrawn(clean_page))


def test_what_the_rows_of_an_incident_have_in_common_stands_with_it():
    norway = Cause(
        "i1", "sales.missing_order", "It is so.", "in the market Norway", "ecommerce", "critical",
        3, 3, None, examples.AS_OF,
    )  # fmt: skip
    page = rendered(dataclasses.replace(examples.rich_audit(), incidents=(norway,)))
    assert "3 rows in the market Norway" in text_of(page)


def test_the_same_values_give_the_same_bytes(rich_page: str):
    assert rendered(examples.rich_audit()) == rich_page


def test_templates_may_come_from_a_loader(rich_page: str):
    loader = jinja2.FileSystemLoader(examples.TEMPLATES)
    assert render_html(examples.report(examples.rich_audit()), loader) == rich_page


def test_a_million_findings_fit_into_the_page(huge_page: str):
    assert 0.9 * MAX_BYTES < len(huge_page.encode()) <= MAX_BYTES


def test_a_page_that_holds_fewer_rows_says_how_many_there_are(huge_page: str):
    shown = huge_page.count('<tr><th scope="row">order') // huge.CHECKS
    assert f"The first {shown} of 41,667 rows are in this page." in text_of(huge_page)


def test_a_page_that_holds_all_rows_does_not_say_that_it_lacks_any(rich_page: str):
    assert "The first " not in text_of(rich_page)


def test_no_text_however_long_blows_the_page_up():
    flood = "x" * 3_000_000
    finding = examples.finding("a.b", flood, cause=flood, centra={flood: flood})
    result = dataclasses.replace(examples.RESULTS[0], reason=flood)
    audit = dataclasses.replace(examples.rich_audit(), checks=(result,))
    data = examples.report(audit, findings=lambda _: [finding])
    assert len(render_html(data, examples.TEMPLATES).encode()) < 100_000


def test_rows_are_dealt_out_evenly_until_the_room_is_full():
    incidents = examples.report(examples.critical_audit()).incidents
    rows = rows_that_fit(incidents, lambda _: "x" * 99, 100 * 50)
    assert {check: len(lines) for check, lines in rows.items()} == {
        "sales.missing_order": 17,
        "consent.withdrawn_but_opted_in": 12,
        "sales.amount_mismatch": 17,
        "consent.opt_in_unknown_person": 4,
    }


def test_no_row_is_better_than_a_page_too_large():
    incidents = examples.report(examples.critical_audit()).incidents
    assert not any(rows_that_fit(incidents, lambda _: "x", -1).values())


@pytest.mark.parametrize("hostile", [examples.SCRIPT, examples.IMAGE])
def test_markup_from_the_systems_is_never_markup(rich_page: str, hostile: str):
    assert hostile not in rich_page
    assert hostile in text_of(rich_page)


def test_bidi_controls_are_made_visible(rich_page: str):
    assert "\u202e" not in rich_page
    assert "invoice[U+202E]gnp.exe" in text_of(rich_page)


def test_every_text_of_an_audit_is_escaped():
    mean = "\"'><b>&\u202e"
    check = dataclasses.replace(
        examples.CHECKS["sales.missing_order"], id=mean, suite=mean, title=mean, owner=mean
    )
    result = CheckResult(check, "fail", 1, 1, reason=mean)
    line = dataclasses.replace(examples.COVERAGE[5], stream=mean, reason=mean)
    audit = Audit(mean, mean, examples.AS_OF, "critical", (line,), (result,), Tally(1), {mean: 1.0})
    finding = examples.finding(mean, mean, subject_kind=mean, customer_id=mean, contact_id=mean)
    page = render_html(examples.report(audit, findings=lambda _: [finding]), examples.TEMPLATES)
    assert "<b>" not in page
    assert not re.search(r'="[^"]*"\'', page)
    assert "\u202e" not in page


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_every_verdict_has_a_page(verdict: Verdict):
    audit = dataclasses.replace(examples.clean_audit(), verdict=verdict)
    assert f'class="verdict is-{verdict}"' in rendered(audit)


def test_an_incomplete_audit_is_not_green(rich_page: str):
    style = rich_page[: rich_page.index("</style>")]
    tone = re.search(r"\.is-incomplete[^{]*\{ --tone: var\(--(\w+)\)", style)
    assert tone is not None
    assert tone[1] == "unknown"


def test_the_verdict_comes_before_everything_else(rich_page: str):
    headings = re.findall(r"<h([1-6])", rich_page)
    assert headings[0] == "1"


@pytest.mark.parametrize(
    "said",
    [
        "This audit is incomplete.",
        "emarsys si_contacts Incomplete The export ended after 3 of 5 files.",
        "emarsys catalogue Off emarsys.catalogue.feed is not configured.",
        "0 of 0",
        "There was nothing to check.",
        "12 of 20,110",
        "275,398.00 SEK",
        "123,400 JPY",
        "emarsys si_contacts is incomplete: The export ended after 3 of 5 files.",
        "emarsys.catalogue is not configured.",
        "owned by ecommerce",
        "Upload sale: to be done once a person has approved it.",
        "auditor findings --run 2026-11-23T05:00:00Z-7f3a --format json",
        "23 Nov 2026, 06:00 CET",
        "Times are in Europe/Stockholm.",
        "reconcile 3.20 s",
    ],
)
def test_the_rich_page_says(rich_page: str, said: str):
    assert said in text_of(rich_page)


@pytest.mark.parametrize(
    ("locale", "shown"), [("sv_SE", "275 398,00 SEK"), ("de_DE", "275.398,00 SEK")]
)
def test_figures_follow_the_locale(locale: str, shown: str):
    assert shown in text_of(rendered(examples.critical_audit(), locale))


def test_a_first_run_compares_with_nothing():
    data = dataclasses.replace(examples.report(examples.clean_audit()), history=())
    assert "No earlier run is known" in text_of(render_html(data, examples.TEMPLATES))


def test_an_earlier_run_of_some_suites_says_which():
    past = (dataclasses.replace(examples.HISTORY[0], suites=("consent",)),)
    data = dataclasses.replace(examples.report(examples.clean_audit()), history=past)
    assert ", only consent" in text_of(render_html(data, examples.TEMPLATES))


def test_an_audit_of_nothing_has_a_page():
    empty = Audit(examples.RUN, "nordlys", examples.AS_OF, "incomplete", (), (), Tally())
    assert "No check is configured." in text_of(rendered(empty))


def test_a_missing_value_is_an_error_and_not_a_gap():
    loader = jinja2.ChoiceLoader(
        [
            jinja2.DictLoader({"sections/timings.html": "{{ nothing }}"}),
            jinja2.FileSystemLoader(examples.TEMPLATES),
        ]
    )
    with pytest.raises(jinja2.UndefinedError):
        render_html(examples.report(examples.clean_audit()), loader)


def test_the_page_holds_no_address(page: str):
    assert not re.search(r"https?:|[\"'(=]\s*//|@import|url\((?!#)", page)


@pytest.mark.parametrize("tag", ["script", "style"])
def test_the_policy_names_the_hash_of_the_one(page: str, tag: str):
    inline = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert [f"{tag}-src '{digest(text)}'" in policy[1] for text in inline] == [True]


def test_the_policy_forbids_everything_else(rich_page: str):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', rich_page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]


def test_there_is_no_inline_handler_or_style_that_the_policy_would_block(page: str):
    assert not re.search(r"<[^>]*\s(?:on\w+|style)=", re.sub(r'="[^"]*"', "=", page))
