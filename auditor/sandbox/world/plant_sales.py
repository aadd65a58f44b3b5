"""Planted drift of the sales suite; subjects are orders and lines."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import pick
from auditor.sandbox.world.moments import DAY, EARLIER
from auditor.sandbox.world.money import BASE_EXPONENT, half_up
from auditor.sandbox.world.planting import planter
from auditor.sandbox.world.sales import SOLD_KINDS
from auditor.sandbox.world.tenant import BASE_CURRENCY, CURRENCY_EXPONENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.sandbox.world.ground import Ground
    from auditor.sandbox.world.model import Line, Order, Purchase

# What an amount mismatch must differ by at least, in minor units; well beyond any tolerance.
_CLEAR_MINOR = 100
_FIRST_STRANGE_NUMBER = 900_001


@planter("sales.missing_order")
def missing_order(ground: Ground, cases: int) -> Iterator[str]:
    """Lose every row of an order."""
    for order, _ in ground.sold_orders(cases, _anything):
        ground.drop_rows(ground.rows_of(order))
        yield str(order.number)


@planter("sales.missing_line")
def missing_line(ground: Ground, cases: int) -> Iterator[str]:
    """Lose one row of an order of several items."""
    for order, _ in ground.sold_orders(cases, lambda order: len(_sold(order)) > 1):
        lost = pick(ground.rng, ground.rows_of(order))
        ground.drop_rows([lost])
        yield _line_key(lost)


@planter("sales.duplicate_order")
def duplicate_order(ground: Ground, cases: int) -> Iterator[str]:
    """Load an order twice, or three times."""
    for place, (order, _) in enumerate(ground.sold_orders(cases, _anything)):
        for again in range(1 + place % 2):
            delay = (again + 1) * DAY
            ground.add_rows(
                replace(row, loaded_at=min(row.loaded_at + delay, ground.world.now))
                for row in ground.rows_of(order)
            )
        yield str(order.number)


@planter("sales.amount_mismatch")
def amount_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Send a wrong amount for one line: of each pattern in turn."""
    for place in range(max(cases, len(_PATTERNS))):
        pattern = _PATTERNS[place % len(_PATTERNS)]
        line_of = partial(_spoilable, ground, pattern)
        for order, _ in ground.sold_orders(1, line_of):
            line = line_of(order)
            if line:
                row = _row_of(ground, order, line)
                row.amount_minor = pattern(row, order, line)
                yield _line_key(row)


@planter("sales.quantity_mismatch")
def quantity_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Send one unit too many or too few, with the money to match, in an order of several units."""
    found = ground.sold_orders(cases, lambda order: _units(order) > 1)
    for place, (order, _) in enumerate(found):
        row = max(ground.rows_of(order), key=lambda row: row.quantity)
        step = -1 if place % 2 and row.quantity > 1 else 1
        row.amount_minor = half_up(row.amount_minor * int(row.quantity + step), int(row.quantity))
        row.quantity += step
        yield _line_key(row)


@planter("sales.return_not_reflected")
def return_not_reflected(ground: Ground, cases: int) -> Iterator[str]:
    """Lose the row that took a return off again, which whoever looked before saw completed."""
    for order, _ in ground.orders(cases, lambda order: _netted(ground, order) is not None):
        row = _netted(ground, order)
        if row:
            ground.drop_rows([row])
            yield _line_key(row)


@planter("sales.cancelled_but_counted", subjects="rare")
def cancelled_but_counted(ground: Ground, cases: int) -> Iterator[str]:
    """Send orders that Centra cancelled."""

    def fits(order: Order) -> bool:
        is_cancelled = order.status == "CANCELLED" and ground.channels.of(order) == "consumer"
        return is_cancelled and not ground.rows_of(order) and bool(_sold(order))

    for order, person in ground.orders(cases, fits):
        ground.add_rows(ground.sale_of(order, ground.si_contact_of(person).id))
        yield str(order.number)


@planter("sales.unknown_order")
def unknown_order(ground: Ground, cases: int) -> Iterator[str]:
    """Send orders that Centra never had: copies of other people's baskets under new numbers."""
    found = ground.sold_orders(cases, _anything)
    for place, (order, _) in enumerate(found):
        number = str(_FIRST_STRANGE_NUMBER + place)
        ground.add_rows(replace(row, order_id=number) for row in ground.rows_of(order))
        yield number


@planter("sales.wrong_contact", subjects="few")
def wrong_contact(ground: Ground, cases: int) -> Iterator[str]:
    """Hang an order on somebody else."""
    others = ground.consumers(cases, lambda person: bool(person.customers))
    for (order, _), other in zip(ground.sold_orders(cases, _anything), others, strict=True):
        _rehang(ground, order, ground.si_contact_of(other).id)
        yield str(order.number)


@planter("sales.generated_contact")
def generated_contact(ground: Ground, cases: int) -> Iterator[str]:
    """Hang an order on a contact that Smart Insight made up for a known customer."""
    for order, _ in ground.sold_orders(cases, _anything):
        made_up = ground.add_si_contact(str(order.customer_id), None, order.created_at)
        _rehang(ground, order, made_up.id)
        yield str(order.number)


def _unit_price(row: Purchase, _order: Order, line: Line) -> int:
    """Send the unit price as the line total."""
    return half_up(row.amount_minor, line.quantity)


def _without_tax(row: Purchase, _order: Order, line: Line) -> int:
    """Send the amount without tax."""
    return half_up(row.amount_minor * 1000, 1000 + int(line.tax_percent * 10))


def _not_converted(_row: Purchase, order: Order, line: Line) -> int:
    """Send the amount in the order's currency as if it were the account's."""
    return int(line.value_minor * 10 ** (BASE_EXPONENT - CURRENCY_EXPONENTS[order.currency]))


def _anyhow(row: Purchase, order: Order, _line: Line) -> int:
    """Send an amount that nothing explains."""
    return int(row.amount_minor * (103 + order.number % 15) // 100 + _CLEAR_MINOR)


_PATTERNS = (_unit_price, _without_tax, _not_converted, _anyhow)


def _spoilable(
    ground: Ground, pattern: Callable[[Purchase, Order, Line], int], order: Order
) -> Line | None:
    """Return a line whose amount a pattern changes clearly, in an order in which it could occur."""
    if pattern is _not_converted and (order.currency == BASE_CURRENCY or len(_sold(order)) > 1):
        return None
    for line in _sold(order):
        row = _row_of(ground, order, line)
        if abs(pattern(row, order, line) - row.amount_minor) >= _CLEAR_MINOR:
            return line
    return None


def _netted(ground: Ground, order: Order) -> Purchase | None:
    """Return the row of an old return without which nothing could be mistaken for a second load.

    A kept line of one unit beside a returned one would look like an order counted twice.
    """
    rows, returns = ground.rows_of(order), ground.returns_of(order)
    taken = [row for row in rows if row.quantity < 0]
    before = ground.world.now - EARLIER - DAY
    if len(returns) != 1 or len(taken) != 1 or not ground.is_as_sold(order):
        return None
    if returns[0].status != "COMPLETED" or max(returns[0].created_at, order.updated_at) > before:
        return None
    units = _units(order)
    kept = units + int(taken[0].quantity)
    return taken[0] if kept == 0 or units % kept else None


def _rehang(ground: Ground, order: Order, si_contact_id: int) -> None:
    for row in ground.rows_of(order):
        row.si_contact_id = si_contact_id


def _row_of(ground: Ground, order: Order, line: Line) -> Purchase:
    item = ground.till.item(line)
    return next(row for row in ground.rows_of(order) if row.item == item)


def _sold(order: Order) -> list[Line]:
    return [line for line in order.lines if line.quantity and line.kind in SOLD_KINDS]


def _units(order: Order) -> int:
    return sum(line.quantity for line in _sold(order))


def _line_key(row: Purchase) -> str:
    return f"{row.order_id}/{row.item}"


def _anything(_order: Order) -> bool:
    return True
