"""One list of Centra: what is asked of it, in the style and with the fields that the tenant has.

Source:
    Centra reference 2.1 (both styles, `counters`), 2.2 (page sizes), 2.3 (sorting).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic

import msgspec

from auditor.errors import SchemaDriftError
from auditor.model.not_json import NOT_JSON
from auditor.systems.centra.answers import MissingPermissionError
from auditor.systems.centra.notes import Notes
from auditor.systems.centra.query import Want, droppable, selection
from auditor.systems.centra.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa

    from auditor.systems.centra.client import CentraClient
    from auditor.systems.centra.nested import Nested
    from auditor.systems.centra.schema import Field, Schema
    from auditor.systems.centra.window import Window

log = logging.getLogger(__name__)

HEAVY, FLAT = 100, 200
"""Rows of a first page, with and without lists below them. Source: Centra reference 2.2."""

Where = Mapping[str, object]
Convert = Callable[[Sequence[Any]], Mapping[str, "pa.Table"]]


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whom to ask, and what it has."""

    client: CentraClient
    schema: Schema


@dataclass(frozen=True, slots=True)
class Source(Generic[Row]):
    """One list, and what becomes of its rows.

    Attributes:
        name: Its name in messages and queries, e.g. `orders`.
        roots: Its connection and its plain list; the first that the tenant has is read.
        row: The type of a row.
        fields: What to ask for.
        convert: Rows to canonical tables.
        size: Rows of the first page; what it costs decides on those after it.
        sorts: Orders to read in; the first that the tenant has is used.
        key: The number that tells rows apart.
        window: The filter that leaves out what is known; None where the API has none.
        nested: Lists below a row that the tenant may end at a limit.
    """

    name: str
    roots: tuple[str, ...]
    row: type[Row]
    fields: tuple[Want, ...]
    convert: Convert
    size: int = FLAT
    sorts: tuple[str, ...] = ("id_ASC",)
    key: Callable[[Row], int] = field(default=attrgetter("id"))
    window: Window | None = None
    nested: tuple[Nested, ...] = ()


class _Counters(msgspec.Struct):
    count: int


class _Counted(msgspec.Struct):
    counters: _Counters


class Listing:
    """Asks for the pages of one list.

    A permission that the auditor can do without and the token lacks is found out by the first answer;
    what needs it is left out from then on. The pages of a connection grow or shrink to what the pace
    allows; those of a plain list are counted by number, so all have the same size.

    Raises:
        SchemaDriftError: the tenant does not have the list.
    """

    def __init__(
        self, source: Source[Any], tenant: Tenant, notes: Notes | None = None, *, size: int = 0
    ) -> None:
        self._source, self._tenant, self._notes = source, tenant, notes or Notes()
        self._root = _root(source, tenant.schema)
        self._without: frozenset[str] = frozenset()
        self._texts: dict[tuple[bool, int, frozenset[str]], str] = {}
        self._size, self._is_fixed = size or source.size, bool(size)
        self.is_connection = self._root.argument("first") is not None
        row_type = self._row_type()
        self.nested = tuple(n for n in source.nested if n.applies(tenant.schema, row_type))
        self._fields = _limited(source.fields, self.nested)

    def ask(self, where: Where, place: Mapping[str, object]) -> msgspec.Raw:
        """Return the answer with one page.

        Args:
            where: The filter; empty for none.
            place: `after` or `page`.

        Raises:
            ReadError: as for any query.
        """
        variables = {**place, "where": where} if where else place
        while True:
            text = self._text(is_filtered=bool(where))
            try:
                data = self._tenant.client.query(text, variables)
            except MissingPermissionError as exc:
                self._do_without(exc.permissions)
                continue
            if self.is_connection and not self._is_fixed:
                self._size = self._tenant.client.fitting_size(text, self._size)
            return data

    @property
    def size(self) -> int:
        """Return how many rows a page is asked for."""
        return self._size

    def rows_at(self, positions: Sequence[int], where: Where) -> msgspec.Raw:
        """Return an answer with the rows that stand at these positions (from 1) of a plain list now.

        Each is a list of at most one row, under `b` and its place among the positions.

        Raises:
            ReadError: as for any query.
        """
        fields, name = self._fields_text(), self._root.name
        args = ["limit: 1", "page: {}", *(["where: $where"] if where else []), *self._sort()]
        call = f"{name}({', '.join(args)})"
        parts = [
            f"b{place}: {call.format(position)} {{ {fields} }}"
            for place, position in enumerate(positions)
        ]
        declared = f"({self._filter()})" if where else ""
        text = f"query boundaries{declared} {{ {' '.join(parts)} }}"
        return self._tenant.client.query(text, {"where": where} if where else {})

    def ask_each(self, filters: Sequence[Where], limit: int) -> msgspec.Raw:
        """Return an answer with the first rows under each of some filters.

        Each is a page of its own, under `b` and its filter's place among them.

        Raises:
            ReadError: as for any query.
        """
        places = range(len(filters))
        args = [f"first: {limit}"] if self.is_connection else [f"limit: {limit}", "page: 1"]
        parts = [
            f"b{place}: {self._root.name}({', '.join(args)}, where: $w{place}) {{ {self._below()} }}"
            for place in places
        ]
        declared = ", ".join(self._filter(f"w{place}") for place in places)
        text = f"query each({declared}) {{ {' '.join(parts)} }}"
        return self._tenant.client.query(text, {f"w{n}": filters[n] for n in places})

    def count(self, where: Where) -> int | None:
        """Return how many rows the tenant counts; None where it has no counter for the list.

        Raises:
            ReadError: as for any query.
        """
        counters = self._tenant.schema.root("counters")
        has_counter = counters and self._tenant.schema.field(counters.type.inner, self._root.name)
        if not has_counter:
            return None
        declared, args = (f"({self._filter()})", "(where: $where)") if where else ("", "")
        text = f"query counters{declared} {{ counters {{ count: {self._root.name}{args} }} }}"
        data = self._tenant.client.query(text, {"where": where} if where else {})
        try:
            return msgspec.json.decode(data, type=_Counted).counters.count
        except NOT_JSON as exc:
            raise SchemaDriftError(f"Centra counts in another shape: {exc}.") from exc

    def _do_without(self, permissions: frozenset[str]) -> None:
        needed = permissions - set(droppable(self._source.fields))
        if needed or permissions <= self._without:
            raise MissingPermissionError(sorted(needed or permissions))
        names = ", ".join(sorted(permissions))
        log.warning("Centra's %s are read without what needs %s", self._source.name, names)
        self._without |= permissions

    def _text(self, *, is_filtered: bool) -> str:
        shape = is_filtered, self._size, self._without
        if shape not in self._texts:
            self._texts[shape] = self._written(is_filtered=is_filtered)
        return self._texts[shape]

    def _written(self, *, is_filtered: bool) -> str:
        if self.is_connection:
            declared, args = ["$after: String"], [f"first: {self._size}", "after: $after"]
        else:
            declared, args = ["$page: Int!"], [f"limit: {self._size}", "page: $page"]
        if is_filtered:
            declared.append(self._filter())
            args.append("where: $where")
        args += self._sort()
        name = self._root.name
        page = f"page: {name}({', '.join(args)}) {{ {self._below()} }}"
        return f"query {name}({', '.join(declared)}) {{ {page} }}"

    def _below(self) -> str:
        fields = self._fields_text()
        if not self.is_connection:
            return fields
        return f"totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {fields} }} }}"

    def _fields_text(self) -> str:
        schema = self._tenant.schema
        return selection(schema, self._row_type(), self._fields, self._without, self._notes)

    def _row_type(self) -> str:
        schema, type_name = self._tenant.schema, self._root.type.inner
        for below in ("edges", "node") if self.is_connection else ():
            found = schema.field(type_name, below)
            if found is None:
                raise SchemaDriftError(f"Centra has no field {type_name}.{below}.")
            type_name = found.type.inner
        return type_name

    def _filter(self, name: str = "where") -> str:
        where = self._root.argument("where")
        if where is None:
            raise SchemaDriftError(f"Centra has no filter for {self._root.name}.")
        return f"${name}: {where.type.inner}"

    def _sort(self) -> list[str]:
        sort = self._root.argument("sort")
        known = self._tenant.schema.values(sort.type.inner) if sort else ()
        return [f"sort: [{name}]" for name in self._source.sorts if name in known][:1]


def _root(source: Source[Any], schema: Schema) -> Field:
    for name in source.roots:
        found = schema.root(name)
        if found is not None:
            return found
    raise SchemaDriftError(f"Centra has no list of {source.name}.")


def _limited(fields: tuple[Want, ...], nested: tuple[Nested, ...]) -> tuple[Want, ...]:
    limits = {one.name: one for one in nested}
    return tuple(limits[f.name].limited(f) if f.name in limits else f for f in fields)


def one_page_of(source: Source[Any], nested: Nested, page: int) -> Source[Any]:
    """Return a source whose rows hold nothing but one page of a list below them."""
    (want,) = (field for field in source.fields if field.name == nested.name)
    return replace(
        source, row=nested.row, fields=(nested.limited(want, page),), nested=(), window=None
    )


def filter_type(source: Source[Any], schema: Schema) -> str | None:
    """Return the type of a list's filter, None where the tenant has neither."""
    root = next((root for name in source.roots if (root := schema.root(name))), None)
    where = root.argument("where") if root else None
    return where.type.inner if where else None
