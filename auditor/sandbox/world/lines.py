"""Order lines: what was bought, at which price, and what was cancelled of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import lucky, pick
from auditor.sandbox.world.model import Line
from auditor.sandbox.world.money import half_up

if TYPE_CHECKING:
    from decimal import Decimal
    from random import Random

    from auditor.sandbox.world.assortment import Item, Shelf
    from auditor.sandbox.world.tenant import Shop

_LINE_COUNTS = (1,) * 28 + (2,) * 26 + (3,) * 19 + (4,) * 13 + (5,) * 8 + (6,) * 6
_QUANTITIES = (1,) * 40 + (2,) * 7 + (3,) * 3
_DISCOUNTS = (0,) * 14 + (10, 15, 20, 30, 33, 50)
_GIFT_VALUES = (250, 500, 1000)
_ONE_BUNDLE, _ONE_GIFT, _SAME_ITEM_TWICE, _CANCELLED_UNITS = 0.04, 0.02, 0.01, 0.05


class Basket:
    """Fills orders with lines; line ids run through the whole tenant."""

    def __init__(self, rng: Random, shelf: Shelf, first_id: int = 1) -> None:
        self._rng = rng
        self._shelf = shelf
        self._next_id = first_id

    def consumer_lines(self, shop: Shop) -> list[Line]:
        """Return the lines of a consumer's order."""
        rng = self._rng
        items = self._shelf.items[shop.pricelist_id]
        lines = []
        for _ in range(pick(rng, _LINE_COUNTS)):
            item = pick(rng, items)
            lines.append(self._line(item, pick(rng, _QUANTITIES), shop.tax_percent))
        if lucky(rng, _SAME_ITEM_TWICE):
            lines.append(self._line(item, 1, shop.tax_percent))
        if lucky(rng, _ONE_BUNDLE):
            lines += self._bundle(shop)
        if lucky(rng, _CANCELLED_UNITS):
            _cancel(rng, lines)
        if lucky(rng, _ONE_GIFT):
            lines.append(self.gift(shop))
        return lines

    def wholesale_lines(self, shop: Shop) -> list[Line]:
        """Return the lines of a wholesale order: many units, at prices without tax."""
        rng = self._rng
        items = self._shelf.items[shop.pricelist_id]
        return [
            self._line(rng.choice(items), rng.randrange(5, 40), shop.tax_percent)
            for _ in range(rng.randrange(2, 7))
        ]

    def gift(self, shop: Shop) -> Line:
        """Return a gift-certificate line, which has no size, no variant and no tax."""
        worth = self._rng.choice(_GIFT_VALUES) * 10**shop.exponent
        return Line(
            id=self._take_id(),
            kind="gift",
            size_id=None,
            variant_id=None,
            product_id=None,
            quantity=1,
            cancelled=0,
            returned=0,
            unit_original_minor=worth,
            unit_minor=worth,
            value_minor=worth,
            tax_percent=shop.tax_percent * 0,
        )

    def _line(self, item: Item, quantity: int, tax_percent: Decimal) -> Line:
        """Return a line whose value is rounded once, so it is often no multiple of the quantity."""
        discount = pick(self._rng, _DISCOUNTS)
        value = item.minor * quantity
        if discount:
            value = half_up(value * (100 - discount), 100)
        size_id, variant_id, product_id, original = item
        return Line(
            self._take_id(),
            "product",
            size_id,
            variant_id,
            product_id,
            quantity,
            0,
            0,
            original,
            half_up(value, quantity),
            value,
            tax_percent,
        )

    def _bundle(self, shop: Shop) -> list[Line]:
        """Return a bundle line, which carries the value, and the lines of its parts, worth 0."""
        bundles = self._shelf.bundles.get(shop.pricelist_id)
        if not bundles:
            return []
        bundle = self._rng.choice(bundles)
        lines = [self._line(bundle, 1, shop.tax_percent)]
        lines[0].kind = "bundle"
        for part in self._shelf.parts[bundle.size_id]:
            line = self._line(part, 1, shop.tax_percent)
            line.kind = "bundle_item"
            line.unit_original_minor = line.unit_minor = line.value_minor = 0
            lines.append(line)
        return lines

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1


def _cancel(rng: Random, lines: list[Line]) -> None:
    """Cancel one unit of a line, or a whole line where another one stays."""
    products = [line for line in lines if line.kind == "product"]
    line = rng.choice(products)
    if line.quantity > 1:
        line.value_minor = half_up(line.value_minor * (line.quantity - 1), line.quantity)
        line.quantity -= 1
        line.cancelled = 1
        line.unit_minor = half_up(line.value_minor, line.quantity)
    elif len(products) > 1:
        line.cancelled, line.quantity, line.value_minor = line.quantity, 0, 0
