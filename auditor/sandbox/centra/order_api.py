"""The legacy Order API of the fake tenant: its customers, with newsletter flag and keyed consents.

Source:
    Centra reference 3.4. Unknown, and so behind switches: how a wrong secret is refused, what the
    list in an answer is called, and how many customers fit into one.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from starlette.responses import JSONResponse

from auditor.sandbox.centra.shifting import shift
from auditor.sandbox.wire import fault_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from auditor.sandbox.centra.options import CentraOptions
    from auditor.sandbox.wire import Fault
    from auditor.sandbox.world.model import CentraTenant, Customer

PATH = "/api/order/customers"
_DEFAULT_LIMIT = 50


def order_api(
    tenant: CentraTenant, options: CentraOptions
) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers `GET {base}/customers`."""
    zone = ZoneInfo(options.timezone)

    async def customers(request: Request) -> Response:
        if request.headers.get("api-authorization") != options.order_api_secret:
            return _refused(options)
        asked = request.query_params
        limit = min(int(asked.get("limit", _DEFAULT_LIMIT)), options.order_api_most)
        offset = int(asked.get("offset", 0))
        fault = fault_in(request.scope)
        if fault is not None and fault.kind == "shift":
            shift(tenant, ("customers",), fault.rows)
        rows = _page(_asked(tenant, asked.get("email")), limit, offset, fault)
        found = [_customer(row, zone) for row in rows]
        return JSONResponse({"status": "ok", options.order_api_list: found})

    return customers


def _asked(tenant: CentraTenant, email: str | None) -> list[Customer]:
    rows = sorted(tenant.customers, key=attrgetter("id"))
    return [row for row in rows if email is None or row.email.lower() == email.lower()]


def _page(rows: list[Customer], limit: int, offset: int, fault: Fault | None) -> list[Customer]:
    if fault is not None and fault.kind == "repeat":
        offset = max(0, offset - limit)
    page = rows[offset : offset + limit]
    if fault is not None and fault.kind == "lose":
        return page[: len(page) // 2]
    return page


def _refused(options: CentraOptions) -> Response:
    body = {"status": "no", "msg": "access denied"}
    return JSONResponse(body, 401 if options.order_api_refusal == "401" else 200)


def _customer(row: Customer, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "customerId": row.id,
        "email": row.email,
        "newsletter": row.receives_newsletters,
        "registered": row.is_registered,
        "consents": _consents(row, zone),
        "created": _naive(row.created_at, zone),
        "modified": _naive(row.updated_at, zone),
    }


def _consents(row: Customer, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return what a registered customer agreed to; whoever only has the terms proves no consent."""
    given = ["terms", *(["newsletter"] if row.receives_newsletters else [])]
    moment = _naive(row.created_at, zone)
    return [
        {
            "key": key,
            "name": key.title(),
            "consented": True,
            "text": f"I agree to the {key}.",
            "language": "en",
            "version": "1",
            "created": moment,
            "modified": moment,
        }
        for key in (given if row.is_registered and not row.is_anonymized else [])
    ]


def _naive(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
