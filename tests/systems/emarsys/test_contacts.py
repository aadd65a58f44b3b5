from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.config.systems import Contacts
from auditor.errors import ConfigError, IncompleteSnapshotError
from auditor.systems.emarsys.contact_rows import asked_fields
from auditor.systems.emarsys.contacts import audience_of, read_contacts
from auditor.systems.emarsys.exports import Audience
from tests.systems.emarsys.fake import ContactBase, body_of, brand_settings, failure, ok

if TYPE_CHECKING:
    from auditor.model.stream import Aside
    from auditor.systems.emarsys.client import CoreApi

SEGMENT = Audience("segment", 100001)
Contact = dict[str, str | None]


def person(key: str | None, mail: str | None, opt_in: str | None = "1") -> Contact:
    return {"4711": key, "3": mail, "31": opt_in, "1": "Ann", "2": "Ek"}


def read(api: CoreApi, **parts: Any) -> tuple[list[dict[str, Any]], list[Aside], int]:
    rows: list[dict[str, Any]] = []
    aside: list[Aside] = []
    read_rows = 0
    for page in read_contacts(api, asked_fields(brand_settings(**parts)), SEGMENT):
        rows += page.tables["emarsys_contact"].to_pylist()
        aside += page.aside
        read_rows += page.rows
    return rows, aside, read_rows


def ids(rows: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return sorted((row["contact_id"], row["external_id"]) for row in rows)


def test_the_settings_choose_segment_or_list():
    assert audience_of(Contacts(segment=5)) == Audience("segment", 5)
    assert audience_of(Contacts(list=6)) == Audience("list", 6)
    assert audience_of(Contacts(query=True)) is None


def test_a_keyed_contact_gets_its_id_by_key(server, api: CoreApi):
    base = ContactBase({"11": person("C1", "a@example.com", "2")})
    base.serve(server)
    rows, aside, read_rows = read(api)
    assert rows == [
        {
            "contact_id": "11",
            "external_id": "C1",
            "email": "a@example.com",
            "email_key": "a@example.com",
            "first_name": "Ann",
            "last_name": "Ek",
            "opt_in": 2,
            "source_id": None,
            "form_id": None,
            "email_hash": None,
        }
    ]
    assert (aside, read_rows) == ([], 1)
    assert [lookup["key_id"] for lookup in base.lookups] == ["4711"]


def test_a_contact_without_a_key_gets_its_id_by_mail(server, api: CoreApi):
    base = ContactBase({"11": person(None, "a@example.com")})
    base.serve(server)
    rows, aside, _ = read(api)
    assert (ids(rows), aside) == ([("11", None)], [])
    assert [lookup["key_id"] for lookup in base.lookups] == ["3"]


def test_contacts_that_share_a_key_are_read_anew_each_once(server, api: CoreApi):
    base = ContactBase(
        {"11": person("C1", "a@example.com", "1"), "12": person("C1", "b@example.com", "2")}
    )
    base.serve(server)
    rows, aside, read_rows = read(api)
    assert sorted((r["contact_id"], r["email"], r["opt_in"]) for r in rows) == [
        ("11", "a@example.com", 1),
        ("12", "b@example.com", 2),
    ]
    assert (aside, read_rows) == ([], 2)
    assert [lookup.get("keyId") for lookup in base.lookups] == [None, "id"]


def test_a_key_in_two_pages_is_read_anew_only_once(server, api: CoreApi, monkeypatch):
    monkeypatch.setattr("auditor.systems.emarsys.csv_rows.BLOCK_BYTES", 64)
    base = ContactBase({str(n): person("C1", f"person{n}@example.com") for n in range(11, 17)})
    base.serve(server)
    rows, aside, _ = read(api)
    assert [one for one, _ in ids(rows)] == ["11", "12", "13", "14", "15", "16"]
    assert aside == []


def test_a_mail_shared_with_a_keyed_contact_gives_each_its_own_id(server, api: CoreApi):
    base = ContactBase(
        {"11": person(None, "a@example.com", "2"), "12": person("C1", "a@example.com", "1")}
    )
    base.serve(server)
    rows, aside, _ = read(api)
    assert (ids(rows), aside) == ([("11", None), ("12", "C1")], [])
    assert {row["contact_id"]: row["opt_in"] for row in rows} == {"11": 2, "12": 1}


def test_two_contacts_without_a_key_may_share_a_mail(server, api: CoreApi):
    base = ContactBase({"11": person(None, "a@example.com"), "12": person(None, "a@example.com")})
    base.serve(server)
    rows, aside, _ = read(api)
    assert (ids(rows), aside) == ([("11", None), ("12", None)], [])


def test_a_contact_that_vanished_meanwhile_is_set_aside(server, api: CoreApi):
    base = ContactBase({"11": person("C1", "a@example.com"), "12": person("C2", "b@example.com")})
    base.gone.add("12")
    base.serve(server)
    rows, aside, read_rows = read(api)
    assert (ids(rows), read_rows) == ([("11", "C1")], 2)
    assert ["between the export and the look-up" in one.reason for one in aside] == [True]
    assert "b@example.com" in aside[0].content
    assert "b@example.com" not in aside[0].reason


def test_a_mail_that_only_a_keyed_contact_has_now_is_a_vanished_one(server, api: CoreApi):
    base = ContactBase(
        {"11": person(None, "a@example.com"), "12": person("C1", "a@example.com")}, gone={"11"}
    )
    base.serve(server)
    rows, aside, _ = read(api)
    assert ids(rows) == [("12", "C1")]
    assert len(aside) == 1


def test_a_duplicate_that_vanished_before_it_was_read_anew_is_set_aside(server, api: CoreApi):
    base = ContactBase({"11": person("C1", "a@example.com"), "12": person("C1", "b@example.com")})
    base.serve(server)

    def merged(request: httpx.Request) -> httpx.Response:
        del base.contacts["12"]
        return base.getdata(request)

    server.on("POST /api/v3/contact/getdata", merged)
    rows, aside, _ = read(api)
    assert ids(rows) == [("11", "C1")]
    assert [one.content for one in aside] == ['{"contact_id": "12"}']


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("2010", "several contacts have this key"),
        ("2005", "does not accept the key"),
        ("2099", "answers its key with code 2099"),
        ("?", "gives no reason that is known"),
    ],
)
def test_a_key_that_cannot_be_looked_up_is_set_aside(server, api: CoreApi, code: str, reason: str):
    ContactBase({"11": person("C1", "a@example.com")}).serve(server)
    answer = ok({"ids": {}, "errors": {"C1": {code: "text"}}})
    server.on("POST /api/v3/contact/checkids", answer)
    rows, (aside,), _ = read(api)
    assert rows == []
    assert reason in aside.reason


def test_an_answer_for_a_key_that_was_not_asked_gives_nobody_an_id(server, api: CoreApi):
    ContactBase({"11": person("C1", "a@example.com")}).serve(server)
    server.on("POST /api/v3/contact/checkids", ok({"ids": {"c1": "11"}, "errors": {}}))
    rows, aside, _ = read(api)
    assert (rows, len(aside)) == ([], 1)


def test_a_contact_with_neither_key_nor_mail_is_set_aside(server, api: CoreApi):
    ContactBase({"11": person(None, None)}).serve(server)
    rows, (aside,), read_rows = read(api)
    assert (rows, read_rows) == ([], 1)
    assert "neither an external id nor an e-mail" in aside.reason


def test_ids_that_come_with_the_export_need_no_look_up(server, api: CoreApi):
    base = ContactBase(
        {"11": person("C1", "a@example.com"), "12": person(None, None)}, with_ids=True
    )
    base.serve(server)
    rows, aside, _ = read(api)
    assert (ids(rows), aside, base.lookups) == ([("11", "C1"), ("12", None)], [], [])


def test_an_exported_row_with_an_empty_id_is_set_aside(server, api: CoreApi):
    ContactBase({"": person("C1", "a@example.com")}, with_ids=True).serve(server)
    rows, (aside,), _ = read(api)
    assert (rows, aside.reason) == ([], "the row has no contact id")


def test_an_account_keyed_by_mail_needs_no_key_field(server, api: CoreApi):
    base = ContactBase({"11": person(None, "a@example.com")}, fields=("3", "31", "1", "2"))
    base.serve(server)
    rows, aside, _ = read(api, key="email", fields={})
    assert (ids(rows), aside) == ([("11", None)], [])
    export = body_of(server.sent("POST /api/v3/export/filter")[0])
    assert export["contact_fields"] == [3, 31, 1, 2]


def test_malformed_rows_are_counted_and_set_aside(server, api: CoreApi):
    base = ContactBase({"11": person("C1", "a@example.com")})
    base.serve(server)
    content = base.csv() + b"C2,b@example.com\n"
    server.on("GET /api/v3/export/98/data", httpx.Response(200, content=content))
    rows, aside, read_rows = read(api)
    assert (len(rows), len(aside), read_rows) == (1, 1, 2)


def test_an_export_that_lacks_contacts_is_incomplete(server, api: CoreApi):
    ContactBase({"11": person("C1", "a@example.com")}).serve(server, count=2)
    with pytest.raises(IncompleteSnapshotError, match="the contact export held 1 rows of 2"):
        read(api)


def test_pages_name_the_count_as_total(server, api: CoreApi):
    ContactBase({"11": person("C1", "a@example.com")}).serve(server)
    pages = list(read_contacts(api, asked_fields(brand_settings()), SEGMENT))
    assert {page.total for page in pages} == {1}


def test_a_count_that_may_not_be_taken_is_done_without(server, api: CoreApi):
    ContactBase({"11": person("C1", "a@example.com")}).serve(server)
    server.on("GET /api/v3/filter/100001/contacts/count", failure(403, None))
    assert len(read(api)[0]) == 1


def test_a_segment_that_is_not_there_names_the_setting(server, api: CoreApi):
    server.on("GET /api/v3/filter/100001/contacts/count", failure(404, 10002))
    with pytest.raises(ConfigError, match=r"emarsys\.contacts\.segment: .* no segment 100001\."):
        read(api)
