"""Go or no-go over real sockets: whom a campaign must not reach, for how long that holds, and what it costs."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import stamina
import yaml

from auditor.cli import main
from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.expect.suites import load_checks
from auditor.model.snapshot import Coverage, Dropped, Snapshot
from auditor.pipeline import Run, confirming
from auditor.pipeline.preflight import Asked, preflight
from auditor.preflight import rules
from auditor.preflight.sentences import off, untold
from auditor.preflight.verdict import read_verdict
from auditor.resources import expectation_files
from auditor.sandbox.emarsys.options import Campaign, EmarsysOptions
from auditor.sandbox.wire import Fault
from tests.brand import brand
from tests.mail.conftest import Server, serving
from tests.report import examples
from tests.stores import warehouse_in
from tests.test_large_worlds import Silent
from tests.test_plan import SCALE, Captured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.finding import Check
    from tests.brand import Brand

EMAIL, OPT_IN = 3, 31
EVERYBODY, QUARANTINE, OTHER_LIST = 100001, 700001, 700002
CAMPAIGNS = (
    Campaign(id=1, name="Safe", segment_id=EVERYBODY, exclude_list_id=QUARANTINE),
    Campaign(id=2, name="Careless", segment_id=EVERYBODY),
    Campaign(id=3, name="Gone", segment_id=EVERYBODY, status=3),
    Campaign(id=4, name="Nobody's"),
    Campaign(id=5, name="By list", list_id=OTHER_LIST),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    """Give an audited brand with an offence of every kind, and caps that leave room for all."""
    options = EmarsysOptions(campaigns=CAMPAIGNS)
    folder = tmp_path_factory.mktemp("preflight")
    captured = cast("pytest.CaptureFixture[str]", Captured())
    with (
        pytest.MonkeyPatch.context() as patch,
        brand(folder, patch, captured, SCALE, emarsys=options) as started,
    ):
        caps = {"default": {"count": 500, "share": 1}}
        started.change_settings(lambda known: known.update(corrections={"caps": caps}))
        assert started.auditor("audit") == 1
        yield started


@pytest.fixture(autouse=True)
def _here(shop: Brand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(shop.folder)
    shop.capsys = capsys


def fly(shop: Brand, *words: str) -> tuple[int, dict[str, Any]]:
    code = shop.auditor("--format", "json", "preflight", *words)
    return code, json.loads(shop.out) if shop.out else {}


@pytest.fixture(scope="module")
def kept() -> dict[str, dict[str, Any]]:
    """Hold the verdicts that several tests look at, by the fixture that gives each."""
    return {}


@pytest.fixture
def everybody(shop: Brand, kept: dict[str, dict[str, Any]], _here: None) -> dict[str, Any]:
    """Give the verdict on everybody, asked for once, as JSON with its exit code."""
    if "everybody" not in kept:
        begin = len(shop.running.log.rows())
        code, told = fly(shop, "--segment", str(EVERYBODY))
        kept["everybody"] = {"code": code, "calls": calls(shop, begin), **told}
    return kept["everybody"]


@pytest.fixture
def spotless(shop: Brand, kept: dict[str, dict[str, Any]], _here: None) -> dict[str, Any]:
    """Give the verdict on a few who did nothing, asked for once."""
    if "spotless" not in kept:
        launch = shop.running.clock() + timedelta(minutes=5)
        words = ("--list", list_of(shop, *blameless(shop)), "--at", launch.isoformat())
        begin = len(shop.running.log.rows())
        code, told = fly(shop, *words)
        when = {"calls": calls(shop, begin), "launch": launch.isoformat()}
        kept["spotless"] = {"code": code, **when, **told}
    return kept["spotless"]


@pytest.fixture
def over_cap(shop: Brand, kept: dict[str, dict[str, Any]], _here: None) -> dict[str, Any]:
    """Give the verdict on a careless campaign whose offenders are more than may be held back."""
    if "over_cap" not in kept:
        before = held(shop)
        known = yaml.safe_load(shop.running.settings.read_text())["corrections"]
        caps = {"caps": {"default": {"count": 1, "share": 0}}}
        shop.change_settings(lambda settings: settings.update(corrections=caps))
        code, told = fly(shop, "--campaign", "2", "--exclude")
        shop.change_settings(lambda settings: settings.update(corrections=known))
        kept["over_cap"] = {"code": code, "held": before, "held_after": held(shop), **told}
    return kept["over_cap"]


def mailed(shop: Brand) -> set[str]:
    contacts = shop.running.world.emarsys.contacts
    return {str(contact.id) for contact in contacts if contact.values.get(OPT_IN) == "1"}


def held(shop: Brand) -> set[str]:
    lists = {one.id: one for one in shop.running.world.emarsys.lists}
    return {str(number) for number in lists[QUARANTINE].contact_ids}


def planted(shop: Brand) -> dict[str, set[str]]:
    """Return whom the answer key holds against a mailing, by check."""
    found: dict[str, set[str]] = {}
    for row in shop.running.key:
        if row.check in rules.OF_PEOPLE and row.subject in mailed(shop) - held(shop):
            found.setdefault(row.check, set()).add(row.subject)
    return found


def list_of(shop: Brand, *contacts: str) -> str:
    """Let the second list of the account hold exactly these contacts; return its number."""
    lists = {one.id: one for one in shop.running.world.emarsys.lists}
    lists[OTHER_LIST].contact_ids[:] = [int(contact) for contact in contacts]
    return str(OTHER_LIST)


def blameless(shop: Brand, number: int = 5) -> list[str]:
    guilty = {row.subject for row in shop.running.key} | held(shop)
    emails = {c.email for c in shop.running.world.centra.customers}
    contacts = shop.running.world.emarsys.contacts
    return [
        str(contact.id)
        for contact in contacts
        if str(contact.id) in mailed(shop) - guilty and contact.values.get(EMAIL) in emails
    ][:number]


def file_of(told: dict[str, Any]) -> Path:
    return Path(told["file"])


def offenders(told: dict[str, Any]) -> set[str]:
    return set(json.loads(file_of(told).read_text())["preflight"]["offenders"])


# --- the verdict ---------------------------------------------------------------------------------------


def test_with_offenders_it_is_no_go(everybody: dict[str, Any]):
    assert (everybody["code"], everybody["verdict"]) == (1, "no-go")


def test_of_people_it_finds_who_was_planted_and_nobody_else(shop: Brand, everybody: dict[str, Any]):
    of_people = {row["check"]: row["people"] for row in everybody["blocking"]}
    expected = {check: len(who) for check, who in planted(shop).items()}
    assert {c: n for c, n in of_people.items() if c in rules.OF_PEOPLE} == expected


def test_the_offenders_are_in_the_file(shop: Brand, everybody: dict[str, Any]):
    assert set().union(*planted(shop).values()) <= offenders(everybody)


def test_the_json_holds_what_others_rely_on(everybody: dict[str, Any]):
    keys = {"format", "verdict", "audience", "expires_at", "blocking", "exclude", "digest"}
    assert keys <= everybody.keys()
    assert {"kind", "id", "size"} <= everybody["audience"].keys()


def test_the_audience_is_counted(shop: Brand, everybody: dict[str, Any]):
    size = len(shop.running.world.emarsys.contacts)
    assert everybody["audience"] == {
        "kind": "segment", "id": EVERYBODY, "size": size, "mailable": len(mailed(shop))
    }  # fmt: skip


def test_who_did_nothing_may_be_mailed(spotless: dict[str, Any]):
    assert (spotless["code"], spotless["verdict"], spotless["blocking"]) == (0, "go", [])


def test_one_offender_among_others_makes_it_no_go_but_for_one_who_opted_out(shop: Brand):
    guilty, left = sorted(set().union(*planted(shop).values()))[:2]
    contact = next(c for c in shop.running.world.emarsys.contacts if str(c.id) == left)
    contact.values[OPT_IN] = "2"
    try:
        code, told = fly(shop, "--list", list_of(shop, *blameless(shop), guilty, left))
    finally:
        contact.values[OPT_IN] = "1"
    assert (code, offenders(told)) == (1, {guilty})


def test_a_withdrawal_of_a_minute_ago_blocks(shop: Brand):
    who = blameless(shop, 3)
    rows = subscriptions_of(shop, who[0])
    before = [row.is_active for row in rows]
    for row in rows:
        row.is_active = False
    try:
        code, told = fly(shop, "--list", list_of(shop, *who))
    finally:
        for row, was in zip(rows, before, strict=True):
            row.is_active = was
    assert (code, offenders(told)) == (1, {who[0]})


def subscriptions_of(shop: Brand, who: str) -> list[Any]:
    contact = next(c for c in shop.running.world.emarsys.contacts if str(c.id) == who)
    email = str(contact.values[EMAIL]).lower()
    return [row for row in shop.running.world.centra.subscriptions if row.email.lower() == email]


def test_a_withdrawal_that_is_dated_later_than_the_reading_blocks(shop: Brand):
    who = blameless(shop, 3)
    rows = subscriptions_of(shop, who[0])
    before = [(row.is_active, row.created_at) for row in rows]
    for row in rows:
        row.is_active, row.created_at = False, shop.running.clock() + timedelta(minutes=1)
    try:
        code, told = fly(shop, "--list", list_of(shop, *who))
    finally:
        for row, (was, at) in zip(rows, before, strict=True):
            row.is_active, row.created_at = was, at
    assert (code, offenders(told)) == (1, {who[0]})


# --- what a campaign names -----------------------------------------------------------------------------


def test_a_campaign_that_does_not_leave_the_quarantine_list_out_reaches_it(
    shop: Brand, over_cap: dict[str, Any]
):
    guilty = {row.subject for row in shop.running.key if row.check in rules.OF_PEOPLE}
    assert over_cap["held"] & guilty & mailed(shop) <= offenders(over_cap)


@pytest.mark.parametrize(
    ("number", "said"),
    [("3", "went out already"), ("4", "neither a segment nor a list"), ("9", "no campaign 9")],
)
def test_a_campaign_that_cannot_be_judged_is_told(shop: Brand, number: str, said: str):
    code, _ = fly(shop, "--campaign", number)
    assert (code, said in shop.err) == (2, True)


# --- products ------------------------------------------------------------------------------------------


def item_with(shop: Brand, check: str) -> str:
    return next(row.subject for row in shop.running.key if row.check == check)


def test_a_wrong_price_makes_it_no_go_for_everybody_and_an_unknown_product_is_told(shop: Brand):
    items = f"{item_with(shop, 'catalogue.price_mismatch')},NOPE-1"
    code, told = fly(shop, "--list", list_of(shop, *blameless(shop)), "--items", items)
    assert (code, told["blocking"]) == (1, [{"check": "catalogue.price_mismatch", "people": 5}])
    assert told["gaps"] == ["Neither system knows the product NOPE-1."]


@pytest.fixture
def without_catalogue(shop: Brand, _here: None) -> Iterator[Brand]:
    """Give the brand as one that has said nothing of its prices."""
    known = yaml.safe_load(shop.running.settings.read_text())["centra"]["catalogue"]
    unsaid = {name: value for name, value in known.items() if name not in {"pricelist", "market"}}
    shop.change_settings(lambda settings: settings["centra"].update(catalogue=unsaid))
    yield shop
    shop.change_settings(lambda settings: settings["centra"].update(catalogue=known))


def test_products_of_a_catalogue_that_is_not_configured_are_not_judged(without_catalogue: Brand):
    shop = without_catalogue
    wrong = item_with(shop, "catalogue.price_mismatch")
    code, told = fly(shop, "--list", list_of(shop, *blameless(shop)), "--items", wrong)
    assert (code, told["verdict"], told["blocking"]) == (3, "incomplete", [])
    assert told["gaps"] == [
        "No product can be judged: centra.catalogue.pricelist is not configured."
    ]


def test_rules_that_the_settings_give_nothing_to_judge_by_are_named(shop: Brand):
    before = yaml.safe_load(shop.running.settings.read_text())["sales"]
    later = {"since": (shop.running.clock() + timedelta(days=2)).date()}
    shop.change_settings(lambda settings: settings.update(sales=before | later))
    _, told = fly(shop, "--list", list_of(shop, *blameless(shop)))
    shop.change_settings(lambda settings: settings.update(sales=before))
    named = {note.split()[0] for note in told["notes"] if "sales.since" in note}
    by_orders = {"consent.opted_in_by_order", "identity.orphaned_by_merge"}
    assert named == {*rules.OF_ORDERS, rules.OF_VALUE, *by_orders}


@pytest.mark.parametrize("words", [("preflight", "--segment", str(EVERYBODY)), ("plan",)])
def test_a_store_that_is_not_there_is_told_before_anybody_is_judged_by_it(
    shop: Brand, words: tuple[str, ...]
):
    before = yaml.safe_load(shop.running.settings.read_text())["consent"]
    shop.change_settings(lambda settings: settings.update(consent=before | {"stores": ["Nope"]}))
    code = shop.auditor(*words)
    shop.change_settings(lambda settings: settings.update(consent=before))
    assert code == 2
    assert "consent.stores: Centra has no consumer store named Nope" in shop.err


def test_a_wrong_price_is_told_although_nobody_of_the_audience_is_opted_in(shop: Brand):
    wrong = item_with(shop, "catalogue.price_mismatch")
    contacts = shop.running.world.emarsys.contacts
    nobody = next(str(one.id) for one in contacts if one.values.get(OPT_IN) == "2")
    code, told = fly(shop, "--list", list_of(shop, nobody), "--items", wrong)
    assert (code, told["verdict"]) == (1, "no-go")
    assert told["blocking"] == [{"check": "catalogue.price_mismatch", "people": 0}]


# --- what it costs, and what it leaves -----------------------------------------------------------------


def calls(shop: Brand, begin: int) -> dict[str, int]:
    """Return how many calls of Emarsys were made since, by what they read of an audience."""
    rows = [row for row in shop.running.log.rows()[begin:] if row.system == "emarsys"]
    return {
        path: sum(path in row.path for row in rows) for path in ("getdata", "contactIds", "export")
    }


def test_a_large_audience_takes_no_more_calls_than_its_thousands(
    everybody: dict[str, Any], spotless: dict[str, Any]
):
    assert everybody["calls"] == spotless["calls"]  # 150 are one thousand, as are five
    assert everybody["calls"]["export"] == 0


@pytest.mark.usefixtures("spotless")
def test_findings_stay_as_they_were_and_the_last_verdict_stands_in_the_next_report(shop: Brand):
    _, told = shop.audit("--no-snapshot")
    assert shop.findings() == shop.planted
    assert "Last preflight:" in Path(told["report"]).read_text()


def test_a_stream_that_cannot_be_read_makes_it_incomplete(shop: Brand):
    fault = Fault("centra", "status", match="newsletterSubscription", status=500, times=None)
    shop.running.faults.arm(replace(fault))
    try:
        with stamina.set_testing(testing=True, attempts=1):
            code, told = fly(shop, "--list", list_of(shop, *blameless(shop)))
    finally:
        shop.running.faults.clear()
    assert (code, told["verdict"]) == (3, "incomplete")


def test_a_stream_that_shrank_makes_it_incomplete(shop: Brand):
    centra, who = shop.running.world.centra, blameless(shop, 3)
    whole = list(centra.subscriptions)
    centra.subscriptions[:] = [row for one in who for row in subscriptions_of(shop, one)]
    try:
        code, told = fly(shop, "--list", list_of(shop, *who))
    finally:
        centra.subscriptions[:] = whole
    assert (code, told["verdict"]) == (3, "incomplete")
    assert told["gaps"][0].startswith(
        "centra newsletter_subscriptions was not read to its end: It shrank to "
    )


def test_a_warehouse_that_was_begun_anew_makes_it_incomplete(shop: Brand, tmp_path: Path):
    before, anew = shop.running.settings.read_text(), {"warehouse": warehouse_in(tmp_path)}
    shop.change_settings(lambda raw: raw.update(store=raw.get("store", {}) | anew))
    try:
        code, told = fly(shop, "--list", list_of(shop, *blameless(shop)))
    finally:
        shop.running.settings.write_text(before)
    assert (code, told["verdict"]) == (3, "incomplete")
    assert told["gaps"][0] == "contacts was never read; run `auditor audit` first."


def test_who_may_have_been_merged_away_and_is_not_looked_up_makes_it_incomplete(
    shop: Brand, monkeypatch: pytest.MonkeyPatch
):
    customer = str(shop.running.world.centra.customers[0].id)
    monkeypatch.setattr(confirming, "left_behind", lambda *_: [customer])
    who = list_of(shop, *blameless(shop))
    assert fly(shop, "--list", who)[0] == 0
    known = yaml.safe_load(shop.running.settings.read_text()).get("coverage", {})
    shop.change_settings(lambda raw: raw.update(coverage={**known, "reread": 0}))
    try:
        code, told = fly(shop, "--list", who)
    finally:
        shop.change_settings(lambda raw: raw.update(coverage=known))
    assert (code, told["verdict"]) == (3, "incomplete")
    assert "1 customer whose orders are another's now" in told["gaps"][0]


class Slow(Silent):
    """Lets time pass as an audience is read."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def stage(self, name: str) -> None:
        if name == "judge":
            self.passed += timedelta(hours=1)


def test_an_audience_that_is_read_no_sooner_than_its_launch_is_no_go(shop: Brand):
    watch, now = Slow(), shop.running.clock()
    run = Run(
        load_settings(shop.running.settings), shop.folder, lambda: utc_now() + watch.passed, watch
    )
    number = int(list_of(shop, *blameless(shop)))
    flown = preflight(run, Asked("list", number, launch_at=now + timedelta(minutes=30)))
    assert flown.preflight.verdict == "incomplete"
    assert "The launch was over" in flown.preflight.gaps[0]


# --- the file ------------------------------------------------------------------------------------------


def test_a_verdict_holds_until_it_expires(shop: Brand, everybody: dict[str, Any]):
    code, told = fly(shop, "--check", everybody["file"])
    assert (code, told["holds"], told["digest"]) == (1, True, everybody["digest"])


def test_a_verdict_ends_when_the_campaign_goes_out(spotless: dict[str, Any]):
    assert spotless["expires_at"][:16] == spotless["launch"][:16]


def test_a_changed_verdict_is_refused(shop: Brand, everybody: dict[str, Any], tmp_path: Path):
    forged = tmp_path / "forged.json"
    forged.write_text(file_of(everybody).read_text().replace('"no-go"', '"go"'))
    code, _ = fly(shop, "--check", str(forged))
    assert (code, "was changed" in shop.err) == (2, True)


def test_a_verdict_of_another_brand_is_refused(shop: Brand, everybody: dict[str, Any]):
    settings = load_settings(shop.running.settings)
    pepper = settings.privacy.pepper
    assert pepper is not None
    with pytest.raises(Exception, match="is of the brand nordlys"):
        read_verdict(file_of(everybody), pepper.reveal(), "fjord")


def test_a_verdict_is_private(everybody: dict[str, Any]):
    assert file_of(everybody).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "words", [(), ("--segment", "1", "--list", "2")], ids=["nothing", "two audiences"]
)
def test_exactly_one_audience_is_asked_about(shop: Brand, words: tuple[str, ...]):
    assert fly(shop, *words)[0] == 2


def test_a_launch_that_is_over_is_refused(shop: Brand):
    code, _ = fly(shop, "--segment", str(EVERYBODY), "--at", "2020-01-01 09:00")
    assert (code, "is over" in shop.err) == (2, True)


# --- telling, and holding back -------------------------------------------------------------------------


def test_a_verdict_is_mailed_to_those_who_send_campaigns_and_ends_in_its_time(shop: Brand):
    with serving(Server()) as server:
        mail = {
            "smtp": f"smtp://127.0.0.1:{server.port}",
            "from": "a@nordlys.example",
            "to": {"default": ["ops@nordlys.example"], "crm": ["crm@nordlys.example"]},
        }
        shop.change_settings(lambda known: known.update(mail=mail, preflight={"expiry": "1s"}))
        _, told = fly(shop, "--list", list_of(shop, *blameless(shop)), "--tell")
        shop.change_settings(lambda known: [known.pop(name) for name in ("mail", "preflight")])
    (message,) = server.messages
    assert (message["To"], message["Subject"]) == (
        "crm@nordlys.example", f"[nordlys] GO: list {OTHER_LIST}"
    )  # fmt: skip
    time.sleep(1.1)
    code, again = fly(shop, "--check", told["file"])
    assert (code, again["holds"]) == (3, False)


def test_over_its_cap_nobody_is_held_back(over_cap: dict[str, Any]):
    assert (over_cap["code"], over_cap["verdict"]) == (4, "no-go")
    assert over_cap["held_after"] == over_cap["held"]


def test_the_offenders_are_held_back_and_a_campaign_that_leaves_them_out_is_go(shop: Brand):
    _, told = fly(shop, "--segment", str(EVERYBODY), "--exclude")
    assert set() < offenders(told) <= held(shop)
    code, again = fly(shop, "--campaign", "1")
    assert (code, again["verdict"], offenders(again)) == (0, "go", set())
    assert again["audience"]["size"] == len(shop.running.world.emarsys.contacts) - len(held(shop))


@pytest.fixture
def without_list(shop: Brand, _here: None) -> Iterator[Brand]:
    """Give the brand as one that names no quarantine list any more."""
    name = yaml.safe_load(shop.running.settings.read_text())["emarsys"].get("quarantine_list")
    shop.change_settings(lambda settings: settings["emarsys"].update(quarantine_list=None))
    yield shop
    back = {} if name is None else {"quarantine_list": name}
    shop.change_settings(
        lambda settings: [
            settings["emarsys"].pop("quarantine_list"),
            settings["emarsys"].update(back),
        ]
    )


@pytest.mark.parametrize("words", [("--campaign", "2"), ("--list", str(OTHER_LIST))], ids=" ".join)
def test_a_list_that_is_not_configured_any_more_holds_nobody_back(
    without_list: Brand, words: tuple[str, ...]
):
    shop = without_list
    guilty = min(held(shop) & {row.subject for row in shop.running.key} & mailed(shop))
    list_of(shop, guilty)
    code, told = fly(shop, *words)
    assert (code, told["verdict"], guilty in offenders(told)) == (1, "no-go", True)


# --- what it cannot know -------------------------------------------------------------------------------


def snapshot_of(line: Coverage) -> Snapshot:
    return Snapshot("r", examples.AS_OF, (line,))


def erased() -> list[Check]:
    checks = load_checks(expectation_files())
    return [e.check for e in checks if e.check.id == "consent.erased_but_contactable"]


def test_a_check_whose_field_is_not_told_leaves_it_incomplete():
    dropped = (Dropped("Customer.isAnonymized", ("centra_customer.is_anonymized",)),)
    line = examples.coverage("centra", "customers", 9, dropped=dropped)
    (said,) = untold(erased(), snapshot_of(line), snapshot_of(line))
    assert said == (
        "consent.erased_but_contactable cannot judge: centra_customer.is_anonymized is not told."
    )


@pytest.mark.parametrize("words", [("--segment", "1"), ("--exclude",), ("--items", "A")])
def test_a_verdict_that_is_there_answers_for_no_other_audience(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    code = main(["preflight", "--check", str(tmp_path / "verdict.json"), *words])
    told = f"Error: --check reads a verdict that is there; leave out {words[0]}."
    assert (code, capsys.readouterr().err.splitlines()[-1]) == (2, told)


def test_a_check_whose_source_is_off_is_told():
    line = examples.coverage("emarsys", "contacts", 0, mode="off", reason="contacts are off")
    (said,) = off(erased(), snapshot_of(line), snapshot_of(line), {})
    assert said == "consent.erased_but_contactable does not judge: contacts are off."
