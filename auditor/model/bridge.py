"""The revenue bridge, and how much of the order value is verified: what the money figures say."""

# No `from __future__ import annotations` here: a stored record is read back by these annotations.

from collections.abc import Mapping
from dataclasses import dataclass

CENTRA, UNKNOWN, EMARSYS = "centra", "unknown", "emarsys"

STEPS: tuple[str, ...] = (
    CENTRA,
    "wholesale",
    "marketplace",
    "internal",
    "cancelled",
    "returns",
    "late",
    "missing",
    "duplicated",
    UNKNOWN,
    "fx",
    "tax",
    "rounding",
    "unexplained",
    EMARSYS,
)
"""From what was ordered in Centra to what Emarsys counts, in the order in which one reads them."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """The way from Centra's revenue to Emarsys' revenue, of one market in one month.

    Attributes:
        market: Its name; `unknown` for orders that Centra never had.
        month: Of the orders, in the brand's time zone: 2026-11.
        amounts: Minor units by step, every one of `STEPS`. The first and all in between add up to the
            last.
    """

    market: str
    month: str
    currency: str
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class VerifiedShare:
    """How much of the due order value Emarsys held rightly within so many days of the order.

    Attributes:
        verified_minor: Value of the orders whose sale agrees and was loaded in time.
        due_minor: Value of all due orders that have had those days.
    """

    days: int
    currency: str
    verified_minor: int
    due_minor: int

    @property
    def share(self) -> float | None:
        """The verified part, 0 to 1; None where nothing was due."""
        return self.verified_minor / self.due_minor if self.due_minor else None
