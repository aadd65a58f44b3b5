"""Several readers and one writer on PostgreSQL: nobody waits, and a reader finds a whole run."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.errors import StoreError
from auditor.model.drift import link_order
from auditor.model.tables import centra_order
from auditor.reconcile.run import reconcile
from auditor.warehouse import Warehouse, copies
from auditor.warehouse.publish import Published, publish
from auditor.warehouse.shadow import shadow_of
from auditor.warehouse.unload import batches
from tests.direct import write_rows
from tests.reconcile.books import TERMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import Shelf

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NUMBERS = sa.select(centra_order.c.order_number)
IMPATIENT = "-c lock_timeout=300ms"
"""Whoever waits for another fails at once."""


@pytest.fixture
def url(_postgres_warehouses: Shelf) -> Iterator[str]:
    with _postgres_warehouses.lend() as url:
        yield url
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            for number in copies._copies(conn):
                conn.execute(sa.schema.DropSchema(f"public_published_{number}", cascade=True))
        engine.dispose()


@pytest.fixture
def warehouse(url: str) -> Iterator[Warehouse]:
    impatient = sa.make_url(url).update_query_dict({"options": IMPATIENT})
    with closing(Warehouse(impatient.render_as_string(hide_password=False))) as opened:
        yield opened


def run(warehouse: Warehouse, *orders: str) -> None:
    """Read some orders and judge them, as a run does."""
    columns = {column.name: None for column in centra_order.columns}
    rows = [tuple({**columns, "order_number": one}.values()) for one in orders]
    write_rows([(centra_order, rows)], warehouse, f"run of {orders}", NOW, streams=["orders"])
    reconcile(warehouse, TERMS, suites={"consent"})  # the least that links orders


def orders(engine: sa.Engine) -> list[Any]:
    with engine.connect() as conn:
        return sorted(conn.scalars(NUMBERS))


# --- the tables that a run works on --------------------------------------------------------------------


@pytest.mark.parametrize("table", [centra_order, link_order])
def test_an_open_reader_holds_up_no_run(url: str, warehouse: Warehouse, table: sa.Table):
    run(warehouse, "1")
    reader = sa.create_engine(url)
    with reader.connect() as conn:
        conn.execute(sa.select(table)).all()
        run(warehouse, "2")
    reader.dispose()
    assert orders(warehouse.engine) == ["2"]


def test_a_run_that_is_writing_holds_up_no_reader(url: str, warehouse: Warehouse):
    run(warehouse, "1")
    with warehouse.engine.connect() as writing:
        warehouse.refill(writing, centra_order, sa.select(centra_order).where(sa.false()))
        warehouse.empty_drift(writing)
        with closing(Warehouse(url)) as reader:
            assert orders(reader.engine) == ["1"]
        writing.rollback()


def test_the_views_that_somebody_made_stay(warehouse: Warehouse):
    with warehouse.engine.begin() as conn:
        conn.execute(sa.text("CREATE VIEW told AS SELECT order_number FROM centra_order"))
    try:
        run(warehouse, "1")
        with warehouse.engine.connect() as conn:
            assert conn.scalar(sa.text("SELECT order_number FROM told")) == "1"
    finally:
        with warehouse.engine.begin() as conn:
            conn.execute(sa.text("DROP VIEW told"))


def test_preflight_copies_all_tables_as_they_stood_at_one_moment(
    url: str, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run(warehouse, "1")
    kept = Warehouse.append

    def append(self: Warehouse, pages: Any) -> None:
        kept(self, pages)
        monkeypatch.setattr(Warehouse, "append", kept)
        run(warehouse, "2")  # while the first table is copied

    monkeypatch.setattr(Warehouse, "append", append)
    with closing(shadow_of(url, tmp_path)) as shadow, shadow.engine.connect() as conn:
        seen = {*conn.scalars(NUMBERS), *conn.scalars(sa.select(link_order.c.order_number))}
    assert seen == {"1"}
    assert orders(warehouse.engine) == ["2"]


def test_who_owns_the_database_may_make_copies(warehouse: Warehouse):
    assert copies.why_not(warehouse.engine) is None


# --- the copies that notebooks read ---------------------------------------------------------------------


def test_before_the_first_run_there_is_no_copy(url: str):
    with pytest.raises(StoreError, match="run `auditor audit` first"):
        Published(url)


def test_a_notebook_reads_the_last_whole_run_while_the_next_is_written(
    url: str, warehouse: Warehouse
):
    run(warehouse, "1")
    publish(url)
    run(warehouse, "2")
    with closing(Published(url)) as found:
        assert orders(found.engine) == ["1"]


def test_a_notebook_keeps_what_it_opened_when_the_next_run_is_published(
    url: str, warehouse: Warehouse
):
    run(warehouse, "1")
    publish(url)
    with closing(Published(url)) as before:
        run(warehouse, "2")
        publish(url)
        assert orders(before.engine) == ["1"]
        with closing(Published(url)) as after:
            assert orders(after.engine) == ["2"]


def test_arrow_is_read_from_the_copy_too(url: str, warehouse: Warehouse):
    run(warehouse, "1")
    publish(url)
    run(warehouse, "2")
    with closing(Published(url)) as found:
        (rows,) = batches(found.engine, NUMBERS)
    assert rows.to_pylist() == [{"order_number": "1"}]


def test_a_copy_cannot_be_written(url: str, warehouse: Warehouse):
    run(warehouse, "1")
    publish(url)
    with (
        closing(Published(url)) as found,
        found.engine.connect() as conn,
        pytest.raises(sa.exc.InternalError, match="read-only"),
    ):
        conn.execute(centra_order.delete())


def copies_of(url: str) -> list[int]:
    engine = sa.create_engine(url)
    with engine.connect() as conn:
        found = copies._copies(conn)
    engine.dispose()
    return found


def test_of_copies_that_nobody_reads_only_the_newest_stays(url: str, warehouse: Warehouse):
    run(warehouse, "1")
    for _ in range(3):
        publish(url)
    assert copies_of(url) == [3]


def test_a_copy_that_was_read_goes_with_a_later_run(url: str, warehouse: Warehouse):
    run(warehouse, "1")
    publish(url)
    with closing(Published(url)):
        publish(url)
        assert copies_of(url) == [1, 2]
    publish(url)
    assert copies_of(url) == [3]


def test_whoever_reads_a_copy_by_hand_holds_up_no_run(
    url: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(copies, "PATIENCE", "50ms")
    run(warehouse, "1")
    publish(url)
    reader = sa.create_engine(url)
    with reader.connect() as conn:
        conn.execute(sa.text("SELECT * FROM public_published_1.centra_order")).all()
        publish(url)
    reader.dispose()
    assert copies_of(url) == [1, 2]


def test_who_may_not_make_a_copy_is_told_and_the_audit_stands(
    url: str, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
):
    run(warehouse, "1")
    with warehouse.engine.begin() as conn:
        conn.execute(sa.text("CREATE ROLE modest LOGIN"))
    try:
        modest = sa.make_url(url).set(username="modest").render_as_string()
        with caplog.at_level(logging.WARNING):
            publish(modest)
        assert (
            "The copy for notebooks was not written, the last one stays: ProgrammingError"
            in caplog.text
        )
        engine = sa.create_engine(modest)
        assert (copies.why_not(engine) or "").endswith(" TO modest.")
        engine.dispose()
    finally:
        with warehouse.engine.begin() as conn:
            conn.execute(sa.text("DROP ROLE modest"))
