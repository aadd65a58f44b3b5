"""What is asked of each engine is read by a grammar of its own SQL, and calls what that engine has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
import sqlglot
from sqlglot import exp

from auditor.bigquery import WarehouseDialect
from auditor.spark import SparkDialect
from tests.dialects.everything import ENGINES, of_judging, of_tables
from tests.dialects.functions import DOCUMENTED, called
from tests.distributed.statements import written

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement


@cache
def judging(engine: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(of_judging(engine)))


@cache
def parsed(engine: str) -> tuple[exp.Expr, ...]:
    grammar = ENGINES[engine].grammar
    return tuple(
        tree for sql in judging(engine) for tree in sqlglot.parse(sql, dialect=grammar) if tree
    )


@cache
def names(engine: str) -> set[str]:
    grammar = ENGINES[engine].grammar
    return {name for sql in judging(engine) for name in called(sql, grammar)}


@pytest.mark.parametrize("engine", ENGINES)
def test_each_statement_of_judging_is_one_that_the_engine_reads(engine: str):
    assert len(parsed(engine)) == len(judging(engine)) > 200


@pytest.mark.parametrize("engine", ENGINES)
def test_each_table_can_be_made(engine: str):
    for sql in of_tables(engine):
        (made,) = sqlglot.parse(sql, dialect=ENGINES[engine].grammar)
        assert isinstance(made, exp.Create)


@pytest.mark.parametrize("engine", ENGINES)
def test_only_functions_are_called_that_the_engine_documents(engine: str):
    assert names(engine) <= DOCUMENTED[engine]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_function_that_is_listed_is_called(engine: str):
    assert DOCUMENTED[engine] <= names(engine)


# --- what BigQuery refuses, though its grammar allows it -----------------------------------------------


def conjunction(condition: exp.Expr) -> list[exp.Expr]:
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return [part.unnest() for part in parts]


def equates(condition: exp.Expr) -> bool:
    """Tell whether columns of two relations are equated, whatever else is asked."""
    return any(
        isinstance(part, exp.EQ)
        and part.this.find(exp.Column) is not None
        and part.expression.find(exp.Column) is not None
        for part in conjunction(condition)
    )


def test_every_outer_join_of_bigquery_equates_columns_or_joins_nothing():
    joins = [one for tree in parsed("bigquery") for one in tree.find_all(exp.Join) if one.side]
    asked = [one.args["on"] for one in joins]
    assert asked
    assert [on.sql("bigquery") for on in asked if on != exp.false() and not equates(on)] == []


def test_no_join_of_bigquery_asks_a_select():
    joins = [one for tree in parsed("bigquery") for one in tree.find_all(exp.Join)]
    conditions = [one.args["on"] for one in joins if one.args.get("on")]
    assert [one.sql("bigquery") for one in conditions if one.find(exp.Select)] == []


def is_correlated(select: exp.Select) -> bool:
    """Tell whether a select names columns of the statement around it."""
    sources = [select.args["from_"].this, *(join.this for join in select.args.get("joins", ()))]
    own = {source.alias_or_name for source in sources}
    named = [one for one in select.find_all(exp.Column) if one.parent_select is select]
    return any(one.table not in own for one in named)


def test_every_exists_of_bigquery_that_asks_of_a_row_equates_columns():
    asked = [one.this for tree in parsed("bigquery") for one in tree.find_all(exp.Exists)]
    of_a_row = [one for one in asked if isinstance(one, exp.Select) and is_correlated(one)]
    assert of_a_row
    assert [s.sql("bigquery") for s in of_a_row if not equates(s.args["where"].this)] == []


def test_nothing_of_bigquery_filters_an_aggregate():
    assert [t for t in parsed("bigquery") if t.find(exp.Filter)] == []


def test_every_delete_of_bigquery_has_a_condition():
    sql = written(sa.delete(sa.table("t")), WarehouseDialect())
    assert sql == "DELETE FROM `t` WHERE true"


A, B = sa.column("a", sa.DateTime), sa.column("b", sa.DateTime)
TEXT = sa.column("t", sa.Text)


@pytest.mark.parametrize(
    ("phrase", "bigquery", "spark"),
    [
        (
            sa.func.greatest(A, B),
            "COALESCE(GREATEST(`a`, `b`), `a`, `b`)",
            "greatest(a, b)",
        ),
        (
            sa.extract("epoch", A),
            "UNIX_SECONDS(TIMESTAMP(`a`))",
            "unix_timestamp(CAST(a AS TIMESTAMP))",
        ),
        (
            sa.func.timezone("Europe/Stockholm", sa.func.timezone("UTC", A)),
            "DATETIME(TIMESTAMP(`a`), 'Europe/Stockholm')",
            "convert_timezone('UTC', 'Europe/Stockholm', a)",
        ),
        (sa.func.trim(TEXT, "/"), "trim(`t`, '/')", "trim(BOTH '/' FROM t)"),
        (sa.func.trim(TEXT), "trim(`t`)", "trim(BOTH ' ' FROM t)"),
        (sa.func.strpos(TEXT, "x"), "strpos(`t`, 'x')", "instr(t, 'x')"),
        (sa.cast(TEXT, sa.Text), "CAST(`t` AS STRING)", "CAST(t AS STRING)"),
        (sa.cast(TEXT, sa.DateTime), "CAST(`t` AS DATETIME)", "CAST(t AS TIMESTAMP_NTZ)"),
        (sa.cast(TEXT, sa.Float), "CAST(`t` AS FLOAT64)", "CAST(t AS DOUBLE)"),
        (TEXT == "a\\b", "`t` = 'a\\\\b'", "t = 'a\\\\b'"),
    ],
)
def test_a_phrase_of_two_engines(phrase: ColumnElement[object], bigquery: str, spark: str):
    said = written(phrase, WarehouseDialect()), written(phrase, SparkDialect())
    assert said == (bigquery, spark)


@pytest.mark.parametrize("dialect", [WarehouseDialect(), SparkDialect()])
def test_a_time_of_another_zone_than_utc_is_refused(dialect: sa.Dialect):
    with pytest.raises(sa.exc.CompileError, match="UTC"):
        written(sa.func.timezone("Europe/Stockholm", A), dialect)


def test_only_the_first_part_of_a_text_is_taken_in_bigquery():
    with pytest.raises(sa.exc.CompileError, match="first part"):
        written(sa.func.split_part(TEXT, "|", 2), WarehouseDialect())
