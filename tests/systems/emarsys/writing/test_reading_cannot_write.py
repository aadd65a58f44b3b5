"""The reading client knows no path that changes anything."""

from __future__ import annotations

import importlib
import pkgutil

import httpx
import pytest

import auditor.systems.emarsys as package
from auditor.errors import ForbiddenWriteError
from auditor.systems.emarsys.envelope import Endpoint
from auditor.systems.emarsys.writing.lock import Lock, core_rules

URL = "https://api.emarsys.example/api/v3"
READING_POSTS = {
    "contact/getdata",
    "contact/checkids",
    "contact/getchanges",
    "contact/getregistrations",
    "contact/getcontacthistory",
    "export/filter",
    "email/getcontacts",
    "email/getresponses",
    "email/responses",
    "email/getlaunchesofemail",
    "email/getdeliverystatus",
    "filter/{}/runs",
    "filter/{}/single_runs",
}
"""Calls that only read although they are POST. Source: Emarsys reference 3.4, 3.6, 3.9, 9.2, 9.3."""

CHANGING_WORDS = {
    *("delete", "deletelist", "merge", "launch", "broadcast", "unsubscribe", "blocklist"),
    *("blacklist", "updatesource", "rename", "replace", "add", "trigger"),
}


def endpoints() -> list[Endpoint]:
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.ispkg]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    found = {value for m in modules for value in vars(m).values() if isinstance(value, Endpoint)}
    return sorted(found, key=lambda endpoint: (endpoint.method, endpoint.path))


def test_there_are_endpoints_to_look_at():
    assert len(endpoints()) >= 10


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda e: f"{e.method} {e.path}")
def test_an_endpoint_only_reads(endpoint):
    assert endpoint.method == "GET" or (
        endpoint.method == "POST" and endpoint.path in READING_POSTS
    )
    assert not CHANGING_WORDS & set(endpoint.path.split("/"))


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda e: f"{e.method} {e.path}")
def test_the_writing_client_does_not_read(endpoint):
    path = endpoint.path.format("7", "7")
    lock = Lock(httpx.URL(URL), core_rules("audit-quarantine"))
    with pytest.raises(ForbiddenWriteError):
        lock.require(httpx.Request(endpoint.method, f"{URL}/{path}", content=b"{}"))
