"""A small account behind a real socket, and the clients that write to it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config import OAuth2, Secret
from auditor.config.systems import Contacts as ContactSource
from auditor.config.systems import Emarsys as EmarsysSettings
from auditor.config.systems import SalesUpload
from auditor.config.values import WebUrl
from auditor.sandbox.emarsys.app import emarsys_app
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Fault, Faults, RequestLog
from auditor.systems.emarsys.client import api_opener
from auditor.systems.emarsys.writing.api import write_opener
from auditor.systems.emarsys.writing.hapi import open_hapi
from tests.sandbox.emarsys.conftest import KEY, Clock, small_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.sandbox.emarsys.state import Emarsys
    from auditor.sandbox.world.model import Contact, EmarsysAccount
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.writing.api import WriteApi
    from auditor.systems.emarsys.writing.hapi import Hapi

QUARANTINE = "audit-quarantine"


@dataclass
class Live:
    """One running account and the clients of a brand that uses it."""

    account: EmarsysAccount
    state: Emarsys
    log: RequestLog
    faults: Faults
    reader: CoreApi
    api: WriteApi
    hapi: Hapi
    url: str
    settings: EmarsysSettings

    def contact(self, number: int) -> Contact:
        return self.state.contacts.by_id[number]

    def sent(self, method: str, ending: str) -> int:
        """Count the requests of one method whose path ends so."""
        rows = self.log.rows()
        return sum(row.method == method and row.path.rstrip("/").endswith(ending) for row in rows)

    def members(self, name: str = QUARANTINE) -> list[int] | None:
        held = [one.contact_ids for one in self.account.lists if one.name == name]
        return held[0] if held else None

    def fail(self, match: str, kind: Any = "status", **parts: Any) -> None:
        self.faults.arm(Fault("emarsys", kind, match=match, **parts))


def settings_of(
    url: str, options: EmarsysOptions, version: str = "v3", **parts: Any
) -> EmarsysSettings:
    user = options.users[0]
    wanted: dict[str, Any] = {
        "url": WebUrl(f"{url}/api/{version}"),
        "auth": OAuth2(
            token_url=WebUrl(f"{url}/oauth2/token"),
            client_id=user.client_id,
            client_secret=Secret(user.client_secret),
        ),
        "contacts": ContactSource(query=True),
        "fields": {"external_id": KEY},
        "quarantine_list": QUARANTINE,
        "sales": SalesUpload(
            url=WebUrl(f"{url}/hapi/merchant/{options.merchant_id}"),
            token=Secret(options.hapi_token),
            columns=options.sales_columns,
        ),
    }
    return EmarsysSettings(**(wanted | parts))


@contextlib.contextmanager
def running(options: EmarsysOptions, **parts: Any) -> Iterator[Live]:
    """Serve a small account on a loopback port and open its clients."""
    account, clock, log, faults = small_account(), Clock(), RequestLog(), Faults()
    app = emarsys_app(account, options=options, log=log, faults=faults, clock=clock)
    with serve({"emarsys": app}) as urls, contextlib.ExitStack() as closing:
        settings = settings_of(urls["emarsys"], options, **parts)
        assert settings.sales is not None
        reader = api_opener(settings, clock=clock, sleep=lambda _: None)()
        api, hapi = write_opener(settings, clock=clock)(), open_hapi(settings.sales)
        for one in (reader, api, hapi):
            closing.callback(one.close)
        yield Live(
            account,
            app.state.emarsys,
            log,
            faults,
            reader,
            api,
            hapi,
            urls["emarsys"],
            settings,
        )


@pytest.fixture
def make_live() -> Iterator[Callable[..., Live]]:
    """Start the server with the given options."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(EmarsysOptions(**options)))


@pytest.fixture(params=["object", "list", "absent"])
def live(request: pytest.FixtureRequest, make_live: Callable[..., Live]) -> Live:
    """Run one account in each form of `errors` that the vendor uses when nothing failed."""
    return make_live(empty_errors=request.param)


@pytest.fixture
def one(make_live: Callable[..., Live]) -> Live:
    """Run one account as it is by default."""
    return make_live()
