"""Start both systems over one world, and write the settings file that points at them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import yaml

from auditor.sandbox.centra.app import centra_app
from auditor.sandbox.centra.options import CentraOptions
from auditor.sandbox.centra.plans import ENTERPRISE
from auditor.sandbox.emarsys.app import emarsys_app
from auditor.sandbox.emarsys.open_data import write_open_data
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Faults, RequestLog
from auditor.sandbox.world import brand_settings, build_world, evolve, plant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from auditor.sandbox.world import Scale
    from auditor.sandbox.world.model import Planted, World


@dataclass(frozen=True, slots=True)
class Plan:
    """Which sandbox to start.

    Attributes:
        folder: Where the settings file and the Open Data database are put.
        clock: What the two systems take for the time; the world ends at its first answer.
        drift: Whether drift is planted; without it the world is clean.
        lives: How long the world still lives: it begins so much earlier, clean, and stands there until
            `Sandbox.live_on`.
        open_data_url: The Open Data database; SQLite in `folder` unless given.
        order_api: Whether the settings name the legacy Order API, which is served anyway.
    """

    folder: Path
    clock: Callable[[], datetime]
    scale: Scale
    seed: int = 1
    drift: bool = True
    lives: timedelta = timedelta()
    centra: CentraOptions = field(default_factory=lambda: CentraOptions(rate_plan=ENTERPRISE))
    emarsys: EmarsysOptions = field(default_factory=EmarsysOptions)
    open_data_url: str | None = None
    order_api: bool = False


@dataclass(slots=True)
class Sandbox:
    """Two running systems.

    Attributes:
        environ: The variables that the settings file names: the sandbox's made-up secrets.
        key: The answer key; kept here and in no file that an auditor reads.
        log: Every request both systems received.
        faults: What shall go wrong.
        refresh: Tells the running servers that rows were changed behind their backs.
        load_sales: Plays the daily load, after which uploaded sales count and Open Data is new.
    """

    plan: Plan
    world: World
    environ: dict[str, str]
    log: RequestLog
    faults: Faults
    urls: dict[str, str] = field(default_factory=dict)
    key: tuple[Planted, ...] = ()
    refresh: Callable[[], None] = lambda: None
    load_sales: Callable[[], int] = lambda: 0
    is_past: bool = False

    @property
    def settings(self) -> Path:
        """The settings file that points at them."""
        return self.plan.folder / "auditor.yaml"

    def clock(self) -> datetime:
        """Return what both systems take for the time."""
        return self.plan.clock() - (self.plan.lives if self.is_past else timedelta())

    def live_on(self) -> None:
        """Let the world live until now, plant its drift, and let both systems show it."""
        evolve(self.world, self.plan.seed, self.plan.clock())
        self.is_past = False
        self.plant()
        self.show()

    def plant(self) -> None:
        """Put the drift in that the plan asks for."""
        if self.plan.drift:
            self.key = tuple(plant(self.world, self.plan.seed))

    def show(self) -> None:
        """Write Open Data and the settings anew, and refresh the servers."""
        write_open_data(self.world.emarsys, _open_data_url(self.plan))
        self.refresh()
        written = _settings(self.world, self.plan, self.urls)
        text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True)
        self.settings.write_text(text)


@contextlib.contextmanager
def sandbox(plan: Plan) -> Iterator[Sandbox]:
    """Run both systems on loopback ports until the block ends."""
    world = build_world(plan.seed, plan.scale, plan.clock() - plan.lives)
    running = Sandbox(plan, world, _environ(plan), RequestLog(), Faults())
    running.is_past = bool(plan.lives)
    if not running.is_past:
        running.plant()
    emarsys = replace(plan.emarsys, open_data_url=_open_data_url(plan))
    shared: dict[str, Any] = {
        "log": running.log,
        "faults": running.faults,
        "clock": running.clock,
    }
    shop = centra_app(world.centra, options=plan.centra, **shared)
    account = emarsys_app(world.emarsys, options=emarsys, **shared)

    def refresh() -> None:
        shop.state.centra.refresh()
        account.state.emarsys.reindex()

    running.refresh, running.load_sales = refresh, account.state.emarsys.load_sales
    with serve({"centra": shop, "emarsys": account}, running.clock) as running.urls:
        running.show()
        yield running


def _open_data_url(plan: Plan) -> str:
    return plan.open_data_url or f"sqlite:///{plan.folder / 'open-data.sqlite'}"


def _environ(plan: Plan) -> dict[str, str]:
    user = plan.emarsys.users[0]
    return {
        "CENTRA_TOKEN": plan.centra.tokens[0].value,
        "CENTRA_ORDER_API_SECRET": plan.centra.order_api_secret,
        "EMARSYS_CLIENT_ID": user.client_id,
        "EMARSYS_CLIENT_SECRET": user.client_secret,
        "HAPI_TOKEN": plan.emarsys.hapi_token,
        "AUDITOR_PEPPER": "sandbox-pepper-for-made-up-people",
    }


def _settings(world: World, plan: Plan, urls: dict[str, str]) -> dict[str, Any]:
    """Join what the brand knows (the world) with where its systems are (the servers)."""
    known = brand_settings(world)
    emarsys, merchant = urls["emarsys"], plan.emarsys.merchant_id
    known["centra"] |= {
        "url": f"{urls['centra']}/graphql",
        "token": "${CENTRA_TOKEN}",
        "rate_share": 1.0,  # no shop shares this tenant
    }
    if plan.order_api:
        known["centra"]["order_api"] = {
            "url": f"{urls['centra']}/api/order",
            "secret": "${CENTRA_ORDER_API_SECRET}",
        }
    known["emarsys"] |= {
        "url": f"{emarsys}/api/v3",
        "auth": {
            "type": "oauth2",
            "token_url": f"{emarsys}/oauth2/token",
            "client_id": "${EMARSYS_CLIENT_ID}",
            "client_secret": "${EMARSYS_CLIENT_SECRET}",
        },
        "open_data": {"url": _open_data_url(plan), "account": world.emarsys.customer_id},
        "sales": {"url": f"{emarsys}/hapi/merchant/{merchant}", "token": "${HAPI_TOKEN}"},
        "catalogue": {"feed": f"{emarsys}/feeds/catalogue.csv"},
    }
    return {**known, "privacy": {"pepper": "${AUDITOR_PEPPER}"}}
