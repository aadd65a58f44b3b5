"""One case of every sales and channel check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.canary.plants import plant
from auditor.canary.shadow import UNIT_MINOR
from auditor.model import tables as t

if TYPE_CHECKING:
    from auditor.canary.shadow import Shadow


@plant("sales.missing_order")
def _missing_order(shadow: Shadow) -> str:
    number, _, _ = shadow.order(shadow.person())
    return number


@plant("sales.missing_line")
def _missing_line(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person())
    shadow.sale(number, item)
    second = shadow.id("item")
    first = shadow.rows[t.centra_order_line][-1]
    shadow.add(t.centra_order_line, **{**first, "item": second, "line_id": shadow.id("line")})
    return f"{number}/{second}"


@plant("sales.duplicate_order")
def _duplicate(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person())
    shadow.sale(number, item)
    shadow.sale(number, item)
    return number


@plant("sales.amount_mismatch")
def _amount(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person())
    shadow.sale(number, item, minor=UNIT_MINOR)
    return f"{number}/{item}"


@plant("sales.quantity_mismatch")
def _quantity(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person())
    shadow.sale(number, item, quantity=1)
    return f"{number}/{item}"


@plant("sales.return_not_reflected")
def _return(shadow: Shadow) -> str:
    number, item, line_id = shadow.order(shadow.person())
    shadow.sale(number, item)
    return_id = shadow.id("return")
    values = {"status": "COMPLETED", "created_at": shadow.at}
    shadow.add(t.centra_return, return_id=return_id, order_number=number, **values)
    shadow.add(t.centra_return_line, return_id=return_id, line_id=line_id, quantity=1)
    return f"{number}/{item}"


@plant("sales.cancelled_but_counted")
def _cancelled(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person(), status="CANCELLED")
    shadow.sale(number, item)
    return number


@plant("sales.unknown_order")
def _unknown(shadow: Shadow) -> str:
    number = shadow.id("order")
    shadow.sale(number, shadow.id("item"))
    return number


@plant("sales.wrong_contact")
def _wrong_contact(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person())
    shadow.sale(number, item, si_contact_id=f"si-{shadow.person().contact_id}")
    return number


@plant("sales.generated_contact")
def _generated(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person())
    generated = shadow.id("si")
    shadow.add(t.emarsys_si_contact, si_contact_id=generated, is_generated=True)
    shadow.sale(number, item, si_contact_id=generated)
    return number


@plant("channel.wholesale_in_sales")
def _wholesale(shadow: Shadow) -> str:
    store = shadow.store(kind="WHOLESALE")
    number, item, _ = shadow.order(
        shadow.person(), kind="WholesaleOrder", store_id=store, is_confirmed=False
    )
    shadow.sale(number, item)
    return number


@plant("channel.marketplace_in_sales")
def _marketplace(shadow: Shadow) -> str | None:
    order = _marketplace_order(shadow)
    if order is None:
        return None
    number, item, _ = shadow.order(shadow.person(), is_confirmed=False, **order)
    shadow.sale(number, item)
    return number


def _marketplace_order(shadow: Shadow) -> dict[str, Any] | None:
    """Return what marks an order as a marketplace's for this brand; None for a brand without any."""
    terms = shadow.terms
    if terms.marketplace_stores:
        return {"store_id": shadow.store(terms.marketplace_stores[0])}
    if terms.marketplace_affiliates:
        return {"affiliate": terms.marketplace_affiliates[0]}
    if terms.marketplace_markets:
        market_id = shadow.id("market")
        shadow.add(t.centra_market, market_id=market_id, name=terms.marketplace_markets[0])
        return {"market_id": market_id}
    return None


@plant("channel.internal_in_sales")
def _internal(shadow: Shadow) -> str:
    number, item, _ = shadow.order(shadow.person(), is_internal=True, is_confirmed=False)
    shadow.sale(number, item)
    return number


@plant("channel.event_for_non_consumer")
def _event(shadow: Shadow) -> str | None:
    if not shadow.terms.lifecycle_events:
        return None
    person = shadow.person()
    store = shadow.store(kind="WHOLESALE")
    shadow.order(person, kind="WholesaleOrder", store_id=store, is_confirmed=False)
    event_id = shadow.event(person.contact_id, shadow.terms.lifecycle_events[0], shadow.at)
    return f"event:{event_id}"
