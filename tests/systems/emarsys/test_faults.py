"""Everything that is read, under each fault: the whole truth once it passes, and never a part of it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from auditor.config.systems import Contacts
from auditor.errors import IncompleteSnapshotError, ReadError, SchemaDriftError
from auditor.sandbox.wire import Fault
from auditor.systems import http
from auditor.systems.emarsys.campaigns import campaigns
from auditor.systems.emarsys.changes import consent_changes
from auditor.systems.emarsys.segments import (
    finished_run,
    run_members,
    segment_members,
    segments,
    start_run,
)
from tests.systems.emarsys.test_conformance import FIELDS, Account, served

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from auditor.sandbox.wire import FaultKind
    from auditor.systems.emarsys.client import CoreApi


@dataclass(frozen=True)
class Reading:
    """One thing that is read, and what its decisive requests have in common."""

    match: str
    read: Callable[[Account], object]


def of_stream(name: str, **parts: object) -> Callable[[Account], object]:
    """Read a stream, but not how old the feed says it is."""
    return lambda account: sorted(
        str(row) for row in account.rows(name, **parts) if "written_at" not in row
    )


def of_api(read: Callable[[CoreApi], object]) -> Callable[[Account], object]:
    def opened(account: Account) -> object:
        with closing(account.api()) as api:
            return read(api)

    return opened


def members_of_run(api: CoreApi) -> object:
    return list(run_members(api, finished_run(api, start_run(api, 101))))


def changed(account: Account) -> object:
    now = account.clock()
    account.state.changes.clear()
    account.state.note(2, [31])
    with closing(account.api()) as api:
        pages = consent_changes(api, FIELDS, now - timedelta(days=1), now + timedelta(minutes=1))
        return [row for page in pages for row in page.tables["emarsys_contact"].to_pylist()]


READINGS = {
    "segment": Reading("/export/", of_stream("contacts")),
    "segment-ids": Reading("/contact/checkids", of_stream("contacts")),
    "list": Reading("/email/getcontacts", of_stream("contacts", contacts=Contacts(list=10))),
    "query": Reading("/contact/query", of_stream("contacts", contacts=Contacts(query=True))),
    "query-rows": Reading("/contact/getdata", of_stream("contacts", contacts=Contacts(query=True))),
    "quarantine": Reading("/contactIds", of_stream("quarantine")),
    "events": Reading("/event", of_stream("event_definitions")),
    "catalogue": Reading("/feeds/catalogue", of_stream("catalogue")),
    "consent": Reading("/contact/getchanges", changed),
    "campaigns": Reading("/email", of_api(campaigns)),
    "segments": Reading("/filter", of_api(segments)),
    "members": Reading("/contacts?", of_api(lambda api: list(segment_members(api, 101)))),
    "run": Reading("/runs", of_api(members_of_run)),
}

LATE = {"X-RateLimit-Reset": "1"}


def answered(status: int, code: str) -> partial[Fault]:
    body = b'{"replyCode":%s,"replyText":"x","data":""}' % code.encode()
    return partial(Fault, "emarsys", "status", status=status, body=body)


FAULTS: dict[str, Callable[..., Fault]] = {
    "429": answered(429, "7003"),
    "429-wrong-clock": partial(answered(429, "7003"), headers=LATE),
    "500": answered(500, "1"),
    "502": answered(502, "null"),
    "503": answered(503, "null"),
    "cut": partial(Fault, "emarsys", "cut"),
    "slow": partial(Fault, "emarsys", "slow", seconds=0.7),
}
OF_CORE: dict[str, Callable[..., Fault]] = {
    "token-died": answered(401, "1"),
    "being-evaluated": answered(202, "10001"),
    "locked": answered(423, "10003"),
    "fields-not-loaded": answered(400, "2001"),
}
"""Answers of the core API alone; the feed comes from another server."""

STAYING = ("500", "cut", "429", "locked")
SLOW_ENOUGH = ("segment", "events")
"""Waiting takes real time, and every request goes through one client."""


def cases(faults: Collection[str]) -> list[tuple[str, str]]:
    return [
        (reading, fault)
        for reading in READINGS
        for fault in faults
        if not (reading == "catalogue" and (fault in OF_CORE or fault == "502"))
        and not (fault == "slow" and reading not in SLOW_ENOUGH)
    ]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def truth(account: Account) -> dict[str, object]:
    return {name: reading.read(account) for name, reading in READINGS.items()}


@pytest.fixture(autouse=True)
def _fair(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(http, "Retries", partial(http.Retries, timeout_s=0.4))
    yield
    account.faults.clear()
    account.clock.advance(hours=1)


@pytest.mark.parametrize(("reading", "fault"), cases(FAULTS | OF_CORE))
def test_a_fault_that_passes_changes_nothing(
    account: Account, truth: dict[str, object], reading: str, fault: str
):
    account.faults.arm((FAULTS | OF_CORE)[fault](match=READINGS[reading].match))
    assert READINGS[reading].read(account) == truth[reading]


@pytest.mark.parametrize(("reading", "fault"), cases(STAYING))
def test_a_fault_that_stays_is_said_and_nothing_read_in_part(
    account: Account, monkeypatch: pytest.MonkeyPatch, reading: str, fault: str
):
    monkeypatch.setattr("auditor.systems.emarsys.client.LONGEST_PAUSE_S", 3600.0)
    account.faults.arm((FAULTS | OF_CORE)[fault](match=READINGS[reading].match, times=None))
    with pytest.raises(ReadError):
        READINGS[reading].read(account)


@pytest.mark.parametrize("reading", [name for name in READINGS if name != "catalogue"])
def test_bytes_that_are_no_json_are_never_taken_for_an_empty_answer(account: Account, reading: str):
    account.faults.arm(Fault("emarsys", "garbage", match=READINGS[reading].match))
    with pytest.raises(SchemaDriftError):
        READINGS[reading].read(account)


@pytest.mark.parametrize("kind", ["repeat", "lose"])
@pytest.mark.parametrize(
    ("reading", "page"),
    [("quarantine", "skiptoken=1"), ("members", "offset=1"), ("run", "skiptoken=1")],
)
def test_a_page_that_comes_twice_or_is_lost_is_incomplete(
    monkeypatch: pytest.MonkeyPatch, kind: FaultKind, reading: str, page: str
):
    monkeypatch.setattr("auditor.systems.emarsys.segments.PAGE", 1)
    with served(list_page_size=1) as small:
        small.faults.arm(Fault("emarsys", kind, match=page))
        with pytest.raises(IncompleteSnapshotError):
            READINGS[reading].read(small)
