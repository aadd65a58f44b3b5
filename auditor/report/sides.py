"""What each side holds about a finding, as labelled texts that stand beside each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from auditor.hostile import clipped
from auditor.model.currency import MINOR_DIGITS
from auditor.model.finding import Money
from auditor.report.figures import Figures, aware

if TYPE_CHECKING:
    from auditor.model.finding import Finding

VALUE_LIMIT = 120
"""Characters of one value; a row holds many of them."""

Side = Mapping[str, Any] | None

_WHOLE = re.compile(r"-?[0-9]{1,18}")


class Value(NamedTuple):
    """One value of one side.

    Attributes:
        differs: Whether the other side holds the same field with another value.
    """

    label: str
    text: str
    differs: bool


def sides(finding: Finding, figures: Figures) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """Return Centra's values and Emarsys' values, each empty when that side has no such record.

    Amounts are in the finding's currency, or without one in that of their side.
    """

    def reader(side: Side) -> _Reader:
        own = str((side or {}).get("currency") or "")
        known = own if own in MINOR_DIGITS else None
        return _Reader(figures, finding.money.currency if finding.money else known)

    return (
        reader(finding.centra).values(finding.centra, finding.emarsys),
        reader(finding.emarsys).values(finding.emarsys, finding.centra),
    )


def agreed(finding: Finding, figures: Figures) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """Return what each side held when both agreed last, as `sides` does; both empty where they never did."""
    known = finding.agreed or {}
    centra, emarsys = (
        {key: _number(value) for key, value in known.get(side, {}).items()}
        for side in ("centra", "emarsys")
    )
    told = sides(replace(finding, centra=centra, emarsys=emarsys), figures)
    ours, theirs = (tuple(value._replace(differs=False) for value in side) for side in told)
    return ours, theirs


def _number(text: object) -> object:
    """Read what attribution kept as text, so that an amount can be written as one."""
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else text


class _Reader(NamedTuple):
    figures: Figures
    currency: str | None

    def values(self, side: Side, other: Side) -> tuple[Value, ...]:
        return tuple(
            Value(
                _label(key),
                clipped(self._text(key, value), VALUE_LIMIT),
                other is not None and key in other and other[key] != value,
            )
            for key, value in (side or {}).items()
        )

    def _text(self, key: str, value: object) -> str:
        if value is None:
            return "empty"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int) and key.endswith("_minor"):
            return self._amount(value)
        return _plain(value) if (moment := _moment(key, value)) is None else self._when(moment)

    def _amount(self, minor: int) -> str:
        if self.currency is None:
            return f"{self.figures.number(minor)} minor units"
        return self.figures.money(Money(minor, self.currency))

    def _when(self, moment: datetime) -> str:
        return self.figures.moment(aware(moment))


def _label(key: str) -> str:
    return clipped(key.removesuffix("_minor").replace("_", " "), VALUE_LIMIT)


def _moment(key: str, value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not (key.endswith("_at") and isinstance(value, str)):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    return msgspec.json.encode(value).decode()
