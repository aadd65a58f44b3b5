"""Runs the SQL of BigQuery on DuckDB, translated by sqlglot; refuses what the translation cannot carry."""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import duckdb
import sqlglot
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_COPY = re.compile(r"CREATE OR REPLACE TABLE (\S+) (?:COPY|CLONE) (\S+)\s*")
_DROP = re.compile(r"\s*DROP TABLE IF EXISTS \S+\s*")
TYPES = {
    "BIGINT": "INTEGER",
    "INTEGER": "INTEGER",
    "HUGEINT": "INTEGER",
    "BOOLEAN": "BOOLEAN",
    "VARCHAR": "STRING",
    "DOUBLE": "FLOAT",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "DATE": "DATE",
}
"""What a type of DuckDB is called in a schema of BigQuery; decimals are NUMERIC."""

Parameter = tuple[str, Any]


class Refused(Exception):  # noqa: N818 - what a client is told
    """A statement that the engine does not take."""


class Engine:
    """Datasets as schemas of a DuckDB in memory, one statement at a time."""

    def __init__(self) -> None:
        self._conn = duckdb.connect()
        self._conn.execute("SET TimeZone = 'UTC'")
        self._lock = threading.Lock()
        self.made: dict[str, int] = {}
        self._clock = 0
        self._entered = ""

    def run(
        self, sql: str, dataset: str, parameters: Mapping[str, Parameter]
    ) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]], int]:
        """Run a statement; return its columns with their types, its rows, and how many it changed."""
        text, values = translated(sql, dataset, parameters)
        with self._lock:
            self._enter(dataset)
            try:
                found = self._conn.execute(text, values)
            except duckdb.Error as exc:
                raise Refused(f"{exc}\n{text}") from exc
            self._note(sql, dataset)
            columns = [(str(one[0]), _kind(str(one[1]))) for one in found.description or []]
            rows = found.fetchall()
        if not sql.lstrip().upper().startswith(("SELECT", "WITH")):
            return [], [], int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0
        return columns, rows, 0

    def told(
        self, sql: str, dataset: str, parameters: Mapping[str, Parameter]
    ) -> list[tuple[str, str]]:
        """Return the columns that a select would give, without running it."""
        text, values = translated(sql, dataset, parameters)
        with self._lock:
            self._enter(dataset)
            try:
                found = self._conn.execute(f"DESCRIBE {text}", values)
            except duckdb.Error as exc:
                raise Refused(f"{exc}\n{text}") from exc
            return [(name, _kind(kind)) for name, kind, *_ in found.fetchall()]

    def drop(self, dataset: str, table: str) -> None:
        """Drop a table."""
        with self._lock:
            self._conn.execute(f'DROP TABLE IF EXISTS "{dataset}"."{table}"')

    def fill(self, dataset: str, statements: Sequence[str]) -> None:
        """Run statements of DuckDB in a dataset, as somebody else who owns it."""
        with self._lock:
            self._enter(dataset)
            for one in statements:
                self._conn.execute(one)

    def take(self, dataset: str, file: Path) -> None:
        """Let a dataset hold the tables of a DuckDB file, as they are now."""
        with self._lock:
            self._enter(dataset)
            self._conn.execute(f"ATTACH '{file}' AS taken (READ_ONLY)")
            found = self._conn.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = 'taken'"
            )
            for (name,) in found.fetchall():
                self._conn.execute(
                    f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM taken.main."{name}"'
                )
            self._conn.execute("DETACH taken")

    def _enter(self, dataset: str) -> None:
        if dataset != self._entered:
            self._conn.execute(f'CREATE SCHEMA IF NOT EXISTS "{dataset}"')
            self._conn.execute(f"SET search_path = '{dataset}'")
            self._entered = dataset

    def load(self, file: str, dataset: str, table: str) -> int:
        """Append a Parquet file to a table."""
        with self._lock:
            columns = ", ".join(f'"{name}"' for name, _ in self._columns(dataset, table))
            found = self._conn.execute(
                f'INSERT INTO "{dataset}"."{table}" ({columns}) SELECT {columns} FROM read_parquet(?)',
                [file],
            )
            ((count,),) = found.fetchall()
        return int(count)

    def columns(self, dataset: str, table: str) -> list[tuple[str, str]]:
        """Return the columns of a table with their types; none where there is no such table."""
        with self._lock:
            return self._columns(dataset, table)

    def tables(self, dataset: str) -> list[str]:
        """Return the names of a dataset's tables."""
        found = "SELECT table_name FROM information_schema.tables WHERE table_schema = ?"
        with self._lock:
            return [name for (name,) in self._conn.execute(found, [dataset]).fetchall()]

    def count(self, dataset: str, table: str) -> int:
        """Count the rows of a table."""
        with self._lock:
            found = self._conn.execute(f'SELECT count(*) FROM "{dataset}"."{table}"').fetchall()
        return int(found[0][0])

    def _columns(self, dataset: str, table: str) -> list[tuple[str, str]]:
        found = self._conn.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
            [dataset, table],
        )
        return [(name, _kind(kind)) for name, kind in found.fetchall()]

    def _note(self, sql: str, dataset: str) -> None:
        made = re.match(r"\s*CREATE (?:OR REPLACE )?TABLE `?(\w+)`?", sql)
        if made:
            self._clock += 1
            self.made[f"{dataset}.{made[1]}"] = self._clock


def _kind(kind: str) -> str:
    name = kind.partition("(")[0].upper()
    return "NUMERIC" if name == "DECIMAL" else TYPES.get(name, "STRING")


def translated(
    sql: str, dataset: str, parameters: Mapping[str, Parameter]
) -> tuple[str, dict[str, Any]]:
    """Return a statement in the SQL of DuckDB, with the values of its parameters."""
    text, names = _translated(sql, dataset)
    values = {f"p{number}": value_of(*parameters[name]) for number, name in enumerate(names)}
    return text, values


@lru_cache(maxsize=2000)
def _translated(sql: str, dataset: str) -> tuple[str, tuple[str, ...]]:
    plain = sql.replace("`", '"')
    if _DROP.fullmatch(plain):  # to parse one takes as long as to run it
        return plain, ()
    if copied := _COPY.fullmatch(plain):
        return f"CREATE OR REPLACE TABLE {copied[1]} AS SELECT * FROM {copied[2]}", ()
    tree = _parsed(sql)
    _refuse(tree)
    _adapt(tree, dataset)
    asked = list(tree.find_all(exp.Parameter))
    for number, parameter in enumerate(asked):
        parameter.replace(exp.Placeholder(this=f"p{number}"))
    return tree.sql("duckdb", copy=False), tuple(parameter.name for parameter in asked)


def _adapt(tree: exp.Expr, dataset: str) -> None:
    """Say in the words of DuckDB what sqlglot would leave as it is."""
    _of_the_dataset(tree, dataset)
    for one in list(tree.find_all(exp.Datetime)):
        if isinstance(one.this, exp.Timestamp) and one.expression:
            one.replace(_on_the_clock(one.this.this, one.expression))
    for hashed in list(
        tree.find_all(exp.FarmFingerprint)
    ):  # another number, as good for telling apart
        hashed.replace(_hashed(hashed))
    for like in list(tree.find_all(exp.Like)):  # of DuckDB's own it has no sign of escape
        like.replace(exp.Escape(this=like.copy(), expression=exp.Literal.string("\\")))
    if isinstance(tree, exp.Create):
        tree.set("properties", None)
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)  # all projects are one here


def _parsed(sql: str) -> exp.Expr:
    try:
        trees = sqlglot.parse(sql, dialect="bigquery")
    except sqlglot.ParseError as exc:
        raise Refused(str(exc)) from exc
    if len(trees) != 1 or trees[0] is None:
        raise Refused("one statement at a time")
    return trees[0]


def _of_the_dataset(tree: exp.Expr, dataset: str) -> None:
    """Let the columns that BigQuery tells of a dataset be those of a schema."""
    for table in list(tree.find_all(exp.Table)):
        if "INFORMATION_SCHEMA" in table.sql().upper() and table.name.upper().endswith("COLUMNS"):
            of = exp.select("table_name", "column_name").from_("information_schema.columns")
            mine = of.where(f"table_schema = '{dataset}'")
            table.replace(mine.subquery(table.alias or "COLUMNS"))


def _on_the_clock(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """Read a time of UTC in a zone, which sqlglot takes for a time of day."""
    utc = exp.AtTimeZone(this=exp.paren(moment), zone=exp.Literal.string("UTC"))
    return exp.paren(exp.AtTimeZone(this=exp.paren(utc), zone=zone))


def _hashed(asked: exp.FarmFingerprint) -> exp.Expr:
    halved = exp.BitwiseRightShift(
        this=exp.func("hash", *asked.expressions), expression=exp.Literal.number(1)
    )
    return exp.cast(halved, "bigint")


def _refuse(tree: exp.Expr) -> None:
    """Refuse what BigQuery refuses and DuckDB takes."""
    if isinstance(tree, exp.Update | exp.Delete) and not tree.args.get("where"):
        raise Refused("UPDATE and DELETE must have a WHERE clause")
    for join in tree.find_all(exp.Join):
        on = join.args.get("on")
        if on is not None and on.find(exp.Select):
            raise Refused("a subquery is not supported inside a join predicate")


def value_of(kind: str, value: Any) -> Any:
    """Read the value of a parameter as its type says."""
    if value is None:
        return None
    if isinstance(value, list):
        return [value_of(kind, one["value"]) for one in value]
    readers = {
        "INT64": int,
        "FLOAT64": float,
        "BOOL": lambda text: text == "true",
        "DATETIME": datetime.fromisoformat,
        "DATE": date.fromisoformat,
        "TIMESTAMP": datetime.fromisoformat,
    }
    return readers.get(kind, str)(value)  # type: ignore[operator]


def cells(rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return rows as the API writes them: every value a text."""
    return [{"f": [{"v": _cell(value)} for value in row]} for row in rows]


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo is None else str(_micros(value))
    return str(value)
