"""The mutations that change customers and attributes.

Source: Centra reference 2.8, 3.5 and 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra.payload import Payload, complaint
from auditor.sandbox.world.census import normal
from auditor.sandbox.world.erasure import anonymise
from auditor.sandbox.world.model import Subscription

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Arguments, Field, Getter, Request
    from auditor.sandbox.world.model import Customer

_OF_ADDRESS = {"firstName": "first_name", "lastName": "last_name", "email": "email"}


def _update_customer(request: Request, arguments: Arguments) -> Getter:
    def answer(_root: object) -> Payload:
        number = arguments.get("id") or arguments.get("customer", {}).get("id")
        path = ("id",) if "id" in arguments else ("customer", "id")
        customer = request.view.customers.by("id").get(number)
        if customer is None:
            return Payload(errors=[complaint(f"Could not find Customer with ID {number}", *path)])
        given = arguments["input"]
        market = (given.get("market") or {}).get("id")
        if market is not None and market not in request.view.markets.by("id"):
            message = f"Could not find Market with ID {market}"
            return Payload(errors=[complaint(message, "input", "market", "id")])
        _write(request, customer, given)
        return Payload(customer)

    return answer


def _write(request: Request, customer: Customer, given: dict[str, Any]) -> None:
    customer.updated_at = request.now
    customer.status = given.get("status") or customer.status
    customer.market_id = (given.get("market") or {}).get("id", customer.market_id)
    address = given.get("billingAddress") or {}
    for name, attribute in _OF_ADDRESS.items():
        if address.get(name) is not None:
            setattr(customer, attribute, address[name])
    customer.country = (address.get("country") or {}).get("code", customer.country)
    if given.get("receiveNewsletters") is not None:
        customer.receives_newsletters = given["receiveNewsletters"]
        _flip(request, customer)


def _flip(request: Request, customer: Customer) -> None:
    """Let the newsletter rows follow the flag, as far as this tenant does that."""
    flips = request.options.newsletter_flip
    if flips == "none" or (flips == "registered" and not customer.is_registered):
        return
    tenant = request.view.tenant
    rows = [
        row
        for row in tenant.subscriptions
        if row.store_id == customer.store_id
        and normal(row.email) == normal(customer.email)
        and row.variant_id is None
        and row.size_id is None
    ]
    if not customer.receives_newsletters:
        for row in rows:
            row.is_active = False
    elif rows:
        max(rows, key=lambda row: row.created_at).is_active = True
    else:
        number = max((row.id for row in tenant.subscriptions), default=0) + 1
        place = (number, customer.store_id, customer.email, True, customer.country, request.now)
        tenant.subscriptions.append(Subscription(*place))


def _assign_attributes(request: Request, arguments: Arguments) -> Getter:
    def answer(_root: object) -> Payload:
        given = arguments["input"]
        kind, number = given["objectType"], given["objectId"]
        tables = {"Customer": ("customers", "id"), "Order": ("orders", "number")}
        table, key = tables.get(kind, ("", ""))
        row = getattr(request.view, table).by(key).get(number) if table else None
        if row is None:
            message = f"Could not find {kind} with ID {number}"
            return Payload(errors=[complaint(message, "input", "objectId")])
        payload = Payload()
        for place, entry in enumerate(given["dynamicAttributes"]):
            name = entry["attributeTypeName"]
            if (kind, name) in request.options.attribute_types:
                row.attributes[name] = entry.get("attributeElementValue") or ""
                row.updated_at = request.now
            else:
                message = f"Could not find AttributeType with name {name}"
                path = ("input", "dynamicAttributes", str(place), "attributeTypeName")
                payload.errors.append(complaint(message, *path))
        return payload

    return answer


def _anonymize_customers(request: Request, arguments: Arguments) -> Getter:
    def answer(_root: object) -> Payload:
        given = arguments["input"]
        if len(given) != 1:
            return Payload([], [complaint("Exactly one key must be given.", "input")])
        ((key, wanted),) = given.items()
        payload = Payload([])
        for place, entry in enumerate(wanted):
            found = [
                row
                for row in request.view.customers.rows
                if (row.id == entry.get("id") if key == "customers" else row.email == entry)
            ]
            if not found:
                message = f"Could not find Customer with ID {entry}"
                payload.warnings.append(complaint(message, "input", key, str(place)))
            for row in found:
                anonymise(request.view.tenant, row, request.now)
                payload.result.append(row)
        return payload

    return answer


MUTATIONS: dict[str, Field] = {
    "updateCustomer": _update_customer,
    "assignAttributes": _assign_attributes,
    "anonymizeCustomers": _anonymize_customers,
}
