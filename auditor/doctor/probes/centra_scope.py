"""Centra: whether the token sees wholesale, which currency is the base, and which way rates convert."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from auditor.doctor.result import Result, probe
from auditor.errors import ReadError
from auditor.model.not_json import NOT_JSON
from auditor.places import CONSUMER
from auditor.systems.centra.places import base_currency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit

STORES = "query doctorStores($n: Int) { stores(limit: $n) { type } }"
MONEY = (
    'query doctorMoney { __type(name: "MonetaryValue") '
    "{ fields { name type { name ofType { name } } } } }"
)
MOST_STORES = 200
LIFT = "Lift the token's store restriction in Centra, System > API Tokens."
CONSUMER_STREAMS = ("stores", "customers", "newsletter_subscriptions", "orders", "returns")
RECENT_ORDERS = 50
ROUNDING = Decimal("0.01")


class _Named(msgspec.Struct, rename="camel"):
    name: str | None = None
    of_type: _Named | None = None


class _Field(msgspec.Struct):
    name: str
    type: _Named


class _Type(msgspec.Struct):
    fields: list[_Field]


class _Described(msgspec.Struct):
    type: _Type | None = msgspec.field(name="__type")


class _Store(msgspec.Struct):
    type: str


class _Stores(msgspec.Struct):
    stores: list[_Store]


class _Code(msgspec.Struct):
    code: str


class _Worth(msgspec.Struct):
    value: Decimal


class _Total(msgspec.Struct, rename="camel"):
    value: Decimal
    currency: _Code
    conversion_rate: Decimal
    base: _Worth | None = None


class _Order(msgspec.Struct, rename="camel"):
    grand_total: _Total


class _Orders(msgspec.Struct):
    orders: list[_Order]


@probe("centra.restriction", "centra", after="centra.token")
def restriction(visit: Visit) -> Iterator[Result]:
    """Find out whether the token is kept from the wholesale store; its orders would be invisible.

    Source:
        Centra reference 1.2 (store restriction), 3.6 (accounts belong to wholesale).
    """
    # The size is a variable: the client cuts written sizes down to one row.
    data = visit.centra().query(STORES, {"n": MOST_STORES})
    found = msgspec.json.decode(data, type=_Stores).stores
    types = {store.type for store in found}
    if CONSUMER not in types:
        detail = "The token sees no consumer store, so consumers and their orders are invisible."
        yield Result("fail", detail, LIFT, streams=CONSUMER_STREAMS)
    elif "WHOLESALE" in types:
        yield Result("ok", f"The token sees {len(found)} stores, wholesale among them.")
    else:
        yield _without_wholesale(visit)


def _without_wholesale(visit: Visit) -> Result:
    try:
        accounts = _has_accounts(visit)
    except (ReadError, *NOT_JSON):
        accounts = None
    if accounts:
        detail = (
            "There are wholesale accounts, but the token sees no wholesale store: it is restricted, "
            "and wholesale orders are invisible."
        )
        return Result("fail", detail, LIFT, streams=("wholesale_stores",))
    if visit.settings.centra.wholesale:
        detail = "The token sees no wholesale store, so it is restricted or the brand has none."
        fix = f"{LIFT} Or set centra.wholesale to false."
        return Result("fail", detail, fix, streams=("wholesale_stores",))
    if accounts is None:
        detail = "The token sees no wholesale store; whether it is restricted cannot be told."
        return Result("warn", detail, "Grant Account:read, or check the restriction by hand.")
    detail = "The token sees neither a wholesale store nor wholesale accounts."
    return Result("ok", f"{detail} That is right for a brand that sells to consumers only.")


def _has_accounts(visit: Visit) -> bool | None:
    if visit.schema().root("accounts") is None:
        return None
    data = visit.centra().query("query doctorAccounts { accounts(limit: 1) { id } }")
    return bool(msgspec.json.decode(data)["accounts"])


@probe("centra.base_currency", "centra", after="centra.token", streams=("currencies", "orders"))
def currency(visit: Visit) -> Iterator[Result]:
    """Ask for the base currency."""
    yield Result("ok", f"The base currency is {base_currency(visit.centra())}.")


@probe("centra.exchange_rate", "centra", after="centra.token")
def exchange_rate(visit: Visit) -> Iterator[Result]:
    """Prove on a real order that amounts times the rate are amounts in the base currency.

    Source:
        Centra reference 4.1: `conversionRate`, and a value in base currency whose name is unknown.
    """
    try:
        totals = _foreign_totals(visit)
    except (ReadError, *NOT_JSON):
        # The streams say what cannot be read; here it only means that nothing can be proved.
        yield Result("off", "No order could be read to prove the exchange rate on.")
        return
    if totals is None:
        yield Result("off", "This tenant gives no value in base currency to compare with.")
        return
    yield _judged(totals)


def _foreign_totals(visit: Visit) -> list[_Total] | None:
    client = visit.centra()
    field = base_value_field(bytes(client.query(MONEY)))
    if field is None or visit.schema().root("orders") is None:
        return None
    amount = f"value currency {{ code }} conversionRate base: {field} {{ value }}"
    text = f"query doctorRates($n: Int) {{ orders(limit: $n) {{ grandTotal {{ {amount} }} }} }}"
    orders = msgspec.json.decode(client.query(text, {"n": RECENT_ORDERS}), type=_Orders).orders
    base, totals = base_currency(client), [order.grand_total for order in orders]
    foreign = [total for total in totals if total.currency.code != base]
    return [total for total in foreign if total.value and total.conversion_rate not in (0, 1)]


def _judged(totals: list[_Total]) -> Result:
    total = next((one for one in totals if one.base is not None), None)
    if total is None or total.base is None:
        return Result("off", "No order in another currency was found to prove the rate on.")
    if _is_near(total.value * total.conversion_rate, total.base.value):
        return Result("ok", f"Amounts in {total.currency.code} times the rate are base currency.")
    turned = _is_near(total.value / total.conversion_rate, total.base.value)
    detail = (
        "Exchange rates divide where the auditor multiplies"
        if turned
        else "Amounts times the exchange rate are not what Centra says they are worth"
    )
    fix = "Do not trust amounts in base currency; report this tenant's rates to the maintainers."
    return Result("fail", f"{detail}, so converted sales are wrong.", fix, suites=("sales",))


def _is_near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= max(abs(other) * ROUNDING, ROUNDING)


def base_value_field(data: bytes) -> str | None:
    """Return the field that gives a monetary value in base currency, whatever it is called here."""
    found = msgspec.json.decode(data, type=_Described).type
    for field in found.fields if found else ():
        if "MonetaryValue" in (field.type.name, field.type.of_type and field.type.of_type.name):
            return field.name
    return None
