"""Caps: how much one plan may change by one remedy, in number, share, people and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.currency import MINOR_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.config import Settings
    from auditor.config.settings import Cap
    from auditor.model.plan import Change


DEFAULT_DIGITS = 2
"""Decimals of a base currency that is not known."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the changes of one remedy add up to.

    Attributes:
        minor: Minor units, which mean something where all are of one currency.
        currencies: What amounts are in.
    """

    changes: int = 0
    people: int = 0
    minor: int = 0
    currencies: frozenset[str | None] = frozenset()
    system: str = "emarsys"

    def with_finding(self, changes: Sequence[Change]) -> Usage:
        """Add the changes of one more finding, whose people and money count once."""
        stake = changes[0].stake
        return Usage(
            self.changes + len(changes),
            self.people + stake.people,
            self.minor + (stake.minor or 0),
            self.currencies | ({stake.currency} if stake.minor else frozenset()),
            changes[0].system,
        )


def cap_of(remedy: str, settings: Settings) -> Cap:
    """Return the cap of a remedy: its own, or the default."""
    caps = settings.corrections.caps
    return caps.get(remedy, caps["default"])


def over_cap(
    remedy: str, used: Usage, settings: Settings, records: Mapping[str, int], currency: str
) -> str | None:
    """Return which cap a remedy is over, such as `count 500`; None where it is within all.

    A share is never less than one change, so that a small brand can correct anything at all. What is worth
    something in another currency than the cap is over it, for nobody knows.

    Args:
        remedy: Its name in `corrections.caps`.
        used: What its changes add up to.
        settings: The brand's.
        records: Records by system, which shares are shares of.
        currency: The base currency.
    """
    cap = cap_of(remedy, settings)
    share = max(1, int(cap.share * records.get(used.system, 0)))
    digits = MINOR_DIGITS.get(currency, DEFAULT_DIGITS)
    others = sorted(str(one) for one in used.currencies - {currency})
    limits = (
        (used.changes > cap.count, f"count {cap.count}"),
        (used.changes > share, f"share {cap.share}"),
        (cap.people is not None and used.people > cap.people, f"people {cap.people}"),
        (
            cap.money is not None and used.minor > cap.money * 10**digits,
            f"money {cap.money}",
        ),
        (
            cap.money is not None and bool(others),
            f"money {cap.money} in {currency}, by amounts in {', '.join(others)},",
        ),
    )
    return next((name for is_over, name in limits if is_over), None)
