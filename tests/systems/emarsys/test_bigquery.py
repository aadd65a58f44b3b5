"""What is asked of BigQuery, read by a parser of its SQL: no BigQuery is needed to see that it is right."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime
from itertools import product
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
import sqlglot
from google.auth.exceptions import RefreshError
from sqlglot import expressions as exp

from auditor.bigquery import BigQueryDialect
from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import StoreUrl
from auditor.errors import ConfigError
from auditor.systems.emarsys import open_data
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.emarsys.open_data_views import PARTITION
from auditor.systems.emarsys.streams import open_data_views
from tests.postgres import new_database

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.systems.emarsys.open_data_views import View

ACCOUNT = 123456789
DATASET = f"emarsys_acme_{ACCOUNT}"
SINCE = date(2026, 1, 10)
LOADED = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
VIEWS = open_data_views("SEK")
NEVER_LIMITED = {"si_contacts", "latest_products"}
"""Views of what is true now: every row counts, however old."""


def compiled(view: View, loaded: datetime | None = None, *, has_partitions: bool = True) -> str:
    query = view.select(
        view.relation(DATASET, ACCOUNT),
        SINCE,
        loaded,
        has_partitions=has_partitions,
        records_as_text=True,
    )
    return str(query.compile(dialect=BigQueryDialect(), compile_kwargs={"literal_binds": True}))


def parsed(view: View, loaded: datetime | None = None, **switches: bool) -> exp.Select:
    found = sqlglot.parse_one(compiled(view, loaded, **switches), dialect="bigquery")
    assert isinstance(found, exp.Select)
    return found


@pytest.fixture(params=VIEWS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("name", "loaded", "has_partitions"), list(product(VIEWS, (None, LOADED), (True, False)))
)
def test_a_select_is_one_statement_that_bigquery_reads(
    name: str, loaded: datetime | None, has_partitions: bool
):
    sql = compiled(VIEWS[name], loaded, has_partitions=has_partitions)
    (statement,) = sqlglot.parse(sql, dialect="bigquery")
    assert isinstance(statement, exp.Select)


def test_a_select_reads_one_view_of_the_account(name: str):
    (table,) = parsed(VIEWS[name]).find_all(exp.Table)
    assert (table.db, table.name) == (DATASET, f"{VIEWS[name].name}_{ACCOUNT}")


def test_a_select_names_its_columns_in_reading_order(name: str):
    columns = [
        next(found.name for found in one.find_all(exp.Column))
        for one in parsed(VIEWS[name]).expressions
    ]
    assert columns == list(VIEWS[name].source_columns)


def test_no_select_asks_for_all_columns(name: str):
    assert list(parsed(VIEWS[name]).find_all(exp.Star)) == []


def partition_bounds(select: exp.Select) -> list[str]:
    return [
        one.expression.sql("bigquery")
        for one in select.find_all(exp.GTE)
        if one.this.name == PARTITION
    ]


def test_what_is_limited_in_time_is_limited_by_its_partitions_too(name: str):
    bounds = partition_bounds(parsed(VIEWS[name], LOADED))
    assert len(bounds) == (0 if name in NEVER_LIMITED else 1)


def test_rows_that_still_wait_for_a_partition_are_read(name: str):
    waiting = [
        one for one in parsed(VIEWS[name], LOADED).find_all(exp.Is) if one.this.name == PARTITION
    ]
    assert len(waiting) == (0 if name in NEVER_LIMITED else 1)


def test_a_view_without_partitions_is_not_asked_for_them(name: str):
    assert partition_bounds(parsed(VIEWS[name], LOADED, has_partitions=False)) == []


def test_partitions_are_limited_by_what_is_asked_for():
    events = VIEWS["external_events"]
    assert partition_bounds(parsed(events)) == ["CAST('2026-01-01 00:00:00+00:00' AS TIMESTAMP)"]
    assert partition_bounds(parsed(events, LOADED)) == [
        "CAST('2026-02-27 08:00:00+00:00' AS TIMESTAMP)"
    ]


REMOVES = {
    "si_contacts": exp.Distinct,
    "unsubscribes": exp.Distinct,
    "automation_executions": exp.Distinct,
    "external_events": exp.Group,
    "latest_products": exp.RowNumber,
}


@pytest.mark.parametrize("name", VIEWS)
def test_repeated_rows_are_removed_where_they_are_copies(name: str):
    found = {kind for kind in set(REMOVES.values()) if parsed(VIEWS[name]).find(kind)}
    assert found == ({REMOVES[name]} if name in REMOVES else set())


def test_lists_of_records_are_told_apart_as_text():
    executions = parsed(VIEWS["automation_executions"])
    (text,) = executions.find_all(exp.JSONFormat)
    assert (text.this.name, text.parent.alias) == ("participants", "participants")  # type: ignore[union-attr]


def test_a_day_is_compared_with_a_date_and_a_moment_with_a_timestamp():
    (day,) = parsed(VIEWS["sales"], has_partitions=False).find_all(exp.GTE)
    (moment,) = parsed(VIEWS["external_events"], has_partitions=False).find_all(exp.GTE)
    assert (str(day.expression.to), str(moment.expression.to)) == ("DATE", "TIMESTAMPTZ")


@pytest.mark.parametrize(
    "credentials", ["credentials_path=/no/such/key.json", "credentials_base64=e30="]
)
def test_credentials_that_are_not_there_name_the_setting(credentials: str):
    url = StoreUrl(f"bigquery://sap-od-acme?{credentials}")
    with pytest.raises(
        ConfigError, match=r"^emarsys\.open_data\.url: the database cannot be opened"
    ):
        OpenData(OpenDataSettings(url=url, account=ACCOUNT, dataset=DATASET))


def test_a_sign_in_that_is_refused_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refused(*_: object) -> bool:
        raise RefreshError("invalid_grant: the account ann@example.com is disabled")

    monkeypatch.setattr(open_data, "_has", refused)
    (tmp_path / "o.sqlite").touch()
    url = StoreUrl(f"sqlite:///{tmp_path / 'o.sqlite'}")
    with pytest.raises(ConfigError, match=r"cannot be opened \(RefreshError\)") as named:
        OpenData(OpenDataSettings(url=url, account=ACCOUNT)).require(VIEWS["sales"])
    assert "ann@" not in str(named.value)


def test_postgresql_lists_its_indexes_as_before(postgres_server: str):
    # SQLAlchemy looks for a key with `unnest`, which BigQuery's dialect replaces for the whole process.
    engine = sa.create_engine(new_database(postgres_server))
    table = sa.Table("keyed", sa.MetaData(), sa.Column("id", sa.Integer), sa.Index("by_id", "id"))
    table.create(engine)
    with warnings.catch_warnings(action="error"):
        (found,) = sa.inspect(engine).get_indexes("keyed")
    engine.dispose()
    assert found["column_names"] == ["id"]
