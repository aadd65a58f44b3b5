"""Loads, limits and addresses of a warehouse in BigQuery, over a socket."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from google.api_core.exceptions import Forbidden

from auditor.bigquery_engine import dry_run
from auditor.errors import ConfigError, StoreError
from auditor.model import tables as t
from auditor.systems.arrow import arrow_table
from auditor.warehouse import UnfinishedRead, Warehouse, schema
from auditor.warehouse.publish import Published
from auditor.warehouse.stage import staged
from tests.bigquery.server import bigquery

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from tests.bigquery.server import BigQuery

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
READ = UnfinishedRead("markets", "full", "", NOW)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[BigQuery, str]]:
    with bigquery() as (big, url):
        yield big, url


@pytest.fixture
def warehouse(served: tuple[BigQuery, str]) -> Iterator[Warehouse]:
    with closing(Warehouse(served[1])) as opened:
        opened.begin_read(READ, (t.centra_market,))
        yield opened


def page(*names: str) -> pa.Table:
    columns = {"market_id": [f"m{number}" for number, _ in enumerate(names)], "name": list(names)}
    return arrow_table(t.centra_market, columns)


def test_a_page_whose_answer_was_lost_is_loaded_once(
    served: tuple[BigQuery, str], warehouse: Warehouse
):
    served[0].lost = 1
    warehouse.append_stage({t.centra_market: page("Sweden", "Norway")})
    assert served[0].lost == 0
    assert warehouse.count_staged(t.centra_market) == 2


def test_a_page_that_is_sent_again_is_loaded_once(warehouse: Warehouse):
    for _ in range(2):
        warehouse.append_stage({t.centra_market: page("Sweden")})
    assert warehouse.count_staged(t.centra_market) == 1


def test_the_same_page_of_a_later_read_is_loaded(warehouse: Warehouse):
    warehouse.append_stage({t.centra_market: page("Sweden")})
    warehouse.begin_read(READ, (t.centra_market,))
    warehouse.append_stage({t.centra_market: page("Sweden")})
    assert warehouse.count_staged(t.centra_market) == 1


def test_a_page_of_many_megabytes_goes_up_in_pieces(warehouse: Warehouse):
    names = [f"{number * 7919:x}" * 40 for number in range(200_000)]
    warehouse.append_stage({t.centra_market: page(*names)})
    assert warehouse.count_staged(t.centra_market) == len(names)


def test_rows_come_back_as_they_went(warehouse: Warehouse):
    warehouse.append_stage({t.centra_market: page("Åland", "a\\b%'\"\n")})
    rows = sa.select(staged(t.centra_market).c.name)
    names = [name for part in warehouse.batches(rows) for name in part["name"].to_pylist()]
    assert sorted(names) == sorted(["Åland", "a\\b%'\"\n"])


def test_no_statement_may_read_more_than_the_address_allows(served: tuple[BigQuery, str]):
    url = f"{served[1]}&maximum_bytes_billed=1000"
    with pytest.raises(StoreError, match=r"^store\.warehouse: "):
        Warehouse(url)


def test_what_a_statement_would_read_is_known_without_running_it(
    served: tuple[BigQuery, str], warehouse: Warehouse
):
    before = len(served[0].statements)
    with warehouse.engine.connect() as conn:
        read, _ = dry_run(conn, "SELECT name FROM centra_market")
    assert (read, len(served[0].statements)) == (served[0].bytes_per_statement, before)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("bigquery://acme", "name project and dataset"),
        ("bigquery://acme/d?endpoint=http://example.com", "only be on this machine"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, why: str):
    with pytest.raises(ConfigError, match=why):
        Warehouse(url)


@pytest.mark.parametrize(
    "credentials", ["credentials_path=/no/such/key.json", "credentials_base64=e30="]
)
def test_credentials_that_are_not_there_name_the_setting(credentials: str):
    with pytest.raises(ConfigError, match=r"^store\.warehouse: BigQuery cannot be asked"):
        Warehouse(f"bigquery://acme/d?{credentials}")


def test_a_bigquery_that_nobody_serves_names_the_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "stored_version", refused)
    with bigquery() as (_, url), pytest.raises(StoreError, match=r"^store\.warehouse: BigQuery"):
        Warehouse(url)


def test_what_no_run_has_published_is_not_there_to_read(served: tuple[BigQuery, str]):
    with pytest.raises(StoreError, match="No run has published"):
        Published(served[1])


def refused(_: object) -> None:
    raise Forbidden("the account ann@example.com may not")
