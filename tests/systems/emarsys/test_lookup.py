from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.errors import ConfigError, SchemaDriftError
from auditor.systems.emarsys.lookup import checkids, duplicates, getdata
from tests.systems.emarsys.fake import body_of, ok

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi

GETDATA = "POST /api/v3/contact/getdata"
CHECKIDS = "POST /api/v3/contact/checkids"


def test_getdata_asks_for_a_thousand_keys_at_a_time(server, api: CoreApi):
    server.on(GETDATA, ok({"result": False, "errors": []}))
    list(getdata(api, 3, (f"{n}@example.com" for n in range(2001)), [3, 31]))
    bodies = [body_of(request) for request in server.sent(GETDATA)]
    assert [len(body["keyValues"]) for body in bodies] == [1000, 1000, 1]
    assert (bodies[0]["keyId"], bodies[0]["fields"]) == ("3", ["3", "31"])


def test_getdata_gives_the_rows_and_the_keys_without_one(server, api: CoreApi):
    row = {"id": 1, "uid": "u", "3": "a@example.com", "31": "1"}
    errors = [{"key": "b@example.com", "errorCode": "2008", "errorMsg": "No contact found"}]
    server.on(GETDATA, ok({"result": [row], "errors": errors}))
    (found,) = getdata(api, 3, ["a@example.com", "b@example.com"], [3, 31])
    assert found.rows == (row,)
    assert found.failed == {"b@example.com": 2008}


def test_getdata_reads_false_as_nobody(server, api: CoreApi):
    server.on(GETDATA, ok({"result": False, "errors": {}}))
    (found,) = getdata(api, 3, ["x@example.com"], [3])
    assert (found.rows, found.failed) == ((), {})


def test_no_keys_need_no_request(server, api: CoreApi):
    assert list(getdata(api, "id", [], [3])) == []
    assert list(checkids(api, 3, [])) == []
    assert server.requests == []


@pytest.mark.parametrize(
    ("raw", "ids"),
    [("12", ("12",)), (12, ("12",)), (["12", 13], ("12", "13")), (["12", "12"], ("12",))],
    ids=["text", "number", "several", "repeated"],
)
def test_checkids_reads_one_id_or_several(server, api: CoreApi, raw: object, ids: tuple[str, ...]):
    server.on(CHECKIDS, ok({"ids": {"CUST-1": raw}, "errors": []}))
    (found,) = checkids(api, 4711, ["CUST-1"])
    assert found.of_key == {"CUST-1": ids}


def test_checkids_asks_for_all_ids_of_a_key(server, api: CoreApi):
    server.on(CHECKIDS, ok({"ids": [], "errors": []}))
    list(checkids(api, 4711, ["CUST-1"]))
    assert body_of(server.sent(CHECKIDS)[0]) == {
        "key_id": "4711",
        "external_ids": ["CUST-1"],
        "get_multiple_ids": True,
    }


def test_checkids_names_every_key_without_an_id(server, api: CoreApi):
    errors = {"CUST-2": {"2008": "No contact found"}}
    server.on(CHECKIDS, ok({"ids": {"CUST-1": 1}, "errors": errors}))
    (found,) = checkids(api, 4711, ["CUST-1", "CUST-2", "CUST-3"])
    assert found.failed == {"CUST-2": 2008, "CUST-3": None}


@pytest.mark.parametrize("code", [2004, 2006, 2015])
def test_rows_that_fail_for_the_field_name_the_setting(server, api: CoreApi, code: int):
    server.on(CHECKIDS, ok({"ids": {}, "errors": {"<NO_KEY_ID>": {str(code): "Invalid key"}}}))
    with pytest.raises(ConfigError, match=r"contact/checkids: emarsys\.fields"):
        list(checkids(api, 4711, ["CUST-1"]))


def test_ids_of_another_shape_are_drift(server, api: CoreApi):
    server.on(CHECKIDS, ok({"ids": [12], "errors": {}}))
    with pytest.raises(SchemaDriftError, match="contact/checkids is no object"):
        list(checkids(api, 4711, ["CUST-1"]))


def test_duplicates_are_the_keys_that_several_contacts_carry(server, api: CoreApi):
    ids = {"ids": {"a": "1", "b": ["2", 3]}, "errors": {"c": {"2010": "x"}, "d": {"2008": "x"}}}
    server.on("POST /api/v3/contact/checkids", ok(ids))
    assert duplicates(api, 3, ["a", "b", "c", "d"]) == {"b": ("2", "3"), "c": ()}
