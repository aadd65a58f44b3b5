"""The catalogue feed with some cells set to other values: the complete file, row by row.

Nothing but these cells changes, and no row is added or left out; what Emarsys is given replaces its
whole catalogue.

Source:
    Emarsys reference 6: UTF-8, comma, double quotes, a header row; the file replaces the catalogue.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from auditor.errors import IncompleteSnapshotError
from auditor.systems.emarsys.csv_rows import Utf8Pieces, header_of
from auditor.systems.emarsys.feed_file import WHAT, names_of, require_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO, TextIO

Row = dict[str, str]


class FeedRows:
    """The rows of a feed as they stand, opened behind the header.

    Args:
        file: The feed from its beginning.

    Raises:
        ConfigError: a column is missing, or stands twice.
        IncompleteSnapshotError: there is no header.
    """

    def __init__(self, file: BinaryIO) -> None:
        start = file.tell()
        delimiter, self.columns = names_of(header_of(Utf8Pieces(file), WHAT))
        require_columns(self.columns, {})
        file.seek(start)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._text, self._rows = text, csv.reader(text, delimiter=delimiter, strict=True)

    def __iter__(self) -> Iterator[Row]:
        """Yield each row by column; of columns of one name the last stands for all.

        Raises:
            IncompleteSnapshotError: as for `cells`.
        """
        for cells in self.cells():
            yield dict(zip(self.columns, cells, strict=True))

    def cells(self) -> Iterator[list[str]]:
        """Yield the cells of each row, in the order of the columns.

        Raises:
            IncompleteSnapshotError: a row cannot be read; half a catalogue must not replace a whole.
        """
        try:
            next(self._rows)
            for cells in self._rows:
                if not cells:
                    continue  # a blank line; an audit does not take it for a row, either
                if len(cells) != len(self.columns):
                    raise IncompleteSnapshotError(
                        "The catalogue feed has a row that is not whole; nothing was pushed."
                    )
                yield cells
        except (csv.Error, UnicodeDecodeError) as exc:
            raise IncompleteSnapshotError(
                "The catalogue feed cannot be read to its end; nothing was pushed."
            ) from exc
        finally:
            self._text.detach()


def write_edited(
    feed: BinaryIO, out: TextIO, edits: Mapping[str, Mapping[str, str]]
) -> tuple[int, set[str]]:
    """Write a feed with some cells changed; return its rows, and the items that were found.

    Args:
        feed: The feed from its beginning.
        out: Takes the file, with commas whatever the feed has.
        edits: New text by column, by item.

    Raises:
        ConfigError: a column is missing.
        IncompleteSnapshotError: the feed cannot be read to its end.
    """
    rows = FeedRows(feed)
    places = {name: place for place, name in enumerate(rows.columns)}
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.columns)
    count, found = 0, set[str]()
    for cells in rows.cells():
        item = cells[places["item"]]
        if item in edits:
            found.add(item)
            for column, text in edits[item].items():
                cells[places[column]] = text
        writer.writerow(cells)
        count += 1
    return count, found
