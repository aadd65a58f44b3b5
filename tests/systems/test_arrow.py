"""Python values become Arrow columns of the canonical types."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
import sqlalchemy as sa

from auditor.model.tables import metadata
from auditor.systems.arrow import arrow_schema, arrow_table

TIMES = sa.Table("times", sa.MetaData(), sa.Column("at", sa.DateTime))
COUNTS = sa.Table("counts", sa.MetaData(), sa.Column("n", sa.Integer), sa.Column("t", sa.Text))


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_canonical_table_has_a_schema(table: sa.Table):
    assert arrow_schema(table).names == [column.name for column in table.columns]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (sa.Text, pa.string()),
        (sa.Integer, pa.int32()),
        (sa.BigInteger, pa.int64()),
        (sa.Boolean, pa.bool_()),
        (sa.Float, pa.float64()),
        (sa.DateTime, pa.timestamp("us")),
        (sa.Date, pa.date32()),
    ],
)
def test_a_type_has_its_arrow_type(column: type, expected: pa.DataType):
    table = sa.Table("t", sa.MetaData(), sa.Column("c", column))
    assert arrow_schema(table).field("c").type == expected


def test_an_aware_time_becomes_utc_without_zone():
    stockholm = timezone(timedelta(hours=2))
    rows = arrow_table(TIMES, {"at": [datetime(2026, 6, 1, 1, 30, tzinfo=stockholm), None]})
    assert rows["at"].to_pylist() == [datetime(2026, 5, 31, 23, 30), None]


def test_times_of_several_zones_stand_in_one_column():
    early = datetime(2026, 6, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    late = datetime(2026, 6, 1, 1, tzinfo=UTC)
    first, second = arrow_table(TIMES, {"at": [early, late]})["at"].to_pylist()
    assert second - first == timedelta(hours=1)


def test_a_date_stays_a_date():
    table = sa.Table("days", sa.MetaData(), sa.Column("on", sa.Date))
    assert arrow_table(table, {"on": [date(2026, 1, 2)]})["on"].to_pylist() == [date(2026, 1, 2)]


def test_columns_take_the_order_of_the_table():
    assert arrow_table(COUNTS, {"t": ["a"], "n": [1]}).column_names == ["n", "t"]


def test_an_empty_page_keeps_its_types():
    assert arrow_table(COUNTS, {"n": [], "t": []}).schema == arrow_schema(COUNTS)


def test_a_missing_column_is_refused():
    with pytest.raises(KeyError):
        arrow_table(COUNTS, {"n": [1]})


def test_a_column_that_the_table_lacks_is_refused():
    with pytest.raises(ValueError, match="counts has no column x"):
        arrow_table(COUNTS, {"n": [1], "t": ["a"], "x": [1]})


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="length"):
        arrow_table(COUNTS, {"n": [1, 2], "t": ["a"]})


def test_a_number_too_large_for_its_column_is_refused():
    with pytest.raises((ValueError, OverflowError)):
        arrow_table(COUNTS, {"n": [2**31], "t": ["a"]})
