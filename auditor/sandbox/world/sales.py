"""The sales rows that Smart Insight counted: one per order line, returns and cancellations netted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after, chance, lucky
from auditor.sandbox.world.channels import Channels, is_due
from auditor.sandbox.world.model import Purchase
from auditor.sandbox.world.moments import load_after, sales_since_at
from auditor.sandbox.world.money import base_minor, half_up
from auditor.sandbox.world.returns import OLD
from auditor.sandbox.world.tenant import CURRENCY_EXPONENTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from auditor.sandbox.world.census import Census
    from auditor.sandbox.world.contacts import AddressBook
    from auditor.sandbox.world.model import Line, Order, Return, World

SOLD_KINDS = frozenset({"product", "bundle"})
_LATE_CANCEL = timedelta(days=10)
_OFF_BY_ONE, _SENT_BEFORE_CANCEL, _COMPENSATED, _OLD_IS_SENT = 0.015, 0.5, 0.35, 0.5
_QUANTITIES = [Decimal(units) for units in range(200)]


def record_sales(world: World, seed: int, people: Census, book: AddressBook) -> None:
    """Load the sales of every consumer order that the integration sent in time."""
    feed = _Feed(world, seed)
    channels = Channels(world.centra)
    returned: dict[int, list[Return]] = {}
    for back in world.centra.returns:
        returned.setdefault(back.order_number, []).append(back)
    rows = world.emarsys.purchases
    for order in world.centra.orders:
        customer_id = order.customer_id
        if customer_id not in people.by_customer or channels.of(order) != "consumer":
            continue
        si_contact = book.si_contacts[people.by_customer[customer_id].email]
        rows += feed.rows(order, si_contact.id, returned.get(order.number, ()))
    rows.sort(key=lambda row: row.loaded_at)


class Till:
    """Writes the sales rows of an order as a correct integration would."""

    def __init__(self, world: World) -> None:
        self._skus = {size.id: size.sku for size in world.centra.sizes}
        self._names = {product.id: product.name for product in world.centra.products}

    def rows(self, order: Order, si_contact_id: int, loaded_at: datetime) -> list[Purchase]:
        """Return one row per line that was sold and not cancelled."""
        return [
            self.row(order, line, si_contact_id, loaded_at)
            for line in order.lines
            if line.quantity and line.kind in SOLD_KINDS
        ]

    def row(self, order: Order, line: Line, si_contact_id: int, loaded_at: datetime) -> Purchase:
        """Return the row of one line: its item, its units and its value in base currency."""
        return Purchase(
            str(order.number),
            self.item(line),
            _QUANTITIES[line.quantity],
            in_base(order, line.value_minor),
            order.created_at.date(),
            si_contact_id,
            loaded_at,
            self._names[line.product_id or 0],
        )

    def item(self, line: Line) -> str:
        """Return the item id of a line: the SKU of its size."""
        return self._skus[line.size_id or 0]


def in_base(order: Order, value_minor: int) -> int:
    """Return a value of an order in minor units of the base currency."""
    return base_minor(value_minor, CURRENCY_EXPONENTS[order.currency], order.rate)


def compensation(row: Purchase, quantity: Decimal, amount_minor: int, on: date) -> Purchase:
    """Return a row that takes units and money of a sale back."""
    return replace(row, quantity=-quantity, amount_minor=-amount_minor, purchased_on=on)


class _Feed:
    """Decides what of an order had been sent and loaded by now."""

    def __init__(self, world: World, seed: int) -> None:
        self._rng = chance(seed, "sales")
        self._till = Till(world)
        self._now = world.now
        self._since_at = sales_since_at(world.now)

    def rows(self, order: Order, si_contact_id: int, returns: Iterable[Return]) -> list[Purchase]:
        """Return the rows of one consumer order; none if it is not due or not loaded yet."""
        sent_at = after(self._rng, order.created_at, 0.05, 0.6)
        loaded_at = load_after(self._now, sent_at)
        is_old = order.created_at < self._since_at
        if loaded_at > self._now or (is_old and not lucky(self._rng, _OLD_IS_SENT)):
            return []
        if order.status == "CANCELLED":
            return self._cancelled(order, si_contact_id, loaded_at)
        if not is_due(order):
            return []
        rows: list[Purchase] = []
        for line in order.lines:
            if line.kind in SOLD_KINDS:
                rows += self._line(order, line, si_contact_id, loaded_at)
        if not returns:
            self._round_otherwise(order, rows)
        for back in returns:
            rows += self._returned(order, back, si_contact_id)
        return rows

    def _line(
        self, order: Order, line: Line, si_contact_id: int, loaded_at: datetime
    ) -> list[Purchase]:
        """Return the row of a line; if units were cancelled later, perhaps in two steps."""
        row = self._till.row(order, line, si_contact_id, loaded_at)
        was_sent = (
            line.cancelled
            and self._now - order.created_at > _LATE_CANCEL
            and lucky(self._rng, _SENT_BEFORE_CANCEL)
        )
        if not was_sent:
            return [row] if line.quantity else []
        units = line.quantity + line.cancelled
        whole_minor = (
            half_up(line.value_minor * units, line.quantity)
            if line.quantity
            else line.unit_minor * units
        )
        sent = replace(row, quantity=_QUANTITIES[units], amount_minor=in_base(order, whole_minor))
        taken_minor = sent.amount_minor - row.amount_minor
        back = compensation(sent, _QUANTITIES[line.cancelled], taken_minor, sent.purchased_on)
        back.loaded_at = load_after(self._now, after(self._rng, order.created_at, 20, 90))
        return [sent, back]

    def _cancelled(self, order: Order, si_contact_id: int, loaded_at: datetime) -> list[Purchase]:
        """Return nothing for a cancelled order, or a sale that was taken back completely."""
        again_at = load_after(self._now, order.updated_at)
        if again_at > self._now or not lucky(self._rng, _COMPENSATED):
            return []
        rows = self._till.rows(order, si_contact_id, loaded_at)
        taken = [compensation(r, r.quantity, r.amount_minor, r.purchased_on) for r in rows]
        for row in taken:
            row.loaded_at = again_at
        return rows + taken

    def _round_otherwise(self, order: Order, rows: list[Purchase]) -> None:
        """Let a row differ by one minor unit now and then: an integration that rounds elsewhere."""
        if lucky(self._rng, _OFF_BY_ONE) and len(rows) == len({row.item for row in rows}):
            for row in rows:
                row.amount_minor += self._rng.choice((-1, 1)) if order.number % 2 else 1

    def _returned(self, order: Order, back: Return, si_contact_id: int) -> list[Purchase]:
        """Return negative rows for a return that was completed long enough ago."""
        if back.status != "COMPLETED" or self._now - back.created_at < OLD:
            return []
        loaded_at = load_after(self._now, back.created_at + timedelta(hours=1))
        lines = {line.id: line for line in order.lines}
        return [
            compensation(
                self._till.row(order, lines[part.line_id], si_contact_id, loaded_at),
                _QUANTITIES[part.quantity],
                in_base(order, part.value_minor),
                back.created_at.date(),
            )
            for part in back.lines
        ]


def holders(rows: Iterable[Purchase]) -> set[int]:
    """Return whom sales hang on: who holds an item of which everything was taken off again holds none."""
    held: dict[tuple[str, str, int], tuple[Decimal, int]] = {}
    for row in rows:
        key = (row.order_id, row.item, row.si_contact_id)
        quantity, amount = held.get(key, (Decimal(0), 0))
        held[key] = (quantity + row.quantity, amount + row.amount_minor)
    return {holder for (_, _, holder), left in held.items() if any(left)}
