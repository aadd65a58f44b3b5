"""Rows of a catalogue feed, turned into canonical ones; a row that cannot be read is set aside.

Frame:
    emarsys_item: one row per row of the feed.
    emarsys_item_locale: one row per localised cell that is not empty.

Source:
    Emarsys reference 6: `available` is true or false; amounts are in the catalogue's one currency.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.model.stream import Aside, Page
from auditor.model.tables import emarsys_item, emarsys_item_locale
from auditor.systems.arrow import arrow_table
from auditor.systems.emarsys.feed_file import REFERENCE_PRICE, REQUIRED
from auditor.systems.plain_text import plain_text
from auditor.systems.text import text_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from auditor.systems.emarsys.feed_file import FeedFile

CACHED = 65_536
AVAILABLE = {"true": True, "false": False}
NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?")
"""Any longer one would not fit its column."""

ITEM_COLUMNS = tuple(column.name for column in emarsys_item.columns)
LOCALE_COLUMNS = tuple(column.name for column in emarsys_item_locale.columns)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a feed are read.

    Attributes:
        currency: Of all amounts.
        digits: Its decimals.
        own: The brand's own columns that are read, by the setting that names each.
    """

    currency: str
    digits: int
    own: Mapping[str, str]


def page_of(
    feed: FeedFile, columns: Sequence[pa.Array], malformed: tuple[Aside, ...], reading: Reading
) -> Page:
    """Return one page of canonical rows.

    Args:
        feed: Where each column stands.
        columns: The cells as text.
        malformed: Rows of this part of the file that have no cells.
        reading: How the cells are read.
    """
    names = {name: columns[position].to_pylist() for name, position in feed.positions.items()}
    items: list[tuple[object, ...]] = []
    aside = list(malformed)
    good: list[int] = []
    for row, values in enumerate(zip(*names.values(), strict=True)):
        cells = dict(zip(names, values, strict=True))
        try:
            items.append(_item(cells, reading))
        except ValueError as exc:
            aside.append(Aside(str(exc), json.dumps(cells, ensure_ascii=False)))
        else:
            good.append(row)
    texts = [
        (names["item"][row], column.locale, column.name, value)
        for column in feed.localised
        for row, value in _filled(columns[column.position], good)
    ]
    tables = {
        emarsys_item.name: arrow_table(emarsys_item, _transposed(ITEM_COLUMNS, items)),
        emarsys_item_locale.name: arrow_table(
            emarsys_item_locale, _transposed(LOCALE_COLUMNS, texts)
        ),
    }
    return Page(tables, rows=len(items) + len(aside), aside=tuple(aside))


def _item(cells: Mapping[str, str], reading: Reading) -> tuple[object, ...]:
    """Return the cells in the order of the canonical table.

    Raises:
        ValueError: one cannot be read; the message names it and holds nothing of its content.
    """
    item, title, link, image, category, available, price = (cells[name] for name in REQUIRED)
    if text_or_none(item) is None:
        raise ValueError("the item has no id")
    if (mark := available.strip().lower()) not in AVAILABLE:
        raise ValueError("available is neither true nor false")
    price_minor = _scaled(price.strip(), "price", reading.digits)
    if price_minor is None:
        raise ValueError("the item has no price")
    stock, collection = (
        cells[reading.own[setting]] if setting in reading.own else ""
        for setting in ("stock_column", "collection_column")
    )
    return (
        text_or_none(item),
        *(plain_text(text) for text in (title, link, image, category, collection)),
        AVAILABLE[mark],
        price_minor,
        _scaled(cells.get(REFERENCE_PRICE, "").strip(), REFERENCE_PRICE, reading.digits),
        _scaled(stock.strip(), "the stock", 0),
        reading.currency,
    )


@lru_cache(CACHED)
def _scaled(text: str, name: str, digits: int) -> int | None:
    """Return an amount in units of 10 ** -digits, rounded half up; empty is None."""
    if not text:
        return None
    if NUMBER.fullmatch(text) is None:
        raise ValueError(f"{name} is no number that can be read")
    return int(Decimal(text).scaleb(digits).to_integral_value(ROUND_HALF_UP))


def _filled(column: pa.Array, rows: Sequence[int]) -> list[tuple[int, str]]:
    cells = column.to_pylist()
    return [(row, value) for row in rows if (value := plain_text(cells[row])) is not None]


def _transposed(
    names: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> dict[str, Sequence[object]]:
    columns: Sequence[Sequence[object]] = list(zip(*rows, strict=True)) or [[] for _ in names]
    return dict(zip(names, columns, strict=True))
