"""A small shop that changes, the stream of its orders, and what a warehouse remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

from auditor.model import history
from auditor.model import tables as t
from auditor.model.stream import Page, Start, Stream
from auditor.snapshot.course import Terms
from auditor.snapshot.take import Reading, take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.model.snapshot import Coverage, Snapshot
    from auditor.warehouse import Warehouse

PAGE = 2
ORDERS = t.STREAM_TABLES["orders"]
Rows = dict[str, tuple[str, int]]
"""Status and number of lines, by order number."""


class Killed(BaseException):
    """The process ends here."""


class Silent:
    """Watches nothing."""

    def advanced(self, *_: Any) -> None:
        """Ignore it."""

    def ended(self, _: Coverage) -> None:
        """Ignore it."""


@dataclass
class Shop:
    """Orders that change while time goes by, an hour at a step."""

    orders: Rows = field(default_factory=dict)
    changed_at: dict[str, datetime] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 23, 5, tzinfo=UTC)
    starts: list[Start] = field(default_factory=list)

    def put(self, number: str, status: str = "CONFIRMED", lines: int = 1) -> None:
        """Create or change an order."""
        self.now += timedelta(hours=1)
        self.orders[number] = (status, lines)
        self.changed_at[number] = self.now

    def lose(self, number: str) -> None:
        """Delete an order."""
        self.now += timedelta(hours=1)
        self.orders.pop(number, None)

    def clock(self) -> datetime:
        """Tell the time."""
        return self.now

    def stream(self, fault: BaseException | None = None, after: int = 0) -> Stream:
        """Give the stream of orders, which may end in a fault after some pages."""

        def read_from(start: Start) -> Iterator[Page]:
            self.starts.append(start)
            for count, page in enumerate(self._pages(start)):
                if fault is not None and count == after:
                    raise fault
                yield page
            if fault is not None:
                raise fault

        return Stream("centra", "orders", lambda: read_from(Start()), read_from=read_from)

    def _pages(self, start: Start) -> Iterator[Page]:
        since, behind = start.changed_since, start.cursor or ""
        wanted = [
            number
            for number in sorted(self.orders)
            if number > behind and (since is None or self.changed_at[number] >= since)
        ]
        for at in range(0, len(wanted), PAGE):
            yield _page([(n, *self.orders[n]) for n in wanted[at : at + PAGE] if n in self.orders])


def _page(orders: Sequence[tuple[str, str, int]]) -> Page:
    heads = [{"order_number": number, "status": status} for number, status, _ in orders]
    lines = [
        {"order_number": number, "line_id": str(line), "item": status}
        for number, status, count in orders
        for line in range(count)
    ]
    tables = {"centra_order": arrow(t.centra_order, heads)}
    tables["centra_order_line"] = arrow(t.centra_order_line, lines)
    return Page(tables, rows=len(orders), cursor=orders[-1][0])


KINDS = {sa.Text: pa.string(), sa.Boolean: pa.bool_(), sa.DateTime: pa.timestamp("us")}
NUMBERS = {sa.BigInteger: pa.int64(), sa.Integer: pa.int32(), sa.Float: pa.float64()}


def arrow(table: sa.Table, rows: list[dict[str, Any]]) -> pa.Table:
    """Write rows in the columns of a table; what they lack is null."""
    kinds = {**KINDS, **NUMBERS}
    return pa.table(
        {c.name: pa.array([r.get(c.name) for r in rows], kinds[type(c.type)]) for c in table.c}
    )


def snap(
    warehouse: Warehouse, shop: Shop, run: str, stream: Stream | None = None, **terms: Any
) -> Snapshot:
    """Take a snapshot of the shop's orders."""
    shop.now += timedelta(hours=1)
    reading = Reading(run, warehouse, Silent(), shop.clock, lambda: 0.0, terms=Terms(**terms))
    return take([stream or shop.stream()], reading)


def stored(warehouse: Warehouse, run: str | None = None) -> Rows:
    """Return the orders as the warehouse has them now, or had them after a run."""
    orders, lines = (
        warehouse.as_of(table, run) if run else sa.select(table)
        for table in (t.centra_order, t.centra_order_line)
    )
    head, line = orders.subquery(), lines.subquery()
    heads = sa.select(head.c.order_number, head.c.status)
    with warehouse.engine.connect() as conn:
        found = conn.execute(heads).all()
        of_lines = conn.execute(sa.select(line.c.order_number, line.c.item)).all()
    orders_found = [tuple(row) for row in found]
    lines_found = [tuple(row) for row in of_lines]
    assert len(dict(orders_found)) == len(orders_found)
    assert set(lines_found) <= set(orders_found)
    return {n: (status, lines_found.count((n, status))) for n, status in orders_found}


def forget_everything(warehouse: Warehouse) -> None:
    """Empty what the stream of orders fills, so that one warehouse serves many examples."""
    book = (history.snapshot_run, history.stream_position)
    half = (history.unfinished_read, history.unfinished_page)
    past = (history.HISTORY[t.name] for t in ORDERS if t.name in history.HISTORY)
    with warehouse.engine.begin() as conn:
        for table in (*ORDERS, *past, *book, *half):
            conn.execute(table.delete())
