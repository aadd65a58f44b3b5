"""Versions that ended too long ago go, and no check judges anything otherwise for it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import DRIFT_TABLES
from auditor.model.history import HISTORY, snapshot_run
from auditor.model.judged import judged_state
from auditor.reconcile.run import reconcile
from auditor.sandbox.world import EARLIER
from auditor.warehouse import Warehouse
from auditor.warehouse.expiry import EVIDENCE, NAMED, delete_versions
from tests.direct import write_rows
from tests.test_invariants import Brand, brand
from tests.test_large_worlds import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SEED = 5
ENDED = NOW.replace(tzinfo=None)
EMAIL = "gone@example.com"


def drift(warehouse: Warehouse, of: Brand) -> list[tuple[Any, ...]]:
    reconcile(warehouse, of.terms)
    with warehouse.engine.connect() as conn:
        rows = [tuple(row) for x in DRIFT_TABLES for row in conn.execute(sa.select(x))]
    return sorted(rows, key=repr)


def filled(tables: Mapping[sa.Table, Any]) -> list[str]:
    return [name for name, own in t.STREAM_TABLES.items() if set(tables) & {*own}]


class Looked(NamedTuple):
    """A brand with drift of every class, before and after all versions that ended were deleted."""

    before: list[tuple[Any, ...]]
    after: list[tuple[Any, ...]]
    deleted: tuple[int, int, int]
    ended: dict[str, list[Any]]
    present: tuple[list[Any], list[Any]]


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def looked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Looked]:
    if request.param == "duckdb":
        yield look("duckdb:///:memory:", tmp_path_factory.mktemp("brand"))
        return
    with request.getfixturevalue("_postgres_warehouses").lend() as url:
        yield look(url, tmp_path_factory.mktemp("brand"))


def look(url: str, folder: Path) -> Looked:
    """Look at a brand while it is clean, and again with drift; delete; judge once more."""
    seen, past = brand(SEED, folder), HISTORY["emarsys_contact"]
    current = sa.select(past).where(past.c.valid_to_run.is_(None)).order_by(past.c.contact_id)
    with closing(Warehouse(url)) as warehouse:
        streams = filled({**seen.earlier, **seen.later})
        write_rows(seen.earlier.items(), warehouse, "earlier", NOW - EARLIER, streams=streams)
        write_rows(seen.later.items(), warehouse, "later", NOW, streams=streams)
        before, present = drift(warehouse, seen), rows_of(warehouse, current)
        early = clean(warehouse, (NOW - EARLIER).replace(tzinfo=None))
        deleted = (early, clean(warehouse), clean(warehouse))
        after = drift(warehouse, seen)
        now = rows_of(warehouse, current)
        return Looked(before, after, deleted, closed(warehouse), (present, now))


def clean(warehouse: Warehouse, ended: Any = ENDED) -> int:
    with warehouse.engine.begin() as conn:
        return delete_versions(conn, ended)


def rows_of(warehouse: Warehouse, select: sa.Select[Any]) -> list[Any]:
    with warehouse.engine.connect() as conn:
        return list(conn.execute(select))


def closed(warehouse: Warehouse) -> dict[str, list[Any]]:
    found = {
        name: rows_of(warehouse, sa.select(past).where(past.c.valid_to_run.is_not(None)))
        for name, past in HISTORY.items()
    }
    return {name: rows for name, rows in found.items() if rows}


def test_no_check_judges_anything_otherwise(looked: Looked):
    assert looked.before
    assert looked.after == looked.before


def test_what_ended_later_stays_and_nothing_is_left_for_a_second_time(looked: Looked):
    early, late, again = looked.deleted
    assert (early, late > 0, again) == (0, True, 0)


def test_only_what_a_check_goes_by_is_left(looked: Looked):
    assert set(looked.ended) <= set(EVIDENCE)


def test_what_is_left_names_nobody_but_by_the_newsletter_row_that_is_gone(looked: Looked):
    named = {
        (name, column)
        for name, rows in looked.ended.items()
        for row in rows
        for column in NAMED
        if row._mapping.get(column) is not None
    }
    assert named <= {("centra_subscription", "email_key")}


def test_what_is_there_now_stays(looked: Looked):
    before, now = looked.present
    assert now == before


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    """Give an empty warehouse that two runs have seen."""
    with closing(Warehouse(warehouse_url)) as made:
        with made.engine.begin() as conn:
            for number, (run, at) in enumerate((("earlier", NOW - EARLIER), ("later", NOW))):
                values = {"number": number, "run": run, "as_of": at.replace(tzinfo=None)}
                conn.execute(snapshot_run.insert().values(values))
        yield made


def remember(warehouse: Warehouse, name: str, **values: Any) -> None:
    row = {"valid_from_run": "earlier", "valid_to_run": "later", "row_hash": "h", **values}
    with warehouse.engine.begin() as conn:
        conn.execute(HISTORY[name].insert().values(row))


def left(warehouse: Warehouse, name: str, **key: str) -> list[Any]:
    past = HISTORY[name].c
    where = (past[column] == value for column, value in key.items())
    return rows_of(warehouse, sa.select(HISTORY[name]).where(*where))


def contact(**values: Any) -> Callable[[Warehouse], None]:
    def add(warehouse: Warehouse) -> None:
        with warehouse.engine.begin() as conn:
            conn.execute(t.emarsys_contact.insert().values(contact_id="777", **values))

    return add


def sale(**values: Any) -> Callable[[Warehouse], None]:
    def add(warehouse: Warehouse) -> None:
        with warehouse.engine.begin() as conn:
            conn.execute(t.emarsys_sale.insert().values(values))

    return add


@pytest.mark.parametrize(
    ("name", "version", "now"),
    [
        ("centra_customer", {"customer_id": "777"}, contact(external_id="777")),
        (
            "centra_subscription",
            {"subscription_id": "777", "email_key": EMAIL},
            contact(email_key=EMAIL),
        ),
        ("emarsys_contact", {"contact_id": "777", "opt_in": 2}, contact(opt_in=1)),
        ("emarsys_contact", {"contact_id": "777", "opt_in": 1}, contact(opt_in=1)),
        ("centra_order", {"order_id": "777", "order_number": "100"}, sale(order_number="100")),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_evidence_stays_for_as_long_as_somebody_hangs_on_it(
    warehouse: Warehouse,
    *,
    name: str,
    version: dict[str, Any],
    now: Callable[[Warehouse], None],
    is_there: bool,
):
    remember(warehouse, name, **version)
    if is_there:
        now(warehouse)
    clean(warehouse)
    key = {column: value for column, value in version.items() if column.endswith("_id")}
    assert bool(left(warehouse, name, **key)) == is_there


def test_what_a_newsletter_row_was_before_it_moved_and_went_is_no_evidence(warehouse: Warehouse):
    contact(email_key=EMAIL)(warehouse)
    first = {"valid_from_run": "before", "valid_to_run": "earlier", "email_key": EMAIL}
    for version in (first, {"email_key": "new@example.com"}):
        remember(warehouse, "centra_subscription", subscription_id="777", **version)
    clean(warehouse)
    assert left(warehouse, "centra_subscription", subscription_id="777") == []


def test_a_withdrawal_that_is_forgotten_lets_everything_be_judged_anew(warehouse: Warehouse):
    remember(warehouse, "centra_subscription", subscription_id="777", email_key=EMAIL)
    with warehouse.engine.begin() as conn:
        conn.execute(judged_state.insert().values(run="later"))
    clean(warehouse)
    assert warehouse.count(judged_state) == 0


def test_other_versions_that_go_let_nothing_be_judged_anew(warehouse: Warehouse):
    remember(warehouse, "centra_stock", size_id="777")
    with warehouse.engine.begin() as conn:
        conn.execute(judged_state.insert().values(run="later"))
    assert clean(warehouse) == 1
    assert warehouse.count(judged_state) == 1
