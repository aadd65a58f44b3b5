"""The settings that the design page shows, as text and as plain values."""

from __future__ import annotations

import copy
import re
from importlib.resources import files
from typing import Any

import yaml

SAMPLE = """\
brand: nordlys
timezone: Europe/Stockholm
store:
  warehouse: duckdb:///var/nordlys.duckdb     # any SQLAlchemy URL of a supported engine
  ledger: sqlite:///var/nordlys-ledger.sqlite
centra:
  url: https://nordlys.centra.com/graphql
  token: ${CENTRA_TOKEN}
  rate_share: 0.3
  marketplaces: {stores: [Zalando], markets: [], attributes: {}, affiliates: []}
  catalogue: {item: sku, pricelist: "Retail SEK", market: Sweden, warehouses: [Main]}
  order_api: {url: https://nordlys.centra.com/api/order, secret: ${CENTRA_ORDER_API_SECRET}}
  webhooks: off
emarsys:
  url: https://api.emarsys.net/api/v3
  auth: {type: oauth2, token_url: https://auth.emarsys.net/oauth2/token, client_id: ${EMARSYS_CLIENT_ID}, client_secret: ${EMARSYS_CLIENT_SECRET}}
  key: external_id
  fields: {external_id: 4711, first_name: 1, last_name: 2, email: 3, opt_in: 31}
  contacts: {segment: 100001}
  open_data: {url: "bigquery://sap-od-nordlys", dataset: emarsys_nordlys_123456789, account: 123456789}
  sales: {url: https://admin.scarabresearch.com/hapi/merchant/ABC123, token: ${HAPI_TOKEN}, semantics: append, columns: [item, price, order, timestamp, customer, quantity]}
  catalogue: {feed: https://feeds.nordlys.example/emarsys.csv, push: false}
  events: {shipped: order_shipped, confirmed: order_confirmation}
  quarantine_list: audit-quarantine
consent: {emarsys_sources: [], stores: all}
feed: {customers: all}
events: {pairing_window: 72h, confirmation_window: 24h, service_level: 2h, max_age: 48h}
catalogue: {title: display.name, stock_column: c_stock, stock_tolerance: 0, max_age: 26h}
freshness: {stall: {orders: 26h, contacts: 26h, events: 6h}, lag: {orders: 26h, contacts: 4h, events: 1h}}
coverage: {shrink_guard: 0.9, reread: 200}
credentials: {centra_token_expires: 2027-06-30}
sales: {since: 2026-01-01, due_statuses: [CONFIRMED, PROCESSING, SHIPPED, ARCHIVED], tax: included, currency: base, tolerance_minor: 1}
settle: {contacts: 2h, sales: 26h, catalogue: 26h, events: 2h}
audiences:
  - {segment: 200001, name: "LTV over 500", rule: {lifetime_value: {over: 500}}}
  - {segment: 200002, name: "Bought twice", rule: {sku_count: {sku: NL-100-BLK-M, at_least: 2}}}
corrections: {caps: {default: {count: 500, share: 0.02}}, expiry: 4h, policy: {}}
schedule: {audit: "0 5 * * *", sweep: "0 2 * * 0", correct: null}
mail: {smtp: smtp://mail.example:587, from: auditor@nordlys.example, to: {default: [ops@nordlys.example], crm: [crm@nordlys.example]}}
privacy: {pepper: ${AUDITOR_PEPPER}, retain: 400d}
"""


def values_for(text: str) -> dict[str, str]:
    """Return an environment with a value for every variable that a text names."""
    return {
        name: f"https://chat.example/{name}" if "WEBHOOK" in name else f"value-of-{name}"
        for name in re.findall(r"\$\{(\w+)\}", text)
    }


ENVIRON = values_for(SAMPLE)
TEMPLATE = files("auditor").joinpath("config_template.yaml").read_text("utf-8")
TEMPLATE_ENVIRON = values_for(TEMPLATE)
SECRETS = (
    "CENTRA_TOKEN",
    "CENTRA_ORDER_API_SECRET",
    "EMARSYS_CLIENT_SECRET",
    "HAPI_TOKEN",
    "AUDITOR_PEPPER",
)

MINIMAL = """\
brand: nordlys
centra: {url: https://nordlys.centra.com/graphql, token: ${CENTRA_TOKEN}}
emarsys:
  url: https://api.emarsys.net/api/v3
  auth: {type: wsse, username: nordlys001, secret: ${EMARSYS_CLIENT_SECRET}}
  fields: {external_id: 4711}
  contacts: {query: true}
"""

_PLAIN: dict[str, Any] = yaml.safe_load(re.sub(r"(\$\{\w+\})", r'"\1"', SAMPLE))


def plain() -> dict[str, Any]:
    """Return the sample as values that a test may change."""
    return copy.deepcopy(_PLAIN)


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the sample with another value at a dotted path, whose sections must be there."""
    tree = plain()
    *sections, last = path.split(".")
    place = tree
    for section in sections:
        place = place[section]
    place[last] = value
    return tree


def without(path: str) -> dict[str, Any]:
    """Return the sample with a dotted path left out."""
    tree = plain()
    *sections, last = path.split(".")
    place = tree
    for section in sections:
        place = place[section]
    del place[last]
    return tree
