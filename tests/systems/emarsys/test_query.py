"""The contact base by query: complete, or said not to be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import ConfigError, IncompleteSnapshotError, SchemaDriftError
from auditor.systems.emarsys import query
from auditor.systems.emarsys.query import read_queried_contacts
from tests.systems.emarsys.fake import ContactBase, FakeEmarsys, failure, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from auditor.systems.emarsys.client import CoreApi

ROUTE = "GET /api/v3/contact/query/"
FIELDS = {"external_id": 4711, "email": 3, "opt_in": 31}
OPT_INS: dict[str, str | None] = {"1": "1", "2": "1", "3": "1", "4": "2", "5": None}


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(query, "PAGE", 2)


@pytest.fixture
def base(server: FakeEmarsys) -> ContactBase:
    found = ContactBase({one: {"4711": f"C{one}", "31": mark} for one, mark in OPT_INS.items()})
    found.serve(server)
    server.on(ROUTE, answer(found))
    return found


def answer(
    base: ContactBase, order: Callable[[list[str]], list[str]] = list
) -> Callable[[httpx.Request], httpx.Response]:
    def page(request: httpx.Request) -> httpx.Response:
        wanted = request.url.params
        found = [
            one for one, values in base.contacts.items() if (values["31"] or "") == wanted["31"]
        ]
        start = int(wanted["offset"])
        rows = [{"id": int(one)} for one in order(found)[start : start + int(wanted["limit"])]]
        return ok({"errors": [], "result": rows or False})

    return page


def read(api: CoreApi) -> list[str]:
    pages = list(read_queried_contacts(api, FIELDS))
    return sorted(
        one for page in pages for one in page.tables["emarsys_contact"]["contact_id"].to_pylist()
    )


@pytest.mark.usefixtures("base")
def test_every_contact_is_read_once(api: CoreApi):
    assert read(api) == ["1", "2", "3", "4", "5"]


def test_whoever_opts_in_again_meanwhile_is_read(
    base: ContactBase, server: FakeEmarsys, api: CoreApi
):
    def change(request: httpx.Request) -> httpx.Response:
        if request.url.params["31"] == "2":
            base.contacts["4"]["31"] = "1"
        return answer(base)(request)

    server.on(ROUTE, change)
    assert read(api) == ["1", "2", "3", "4", "5"]


def test_a_contact_deleted_meanwhile_is_set_aside_and_hides_nothing(
    base: ContactBase, server: FakeEmarsys, api: CoreApi
):
    server.on(ROUTE, answer(ContactBase({**base.contacts, "6": {"31": "2"}})))
    aside = [one for page in read_queried_contacts(api, FIELDS) for one in page.aside]
    assert [one.hides for one in aside] == [False]


def test_an_order_that_changes_is_incomplete(base: ContactBase, server: FakeEmarsys, api: CoreApi):
    fine = [answer(base)] * 3  # the unknown, that nobody is behind them, and two who said yes
    server.on(ROUTE, *fine, answer(base, lambda ids: ids[::-1]))
    with pytest.raises(IncompleteSnapshotError, match="an order that changes"):
        read(api)


def test_a_page_that_is_lost_is_incomplete(base: ContactBase, server: FakeEmarsys, api: CoreApi):
    server.on(ROUTE, *[answer(base)] * 3, ok({"result": False}))
    with pytest.raises(IncompleteSnapshotError, match="an order that changes"):
        read(api)


@pytest.mark.parametrize(
    "data",
    ["", {}, {"errors": [{"key": "", "errorCode": 2006, "errorMsg": ""}], "result": False}],
    ids=["no data", "no result", "an error"],
)
@pytest.mark.usefixtures("base")
def test_an_answer_that_names_no_contacts_is_no_empty_base(
    server: FakeEmarsys, api: CoreApi, data: object
):
    server.on(ROUTE, ok(data))
    with pytest.raises(SchemaDriftError, match="names no contacts, or tells of errors"):
        read(api)


@pytest.mark.usefixtures("base")
def test_a_server_that_gives_fewer_than_asked_is_asked_on(
    api: CoreApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(query, "PAGE", 3)
    capped = query._page
    monkeypatch.setattr(query, "_page", lambda *asked: capped(*asked)[:2])
    assert read(api) == ["1", "2", "3", "4", "5"]


def without_the_first(base: ContactBase, errors: list[dict[str, Any]]) -> Any:
    def found(request: httpx.Request) -> httpx.Response:
        rows = json.loads(base.getdata(request).content)["data"]["result"] or []
        left = [row for row in rows if row["id"] != "1"]
        return ok({"result": left or False, "errors": errors if len(left) < len(rows) else []})

    return found


@pytest.mark.parametrize(
    "errors",
    [[], [{"key": "1", "errorCode": 2001, "errorMsg": "Failed to load fields"}]],
    ids=["without a word", "for another reason"],
)
def test_a_contact_that_is_there_and_not_read_hides_something(
    base: ContactBase, server: FakeEmarsys, api: CoreApi, errors: list[dict[str, Any]]
):
    server.on("POST /api/v3/contact/getdata", without_the_first(base, errors))
    aside = [one for page in read_queried_contacts(api, FIELDS) for one in page.aside]
    assert [(one.hides, '"1"' in one.content) for one in aside] == [(True, True)]


def test_a_contact_whose_answer_leaves_a_field_out_hides_something(
    base: ContactBase, server: FakeEmarsys, api: CoreApi
):
    def without_opt_in(request: httpx.Request) -> httpx.Response:
        data = json.loads(base.getdata(request).content)["data"]
        rows = [
            {name: cell for name, cell in row.items() if name != "31"} for row in data["result"]
        ]
        return ok({**data, "result": rows})

    server.on("POST /api/v3/contact/getdata", without_opt_in)
    aside = [one for page in read_queried_contacts(api, FIELDS) for one in page.aside]
    assert [one.hides for one in aside] == [True] * len(OPT_INS)


def test_a_field_without_index_names_the_setting(server: FakeEmarsys, api: CoreApi):
    server.on(ROUTE, failure(400, 2015))
    with pytest.raises(
        ConfigError, match=r"^emarsys\.contacts\.query: the field of emarsys\.fields\.opt_in"
    ):
        read(api)
