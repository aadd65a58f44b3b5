"""Fields, events and contact lists: the small surfaces of the core API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from auditor.errors import IncompleteSnapshotError, SchemaDriftError
from auditor.systems.emarsys.events import Usages, event_names, event_usages
from auditor.systems.emarsys.fields import field_choices, field_names
from auditor.systems.emarsys.lists import (
    ContactList,
    contact_lists,
    list_id_of,
    member_count,
    member_ids,
)
from tests.systems.emarsys.fake import HOST, failure, ok

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi

FIELDS = "GET /api/v3/field/translate/en"
EVENTS = "GET /api/v3/event/"
LISTS = "GET /api/v3/contactlist"
MEMBERS = "GET /api/v3/contactlist/330/contactIds"


def test_fields_are_known_by_their_number(server, api: CoreApi):
    server.on(FIELDS, ok([{"id": 3, "name": "E-mail"}, {"id": "4711", "name": "externalId"}]))
    assert field_names(api) == {3: "E-mail", 4711: "externalId"}


def test_a_field_without_an_id_is_drift(server, api: CoreApi):
    server.on(FIELDS, ok([{"name": "E-mail"}]))
    with pytest.raises(SchemaDriftError, match="has a field without an id"):
        field_names(api)


def test_events_are_known_by_their_id(server, api: CoreApi):
    server.on(EVENTS, ok([{"id": "12", "name": "order_shipped", "created": "2026-01-01"}]))
    assert event_names(api) == {"12": "order_shipped"}


def test_an_event_without_an_id_is_drift(server, api: CoreApi):
    server.on(EVENTS, ok([{"name": "order_shipped"}]))
    with pytest.raises(SchemaDriftError, match="has an event without an id"):
        event_names(api)


def test_a_list_is_found_by_its_name(server, api: CoreApi):
    server.on(LISTS, ok([{"id": 1, "name": "vip"}, {"id": "330", "name": "audit-quarantine"}]))
    assert list_id_of(api, "audit-quarantine") == "330"


def test_a_list_that_nobody_made_is_none(server, api: CoreApi):
    server.on(LISTS, ok([]))
    assert list_id_of(api, "audit-quarantine") is None


def test_a_list_without_an_id_is_drift(server, api: CoreApi):
    server.on(LISTS, ok([{"name": "vip"}]))
    with pytest.raises(SchemaDriftError, match="has a list without an id"):
        list_id_of(api, "vip")


def test_a_member_count_may_be_text(server, api: CoreApi):
    server.on("GET /api/v3/contactlist/330/count", ok("17"))
    assert member_count(api, "330") == 17


def test_a_member_count_of_another_shape_is_drift(server, api: CoreApi):
    server.on("GET /api/v3/contactlist/330/count", ok({"count": 17}))
    with pytest.raises(SchemaDriftError, match="count is no number"):
        member_count(api, "330")


def page(ids: list[object], token: str | None, *, wrapped: bool = True) -> httpx.Response:
    link = None if token is None else f"/contactlist/330/contactIds?$skiptoken={token}&$top=2"
    body = {"value": ids, "next": link}
    return ok(body) if wrapped else httpx.Response(200, json=body)


@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "unwrapped"])
def test_members_are_paged_to_the_end(server, api: CoreApi, wrapped: bool):
    server.on(MEMBERS, page([1, "2"], "750", wrapped=wrapped), page([3], None, wrapped=wrapped))
    assert list(member_ids(api, "330")) == [["1", "2"], ["3"]]
    assert [dict(request.url.params) for request in server.sent(MEMBERS)] == [
        {"$top": "10000", "$skiptoken": "0"},
        {"$top": "10000", "$skiptoken": "750"},
    ]


def test_a_link_to_another_host_is_never_followed(server, api: CoreApi):
    link = "https://evil.example/contactlist/1/contactIds?$skiptoken=5"
    server.on(MEMBERS, ok({"value": [1], "next": link}), page([2], None))
    assert list(member_ids(api, "330")) == [["1"], ["2"]]
    assert {request.url.host for request in server.sent(MEMBERS)} == {HOST.partition("//")[2]}


def test_an_empty_page_is_not_the_end(server, api: CoreApi):
    server.on(MEMBERS, page([], "5"), page([2], None))
    assert list(member_ids(api, "330")) == [[], ["2"]]


def test_new_tokens_that_lead_to_nobody_new_come_to_an_end(server, api: CoreApi):
    server.on(MEMBERS, *(page([1], str(token)) for token in range(1, 300)))
    with pytest.raises(
        IncompleteSnapshotError, match="without anybody new; the list is incomplete"
    ):
        list(member_ids(api, "330"))


def test_a_token_that_repeats_is_an_incomplete_list(server, api: CoreApi):
    server.on(MEMBERS, page([1], "5"), page([2], "5"))
    with pytest.raises(IncompleteSnapshotError, match="same page token twice"):
        list(member_ids(api, "330"))


def test_a_next_page_without_a_token_is_drift(server, api: CoreApi):
    server.on(MEMBERS, ok({"value": [1], "next": "/contactlist/330/contactIds"}))
    with pytest.raises(SchemaDriftError, match="names a next page without a token"):
        list(member_ids(api, "330"))


@pytest.mark.parametrize("value", [None, "1,2", [None], [{"id": 1}]], ids=repr)
def test_members_of_another_shape_are_drift(server, api: CoreApi, value: object):
    server.on(MEMBERS, ok({"value": value, "next": None}))
    with pytest.raises(SchemaDriftError, match="is no list of contact ids"):
        list(member_ids(api, "330"))


def test_members_are_read_under_v2_where_v3_has_no_such_path(server, api: CoreApi):
    server.on("GET /api/v2/contactlist/330/contactIds", page([1], None))
    assert list(member_ids(api, "330")) == [["1"]]


def test_a_list_that_may_not_be_read_is_refused_at_once(server, api: CoreApi):
    server.on(MEMBERS, failure(403, None))
    with pytest.raises(Exception, match=r"permission contactlist\.contact\.ids"):
        list(member_ids(api, "330"))


def test_all_lists_are_told(server, api: CoreApi):
    server.on(LISTS, ok([{"id": 1, "name": "vip"}, {"id": "330"}]))
    assert contact_lists(api) == [ContactList("1", "vip"), ContactList("330", "")]


def test_usages_of_another_shape_are_drift(server, api: CoreApi):
    server.on("GET /api/v3/event/12/usages", ok({"program_ids": "many"}))
    with pytest.raises(SchemaDriftError, match="is no list of ids"):
        event_usages(api, "12")


def test_usages_that_are_not_told_are_none(server, api: CoreApi):
    server.on("GET /api/v3/event/12/usages", ok({"email_ids": [5], "program_ids": None}))
    assert event_usages(api, "12") == Usages((), ("5",), ())


def test_a_choice_without_an_id_is_drift(server, api: CoreApi):
    server.on("GET /api/v3/field/14/choice/translate/en", ok([{"choice": "Sweden"}]))
    with pytest.raises(SchemaDriftError, match="has a choice without an id"):
        field_choices(api, 14)
