"""The doctor on a warehouse in BigQuery: what may be done, and what to grant where it may not."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from auditor.config.systems import OpenData
from auditor.config.values import StoreUrl
from auditor.doctor.probes.stores_bigquery import rights
from auditor.doctor.run import examine
from tests.bigquery.open_data import ACCOUNT, MADE
from tests.bigquery.server import bigquery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.result import Result
    from tests.bigquery.server import BigQuery


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[BigQuery, str]]:
    with bigquery() as (big, url):
        big.engine.fill("od", MADE)
        yield big, url


@pytest.fixture
def big(served: tuple[BigQuery, str]) -> Iterator[BigQuery]:
    yield served[0]
    served[0].forbidden = ()


def said(url: str, dataset: str = "od") -> dict[str, Result]:
    open_data = OpenData(
        url=StoreUrl(url.replace("acme/audit", "sap-od-acme")), account=ACCOUNT, dataset=dataset
    )
    settings = SimpleNamespace(
        store=SimpleNamespace(warehouse=url),
        emarsys=SimpleNamespace(open_data=open_data),
        sales=SimpleNamespace(since=date(2026, 1, 1)),
    )
    visit = SimpleNamespace(settings=settings, close=lambda: None)
    return {one.id: one for one in examine(visit, lambda _: None, [rights])}  # type: ignore[arg-type]


def test_every_right_is_there(served: tuple[BigQuery, str]):
    assert {name: one.state for name, one in said(served[1]).items()} == {
        "stores.bigquery.jobs": "ok",
        "stores.bigquery.tables": "ok",
        "stores.bigquery.copy": "ok",
        "stores.bigquery.open_data": "ok",
    }


def test_nothing_that_was_tried_stays(served: tuple[BigQuery, str], big: BigQuery):
    said(served[1])
    assert not any(name.startswith("doctor_") for name in big.engine.tables("audit"))


@pytest.mark.parametrize(
    ("refused", "name", "state", "granted"),
    [
        ("SELECT", "jobs", "fail", "Grant BigQuery Job User on the project acme"),
        ("CREATE TABLE", "tables", "fail", "Grant BigQuery Data Editor on the dataset audit"),
        ("CREATE SCHEMA", "copy", "warn", "Make the dataset audit_published"),
        ("`sap-od-acme`", "open_data", "warn", "Let Emarsys add the warehouse's service account"),
    ],
)
def test_a_right_that_is_missing_says_what_to_grant(
    served: tuple[BigQuery, str], big: BigQuery, refused: str, name: str, state: str, granted: str
):
    big.forbidden = (refused,)
    found = said(served[1])[f"stores.bigquery.{name}"]
    assert (found.state, (found.fix or "").startswith(granted)) == (state, True)


def test_no_word_of_googles_is_repeated(served: tuple[BigQuery, str], big: BigQuery):
    big.forbidden = ("CREATE", "SELECT")
    assert "ann@" not in repr(said(served[1]))


def test_another_warehouse_has_no_such_rights():
    assert [one.state for one in said("duckdb:///w.duckdb").values()] == ["off"]
