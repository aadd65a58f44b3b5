"""The canary finds what is planted, and turns red when a check keeps silent."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.canary.flight import take_off, unforgiving
from auditor.canary.plants import plants
from auditor.canary.shadow import Shadow
from auditor.config.settings import Audience, LifetimeValue, Rule
from auditor.expect.judge import judge
from auditor.expect.suites import load_checks
from auditor.model.finding import Canary
from auditor.model.snapshot import Coverage, Snapshot
from auditor.model.tables import STREAM_TABLES
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import MOVING
from auditor.resources import expectation_files
from auditor.verdict import verdict_of
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, Books
from tests.reconcile.books import TERMS as PLAIN_TERMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.expect.expectation import Expectation

RICH = Rule(lifetime_value=LifetimeValue(over=500))
DAY = timedelta(days=1)
TERMS = replace(
    PLAIN_TERMS,
    audiences=(Audience(segment=200001, name="Rich", rule=RICH),),
    lags=dict.fromkeys(MOVING, DAY),
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
    with closing(Warehouse(f"duckdb:///{tmp_path_factory.mktemp('b')}/brand.duckdb")) as warehouse:
        books = Books(warehouse)
        books.customer("1", "anna@x.se")
        books.contact("900", "anna@x.se", 2, external_id="1")
        books.order("100", books.line("SKU-1", 1, 100))
        books.remember()
        books.rows()
        yield warehouse


def fly(
    brand: Warehouse, folder: Path, own: list[Expectation], silent: set[str] | None = None
) -> Canary:
    with closing(Warehouse(f"duckdb:///{folder}/shadow.duckdb")) as shadow:
        flight = take_off(brand, shadow, Shadow(TERMS), SHIPPED, silent or set())
        reconcile(shadow, flight.terms)
        flight.spoil()
        asked = [e for e in unforgiving(own) if e.check.id not in (silent or set())]
        return flight.answer(judge(shadow.engine, asked, TAKEN))


def test_every_planted_case_is_found(brand: Warehouse, tmp_path: Path):
    canary = fly(brand, tmp_path, list(SHIPPED))
    assert (canary.missed, canary.detected) == ((), canary.planted)


def consent(**change: Any) -> list[Expectation]:
    """Return the consent suite with one check changed."""
    return [
        replace(e, check=replace(e.check, **change)) if e.check.id == ALONE else e
        for e in SHIPPED
        if e.check.suite == "consent"
    ]


def others() -> set[str]:
    return {e.check.id for e in SHIPPED if e.check.suite != "consent"}


def test_a_check_that_is_gone_is_missed(brand: Warehouse, tmp_path: Path):
    own = [e for e in consent() if e.check.id != ALONE]
    assert fly(brand, tmp_path, own, others()).missed == (ALONE,)


def test_a_check_that_tolerates_everything_is_missed(brand: Warehouse, tmp_path: Path):
    assert fly(brand, tmp_path, consent(max_share=1.0), others()).missed == (ALONE,)


def test_a_check_that_tolerates_some_rows_is_not_switched_off(brand: Warehouse, tmp_path: Path):
    assert fly(brand, tmp_path, consent(max_rows=50), others()).missed == ()


def test_the_brand_s_own_rows_are_left_alone(brand: Warehouse, tmp_path: Path):
    counts = [brand.count(table) for tables in STREAM_TABLES.values() for table in tables]
    fly(brand, tmp_path, consent(), others())
    assert counts == [brand.count(table) for tables in STREAM_TABLES.values() for table in tables]


def test_every_drift_check_has_a_plant():
    drift = {e.check.id for e in SHIPPED if e.table is None}
    assert drift - set(plants()) == set()


def test_a_missed_case_makes_the_run_incomplete():
    assert verdict_of((), (), (), Canary(2, 1, ("sales.missing_order",))) == "incomplete"


def test_a_canary_that_found_everything_changes_no_verdict():
    assert verdict_of((), (), (), Canary(2, 2)) == "clean"
