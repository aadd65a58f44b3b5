"""Reading every order that exists, whatever the tenant hides unless it is asked for.

Some lists leave out orders that are held, unpaid or archived unless a filter names them. Whether this
one does is found out by counting: once without a filter, once per value of the flags and with all
statuses named. If both agree, one pass without filter gives every order. If not, each value is read in
a pass of its own, the held ones before and after the others, so that an order which is put on hold or
released while it is read is met in at least one of them.

Source:
    Centra reference 4.2 (held and unpaid orders may be left out: unknown), 10 (archived: unknown).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import msgspec

from auditor.errors import SchemaDriftError
from auditor.model.not_json import NOT_JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.systems.centra.listing import Tenant, Where
    from auditor.systems.centra.schema import Schema

_FLAGS = ("isOnHold", "isWaitingForPayment")


class _Total(msgspec.Struct, rename="camel"):
    total_count: int


def order_passes(tenant: Tenant, where: Where) -> Sequence[Where]:
    """Return the filters of the passes that together give every order.

    Args:
        tenant: Whom to ask.
        where: What all passes are filtered by.

    Raises:
        SchemaDriftError: the tenant counts in another shape.
        ReadError: as for any query.
    """
    root = tenant.schema.root("orderConnection")
    filter_type = _filter_type(tenant.schema)
    if filter_type is None:
        return (where,)
    explicit = [{**where, **extra} for extra in _explicit(tenant.schema, filter_type)]
    if root is not None:
        everything, *parts = _counts(tenant, filter_type, [where, *explicit])
        if everything == sum(parts):
            return (where,)
    *held, others = explicit
    return (*held, others, *held)


def _filter_type(schema: Schema) -> str | None:
    root = schema.root("orderConnection") or schema.root("orders")
    argument = root.argument("where") if root else None
    return argument.type.inner if argument else None


def _explicit(schema: Schema, filter_type: str) -> list[Where]:
    """Return one filter per combination of the flags; the last is of orders that nothing holds."""
    flags = [flag for flag in _FLAGS if schema.has_input(filter_type, flag)]
    status = schema.field("Order", "status")
    statuses = schema.values(status.type.inner) if status else ()
    named: Where = {"status": list(statuses)} if statuses else {}
    values = product((True, False), repeat=len(flags))
    return [{**named, **dict(zip(flags, combination, strict=True))} for combination in values]


def _counts(tenant: Tenant, filter_type: str, filters: Sequence[Where]) -> list[int]:
    declared = ", ".join(f"$w{index}: {filter_type}" for index in range(len(filters)))
    parts = " ".join(
        f"c{index}: orderConnection(first: 1, where: $w{index}) {{ totalCount }}"
        for index in range(len(filters))
    )
    variables = {f"w{index}": where for index, where in enumerate(filters)}
    data = tenant.client.query(f"query orderCounts({declared}) {{ {parts} }}", variables)
    try:
        found = msgspec.json.decode(data, type=dict[str, _Total])
        return [found[f"c{index}"].total_count for index in range(len(filters))]
    except (*NOT_JSON, KeyError) as exc:
        raise SchemaDriftError(f"Centra counts orders in another shape: {exc}.") from exc
