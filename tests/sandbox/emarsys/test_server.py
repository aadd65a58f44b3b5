"""The app behind a real socket: streams, cut answers and callers side by side."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.sandbox.emarsys.app import emarsys_app
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Fault, Faults, RequestLog
from auditor.sandbox.world.model import Contact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.model import EmarsysAccount
    from tests.sandbox.emarsys.conftest import Clock

ORDER = {"filter": 100, "distribution_method": "local", "contact_fields": [4711, 3]}


@contextlib.contextmanager
def running(
    account: EmarsysAccount, clock: Clock, faults: Faults | None = None
) -> Iterator[tuple[httpx.Client, Any]]:
    options = EmarsysOptions(export_polls=0)
    app = emarsys_app(
        account, options=options, log=RequestLog(), faults=faults or Faults(), clock=clock
    )
    with (
        serve({"emarsys": app}) as urls,
        httpx.Client(base_url=urls["emarsys"], timeout=60) as http,
    ):
        form = {"grant_type": "client_credentials"}
        answer = http.post("/oauth2/token", auth=("auditor", "auditor-secret"), data=form)
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http, app


def test_an_export_is_streamed_whole(account, clock):
    account.contacts += [Contact(n, f"u{n}", {4711: f"C{n}"}) for n in range(6, 10_001)]
    with running(account, clock) as (http, _):
        number = http.post("/api/v3/export/filter", json=ORDER).json()["data"]["id"]
        text = http.get(f"/api/v3/export/{number}/data").text
    assert len(text.splitlines()) == 10_001


def test_a_cut_download_breaks_the_connection(account, clock):
    faults = Faults()
    faults.arm(Fault("emarsys", "cut", match="/data"))
    with running(account, clock, faults) as (http, _):
        number = http.post("/api/v3/export/filter", json=ORDER).json()["data"]["id"]
        with pytest.raises(httpx.RemoteProtocolError):
            http.get(f"/api/v3/export/{number}/data")


def test_creations_side_by_side_get_ids_of_their_own(account, clock):
    with running(account, clock) as (http, app):

        def create(number: int) -> None:
            body = {"key_id": "4711", "4711": f"N{number}"}
            http.put("/api/v3/contact?create_if_not_exists=1", json=body)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(create, range(20)))
        assert len(app.state.emarsys.contacts.by_id) == 25


def test_the_load_from_another_thread_sees_the_uploads(account, clock):
    with running(account, clock) as (http, app):
        text = "item,price,order,timestamp,customer,quantity\nS,1,O9,2026-03-01,C1,1\n"
        headers = {"Authorization": "bearer demo-hapi-token", "Content-Type": "text/csv"}
        http.post("/hapi/merchant/DEMO1234/sales-data/api", content=text, headers=headers)
        assert app.state.emarsys.load_sales() == 1
