"""Both list styles: page numbers and Relay connections, and the faults that strike pages.

Source: Centra reference 2.1 and 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from auditor.sandbox.centra.selection import Selection, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.sandbox.centra.field import Arguments, Field, Getter, Request, Row
    from auditor.sandbox.wire import Fault

DEFAULT_SIZE = 20
MOST = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `first` and `last` bear its cursors even when a fault took rows away."""

    rows: list[Any]
    selection: Selection
    start: int
    first: Any
    last: Any

    @classmethod
    def of(cls, selection: Selection, start: int, stop: int) -> Page:
        """Take the rows from one position up to another."""
        rows = selection.slice(start, stop)
        ends = (rows[0], rows[-1]) if rows else (None, None)
        return cls(rows, selection, start, *ends)

    @property
    def stop(self) -> int:
        """Return the position behind the page."""
        return self.start + len(self.rows)

    def cursor(self, row: Row) -> str | None:
        """Return the cursor of a row, or None for no row."""
        return None if row is None else self.selection.ordering.cursor(row)


@dataclass(slots=True)
class Pages:
    """The last page that each list served, for the faults that repeat or shorten one."""

    _last: dict[str, Page] = field(default_factory=dict)

    def serve(self, name: str, page: Page, fault: Fault | None) -> Page:
        """Return the page, or what the fault makes of it.

        `repeat` serves the page before once more, with its cursor; `lose` and `partial` drop the last
        half of the rows, at least one, and keep the cursor behind them.
        """
        kind = fault.kind if fault else None
        if kind == "repeat" and page.start > 0 and name in self._last:
            return self._last[name]
        self._last[name] = page
        if kind in ("lose", "partial"):
            return replace(page, rows=page.rows[: len(page.rows) // 2])
        return page


def page_size(request: Request, asked: int | None, name: str) -> int:
    """Return the size of a page: 1 to 200, by default 20.

    Raises:
        GraphQLError: It is below 1, or above 200 on a tenant that refuses that.
    """
    size = DEFAULT_SIZE if asked is None else asked
    if size < 1 or (size > MOST and request.options.over_limit == "error"):
        raise GraphQLError(f"{name} must be between 1 and {MOST}, {size} given.")
    return min(size, MOST)


def _span(request: Request, arguments: Arguments) -> tuple[int, int]:
    limit = page_size(request, arguments.get("limit"), "limit")
    number = arguments.get("page")
    if number is not None and number < 1:
        raise GraphQLError(f"page must be at least 1, {number} given.")
    start = ((number or 1) - 1) * limit
    return start, start + limit


def page_of(request: Request, rows: list[Any], arguments: Arguments) -> list[Any]:
    """Return the asked page of rows that need no filter."""
    start, stop = _span(request, arguments)
    return rows[start:stop]


def nested(
    request: Request, kind: str, fixed: Mapping[str, Any], arguments: Arguments
) -> list[Any]:
    """Return the asked page of a list below a row, which `fixed` filters select."""
    where = {**(arguments.get("where") or {}), **fixed}
    return select(request, kind, where, arguments.get("sort")).slice(*_span(request, arguments))


def listing(kind: str, name: str) -> Field:
    """Answer a root list by page number."""

    def bind(request: Request, arguments: Arguments) -> Getter:
        def answer(_root: object) -> list[Any]:
            chosen = select(request, kind, arguments.get("where"), arguments.get("sort"))
            page = Page.of(chosen, *_span(request, arguments))
            return request.pages.serve(name, page, request.fault).rows

        return answer

    return bind


def connection(kind: str, name: str) -> Field:
    """Answer a root list as a Relay connection."""

    def bind(request: Request, arguments: Arguments) -> Getter:
        def answer(_root: object) -> Page:
            chosen = select(request, kind, arguments.get("where"), arguments.get("sort"))
            page = Page.of(chosen, *_relay_span(request, chosen, arguments))
            return request.pages.serve(name, page, request.fault)

        return answer

    return bind


def _relay_span(request: Request, chosen: Selection, arguments: Arguments) -> tuple[int, int]:
    after, before = arguments.get("after"), arguments.get("before")
    start = chosen.position(after, behind=True) if after is not None else 0
    stop = chosen.position(before, behind=False) if before is not None else len(chosen)
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None or last is None:
        stop = min(stop, start + page_size(request, first, "first"))
    if last is not None:
        start = max(start, stop - page_size(request, last, "last"))
    return start, max(start, stop)
