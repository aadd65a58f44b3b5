"""What a clean world holds: one contact per person, and everything that only looks like drift."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.world.facts import DUE, SETTLE_SALES, Facts, normal
from tests.sandbox.world.laws import base_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from auditor.sandbox.world.model import FiredEvent, Order

OPT_IN, KEY, EMAIL = 31, 4711, 3


def test_every_live_person_has_exactly_one_contact(clean: Facts):
    linked = Counter(clean.person_of_contact(contact) for contact in clean.contacts.values())
    assert linked == Counter(dict.fromkeys(clean.persons, 1))


def test_the_key_is_a_customer_of_the_person_and_not_always_the_registered_one(clean: Facts):
    others = 0
    for contact in clean.contacts.values():
        rows = clean.customers_of.get(normal(contact.values[EMAIL] or ""), [])
        registered = [row for row in rows if row.is_registered]
        oldest = min(registered or rows, key=lambda row: row.created_at, default=None)
        keys = [str(row.id) for row in rows]
        assert contact.values[KEY] in keys if keys else contact.values[KEY] is None
        others += contact.values[KEY] != (str(oldest.id) if oldest else None)
    assert others


@pytest.mark.parametrize(("consent", "opt_in"), [("yes", "1"), ("no", "2"), ("unknown", None)])
def test_the_opt_in_of_a_contact_says_what_centra_proves(
    consent: str, opt_in: str | None, clean: Facts
):
    persons = [person for person in clean.persons if clean.consent(person) == consent]
    contact_of = {clean.person_of_contact(c): c for c in clean.contacts.values()}
    assert {contact_of[person].values[OPT_IN] for person in persons} == {opt_in}


def test_the_newsletter_flag_never_contradicts_the_rows(spoiled: tuple[Facts, object]):
    facts = spoiled[0]
    off = [
        row.id
        for row in facts.live.values()
        if row.receives_newsletters != (facts.consent(normal(row.email)) == "yes")
    ]
    assert off == []


def test_who_clicked_unsubscribe_is_opted_out_and_inactive_in_centra(clean: Facts):
    for row in clean.world.emarsys.unsubscribes:
        contact = clean.contacts[row.contact_id]
        assert contact.values[OPT_IN] == "2"
        assert clean.consent(clean.person_of_contact(contact) or "") == "no"


def test_no_two_newsletter_rows_of_a_person_are_of_the_same_moment(clean: Facts):
    for rows in clean.subscriptions_of.values():
        moments = [row.created_at for row in rows if row.variant_id is None]
        assert len(moments) == len(set(moments))


def test_who_only_asked_for_stock_is_a_customer(clean: Facts):
    asked = {
        person
        for person, rows in clean.subscriptions_of.items()
        if all(row.variant_id for row in rows)
    }
    assert asked <= clean.customers_of.keys()


def test_erased_customers_keep_a_placeholder_and_have_no_contact(clean: Facts):
    rows = [row for row in clean.world.centra.customers if row.is_anonymized]
    assert all(row.email == f"anonymized-{row.id}@example.invalid" for row in rows)
    assert not {str(row.id) for row in rows} & {c.values[KEY] for c in clean.contacts.values()}


def test_buyers_who_are_no_consumers_have_no_contact(clean: Facts):
    emails = {normal(contact.values[EMAIL] or "") for contact in clean.contacts.values()}
    assert not (clean.buyer_emails - clean.persons) & emails


def test_every_contact_has_one_smart_insight_contact(clean: Facts):
    rows = clean.world.emarsys.si_contacts
    assert sorted(row.contact_id or 0 for row in rows) == sorted(clean.contacts)
    assert not any(row.is_generated for row in rows)


def test_sales_hang_on_the_contact_of_the_person(clean: Facts):
    for row in clean.world.emarsys.purchases:
        contact = clean.contacts[clean.si[row.si_contact_id].contact_id or 0]
        order = clean.orders[row.order_id]
        assert clean.person_of_contact(contact) == clean.person_of_order(order)


def test_customers_and_buyers_count_their_orders(clean: Facts):
    centra = clean.world.centra
    ordered = Counter(o.customer_id or o.buyer_id for o in centra.orders)
    counted = {row.id: row.total_orders for row in centra.customers}
    counted |= {row.id: row.total_orders for row in centra.buyers}
    assert counted == {key: ordered[key] for key in counted}


def test_only_consumer_orders_are_in_the_sales(clean: Facts):
    assert {clean.channel(clean.orders[number]) for number in clean.rows_of} == {"consumer"}


def test_the_quarantine_list_is_empty(clean: Facts):
    (quarantine,) = [row for row in clean.world.emarsys.lists if row.name == "audit-quarantine"]
    assert quarantine.contact_ids == []


def test_gift_certificates_are_never_in_the_sales(clean: Facts):
    sold = Counter({n: len({r.item for r in rows}) for n, rows in clean.rows_of.items()})
    gifts = [o for o in clean.orders.values() if {line.kind for line in o.lines} == {"gift"}]
    assert [o.number for o in gifts if sold[str(o.number)]] == []


def consumer(facts: Facts, order: Order) -> bool:
    return facts.channel(order) == "consumer"


def is_young(facts: Facts, order: Order) -> bool:
    is_live = order.status in DUE and not order.is_on_hold and not order.is_waiting_for_payment
    return facts.now - order.created_at < SETTLE_SALES and is_live


def amounts_off_by_one(facts: Facts, order: Order) -> bool:
    rows = facts.rows_of[str(order.number)]
    sold = [line for line in order.lines if line.kind in {"product", "bundle"}]
    expected = [base_value(facts, order, line) for line in sold]
    off = [abs(r.amount_minor - e) for r, e in zip(rows, expected, strict=False)]
    return len(rows) == len(sold) and max(off, default=0) == 1


def returns_of(facts: Facts, order: Order, status: str, least: int = 1) -> bool:
    found = [back for back in facts.returns_of[order.number] if back.status == status]
    return len(found) >= least


def rows_are_negative(facts: Facts, order: Order) -> bool:
    return any(row.quantity < 0 for row in facts.rows_of[str(order.number)])


# What a hasty reading takes for drift; every world of scale S has some of each.
TEMPTING: dict[str, Callable[[Facts, Order], bool]] = {
    "pending": lambda _, o: o.status == "PENDING",
    "on hold": lambda _, o: o.is_on_hold and bool(o.hold_reason),
    "waiting for payment": lambda _, o: o.is_waiting_for_payment,
    "confirmed": lambda _, o: o.status == "CONFIRMED",
    "processing": lambda _, o: o.status == "PROCESSING",
    "archived": lambda _, o: o.status == "ARCHIVED",
    "gift certificates only": lambda _, o: {line.kind for line in o.lines} == {"gift"},
    "with a bundle": lambda _, o: any(line.kind == "bundle" for line in o.lines),
    "with cancelled units": lambda _, o: any(line.cancelled and line.quantity for line in o.lines),
    "with a cancelled line": lambda _, o: any(not line.quantity for line in o.lines),
    "with an item on two lines": lambda _, o: len(o.lines) > len({x.size_id for x in o.lines}),
    "cancelled and never sent": lambda f, o: (
        o.status == "CANCELLED" and not f.rows_of[str(o.number)]
    ),
    "cancelled and compensated": lambda f, o: o.status == "CANCELLED" and rows_are_negative(f, o),
    "young and not loaded": lambda f, o: is_young(f, o) and not f.rows_of[str(o.number)],
    "young and loaded": lambda f, o: is_young(f, o) and bool(f.rows_of[str(o.number)]),
    "older than the sales window, not sent": lambda f, o: (
        o.created_at.date() < f.since and o.status in DUE and not f.rows_of[str(o.number)]
    ),
    "older than the sales window, sent": lambda f, o: (
        o.created_at.date() < f.since and bool(f.rows_of[str(o.number)])
    ),
    "off by one minor unit": amounts_off_by_one,
    "with a pending return": lambda f, o: returns_of(f, o, "PENDING"),
    "with a netted return": lambda f, o: returns_of(f, o, "COMPLETED") and rows_are_negative(f, o),
    "with two returns": lambda f, o: returns_of(f, o, "COMPLETED", 2),
    "with a return too young to be netted": lambda f, o: (
        returns_of(f, o, "COMPLETED") and not rows_are_negative(f, o)
    ),
    "in yen": lambda _, o: o.currency == "JPY",
    "with a harmless affiliate": lambda _, o: bool(o.affiliate),
    "with a harmless attribute": lambda _, o: "sales_channel" in o.attributes,
}


@pytest.mark.parametrize("kind", TEMPTING)
def test_there_are_consumer_orders(kind: str, clean: Facts):
    orders = [order for order in clean.orders.values() if consumer(clean, order)]
    assert any(TEMPTING[kind](clean, order) for order in orders)


@pytest.mark.parametrize("channel", ["wholesale", "marketplace", "internal", "consumer"])
def test_there_are_orders_of_the_channel(channel: str, clean: Facts):
    assert any(clean.channel(order) == channel for order in clean.orders.values())


def test_there_are_twins(clean: Facts):
    kinds = [{row.is_registered for row in rows} for rows in clean.customers_of.values()]
    assert kinds.count({True, False}) > 20


def test_there_are_persons_in_two_stores(clean: Facts):
    assert any(len({row.store_id for row in rows}) > 1 for rows in clean.customers_of.values())


def test_there_are_consumers_who_are_buyers_too(clean: Facts):
    assert clean.buyer_emails & clean.persons


def test_there_are_subscribers_without_a_customer(clean: Facts):
    assert clean.subscriptions_of.keys() - clean.customers_of.keys()


def test_both_systems_spell_some_addresses_differently(clean: Facts):
    spelled = {normal(c.values[EMAIL] or ""): c.values[EMAIL] for c in clean.contacts.values()}
    different = [row for row in clean.live.values() if spelled[normal(row.email)] != row.email]
    assert len(different) > 50


def test_a_plus_or_a_dot_makes_another_person(clean: Facts):
    assert any(person.replace("+shop", "") in clean.persons - {person} for person in clean.persons)
    assert any(person.replace(".", "", 1) in clean.persons - {person} for person in clean.persons)


def test_some_parcels_wait_while_the_first_one_left(clean: Facts):
    shipped: dict[int, set[bool]] = {}
    for parcel in clean.world.centra.shipments:
        shipped.setdefault(parcel.order_number, set()).add(parcel.is_shipped)
    assert {True, False} in shipped.values()


def test_some_parcels_are_back_dated_or_not_captured(clean: Facts):
    parcels = [parcel for parcel in clean.world.centra.shipments if parcel.is_shipped]
    assert any(parcel.shipped_at != parcel.updated_at for parcel in parcels)
    assert any(parcel.is_paid and not parcel.is_captured for parcel in parcels)


def test_some_prices_are_not_set(clean: Facts):
    assert any(price.minor is None for price in clean.world.centra.prices)


def test_free_to_allocate_never_falls_below_what_is_kept_back(clean: Facts):
    assert all(row.stock >= 0 for row in clean.world.emarsys.catalogue)


def test_events_are_of_the_last_thirty_days(clean: Facts):
    oldest = min(event.fired_at for event in clean.world.emarsys.fired_events)
    assert timedelta(days=29) < clean.now - oldest < timedelta(days=30)


def test_every_stream_has_rows_of_the_last_hours(clean: Facts):
    emarsys = clean.world.emarsys
    assert clean.now - max(row.loaded_at for row in emarsys.fired_events) < timedelta(hours=6)
    assert clean.now - max(row.loaded_at for row in emarsys.purchases) < timedelta(hours=26)


def shipped_events(clean: Facts) -> dict[str, FiredEvent]:
    fired = clean.world.emarsys.fired_events
    return {row.trigger_id.removeprefix("ship:"): row for row in fired if row.trigger_id}


def test_some_parcels_of_an_order_leave_minutes_apart_with_an_event_each(clean: Facts):
    events = shipped_events(clean)
    leaving = [row for row in clean.world.centra.shipments if row.number in events]
    moments: dict[int, list[datetime]] = {}
    for parcel in leaving:
        moments.setdefault(parcel.order_number, []).append(parcel.updated_at)
    apart = [max(at) - min(at) for at in moments.values() if len(at) > 1]
    assert min(apart) <= timedelta(minutes=20)


def test_some_events_fire_just_inside_the_service_level(clean: Facts):
    events = shipped_events(clean)
    lags = [
        events[parcel.number].fired_at - parcel.updated_at
        for parcel in clean.world.centra.shipments
        if parcel.number in events
    ]
    assert timedelta(minutes=110) <= max(lags) < timedelta(hours=2)


def test_some_orders_are_held_and_not_confirmed(clean: Facts):
    events = {row.trigger_id for row in clean.world.emarsys.fired_events}
    held = [row for row in clean.world.centra.orders if row.is_on_hold]
    assert held
    assert not events & {f"conf:{order.number}" for order in held}


def test_some_items_are_sold_out_although_what_is_kept_back_is_there(clean: Facts):
    centra = clean.world.centra
    sold_out = {row.item for row in clean.world.emarsys.catalogue if not row.available}
    (kept,) = [row for row in centra.warehouses if row.name == "Main"]
    free = [row for row in centra.stocks if row.warehouse_id == kept.id]
    assert any(
        clean.sku[row.size_id] in sold_out and row.physical - row.allocated == kept.threshold > 0
        for row in free
    )
