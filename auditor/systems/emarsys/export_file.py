"""An exported CSV file, read in batches of text columns without loading it whole.

The header holds names in the account's language, so columns are told apart by position only.

Source:
    Emarsys reference 3.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from auditor.errors import SchemaDriftError
from auditor.systems.emarsys.csv_rows import CsvRows, Layout, Utf8Pieces, cells_of, header_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.systems.emarsys.csv_rows import Batch

DELIMITERS = (",", ";")
WHAT = "the contact export"


class ExportFile:
    """An export, opened behind its header.

    Args:
        file: The file from its beginning.
        widths: How many columns it may have.

    Raises:
        IncompleteSnapshotError: there is no header.
        SchemaDriftError: the header has another number of columns.
    """

    def __init__(self, file: BinaryIO, widths: tuple[int, ...]) -> None:
        text = Utf8Pieces(file)
        header = header_of(text, WHAT)
        layouts = ((d, len(cells_of(header, d, WHAT))) for d in DELIMITERS)
        fitting = next(((d, width) for d, width in layouts if width in widths), None)
        if fitting is None:
            raise SchemaDriftError(
                "Emarsys: the contact export does not have the columns that were asked for."
            )
        delimiter, self.width = fitting
        self._rows = CsvRows(text, Layout(delimiter, self.width, WHAT))

    def batches(self) -> Iterator[Batch]:
        """Yield the columns of a batch of rows, and the rows that are no rows of this file.

        Raises:
            IncompleteSnapshotError: the file cannot be read to its end.
        """
        return self._rows.batches()
