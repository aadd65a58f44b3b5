from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import StoreUrl
from auditor.errors import IncompleteSnapshotError
from auditor.systems.emarsys import open_data_views as views
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.emarsys.points import EmarsysPoints
from tests.systems.emarsys.fake import ContactBase, ok
from tests.systems.emarsys.views import ACCOUNT, make_views

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.systems.emarsys.client import CoreApi

FIELDS = {"external_id": 4711, "email": 3, "opt_in": 31}
LOOKED_UP = {
    "sales": (views.sales(2), "order_number"),
    "unsubscribes": (views.UNSUBSCRIBES, "contact_id"),
}
GETDATA = "POST /api/v3/contact/getdata"


def points(api: CoreApi, url: str | None = None) -> EmarsysPoints:
    settings = None if url is None else OpenDataSettings(url=StoreUrl(url), account=ACCOUNT)
    found = None if settings is None else OpenData(settings)
    return EmarsysPoints(api, FIELDS, found, LOOKED_UP, date(2026, 1, 10))


def test_contacts_are_read_by_id_and_who_is_gone_is_not_given(server, api: CoreApi):
    ContactBase({"1": {"4711": "C1", "3": "A@x.se", "31": "2"}}).serve(server)
    (row,) = points(api).read("contacts", ["1", "2"])["emarsys_contact"].to_pylist()
    assert (row["contact_id"], row["email_key"], row["opt_in"]) == ("1", "a@x.se", 2)


@pytest.mark.parametrize(
    "errors", [[], [{"key": "1", "errorCode": 2005, "errorMsg": ""}]], ids=["silent", "unusable"]
)
def test_a_contact_that_is_neither_found_nor_gone_is_refused(server, api: CoreApi, errors: object):
    server.on(GETDATA, ok({"result": False, "errors": errors}))
    with pytest.raises(IncompleteSnapshotError):
        points(api).read("contacts", ["1"])


def test_a_contact_without_its_opt_in_is_not_taken_for_one_that_never_chose(server, api: CoreApi):
    server.on(GETDATA, ok({"result": [{"id": "1", "4711": "C1", "3": "a@x.se"}], "errors": []}))
    with pytest.raises(IncompleteSnapshotError):
        points(api).read("contacts", ["1"])


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_sales_are_read_by_order(api: CoreApi, tmp_path: Path, engine: str):
    load = "2026-02-02 03:00:00+00:00"
    rows = [
        (order, load, 71, 5, "SKU-1", "Shirt", "2026-02-01", "online", 1.5, 199.0)
        for order in ("1", "2", "2")
    ]
    found = points(api, make_views(tmp_path, engine, {"si_purchases": rows}))
    assert found.read("sales", ["2", "3"])["emarsys_sale"].num_rows == 2


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_unsubscribes_are_read_by_contact(api: CoreApi, tmp_path: Path, engine: str):
    at = "2026-02-02 03:00:00+00:00"
    rows = [(12, at, "list_unsubscribe", at), (13, at, "list_unsubscribe", at)]
    found = points(api, make_views(tmp_path, engine, {"email_unsubscribes": rows}))
    told = found.read("unsubscribes", ["12"])["emarsys_unsubscribe"]
    assert told.column("contact_id").to_pylist() == ["12"]


def test_a_select_counts_as_a_call(api: CoreApi, tmp_path: Path):
    found = points(api, make_views(tmp_path, "sqlite", {}))
    found.read("sales", ["1"])
    assert found.requests == 1


def test_without_open_data_only_contacts_are_read(api: CoreApi):
    assert points(api).streams == {"contacts"}
