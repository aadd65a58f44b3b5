"""What can be read of the catalogue: the feed that Emarsys pulls, and one product at a time.

Source:
    Emarsys reference 6.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auditor.sandbox.emarsys.export_jobs import csv_response
from auditor.sandbox.emarsys.replies import as_json

if TYPE_CHECKING:
    from starlette.requests import Request

    from auditor.sandbox.emarsys.state import Emarsys
    from auditor.sandbox.world.model import CatalogueRow

FEED_COLUMNS = (
    *("item", "title", "link", "image", "category"),
    *("available", "price", "msrp", "c_stock", "c_collection"),
)


def catalogue_routes(state: Emarsys) -> list[Route]:
    """Return the routes of this surface."""

    async def feed(request: Request) -> Response:
        wanted = state.options.feed_token
        if wanted and request.query_params.get("token") != wanted:
            return PlainTextResponse("Forbidden", 403)
        exponent = state.account.currency_exponent
        with state.lock:
            rows = [feed_cells(row, exponent) for row in state.account.catalogue]
        response = csv_response(rows, FEED_COLUMNS)
        written_at = state.account.feed_written_at
        if written_at is None and state.options.feed_age_s is not None:
            written_at = state.clock() - timedelta(seconds=state.options.feed_age_s)
        if written_at is not None:
            response.headers["Last-Modified"] = format_datetime(written_at, usegmt=True)
        return response

    async def productinfo(request: Request) -> Response:
        if request.path_params["merchant"] != state.options.merchant_id:
            return PlainTextResponse("Unknown merchant", 404)
        item = request.query_params.get("v", "").removeprefix("i:")
        with state.lock:
            rows = [row for row in state.account.catalogue if row.item == item]
        exponent = state.account.currency_exponent
        return as_json({row.item: _product(row, exponent) for row in rows})

    return [
        Route("/feeds/catalogue.csv", feed),
        Route("/productinfo/merchants/{merchant}/", productinfo),
    ]


def feed_cells(row: CatalogueRow, exponent: int) -> tuple[str, ...]:
    """Return a catalogue row as the cells of the feed."""
    return (
        *(row.item, row.title, row.link, row.image, row.category),
        "true" if row.available else "false",
        str(decimal_amount(row.price_minor, exponent)),
        str(decimal_amount(row.msrp_minor, exponent)),
        str(row.stock),
        row.collection,
    )


def decimal_amount(minor: int, exponent: int) -> Decimal:
    """Return an amount in major units, with as many decimals as its currency has."""
    return Decimal(minor).scaleb(-exponent)


def _product(row: CatalogueRow, exponent: int) -> dict[str, object]:
    return {
        "item": row.item,
        "title": row.title,
        "link": row.link,
        "image": row.image,
        "category": row.category,
        "available": row.available,
        "price": float(decimal_amount(row.price_minor, exponent)),
        "msrp": float(decimal_amount(row.msrp_minor, exponent)),
    }
