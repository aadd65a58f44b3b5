"""Rows that come or go while somebody is paging through them.

Source: Centra reference 2.1: page numbers then skip or repeat rows, cursors do not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra.roots import PLURALS, connection_of
from auditor.sandbox.centra.selection import TABLES
from auditor.sandbox.world.erasure import purge_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.sandbox.centra.field import Row
    from auditor.sandbox.world.model import CentraTenant

_FREE_TO_GO = ("Customer", "NewsletterSubscription", "Order", "Shipment", "Return", "Price")
"""The types whose rows can vanish without leaving a pointer that must not be null."""

_KINDS = {
    **{PLURALS[kind]: kind for kind in _FREE_TO_GO},
    **{connection_of(kind): kind for kind in _FREE_TO_GO},
}


def shift(tenant: CentraTenant, lists: Iterable[str], rows: int) -> None:
    """Put so many rows before the first one of a list that is read, or take so many away."""
    for kind in {_KINDS[name] for name in lists if name in _KINDS}:
        for _ in range(abs(rows)):
            _shift_one(tenant, kind, is_new=rows > 0)


def _shift_one(tenant: CentraTenant, kind: str, *, is_new: bool) -> None:
    table: list[Any] = getattr(tenant, TABLES[kind])
    if not table:
        return
    first = min(table, key=lambda row: row.number if kind == "Order" else row.id)
    if is_new:
        table.insert(0, _another(kind, first))
    elif kind == "Order":
        purge_order(tenant, first.number)
    else:
        table.remove(first)


def _another(kind: str, row: Row) -> Row:
    """Return a row that sorts right before another one and is as empty as it may be."""
    if kind == "Order":
        number = row.number - 1
        return replace(row, id=f"{number:032x}", number=number, lines=[])
    if kind in {"Shipment", "Return"}:
        return replace(row, id=row.id - 1, lines=[])
    return replace(row, id=row.id - 1)
