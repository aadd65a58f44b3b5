"""An Emarsys that every client of a test talks to, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import stamina

from auditor.systems.emarsys.client import CoreApi, api_opener
from tests.systems.emarsys.fake import FakeClock, FakeEmarsys, emarsys_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _retry_at_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeEmarsys:
    fake = FakeEmarsys()
    transport = httpx.MockTransport(fake)
    monkeypatch.setattr(
        httpx.HTTPTransport,
        "handle_request",
        lambda _self, request: transport.handle_request(request),
    )
    return fake


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def api(server: FakeEmarsys, clock: FakeClock) -> Iterator[CoreApi]:
    opened = api_opener(emarsys_settings(), clock=clock, sleep=server.sleep)()
    yield opened
    opened.close()
