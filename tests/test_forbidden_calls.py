"""Everything that the auditor can write, done once against the sandbox, and what its log then holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import stamina

from auditor.correct.upload_once import upload_once
from auditor.correct.uploads import Line, UploadLedger
from auditor.errors import ForbiddenWriteError
from auditor.findings.ledger import Ledger
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.wire import LoggedRequest, RequestLog
from auditor.systems.emarsys.envelope import Endpoint
from auditor.systems.emarsys.writing.catalogue import catalogue_file, push_catalogue
from auditor.systems.emarsys.writing.contacts import (
    ContactBatch,
    ContactWrite,
    create_contacts,
    update_contacts,
)
from auditor.systems.emarsys.writing.events import Trigger, TriggerBatch, trigger_event
from auditor.systems.emarsys.writing.quarantine import (
    Members,
    add_to_quarantine,
    take_off_quarantine,
)
from auditor.systems.emarsys.writing.sales import SalesLine, sales_file, upload_sales
from tests.forbidden_calls import forbidden_calls
from tests.stores import ledger_in
from tests.systems.emarsys.writing.conftest import running
from tests.watched import main as run_watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from auditor.systems.emarsys.writing.sales import SalesFile
    from tests.systems.emarsys.writing.conftest import Live

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
CATALOGUE = (
    "item,title,link,image,category,available,price\nN-1,Hat,https://x,https://x,Hats,true,1\n"
)
WRITES = {
    "PUT /api/v3/contact/",
    "POST /api/v3/contactlist",
    "POST /api/v3/contactlist/11/add",
    "POST /api/v3/contactlist/11/delete",
    "POST /api/v3/event/7/trigger",
    "POST /hapi/merchant/DEMO1234/sales-data/api",
    "POST /hapi/merchant/DEMO1234/catalog/api",
}


@pytest.fixture(autouse=True)
def _retry_at_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def everything(live: Live, folder: Path) -> None:
    """Do all that the auditor can do to Emarsys, with good and bad rows."""
    changes = (ContactWrite("C1", {31: 2}), ContactWrite("C77", {1: "x"}))
    update_contacts(live.api, ContactBatch("4711", changes))
    create_contacts(live.api, ContactBatch("4711", (ContactWrite("C50", {3: "n@example.com"}),)))
    add_to_quarantine(live.reader, live.api, Members(("1", "2", "99")))
    take_off_quarantine(live.reader, live.api, Members(("1",)))
    triggers = (Trigger("C1", "t1", NOW, {"order": "1"}), Trigger("C77", "t2"))
    trigger_event(live.api, TriggerBatch(7, "4711", triggers))
    trigger_event(live.api, TriggerBatch(7, "4711", triggers[:1]))
    sell(live, ledger_in(folder))
    path = folder / "catalogue.csv"
    path.write_text(CATALOGUE)
    push_catalogue(live.hapi, catalogue_file(path))


def sell(live: Live, url: str) -> None:
    """Send one line through the upload ledger, twice."""

    def file_of(lines: Sequence[Line]) -> SalesFile:
        written = [
            SalesLine(
                one.order, one.item, NOW, "C1", one.quantity_milli, one.amount_minor, one.currency
            )
            for one in lines
        ]
        return sales_file(written, live.state.options.sales_columns)

    ledger = Ledger(url)
    for _ in range(2):
        upload_once(
            UploadLedger(ledger, "nordlys"),
            [Line("O9", "SKU-1", "sale", 1000, 19900, "SEK")],
            file_of=file_of,
            send=lambda file: upload_sales(live.hapi, file).outcome,
            clock=lambda: NOW,
        )
    ledger.close()


SETTINGS: list[dict[str, Any]] = [
    {},
    {"empty_errors": "list", "upsert_races": 1, "json_as_html": True},
    {"empty_errors": "absent", "idle_event": "refused", "list_error_status": 500},
]


@pytest.mark.parametrize("options", SETTINGS, ids=["usual", "odd", "odder"])
def test_everything_the_auditor_writes_makes_no_forbidden_call(options, tmp_path):
    with running(EmarsysOptions(**options)) as live:
        everything(live, tmp_path)
        rows = live.log.rows()
    written = {
        f"{row.method} {row.path}"
        for row in rows
        if row.method != "GET" and row.path != "/oauth2/token"
    }
    assert (forbidden_calls(rows), written) == ([], WRITES)


def test_a_line_that_went_through_the_ledger_twice_arrived_once(tmp_path):
    with running(EmarsysOptions()) as live:
        sell(live, ledger_in(tmp_path))
        assert len(live.state.pending_sales) == 1


def test_a_line_whose_answer_was_cut_is_not_sent_again(tmp_path):
    with running(EmarsysOptions()) as live:
        live.fail("sales-data", kind="cut")
        sell(live, ledger_in(tmp_path))
        assert (len(live.state.pending_sales), live.sent("POST", "/sales-data/api")) == (1, 1)


FORBIDDEN: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "contact/delete", {"key_id": "3", "3": ["ann@example.com"]}),
    ("POST", "contact/merge", {"key_id": "3", "source_key_value": "a", "target_key_value": "b"}),
    ("POST", "blocklist", {"emails": ["a@example.com"], "domains": []}),
    ("POST", "blacklist", {"emails": ["a@example.com"], "domains": []}),
    ("POST", "email/1/launch", {}),
    ("POST", "email/1/broadcast", {}),
    ("POST", "email/1/updatesource", {"filterId": 1}),
    ("POST", "email/unsubscribe", {}),
    ("GET", "filter/100/delete", {}),
    ("PUT", "filter", {"name": "x"}),
    ("POST", "contactlist/10/deletelist", {}),
    ("POST", "contactlist/10/replace", {"key_id": "id", "external_ids": ["1"]}),
    ("POST", "field", {"name": "x", "application_type": "date"}),
    ("PUT", "contact/", {"key_id": "4711", "contacts": [{"4711": "C1", "31": 1}]}),
    ("PUT", "contact/", {"key_id": "4711", "contacts": [{"4711": "C1", "31": "1"}]}),
    ("PUT", "contact/", {"key_id": "4711", "contacts": [{"4711": "C1", "31": True}]}),
    ("PUT", "contact/", {"key_id": "4711", "4711": "C1", "31": 1}),
]


@pytest.mark.parametrize(("method", "path", "body"), FORBIDDEN)
def test_a_forbidden_call_is_seen_in_a_log(method, path, body):
    row = LoggedRequest("emarsys", method, f"/api/v3/{path}", "", json.dumps(body).encode(), 200)
    assert len(forbidden_calls([row])) == 1


def test_no_forbidden_call_can_be_made_with_the_writing_client():
    with running(EmarsysOptions()) as live:
        for method, path, body in FORBIDDEN:
            with pytest.raises(ForbiddenWriteError):
                live.api.send(Endpoint(method, path, ""), body=body, query="create_if_not_exists=0")
        assert [row for row in live.log.rows() if row.path != "/oauth2/token"] == []


def test_a_contact_created_with_field_31_is_seen_in_a_log():
    body = {"key_id": "4711", "contacts": [{"4711": "C1", "31": 2}]}
    row = LoggedRequest(
        *("emarsys", "PUT", "/api/v3/contact/", "create_if_not_exists=1"),
        json.dumps(body).encode(),
        200,
    )
    assert len(forbidden_calls([row])) == 1


@pytest.fixture(scope="module")
def shared_log() -> RequestLog:
    log = RequestLog()
    log.add(LoggedRequest("emarsys", "GET", "/api/v3/event", "", b"", 200))
    return log


def test_what_a_shared_fixture_made_the_servers_log_is_seen(shared_log, seen):
    assert shared_log.rows() == seen


def test_a_command_that_makes_a_forbidden_call_fails(monkeypatch, seen):
    def auditor(_: list[str]) -> None:
        RequestLog().add(LoggedRequest("emarsys", "POST", "/api/v3/contact/delete", "", b"{}", 200))

    monkeypatch.setattr("auditor.cli.main", auditor)
    with pytest.raises(SystemExit, match="POST /api/v3/contact/delete"):
        run_watched(["demo"])
    seen.clear()  # it would fail this test as well


def centra(query: str, variables: dict[str, Any] | None = None) -> LoggedRequest:
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    return LoggedRequest("centra", "POST", "/graphql", "", body, 200)


UPDATE = "mutation M($n: Boolean) { updateCustomer(id: 1, input: {receiveNewsletters: $n}) { userErrors { message } } }"


@pytest.mark.parametrize(
    "row",
    [
        centra(UPDATE, {"n": True}),
        centra(UPDATE.replace("$n}", "true}")),
        centra(UPDATE.replace("$n}", "false, status: ACTIVE}")),
        centra("mutation { anonymizeCustomers(input: {}) { userErrors { message } } }"),
        centra("mutation { createCustomer(input: {}) { userErrors { message } } }"),
        centra("mutation { confirmEvents(input: {}) { a } anonymizeOrders(input: {}) { a } }"),
        centra("mutation { ...F } fragment F on Mutation { anonymizeOrders { a } }"),
    ],
)
def test_a_forbidden_mutation_is_seen_in_a_log(row):
    assert len(forbidden_calls([row])) == 1


@pytest.mark.parametrize(
    "row",
    [
        centra(UPDATE, {"n": False}),
        centra("{ customers { id } }"),
        centra("mutation { confirmEvents(input: {}) { userErrors { message } } }"),
    ],
)
def test_what_ends_a_newsletter_or_reads_is_not_forbidden(row):
    assert forbidden_calls([row]) == []
