"""The catalogue file as ground for drift: its rows, each handed out at most once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.catalogue import window_of
from auditor.sandbox.world.chance import chance
from auditor.sandbox.world.moments import SETTLED
from auditor.sandbox.world.scale import TooSmallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from auditor.sandbox.world.model import CatalogueRow, CentraTenant, Size, World

    Fits = Callable[[CatalogueRow], bool]

# Longer than any feed is young: what was ordered since it was written may have changed its stock.
_RESTED = timedelta(hours=60)


class Racks:
    """Hands out the settled rows of the catalogue file, and changes it once all drift is planted."""

    def __init__(self, world: World, seed: int) -> None:
        self._rows = world.emarsys.catalogue
        self._window = window_of(world.centra)
        self._sizes = {size.sku: size for size in world.centra.sizes}
        self._variants = {variant.id: variant for variant in world.centra.variants}
        self._lots = self._settled(world.centra, world.now - SETTLED)
        chance(seed, "planting items").shuffle(self._lots)
        self._claimed: set[str] = set()
        self._dropped: set[str] = set()
        self._added: list[CatalogueRow] = []
        self._restless = {
            line.size_id
            for order in world.centra.orders
            if order.created_at > world.now - _RESTED
            for line in order.lines
        }

    def _settled(self, centra: CentraTenant, latest: datetime) -> list[CatalogueRow]:
        """Return the rows of items of which nothing in Centra is too young to be judged."""
        young = {row.id for row in centra.products if row.updated_at >= latest}
        young |= {row.product_id for row in centra.variants if row.updated_at >= latest}
        young |= {row.product_id for row in centra.displays if row.updated_at >= latest}

        def is_settled(row: CatalogueRow) -> bool:
            size = self.size(row)
            product_id = self._variants[size.variant_id].product_id
            return size.updated_at < latest and product_id not in young

        return list(filter(is_settled, self._rows))

    # --- handing out ----------------------------------------------------------------------------

    def items(self, count: int, fits: Fits) -> Iterator[CatalogueRow]:
        """Hand out so many rows that fit.

        Raises:
            TooSmallError: there are not so many.
        """
        found = [row for row in self._lots if row.item not in self._claimed and fits(row)][:count]
        if len(found) < count:
            msg = f"the world is too small: {len(found)} items of {count} could be planted"
            raise TooSmallError(msg)
        self._claimed |= {row.item for row in found}
        yield from found

    def one(self, fits: Fits, *others: Fits) -> CatalogueRow:
        """Hand out a row that fits, or where there is none, one that fits otherwise."""
        ways = (fits, *others)
        free = [row for row in self._lots if row.item not in self._claimed]
        way = next((way for way in ways if any(way(row) for row in free)), fits)
        return next(self.items(1, way))

    # --- what an item is like -------------------------------------------------------------------

    def size(self, row: CatalogueRow) -> Size:
        """Return the size that an item is."""
        return self._sizes[row.item]

    def is_sellable(self, row: CatalogueRow) -> bool:
        """Tell whether an item can be bought in Sweden, stock aside."""
        size = self.size(row)
        return self._window.is_sellable(size, self._window.displays[size.variant_id])

    def is_unsellable(self, row: CatalogueRow) -> bool:
        """Tell whether an item cannot be bought in Sweden, whatever there is of it."""
        return not self.is_sellable(row)

    def is_reduced(self, row: CatalogueRow) -> bool:
        """Tell whether a sellable item is on campaign."""
        return self.is_sellable(row) and row.price_minor < row.msrp_minor

    def is_in_stock(self, row: CatalogueRow) -> bool:
        """Tell whether the stock of an item can be judged, and there is some."""
        return self._is_counted(row) and row.stock > 0

    def is_sold_out(self, row: CatalogueRow) -> bool:
        """Tell whether the stock of an item can be judged, and there is none."""
        return self._is_counted(row) and row.stock <= 0

    def kept_back(self, row: CatalogueRow) -> int:
        """Return what the storefront keeps back of an item."""
        return self._window.kept_back[self.size(row).id]

    def _is_counted(self, row: CatalogueRow) -> bool:
        """A bundle's stock is that of its parts, and what was ordered of late may have changed."""
        size = self.size(row)
        is_bundle = size.variant_id in self._window.bundles
        return self.is_sellable(row) and not is_bundle and size.id not in self._restless

    # --- writing --------------------------------------------------------------------------------

    def add(self, row: CatalogueRow) -> None:
        """Add a row to the file."""
        self._added.append(row)

    def drop(self, rows: Iterable[CatalogueRow]) -> None:
        """Take rows out of the file."""
        self._dropped |= {row.item for row in rows}

    def finish(self) -> None:
        """Write the file."""
        self._rows[:] = [row for row in self._rows if row.item not in self._dropped]
        self._rows += self._added
