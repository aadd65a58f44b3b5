"""What Smart Insight adds up per contact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from auditor.sandbox.world.model import Purchase


@dataclass(slots=True)
class Bought:
    """What one Smart Insight contact bought, in minor units of the account's currency."""

    last_on: date
    amount_minor: int = 0
    orders: set[str] = field(default_factory=set)


def totals(purchases: Iterable[Purchase]) -> dict[int, Bought]:
    """Add purchases up by Smart Insight contact id; an order counts once however many rows."""
    by_contact: dict[int, Bought] = {}
    for row in purchases:
        bought = by_contact.get(row.si_contact_id)
        if bought is None:
            bought = by_contact[row.si_contact_id] = Bought(row.purchased_on)
        if row.purchased_on > bought.last_on:  # noqa: PLR1730 -- 600,000 calls of max() cost a second
            bought.last_on = row.purchased_on
        bought.amount_minor += row.amount_minor
        bought.orders.add(row.order_id)
    return by_contact
