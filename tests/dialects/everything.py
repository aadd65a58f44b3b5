"""What the auditor asks of a warehouse when it judges, with terms that leave nothing out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb_sqlalchemy
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from auditor.bigquery import WarehouseDialect
from auditor.expect import failing, rows, tally
from auditor.expect.expectation import NO_DRIFT, READ_AT, READ_ON, Case
from auditor.expect.suites import load_checks
from auditor.model import history
from auditor.model.tables import metadata
from auditor.reconcile import agreed
from auditor.reconcile.featured import FEATURED
from auditor.reconcile.features import DriftFeatures
from auditor.reconcile.topics import TOPICS
from auditor.resources import expectation_files
from auditor.spark import SparkDialect
from auditor.warehouse import versions
from tests.distributed.statements import statements, written
from tests.reconcile.books import NOW, TERMS
from tests.reconcile.test_engines import MANY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.reconcile.terms import Terms


class Engine(NamedTuple):
    """A dialect of SQLAlchemy, and the name of the grammar that reads what it writes."""

    grammar: str
    dialect: Callable[[], sa.Dialect]


ENGINES = {
    "duckdb": Engine("duckdb", duckdb_sqlalchemy.Dialect),
    "postgresql": Engine("postgres", PGDialect_psycopg),
    "bigquery": Engine("bigquery", WarehouseDialect),
    "spark": Engine("spark", SparkDialect),
}

EVERYTHING: Terms = replace(
    MANY,
    consent_stores=("Retail",),
    consent_keys=("newsletter",),
    feed_customers="buyers",
    in_base_currency=False,
    key="email",
    lags=dict.fromkeys(TERMS.lags, timedelta(hours=1)),
    merges=(("1", "2"), ("3", "4")),
    mapped_fields=("first_name", "last_name", "email"),
    stalls=dict.fromkeys(TERMS.stalls, timedelta(hours=1)),
    stock_tolerance=2,
    token_expires=date(2026, 12, 2),
    undone={"opt_out": 2},
    warehouses=("Main", "Other"),
)
"""The other side of every switch whose first side `MANY` is."""


def of_judging(engine: str) -> Iterator[str]:
    """Yield every statement that reconciles, attributes, counts features and judges, with every switch."""
    for terms in (MANY, EVERYTHING):
        yield from judging_by(terms, engine)


def judging_by(terms: Terms, engine: str) -> Iterator[str]:
    """Yield every statement of one audit's judging."""
    dialect = ENGINES[engine].dialect()
    yield from (one.sql for one in statements(terms, dialect))
    yield from (written(one, dialect) for one in _attributing(terms))
    yield from (written(one, dialect) for one in _explaining(terms))
    yield from (written(one, dialect) for one in _expecting())
    yield tally.failed_and_checked(dialect)


def of_tables(engine: str) -> Iterator[str]:
    """Yield the statement that makes each table."""
    dialect = ENGINES[engine].dialect()
    for table in (*metadata.sorted_tables, *history.metadata.sorted_tables):
        yield str(sa.schema.CreateTable(table).compile(dialect=dialect))


def _attributing(terms: Terms) -> Iterator[sa.ClauseElement]:
    moving, learning = agreed._moving, [topic.name for topic in TOPICS]
    for topic in TOPICS:
        yield moving.insert().from_select(list(moving.c.keys()), agreed._moved(topic, terms))
        yield agreed._answers(topic, NOW, "run")
    yield agreed._outdated(learning)
    yield agreed._follow(learning, "run", NOW)


def _explaining(terms: Terms) -> Iterator[sa.ClauseElement]:
    features = DriftFeatures.__new__(DriftFeatures)
    features._terms = terms
    for topic in FEATURED:
        yield features._shared(topic, list(topic.checks), 3, 0.8)


def _expecting() -> Iterator[sa.ClauseElement]:
    for expectation in load_checks(expectation_files()):
        if expectation.type == NO_DRIFT:
            continue
        given: dict[str, Any] = {READ_AT: NOW, READ_ON: NOW.date()}
        given |= {f"{table}.{column}": ["a", "b"] for table, column in expectation.references}
        yield rows.judged_rows(expectation)
        select = failing._failing(Case(expectation, expectation.filled(given)))
        if select is not None:
            yield select
    for table in history.HISTORY.values():
        hashed = [column.name for column in table.columns]
        yield sa.select(versions.row_hash(table, hashed))
