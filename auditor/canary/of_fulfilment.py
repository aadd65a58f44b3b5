"""One case of every fulfilment check."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from auditor.canary.plants import plant
from auditor.model import tables as t
from auditor.reconcile.confirmations import LEAST_ORDERS
from auditor.reconcile.firing import CONFIRMED, LEAVES_WITHIN, SHIPPED

if TYPE_CHECKING:
    from auditor.canary.shadow import Shadow

_MOMENT, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@plant("fulfilment.missing_shipped_event")
def _missing(shadow: Shadow) -> str | None:
    name = shadow.terms.shipped_event
    if name is None:
        return None
    shadow.event(shadow.person().contact_id, name, shadow.at)  # so that events are known by then
    return shadow.shipment(shadow.person())


@plant("fulfilment.late_shipped_event")
def _late(shadow: Shadow) -> str | None:
    """Let the event come an hour later than agreed, where it belongs to its parcel even then."""
    terms = shadow.terms
    late = terms.service_level + _HOUR
    if terms.shipped_event is None or late > terms.pairing_window or shadow.at + late > terms.as_of:
        return None
    person = shadow.person()
    number = shadow.shipment(person)
    shadow.event(person.contact_id, terms.shipped_event, shadow.at + late)
    return number


@plant("fulfilment.duplicate_shipped_event")
def _twice(shadow: Shadow) -> str | None:
    name = _provable(shadow)
    if name is None:
        return None
    person = shadow.person()
    shadow.shipment(person)
    shadow.event(person.contact_id, name, shadow.at + _MOMENT)
    return f"event:{shadow.event(person.contact_id, name, shadow.at + 2 * _MOMENT)}"


@plant("fulfilment.event_without_shipment")
def _stray(shadow: Shadow) -> str | None:
    name = _provable(shadow)
    if name is None:
        return None
    person = shadow.person()
    number, item, _ = shadow.order(person)
    shadow.sale(number, item)
    return f"event:{shadow.event(person.contact_id, name, shadow.at)}"


def _provable(shadow: Shadow) -> str | None:
    """Return the event of parcels, unless it may have fired for orders from before `sales.since`."""
    since = datetime.combine(shadow.terms.since, time())
    return shadow.terms.shipped_event if shadow.at >= since + LEAVES_WITHIN else None


@plant("fulfilment.missing_confirmation")
def _unconfirmed(shadow: Shadow) -> str | None:
    if shadow.terms.confirmed_event is None:
        return None
    number, item, _ = shadow.order(shadow.person(), is_confirmed=False)
    shadow.sale(number, item)
    return number


@plant("fulfilment.trigger_status_mismatch")
def _pattern(shadow: Shadow) -> str | None:
    """Let no order be confirmed that was paid by a method of its own.

    The canary's other orders are confirmed, and so are most of the sample, or there is no telling
    one method from the rest.
    """
    if shadow.terms.confirmed_event is None:
        return None
    method, person = shadow.id("method"), shadow.person()
    for _ in range(LEAST_ORDERS):
        number, item, _ = shadow.order(person, payment_method=method, is_confirmed=False)
        shadow.sale(number, item)
    return f"emarsys.events.confirmed:payment_method={method}"


@plant("fulfilment.dead_event", alone=True)
def _dead(shadow: Shadow) -> str | None:
    """Let nothing listen to a configured event; the sample has the definition that is listened to."""
    names = {SHIPPED: shadow.terms.shipped_event, CONFIRMED: shadow.terms.confirmed_event}
    role = next((role for role, name in names.items() if name is not None), None)
    if role is None:
        return None
    kind = {"event_type_id": shadow.id("event-type"), "name": names[role], "usages": 0}
    shadow.add(t.emarsys_event_definition, **kind)
    return f"emarsys.events.{role}"
