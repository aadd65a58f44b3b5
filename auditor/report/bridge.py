"""The revenue bridge as a page shows it: one table per month, markets beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.bridge import CENTRA, STEPS, UNKNOWN, Bridge
from auditor.model.finding import Money

if TYPE_CHECKING:
    from collections.abc import Iterable

MONTHS, MARKETS = 6, 12
"""What a page has room for; the audit's JSON holds every month and market."""

LABELS = {
    CENTRA: "Ordered in Centra",
    "wholesale": "Wholesale",
    "marketplace": "Marketplaces",
    "internal": "Internal orders",
    "cancelled": "Cancelled",
    "returns": "Returned",
    "late": "Not due yet, or young",
    "missing": "Missing in Emarsys",
    "duplicated": "Counted twice or more",
    UNKNOWN: "Unknown to Centra",
    "fx": "Currency",
    "tax": "Tax",
    "rounding": "Rounding",
    "unexplained": "Unexplained",
    "emarsys": "Counted in Emarsys",
}


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """One step of a month.

    Attributes:
        amounts: One per market of the month, in their order.
        total: Of all markets.
    """

    label: str
    amounts: tuple[Money, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class BridgeMonth:
    """The bridge of one month; steps that are 0 in every market are left out.

    Attributes:
        markets: The largest first; those beyond what a page has room for are one, the last.
    """

    month: str
    markets: tuple[str, ...]
    rows: tuple[BridgeRow, ...]


def bridge_months(bridges: Iterable[Bridge]) -> tuple[BridgeMonth, ...]:
    """Arrange bridges for reading: the newest months, newest first."""
    months: dict[str, list[Bridge]] = {}
    for bridge in bridges:
        months.setdefault(bridge.month, []).append(bridge)
    newest = sorted(months, reverse=True)[:MONTHS]
    return tuple(_month(month, months[month]) for month in newest)


def total_of(bridges: Iterable[Bridge], month: str) -> tuple[dict[str, int], str]:
    """Return the amounts of a month by step, of all markets together, and their currency."""
    ours = [one for one in bridges if one.month == month]
    return {step: sum(one.amounts[step] for one in ours) for step in STEPS}, ours[0].currency


def _month(month: str, bridges: list[Bridge]) -> BridgeMonth:
    largest = sorted(bridges, key=lambda one: (-one.amounts[CENTRA], one.market))
    shown, rest = largest[:MARKETS], largest[MARKETS:]
    if rest:
        folded = {step: sum(one.amounts[step] for one in rest) for step in STEPS}
        shown.append(Bridge(f"{len(rest)} other markets", month, rest[0].currency, folded))
    steps = [step for step in STEPS if any(one.amounts[step] for one in shown)]
    rows = tuple(_row(step, shown) for step in steps)
    return BridgeMonth(month, tuple(one.market for one in shown), rows)


def _row(step: str, bridges: list[Bridge]) -> BridgeRow:
    amounts = tuple(Money(one.amounts[step], one.currency) for one in bridges)
    total = Money(sum(one.minor for one in amounts), amounts[0].currency)
    return BridgeRow(LABELS[step], amounts, total)
