"""The fields of payment history entries.

Source: Centra reference 4.5.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra.field import Field, Request, attr, const, moment, plain, ref, then
from auditor.sandbox.centra.money import Money

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Arguments, Getter
    from auditor.sandbox.world.model import Order, Payment


def payments_of_order(request: Request, arguments: Arguments) -> Getter:
    """Answer with an order's entries, oldest first; `where` may choose their types and statuses."""
    payments = request.view.payments.groups("order_number")
    where = arguments.get("where") or {}
    wanted = [
        (attrgetter(column), frozenset(where[name]))
        for name, column in (("entryType", "entry_type"), ("status", "status"), ("id", "id"))
        if where.get(name) is not None
    ]

    def answer(row: Order) -> list[Any]:
        rows = payments.get(row.number, [])
        return [entry for entry in rows if all(get(entry) in values for get, values in wanted)]

    return answer


def _value(request: Request, _arguments: Arguments) -> Getter:
    orders = request.view.orders.by("number")
    currencies = request.view.currencies.by("code")

    def answer(row: Payment) -> Money:
        order = orders[row.order_number]
        return Money(row.minor, currencies[order.currency], order.rate)

    return answer


_ORDER = ref("order_number", "orders", "number")

FIELDS: dict[str, dict[str, Field]] = {
    "PaymentHistoryEntry": {
        "id": attr("id"),
        "createdAt": moment("created_at"),
        "status": attr("status"),
        "entryType": attr("entry_type"),
        "externalReference": attr("reference"),
        "paymentMethod": attr("payment_method"),
        "value": _value,
        "paramsJSON": const("{}"),
        "source": attr("source"),
        "currencyBaseRate": then(_ORDER, plain(lambda order: float(order.rate))),
        "order": _ORDER,
        "return": ref("return_id", "returns"),
        "externalId": const(None),
    },
}
