"""The Emarsys server: every surface on one ASGI app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware

from auditor.sandbox.emarsys.core import core_routes
from auditor.sandbox.emarsys.state import Emarsys
from auditor.sandbox.emarsys.surfaces import (
    campaigns,
    contact_erase,
    contact_read,
    contact_write,
    events,
    exports,
    field_names,
    lists,
    segments,
)
from auditor.sandbox.emarsys.surfaces.catalogue import catalogue_routes
from auditor.sandbox.emarsys.surfaces.control import control_routes
from auditor.sandbox.emarsys.surfaces.token import token_routes
from auditor.sandbox.emarsys.surfaces.uploads import upload_routes
from auditor.sandbox.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from auditor.sandbox.emarsys.options import EmarsysOptions
    from auditor.sandbox.wire import Faults, RequestLog
    from auditor.sandbox.world.model import EmarsysAccount

CORE_ROUTES = (
    *contact_read.ROUTES,
    *contact_write.ROUTES,
    *contact_erase.ROUTES,
    *exports.ROUTES,
    *segments.ROUTES,
    *lists.ROUTES,
    *field_names.ROUTES,
    *events.ROUTES,
    *campaigns.ROUTES,
)


def emarsys_app(
    account: EmarsysAccount,
    *,
    options: EmarsysOptions,
    log: RequestLog,
    faults: Faults,
    clock: Callable[[], datetime],
) -> Starlette:
    """Serve an account; `app.state.emarsys` is the `Emarsys` behind it."""
    state = Emarsys(account, options, clock)
    app = Starlette(
        routes=[
            *token_routes(state),
            *core_routes(CORE_ROUTES, state),
            *upload_routes(state),
            *catalogue_routes(state),
            *control_routes(state),
        ],
        middleware=[Middleware(Wire, system="emarsys", log=log, faults=faults)],
    )
    app.router.redirect_slashes = False
    app.state.emarsys = state
    return app
