"""Exports: what one holds, how its CSV is made, and how it is streamed.

Source:
    Emarsys reference 3.9.
"""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from auditor.sandbox.emarsys.fields import OPT_IN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from auditor.sandbox.emarsys.progress import Progress
    from auditor.sandbox.emarsys.state import Emarsys
    from auditor.sandbox.world.model import Contact

_ROWS_PER_CHUNK = 2000
Row = tuple[str | None, ...]


@dataclass(slots=True)
class Export:
    """One export: its settings, its frozen rows and how far it is."""

    id: int
    settings: str
    created_at: datetime
    progress: Progress
    is_local: bool
    delimiter: str
    header: Row | None
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of an export, in the order they were asked for."""

    fields: tuple[int, ...]
    has_user_id: bool
    language: str

    def header(self, state: Emarsys) -> Row:
        """Return the localised names of the columns."""
        names = tuple(state.fields.label(field, self.language) for field in self.fields)
        return ("user_id", *names) if self.has_user_id else names

    def rows(self, state: Emarsys, contacts: Iterable[Contact]) -> list[Row]:
        """Return one row per contact, with choices by name."""
        shown = [_choices(state, field) for field in self.fields]
        cells = list(zip(self.fields, shown, strict=True))
        if self.has_user_id:
            return [(str(c.id), *_cells(c, cells)) for c in contacts]
        return [tuple(_cells(c, cells)) for c in contacts]


def csv_response(
    rows: Sequence[Row], header: Row | None, delimiter: str = ","
) -> StreamingResponse:
    """Send rows as CSV in chunks, letting other requests in between."""

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in csv_chunks(rows, header, delimiter):
            yield chunk
            await asyncio.sleep(0)

    return StreamingResponse(chunks(), media_type="text/csv;charset=UTF-8")


def csv_chunks(rows: Sequence[Row], header: Row | None, delimiter: str = ",") -> Iterator[bytes]:
    """Write rows as UTF-8 CSV, quoted where needed, some thousand at a time."""
    first: list[Row] = [] if header is None else [header]
    for start in range(0, max(len(rows), 1), _ROWS_PER_CHUNK):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerows(first)
        writer.writerows(rows[start : start + _ROWS_PER_CHUNK])
        first = []
        yield text.getvalue().encode()


def _cells(
    contact: Contact, cells: list[tuple[int, Callable[[str], str] | None]]
) -> Iterator[str | None]:
    values = contact.values
    for field, shown in cells:
        value = values.get(field)
        yield shown(value) if shown is not None and value else value


def _choices(state: Emarsys, field: int) -> Callable[[str], str] | None:
    names = state.fields.choice_names(field)
    if not names or (field != OPT_IN and state.options.export_choices == "id"):
        return None
    return lambda value: names.get(value, value)
