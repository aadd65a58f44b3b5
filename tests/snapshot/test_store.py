"""Pages wait to be stored together, with the keyed hash of every e-mail address they hold."""

from __future__ import annotations

from contextlib import closing
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.keyed_hash import keyed_hash
from auditor.model.stream import Aside, Page
from auditor.snapshot import store
from auditor.snapshot.store import Batch
from auditor.warehouse import UnfinishedRead, Warehouse
from auditor.warehouse.stage import staged
from tests.snapshot.world import Shop, arrow
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def stored_hash(folder: Path, pepper: str | None) -> str | None:
    rows = arrow(t.centra_customer, [{"customer_id": "1", "email_key": "a@x.se"}])
    with closing(Warehouse(warehouse_in(folder))) as warehouse:
        read = UnfinishedRead("customers", "full", "", Shop().now)
        warehouse.begin_read(read, t.STREAM_TABLES["customers"])
        page = Page({"centra_customer": rows}, rows=1)
        batch = Batch("customers", "a", pepper, lambda: 0.0)
        batch.add(1, page)
        batch.store(warehouse)
        with warehouse.engine.connect() as conn:
            found: str | None = conn.scalar(sa.select(staged(t.centra_customer).c.email_hash))
    return found


def test_an_address_is_stored_with_its_hash(tmp_path: Path):
    assert stored_hash(tmp_path, "pepper") == keyed_hash("a@x.se", "pepper")


def test_without_a_pepper_there_is_no_hash(tmp_path: Path):
    assert stored_hash(tmp_path, None) is None


@pytest.mark.parametrize("other", [("b@x.se", "pepper"), ("a@x.se", "salt")])
def test_another_address_or_pepper_gives_another_hash(other: tuple[str, str]):
    assert keyed_hash(*other) != keyed_hash("a@x.se", "pepper")


# --- waiting


def customer(number: int) -> Page:
    rows = arrow(t.centra_customer, [{"customer_id": str(number)}])
    return Page({"centra_customer": rows}, rows=1, cursor=f"behind {number}")


def waiting(*pages: Page, seconds: Iterator[float] | None = None) -> Batch:
    ticks = seconds or repeat(0.0)
    batch = Batch("customers", "a", None, lambda: next(ticks))
    for number, page in enumerate(pages, 1):
        batch.add(number, page)
    return batch


@pytest.fixture
def reading(warehouse: Warehouse) -> Warehouse:
    """Give a warehouse in which a read of customers begins."""
    read = UnfinishedRead("customers", "full", "", Shop().now)
    warehouse.begin_read(read, t.STREAM_TABLES["customers"])
    return warehouse


def test_pages_that_waited_are_stored_with_all_their_rows(reading: Warehouse):
    waiting(customer(1), customer(2)).store(reading)
    assert reading.count_staged(t.centra_customer) == 2


def test_pages_that_waited_are_stored_with_where_the_last_one_ends(reading: Warehouse):
    waiting(customer(1), customer(2)).store(reading)
    read = reading.unfinished("customers")
    assert read is not None
    assert (read.pages, read.rows, read.cursor) == (2, 2, "behind 2")


def test_pages_are_stored_once(reading: Warehouse):
    batch = waiting(customer(1))
    batch.store(reading)
    batch.store(reading)
    assert reading.count_staged(t.centra_customer) == 1


def test_a_few_small_pages_wait():
    assert not waiting(customer(1), customer(2)).is_full


def test_nothing_that_waits_is_never_full():
    assert not waiting(seconds=iter([store.LONGEST_S])).is_full


def test_large_pages_do_not_wait():
    aside = Aside("odd", "x" * store.MOST_BYTES)
    assert waiting(Page({}, rows=1, aside=(aside,))).is_full


def test_no_page_waits_long():
    assert waiting(customer(1), seconds=iter([5.0, 5.0 + store.LONGEST_S])).is_full


def test_the_next_pages_wait_from_their_own_beginning(reading: Warehouse):
    batch = waiting(customer(1), seconds=iter([0.0, 60.0, 61.0]))
    batch.store(reading)
    batch.add(2, customer(2))
    assert not batch.is_full
