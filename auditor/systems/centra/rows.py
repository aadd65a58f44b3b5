"""Pages as typed rows: the whole page at once, and row by row only where that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from auditor.errors import SchemaDriftError
from auditor.model.not_json import NOT_JSON
from auditor.model.stream import Aside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = TypeVar("Row")


class PageInfo(msgspec.Struct, gc=False, rename="camel"):
    """Where a connection goes on."""

    has_next_page: bool
    end_cursor: str | None = None


class Edge(msgspec.Struct, Generic[Row], gc=False):
    """A row of a connection."""

    node: Row


class Connection(msgspec.Struct, Generic[Row], gc=False, rename="camel"):
    """One page of a Relay connection. Source: Centra reference 2.1."""

    total_count: int
    page_info: PageInfo
    edges: list[Edge[Row]]


class ConnectionAnswer(msgspec.Struct, Generic[Row], gc=False):
    """An answer whose only root field is a connection."""

    page: Connection[Row]


class ListAnswer(msgspec.Struct, Generic[Row], gc=False):
    """An answer whose only root field is a plain list."""

    page: list[Row]


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """What one answer held.

    Attributes:
        rows: The rows that could be read.
        aside: Those that could not.
        total: Rows of the whole list; None for a plain list, which does not tell.
        cursor: Where a connection goes on.
        goes_on: Whether a connection says that there is more.
    """

    rows: list[Row]
    aside: tuple[Aside, ...] = ()
    total: int | None = None
    cursor: str | None = None
    goes_on: bool = False

    @property
    def count(self) -> int:
        """Return how many rows the answer held, set-aside ones included."""
        return len(self.rows) + len(self.aside)


class RowReader(Generic[Row]):
    """Reads answers of one list.

    Args:
        row: The type of a row.
        is_connection: Whether the list is a connection.
    """

    def __init__(self, row: type[Row], *, is_connection: bool) -> None:
        answer: Any = ConnectionAnswer if is_connection else ListAnswer
        self._row: msgspec.json.Decoder[Row] = msgspec.json.Decoder(row)
        self._whole: msgspec.json.Decoder[ConnectionAnswer[Row] | ListAnswer[Row]] = (
            msgspec.json.Decoder(answer[row])
        )
        self._outline: msgspec.json.Decoder[
            ConnectionAnswer[msgspec.Raw] | ListAnswer[msgspec.Raw]
        ] = msgspec.json.Decoder(answer[msgspec.Raw])

    def read(self, data: msgspec.Raw) -> Slice[Row]:
        """Return the rows of an answer; a row that does not fit is set aside alone.

        Raises:
            SchemaDriftError: the answer around the rows is not of the agreed shape.
        """
        try:
            return _slice(self._whole.decode(data))
        except NOT_JSON:
            return self._read_singly(data)

    def read_parts(self, data: msgspec.Raw, names: Sequence[str]) -> list[Slice[Row]]:
        """Return what each list in an answer holds.

        Raises:
            SchemaDriftError: the answer is not of the agreed shape.
        """
        try:
            parts = msgspec.json.decode(data, type=dict[str, list[msgspec.Raw]])
            lists = [parts[name] for name in names]
        except (*NOT_JSON, KeyError) as exc:
            raise SchemaDriftError(f"Centra answers a list in another shape: {exc}.") from exc
        return [_parted([self._try(raw) for raw in raws]) for raws in lists]

    def read_each(self, data: msgspec.Raw, names: Sequence[str]) -> list[Slice[Row]]:
        """Return the pages of an answer that holds several under these names.

        Raises:
            SchemaDriftError: the answer is not of the agreed shape.
        """
        try:
            parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
            pages = [bytes(parts[name]) for name in names]
        except (*NOT_JSON, KeyError) as exc:
            raise SchemaDriftError(f"Centra answers a list in another shape: {exc}.") from exc
        return [self.read(msgspec.Raw(b'{"page":' + page + b"}")) for page in pages]

    def contents(self, data: msgspec.Raw) -> Iterator[tuple[Row, str]]:
        """Yield the rows that can be read, each with its JSON."""
        for raw in self._raw_slice(data).rows:
            row = self._try(raw)
            if not isinstance(row, Aside):
                yield row, _text(raw)

    def _read_singly(self, data: msgspec.Raw) -> Slice[Row]:
        outline = self._raw_slice(data)
        part = _parted([self._try(raw) for raw in outline.rows])
        return Slice(part.rows, part.aside, outline.total, outline.cursor, outline.goes_on)

    def _raw_slice(self, data: msgspec.Raw) -> Slice[msgspec.Raw]:
        try:
            return _slice(self._outline.decode(data))
        except NOT_JSON as exc:
            raise SchemaDriftError(f"Centra answers a list in another shape: {exc}.") from exc

    def _try(self, raw: msgspec.Raw) -> Row | Aside:
        try:
            return self._row.decode(raw)
        except NOT_JSON as exc:
            return Aside(f"not of the agreed shape: {exc}", _text(raw))


def _parted(results: Sequence[Row | Aside]) -> Slice[Row]:
    """Part the rows that could be read from those that could not."""
    return Slice(
        [row for row in results if not isinstance(row, Aside)],
        tuple(row for row in results if isinstance(row, Aside)),
    )


def _slice(answer: ConnectionAnswer[Row] | ListAnswer[Row]) -> Slice[Row]:
    if isinstance(answer, ListAnswer):
        return Slice(answer.page)
    page, info = answer.page, answer.page.page_info
    rows = [edge.node for edge in page.edges]
    return Slice(rows, (), page.total_count, info.end_cursor, info.has_next_page)


def _text(raw: msgspec.Raw) -> str:
    return bytes(raw).decode(errors="replace")
