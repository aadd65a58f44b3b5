"""A catalogue feed read in batches: its delimiter found, its columns told apart by their names.

Source:
    Emarsys reference 6: required and optional columns, UTF-8, double quotes, a header row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from auditor.errors import ConfigError
from auditor.systems.emarsys.csv_rows import CsvRows, Layout, Utf8Pieces, cells_of, header_of
from auditor.systems.emarsys.feed import SETTING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.systems.emarsys.csv_rows import Batch

WHAT = "the catalogue feed"
DELIMITERS = (",", ";", "\t")
REQUIRED = ("item", "title", "link", "image", "category", "available", "price")
REFERENCE_PRICE = "msrp"

LOCALISED = re.compile(
    r"(title|link|image|category|available|price|msrp)_([A-Za-z]{2}(?:[_-][A-Za-z]{2})?)"
)
"""The reference tells of a suffix but not of its form; this is how the vendor writes locales."""


@dataclass(frozen=True, slots=True)
class Localised:
    """A column that holds a text of one locale."""

    position: int
    name: str
    locale: str


class FeedFile:
    """A feed, opened behind its header.

    Args:
        file: The file from its beginning.
        own: The brand's own columns that are read, by the setting of `catalogue` that names each.

    Raises:
        ConfigError: a column is missing, or stands twice.
        IncompleteSnapshotError: there is no header.
    """

    def __init__(self, file: BinaryIO, own: Mapping[str, str]) -> None:
        text = Utf8Pieces(file)
        delimiter, names = names_of(header_of(text, WHAT))
        require_columns(names, own)
        self.width = len(names)
        self.positions = {
            name: names.index(name)
            for name in (*REQUIRED, REFERENCE_PRICE, *own.values())
            if name in names
        }
        self.localised = tuple(
            Localised(position, found[1], found[2])
            for position, name in enumerate(names)
            if (found := LOCALISED.fullmatch(name))
        )
        self._rows = CsvRows(text, Layout(delimiter, self.width, WHAT))

    def batches(self) -> Iterator[Batch]:
        """Yield the columns of a batch of rows, and the rows that are no rows of this file.

        Raises:
            IncompleteSnapshotError: the file cannot be read to its end.
        """
        return self._rows.batches()


def names_of(header: str) -> tuple[str, list[str]]:
    """Return the delimiter under which most of the required columns appear, and all columns."""
    layouts = [
        (delimiter, [name.strip() for name in cells_of(header, delimiter, WHAT)])
        for delimiter in DELIMITERS
    ]
    return max(layouts, key=lambda layout: len(set(REQUIRED) & set(layout[1])))


def require_columns(names: Sequence[str], own: Mapping[str, str]) -> None:
    """Return when a feed has every column that is read, once.

    Raises:
        ConfigError: it has not.
    """
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ConfigError(f"{SETTING}: the feed has no column {', '.join(missing)}.")
    for setting, column in own.items():
        if column not in names:
            raise ConfigError(f"catalogue.{setting}: the feed of {SETTING} has no column {column}.")
    read = (*REQUIRED, REFERENCE_PRICE, *own.values())
    twice = next((name for name in read if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{SETTING}: the feed has the column {twice} twice.")
