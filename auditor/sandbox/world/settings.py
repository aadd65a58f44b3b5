"""What the brand knows about its own two systems, as it would write it into its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.sandbox.world.audiences import audiences
from auditor.sandbox.world.contacts import (
    ALL_CONTACTS,
    EMAIL,
    FIRST_NAME,
    LAST_NAME,
    OPT_IN,
    QUARANTINE_LIST,
)
from auditor.sandbox.world.events import CONFIRMED, EVENT_NAMES, SHIPPED
from auditor.sandbox.world.moments import sales_since
from auditor.sandbox.world.tenant import (
    BRAND,
    MAIN_WAREHOUSE,
    MARKETPLACES,
    RETAIL_SEK,
    SWEDEN_MARKET,
    TIMEZONE,
)

if TYPE_CHECKING:
    from auditor.sandbox.world.model import World


def brand_settings(world: World) -> dict[str, Any]:
    """Return the part of a settings file that follows from a world: no address and no secret."""
    centra, emarsys = world.centra, world.emarsys
    attribute, value = MARKETPLACES.attribute
    return {
        "brand": BRAND,
        "timezone": TIMEZONE,
        "centra": {
            "marketplaces": {
                "stores": list(MARKETPLACES.stores),
                "markets": list(MARKETPLACES.markets),
                "attributes": {attribute: [value]},
                "affiliates": list(MARKETPLACES.affiliates),
            },
            "catalogue": {
                "item": "sku",
                "pricelist": next(p.name for p in centra.pricelists if p.id == RETAIL_SEK),
                "market": next(m.name for m in centra.markets if m.id == SWEDEN_MARKET),
                "warehouses": [w.name for w in centra.warehouses if w.id == MAIN_WAREHOUSE],
                "image_size": "standard",
            },
        },
        "emarsys": {
            "key": "external_id",
            "fields": {
                "external_id": emarsys.key_field,
                "first_name": FIRST_NAME,
                "last_name": LAST_NAME,
                "email": EMAIL,
                "opt_in": OPT_IN,
            },
            "contacts": {"segment": ALL_CONTACTS},
            "events": {"shipped": EVENT_NAMES[SHIPPED], "confirmed": EVENT_NAMES[CONFIRMED]},
            "quarantine_list": QUARANTINE_LIST,
        },
        "sales": {"since": sales_since(world.now)},
        "catalogue": {
            "title": "display.name",
            "stock_column": "c_stock",
            "stock_tolerance": 0,
            "collection_column": "c_collection",
        },
        "consent": {"emarsys_sources": [], "stores": "all"},
        "feed": {"customers": "all"},
        "credentials": {"centra_token_expires": centra.token_ends_on},
        "audiences": [audience.settings for audience in audiences(world)],
    }
