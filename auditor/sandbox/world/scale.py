"""How large a world is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

SMALLEST = 40
ROOMY = 400
"""From so many customer rows on, every planter finds its subjects whatever the others took."""


class TooSmallError(ValueError):
    """A world has fewer subjects than are to be spoiled."""


def case_count(customers: int) -> int:
    """Return how many cases of each check are planted into a world with so many customer rows.

    A small world has room for one of each: no two cases may touch the same person.
    """
    return max(3 if customers >= ROOMY else 1, customers // 700)


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a world.

    Attributes:
        customers: Customer rows in Centra, over all stores.
        orders: Orders in Centra, about; consumer, wholesale, marketplace and internal together.
        products: Products in Centra, about fifteen sizes each.
    """

    customers: int
    orders: int
    products: int

    S: ClassVar[Scale]
    M: ClassVar[Scale]

    @classmethod
    def of(cls, *, customers: int) -> Scale:
        """Return the scale with so many customer rows and everything else in proportion.

        Raises:
            ValueError: fewer rows than the rare kinds of customer need.
        """
        if customers < SMALLEST:
            msg = f"a world needs at least {SMALLEST} customers, not {customers}"
            raise ValueError(msg)
        return cls(customers=customers, orders=3 * customers, products=max(24, customers // 75))

    @property
    def rare(self) -> int:
        """The least number of each rare kind, so that every kind of drift finds its subjects."""
        return case_count(self.customers) if self.customers >= 3 * SMALLEST else 1


Scale.S = Scale.of(customers=2_000)
Scale.M = Scale.of(customers=100_000)
