"""CSV rows in batches of text columns, read without loading the file whole."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

import pyarrow as pa
import pyarrow.csv as pa_csv

from auditor.errors import IncompleteSnapshotError
from auditor.model.stream import Aside

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_BYTES = 2 * 1024 * 1024
LONGEST_HEADER = 100
LONGEST_LINE = 64 * 1024
"""Bytes of a line of the header: longer ones are no header."""

Batch = tuple[list[pa.StringArray], tuple[Aside, ...]]


class Utf8Pieces:
    """A file as pyarrow reads it, without byte order mark and with every byte valid UTF-8.

    A broken byte becomes U+FFFD: one mangled name shall not cost the whole file.
    """

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._ahead = b""

    def readline(self) -> str:
        """Return the next line as text.

        Raises:
            IncompleteSnapshotError: it is longer than any line of a header.
        """
        line = self._file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise IncompleteSnapshotError("Emarsys: a file begins with a line that never ends.")
        return self._decoder.decode(line)

    def is_at_end(self) -> bool:
        """Return whether nothing is left."""
        self._ahead = self.read(BLOCK_BYTES)
        return not self._ahead

    def read(self, size: int) -> bytes:
        """Return that many bytes, fewer only at the end.

        Each answer is one block to pyarrow, and a block must hold a row.
        """
        at_end = False
        while len(self._ahead) < size and not at_end:
            raw = self._file.read(size - len(self._ahead))
            at_end = not raw
            self._ahead += self._decoder.decode(raw, final=at_end).encode()
        piece, self._ahead = self._ahead[:size], self._ahead[size:]
        return piece


def header_of(text: Utf8Pieces, what: str) -> str:
    """Return the first row, which may span lines.

    Raises:
        IncompleteSnapshotError: there is none.
    """
    header = text.readline()
    while header.count('"') % 2 and len(header.splitlines()) < LONGEST_HEADER:
        more = text.readline()
        if not more:
            break
        header += more
    if not header.strip():
        raise IncompleteSnapshotError(f"Emarsys: {what} is empty, without a header.")
    return header.rstrip("\r\n")


def cells_of(header: str, delimiter: str, what: str) -> list[str]:
    """Return the cells of a header.

    Raises:
        IncompleteSnapshotError: it is no row of a CSV file.
    """
    try:
        return next(csv.reader([header], delimiter=delimiter))
    except csv.Error as exc:
        raise IncompleteSnapshotError(f"Emarsys: {what} begins with no CSV header.") from exc


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out, and what it is called in messages."""

    delimiter: str
    width: int
    what: str


class CsvRows:
    """The rows behind the header of a file."""

    def __init__(self, text: Utf8Pieces, layout: Layout) -> None:
        self._text, self._layout = text, layout
        self._malformed: list[Aside] = []

    def batches(self) -> Iterator[Batch]:
        """Yield the columns of a batch of rows, and the rows that are no rows of this file.

        Raises:
            IncompleteSnapshotError: the file cannot be read to its end.
        """
        try:
            if self._text.is_at_end():
                return
            for batch in self._reader():
                yield batch.columns, self._taken()
        except pa.ArrowInvalid as exc:
            raise IncompleteSnapshotError(
                f"Emarsys: {self._layout.what} is no CSV file from some row on."
            ) from exc
        if self._malformed:
            yield [pa.array([], pa.string())] * self._layout.width, self._taken()

    def _reader(self) -> pa_csv.CSVStreamingReader:
        names = [str(position) for position in range(self._layout.width)]
        return pa_csv.open_csv(
            self._text,
            read_options=pa_csv.ReadOptions(column_names=names, block_size=BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(
                delimiter=self._layout.delimiter,
                newlines_in_values=True,
                invalid_row_handler=self._set_aside,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), check_utf8=False
            ),
        )

    def _set_aside(self, row: pa_csv.InvalidRow) -> Literal["skip", "error"]:
        # A quote that is never closed swallows all rows after it: those would be lost, not one row.
        if "\n" in row.text and row.text.count('"') % 2:
            return "error"
        self._malformed.append(
            Aside("the row has another number of columns", row.text.replace("\0", ""))
        )
        return "skip"

    def _taken(self) -> tuple[Aside, ...]:
        taken, self._malformed = tuple(self._malformed), []
        return taken
