"""The consent delta."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.errors import ConfigError, SchemaDriftError
from auditor.systems.emarsys.changes import consent_changes
from tests.systems.emarsys.fake import body_of, failure, ok

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi

START = "POST /api/v3/contact/getchanges"
FIELDS = {"external_id": 4711, "email": 3, "opt_in": 31}
SINCE = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
UNTIL = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def export(server):
    def serve(*lines: str) -> None:
        server.on(START, ok({"id": 98}))
        server.on("GET /api/v3/export/98", ok({"status": "done"}))
        content = "\n".join(lines).encode()
        server.on("GET /api/v3/export/98/data", httpx.Response(200, content=content))

    return serve


def rows(api: CoreApi, fields: dict[str, int] = FIELDS) -> list[dict[str, Any]]:
    return [
        row
        for page in consent_changes(api, fields, SINCE, UNTIL)
        for row in page.tables["emarsys_contact"].to_pylist()
    ]


def test_changed_contacts_come_with_their_ids(export, api: CoreApi):
    export("user_id;Key;E-Mail;Opt-In", "11;C1;A@example.com;False")
    (row,) = rows(api)
    assert (row["contact_id"], row["external_id"], row["email_key"], row["opt_in"]) == (
        "11",
        "C1",
        "a@example.com",
        2,
    )


def test_days_of_vienna_are_asked_for(server, export, api: CoreApi):
    export("user_id,Key,E-Mail,Opt-In")
    assert rows(api) == []
    body = body_of(server.sent(START)[0])
    assert body["time_range"] == ["2026-03-01", "2026-03-01"]
    assert (body["origin"], body["origin_id"], body["contact_fields"]) == (
        "all",
        "0",
        [4711, 3, 31],
    )


def test_a_field_that_getchanges_refuses_is_left_out(server, export, api: CoreApi):
    export("user_id,E-Mail,Opt-In", "11,a@example.com,")
    (row,) = rows(api, {"email": 3, "opt_in": 31, "source_id": 33})
    assert (body_of(server.sent(START)[0])["contact_fields"], row["source_id"]) == ([3, 31], None)


def test_too_many_fields_are_refused_before_anything_is_sent(server, api: CoreApi):
    with pytest.raises(ConfigError, match="1 to 20 fields"):
        rows(api, {f"f{number}": number for number in range(100, 121)})
    assert server.requests == []


def test_the_same_export_that_runs_already_is_waited_for(server, export, api: CoreApi):
    export("user_id,Key,E-Mail,Opt-In", "11,C1,a@example.com,True")
    server.on(START, failure(400, 4001), ok({"id": 98}))
    assert [row["contact_id"] for row in rows(api)] == ["11"]


def test_a_file_without_the_leading_id_is_drift(export, api: CoreApi):
    export("Key,E-Mail,Opt-In", "C1,a@example.com,True")
    with pytest.raises(SchemaDriftError, match="columns that were asked for"):
        rows(api)


def test_a_row_without_an_id_is_set_aside(export, api: CoreApi):
    export("user_id,Key,E-Mail,Opt-In", ",C1,a@example.com,True")
    (page,) = consent_changes(api, FIELDS, SINCE, UNTIL)
    assert [one.reason for one in page.aside] == ["the row has no contact id"]
