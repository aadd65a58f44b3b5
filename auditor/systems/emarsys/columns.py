"""Columns as files and engines give them, turned into canonical Arrow columns, exactly.

Every function takes an Arrow column of whatever type came, keeps NULL as NULL, and raises ValueError
(of which Arrow's own refusals are a kind) for a value that it cannot read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from auditor.systems.text import text_or_none

Read = Callable[[pa.Array], pa.Array]

CACHED = 65_536
"""Prices repeat; reading one again costs a tenth of reading it anew."""

WIDEST = 38
"""Digits of a 128-bit decimal."""

EXACT = Context(prec=80, Emax=60, rounding=ROUND_HALF_UP)
"""An exponent beyond it is no amount, and would fill the memory as an integer."""

MOMENT = pa.timestamp("us")
FLAGS = {"0": False, "1": True, "false": False, "true": True}


def texts(column: pa.Array) -> pa.Array:
    """Return ids or names as text; empty and blank are NULL, as `text_or_none` has it."""
    found = column if pa.types.is_string(column.type) else column.cast(pa.string())
    if pc.any(pc.match_substring(found, "\0")).as_py():
        return pa.array([text_or_none(value) for value in found.to_pylist()], pa.string())
    blank = pc.or_(pc.equal(found, ""), pc.utf8_is_space(found))
    return pc.if_else(blank, pa.scalar(None, pa.string()), found)


def keys(column: pa.Array) -> pa.Array:
    """Return ids as text, each of which must be there."""
    found = texts(column)
    if found.null_count:
        raise ValueError("an id is missing")
    return found


@dataclass(frozen=True, slots=True)
class Scaled:
    """A reader of amounts into integers of 10 ** -digits, rounded half up, exact.

    A float is read as the decimal number that it prints as: 0.1 is 0.1, not 0.1000000000000000055.
    Half up is away from zero, so that a return mirrors its sale.
    """

    digits: int

    def __call__(self, column: pa.Array) -> pa.Array:
        """Return the amounts."""
        if not pa.types.is_decimal(column.type):
            whole = [_whole(value, self.digits) for value in column.to_pylist()]
            return pa.array(whole, pa.int64())
        wide = column.cast(pa.decimal128(WIDEST, column.type.scale))
        rounded = pc.round(wide, ndigits=self.digits, round_mode="half_towards_infinity")
        # A decimal is an integer and a place for the point; without the point it is the minor units.
        units = rounded.cast(pa.decimal128(WIDEST, self.digits)).view(pa.decimal128(WIDEST, 0))
        return units.cast(pa.int64())


@lru_cache(CACHED)
def _whole(value: object, digits: int) -> int | None:
    if value is None:
        return None
    try:
        scaled_up = EXACT.multiply(Decimal(str(value)), Decimal(10**digits))
        return int(EXACT.to_integral_value(scaled_up))
    except (ArithmeticError, ValueError) as exc:  # no number, or not a finite one
        raise ValueError("an amount cannot be read") from exc


def dates(column: pa.Array) -> pa.Array:
    """Return dates, from dates, times or texts that begin with one."""
    if pa.types.is_string(column.type):
        column = pc.utf8_slice_codeunits(column, 0, 10)
    return column.cast(pa.date32(), safe=False)


def moments(column: pa.Array) -> pa.Array:
    """Return times in UTC, without zone; one that came without a zone is UTC already.

    Source:
        Emarsys reference 7: times are BigQuery timestamps, which are UTC.
    """
    if not pa.types.is_string(column.type):
        return column.cast(MOMENT, safe=False)
    try:
        return column.cast(MOMENT)
    except pa.ArrowInvalid:  # some have a zone
        return pa.array([_moment(value) for value in column.to_pylist()], MOMENT)


def _moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    found = datetime.fromisoformat(value.removesuffix(" UTC"))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def flags(column: pa.Array) -> pa.Array:
    """Return truth values, also from 0 and 1."""
    if pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        return column.cast(pa.bool_())
    marks = pc.utf8_lower(column.cast(pa.string())).to_pylist()
    if not FLAGS.keys() >= {mark for mark in marks if mark is not None}:
        raise ValueError("a flag cannot be read")
    return pa.array([None if mark is None else FLAGS[mark] for mark in marks], pa.bool_())


def part(name: str, read: Read) -> Read:
    """Return a reader of one member of a record; where there is no record or no such member, NULL."""

    def read_part(column: pa.Array) -> pa.Array:
        found = records(column)
        if not pa.types.is_struct(found.type) or found.type.get_field_index(name) < 0:
            return read(pa.nulls(len(found), pa.string()))
        return read(pc.struct_field(found, name))

    return read_part


def records(column: pa.Array) -> pa.Array:
    """Return records, or lists of them, as Arrow knows them; engines without any hold them as JSON."""
    if not pa.types.is_string(column.type):
        return column
    # Numbers stay text: an amount shall not pass through a float on its way.
    decode = json.JSONDecoder(parse_float=str, parse_int=str).decode
    return pa.array([None if text is None else decode(text) for text in column.to_pylist()])


def one_row_each(columns: Mapping[str, pa.Array], name: str) -> dict[str, pa.Array]:
    """Return the columns with a row for each record of one of them, and one where it has none."""
    found = records(columns[name])
    if not pa.types.is_list(found.type):
        return {**columns, name: found}
    none = pc.indices_nonzero(pc.equal(pc.fill_null(pc.list_value_length(found), 0), 0))
    values, parents = pc.list_flatten(found), pc.list_parent_indices(found)
    rows = pa.concat_arrays([parents.cast(pa.uint64()), none])
    spread = {other: column.take(rows) for other, column in columns.items() if other != name}
    return {**spread, name: pa.concat_arrays([values, pa.nulls(len(none), values.type)])}
