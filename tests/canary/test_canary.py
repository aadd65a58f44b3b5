"""The canary finds what is planted, and turns red when a check keeps silent."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.canary.flight import Flight, take_off, take_off_alone, together, unforgiving
from auditor.canary.plants import plants
from auditor.canary.sample import PARTS
from auditor.canary.shadow import Shadow
from auditor.config.audiences import Audience, LifetimeValue, Rule
from auditor.expect.judge import judge
from auditor.expect.suites import load_checks
from auditor.model.audit import Canary
from auditor.model.snapshot import Coverage, Snapshot
from auditor.model.tables import STREAM_TABLES, emarsys_item_locale
from auditor.pipeline.rehearsal import fly_canary
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import MOVING
from auditor.resources import expectation_files
from auditor.verdict import verdict_of
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, Books
from tests.reconcile.books import TERMS as PLAIN_TERMS
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.expect.expectation import Expectation

RICH = Rule(lifetime_value=LifetimeValue(over=500))
DAY = timedelta(days=1)
TERMS = replace(
    PLAIN_TERMS,
    audiences=(Audience(segment=200001, name="Rich", rule=RICH),),
    lags=dict.fromkeys(MOVING, DAY),
    stalls=dict.fromkeys(MOVING, DAY),
)
SHIPPED = load_checks(expectation_files())
AT = NOW.replace(tzinfo=UTC)
TAKEN = Snapshot(
    "now",
    AT,
    tuple(
        Coverage("centra", name, 1, complete=True, mode="full", as_of=AT) for name in STREAM_TABLES
    ),
)
ALONE = "consent.buyer_opted_in"


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with closing(Warehouse(warehouse_in(tmp_path_factory.mktemp("b")))) as warehouse:
        books = Books(warehouse)
        books.customer("1", "anna@x.se")
        books.contact("900", "anna@x.se", 2, external_id="1")
        books.order("100", books.line("SKU-1", 1, 100))
        books.remember()
        books.rows()
        yield warehouse


@pytest.fixture(scope="module")
def flight(brand: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flight]:
    """Every check's case, planted and reconciled once; judging changes none of it."""
    with closing(Warehouse(f"duckdb:///{tmp_path_factory.mktemp('s')}/shadow.duckdb")) as shadow:
        counts = _counts(brand)
        taken_off = take_off(brand, shadow, Shadow(TERMS), SHIPPED, set())
        reconcile(shadow, taken_off.copy.terms)
        taken_off.spoil()
        assert _counts(brand) == counts, "the brand's own rows are left alone"
        yield taken_off


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flight]:
    """The cases that stand alone, planted and reconciled once."""
    with closing(Warehouse(f"duckdb:///{tmp_path_factory.mktemp('l')}/shadow.duckdb")) as shadow:
        taken_off = take_off_alone(shadow, Shadow(TERMS), SHIPPED, set())
        reconcile(shadow, taken_off.copy.terms)
        yield taken_off


def _counts(brand: Warehouse) -> list[int]:
    return [brand.count(table) for tables in STREAM_TABLES.values() for table in tables]


def answer(flight: Flight, own: list[Expectation]) -> Canary:
    return flight.answer(judge(flight.shadow.engine, unforgiving(own), TAKEN))


def test_every_planted_case_is_found(flight: Flight):
    canary = answer(flight, list(SHIPPED))
    assert (canary.missed, canary.detected) == ((), canary.planted)


def test_every_case_that_stands_alone_is_found(lonely: Flight):
    canary = answer(lonely, list(SHIPPED))
    assert (canary.missed, canary.detected) == ((), 2)


def test_a_case_of_every_check_is_planted(flight: Flight, lonely: Flight):
    drift = {e.check.id for e in SHIPPED if e.table is None}
    assert drift == {*flight.subjects, *lonely.subjects}


def test_a_check_that_is_gone_is_missed_alone_too(lonely: Flight):
    own = [e for e in SHIPPED if e.check.id != "fulfilment.dead_event"]
    assert answer(lonely, own).missed == ("fulfilment.dead_event",)


def test_what_is_off_is_named_as_not_asked(brand: Warehouse):
    off = {"freshness.feed_age": "there is no feed"}
    checks = judge(brand.engine, SHIPPED, TAKEN, suites={"freshness"}, off=off)
    assert fly_canary(brand, TERMS, TAKEN, SHIPPED, checks).unasked == ("freshness.feed_age",)


def test_several_flights_are_told_as_one():
    first, second = Canary(3, 2, ("b",)), Canary(2, 1, ("a",))
    assert together((first, second)) == Canary(5, 3, ("a", "b"))


@pytest.mark.parametrize(
    "change",
    [
        {"audiences": (), "shipped_event": None, "confirmed_event": None, "lifecycle_events": ()},
        {"key": "email", "mapped_fields": (), "pricelist": None},
        {"feed_customers": "registered", "consent_stores": ("Retail",), "since": NOW.date()},
    ],
)
def test_a_brand_without_something_has_no_case_of_it(change: dict[str, Any]):
    shadow = Shadow(replace(PLAIN_TERMS, **change))
    planted = [plant(shadow) for plant in (plants() | plants(alone=True)).values()]
    assert None in planted


def missed_consent(flight: Flight, own: list[Expectation]) -> set[str]:
    return {check for check in answer(flight, own).missed if check.startswith("consent.")}


def consent(**change: Any) -> list[Expectation]:
    """Return the consent suite with one check changed."""
    return [
        replace(e, check=replace(e.check, **change)) if e.check.id == ALONE else e
        for e in SHIPPED
        if e.check.suite == "consent"
    ]


def test_a_check_that_is_gone_is_missed(flight: Flight):
    own = [e for e in consent() if e.check.id != ALONE]
    assert missed_consent(flight, own) == {ALONE}


def test_a_check_that_tolerates_everything_is_missed(flight: Flight):
    assert missed_consent(flight, consent(max_share=1.0)) == {ALONE}


def test_a_check_that_tolerates_some_rows_is_not_switched_off(flight: Flight):
    assert missed_consent(flight, consent(max_rows=50)) == set()


def test_the_sample_takes_of_every_stream_that_a_check_of_drift_needs():
    needed = {s for e in SHIPPED if e.table is None for s in (*e.check.needs, *e.check.heeds)}
    tables = {table for stream in needed for table in STREAM_TABLES[stream]}
    assert tables - {part.table for part in PARTS} == {emarsys_item_locale}  # that no check reads


def test_every_drift_check_has_a_plant():
    drift = {e.check.id for e in SHIPPED if e.table is None}
    assert drift - {*plants(), *plants(alone=True)} == set()


def test_a_missed_case_makes_the_run_incomplete():
    assert verdict_of((), (), (), Canary(2, 1, ("sales.missing_order",))) == "incomplete"


def test_a_canary_that_found_everything_changes_no_verdict():
    assert verdict_of((), (), (), Canary(2, 2)) == "clean"
