"""The fields of customers, newsletter rows, accounts, buyers and addresses.

Source: Centra reference 3.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.sandbox.centra.field import (
    NAMED,
    Field,
    Request,
    attr,
    const,
    many,
    moment,
    plain,
    ref,
)
from auditor.sandbox.centra.paging import nested

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Arguments, Getter
    from auditor.sandbox.world.model import Account, Buyer, Country, Customer, Order


class Address(NamedTuple):
    """What the world knows of an address."""

    first_name: str | None
    last_name: str | None
    email: str | None
    country: Country | None


def _home(request: Request, _arguments: Arguments) -> Getter:
    by_code = request.view.countries.by("code")

    def answer(row: Customer) -> Address:
        return Address(row.first_name, row.last_name, row.email, by_code.get(row.country))

    return answer


def _last_order(request: Request, _arguments: Arguments) -> Getter:
    orders = request.view.orders.groups("buyer_id")

    def answer(row: Buyer) -> Order | None:
        return max(orders.get(row.id, []), key=attrgetter("created_at", "number"), default=None)

    return answer


def _orders(request: Request, arguments: Arguments) -> Getter:
    def answer(row: Account) -> list[Any]:
        return nested(request, "Order", {"accountId": [row.id]}, arguments)

    return answer


def attributes(object_type: str) -> Field:
    """Answer with the dynamic attributes of a row as (name, value, object type)."""
    return plain(lambda row: [(name, value, object_type) for name, value in row.attributes.items()])


_PERSON: dict[str, Field] = {
    "id": attr("id"),
    "status": attr("status"),
    "email": attr("email"),
    "firstName": attr("first_name"),
    "lastName": attr("last_name"),
    "cellPhoneNumber": const(None),
    "phoneNumber": const(None),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "lastLoginAt": const(None),
    "lastOnlineAt": const(None),
    "totalOrders": attr("total_orders"),
    "store": ref("store_id", "stores"),
}

FIELDS: dict[str, dict[str, Field]] = {
    "Customer": {
        **_PERSON,
        "billingAddress": _home,
        "birthdate": const(None),
        "isAnonymized": attr("is_anonymized"),
        "isRegistered": attr("is_registered"),
        "receivesNewsletters": attr("receives_newsletters"),
        "gender": const("UNKNOWN"),
        "attributes": attributes("Customer"),
        "market": ref("market_id", "markets"),
    },
    "NewsletterSubscription": {
        "id": attr("id"),
        "email": attr("email"),
        "isActive": attr("is_active"),
        "createdAt": moment("created_at"),
        "country": ref("country", "countries", "code"),
        "productSize": ref("size_id", "sizes"),
        "productVariant": ref("variant_id", "variants"),
        "store": ref("store_id", "stores"),
    },
    "Account": {
        "id": attr("id"),
        "name": attr("name"),
        "status": attr("status"),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "isInternal": const(False),
        "accountEmail": const(None),
        "billingEmail": const(None),
        "shippingEmail": const(None),
        "vatNumber": const(None),
        "market": const(None),
        "pricelist": const(None),
        "buyers": many("buyers", "account_id"),
        "orders": _orders,
        "attributes": const([]),
    },
    "Buyer": {
        **_PERSON,
        "websiteUrl": const(None),
        "billingAddress": plain(lambda r: Address(r.first_name, r.last_name, r.email, None)),
        "receiveAutoEmails": const(True),
        "account": ref("account_id", "accounts"),
        "lastOrder": _last_order,
    },
    "Address": {
        **dict.fromkeys(
            ("companyName", "attention", "address1", "address2", "city", "stateOrProvince"),
            const(None),
        ),
        **dict.fromkeys(
            ("zipCode", "state", "phoneNumber", "cellPhoneNumber", "faxNumber", "vatNumber"),
            const(None),
        ),
        "firstName": attr("first_name"),
        "lastName": attr("last_name"),
        "email": attr("email"),
        "country": attr("country"),
    },
    "Attribute": {"type": plain(lambda entry: entry), "elements": plain(lambda entry: [entry])},
    "AttributeType": {
        "name": plain(lambda entry: entry[0]),
        "isMapped": const(False),
        "objectType": plain(lambda entry: entry[2]),
        "elements": plain(lambda entry: [entry]),
    },
    "AttributeElement": {
        "key": const("value"),
        "kind": const("INPUT"),
        "value": plain(lambda entry: entry[1]),
    },
    "Affiliate": NAMED,
}
