"""Stores and markets that the settings name: one that is not there would match nothing, without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.config import Settings

MOST_SHOWN = 10
CONSUMER = "DIRECT_TO_CONSUMER"
"""The type of consumers' stores: only their sign-ups are consents. Source: Centra reference 4.1."""

Kind = Literal["store", "consumer store", "market"]


@dataclass(frozen=True, slots=True)
class Named:
    """What one setting names.

    Attributes:
        setting: Its dotted path.
        kind: What Centra has to have.
        names: As the settings write them.
    """

    setting: str
    kind: Kind
    names: tuple[str, ...]

    def missing(self, there: Collection[str]) -> str | None:
        """Say which name Centra does not have, and which it has; None where nothing is missing.

        Args:
            there: The names that Centra has; none at all were not read, and say nothing.
        """
        wrong = next((name for name in self.names if there and name not in there), None)
        if wrong is None:
            return None
        known = sorted(there)
        more = " and more" if len(known) > MOST_SHOWN else ""
        return (
            f"{self.setting}: Centra has no {self.kind} named {wrong}; "
            f"there are {', '.join(known[:MOST_SHOWN])}{more}."
        )


def named_places(settings: Settings) -> tuple[Named, ...]:
    """Return the settings that name stores or markets by their names."""
    marks, stores = settings.centra.marketplaces, settings.consent.stores
    return (
        Named("consent.stores", "consumer store", () if stores == "all" else tuple(stores)),
        Named("centra.marketplaces.stores", "store", tuple(marks.stores)),
        Named("centra.marketplaces.markets", "market", tuple(marks.markets)),
    )
