"""The answer key: every check is there, no two cases touch, and nothing else was changed."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.sandbox.world import EARLIER, Planted, Scale, build_world, evolve, plant
from auditor.sandbox.world.planting import planter, planters
from tests.sandbox.world.facts import Facts, normal

if TYPE_CHECKING:
    from auditor.sandbox.world import World

CHECKS = {
    "consent": (
        "withdrawn_but_opted_in opted_in_without_evidence opted_in_by_order erased_but_contactable "
        "erased_but_present buyer_opted_in opt_in_lost unsubscribed_but_active_in_centra "
        "opt_in_unknown_person"
    ),
    "identity": (
        "orphaned_by_merge orphaned_contact sales_on_orphan duplicate_contact missing_contact "
        "key_mismatch profile_mismatch"
    ),
    "audience": "membership_mismatch inflated_value",
    "channel": "wholesale_in_sales marketplace_in_sales internal_in_sales event_for_non_consumer",
    "catalogue": (
        "missing_item retired_item price_mismatch reference_price_mismatch "
        "out_of_stock_but_available in_stock_but_unavailable stock_mismatch attribute_mismatch "
        "duplicate_item"
    ),
    "freshness": "feed_age token_expiry",
    "sales": (
        "missing_order missing_line duplicate_order amount_mismatch quantity_mismatch "
        "return_not_reflected cancelled_but_counted unknown_order wrong_contact generated_contact"
    ),
    "fulfilment": (
        "missing_shipped_event duplicate_shipped_event event_without_shipment late_shipped_event "
        "missing_confirmation trigger_status_mismatch dead_event"
    ),
}
ALL_CHECKS = [f"{suite}.{name}" for suite, names in CHECKS.items() for name in names.split()]
OF_THE_ACCOUNT = {"fulfilment.trigger_status_mismatch", "fulfilment.dead_event"}
"""Their subject is a setting, so there is one case at any scale."""
ONCE = {*OF_THE_ACCOUNT, "freshness.feed_age", "freshness.token_expiry"}
"""Of what these look at there is only one."""

NOW = datetime(2026, 11, 23, 10, 6, tzinfo=UTC)
Spoiled = tuple[Facts, list[Planted]]


def subjects(answers: list[Planted], check: str) -> list[str]:
    return [answer.subject for answer in answers if answer.check == check]


def people_of(facts: Facts, answer: Planted) -> set[str]:
    """Everybody whose records a case touches; a strange contact or number stands for itself."""
    subject = answer.subject
    if answer.check == "identity.sales_on_orphan":
        return set()  # of a merge, whose contact has a line of its own
    if answer.check == "identity.missing_contact":
        return {subject}
    if answer.check.startswith(("consent.", "identity.", "audience.")):
        return {contact_person(facts, int(subject.split("/")[-1]))}
    if subject.startswith("event:"):
        events = {f"event:{row.event_id}": row for row in facts.world.emarsys.fired_events}
        return {contact_person(facts, events[subject].contact_id)}
    number = order_number(subject)
    found = {
        contact_person(facts, si.contact_id)
        for si in (facts.si[row.si_contact_id] for row in facts.rows_of.get(number, []))
        if si.contact_id
    }
    if number in facts.orders:
        found.add(facts.person_of_order(facts.orders[number]) or number)
    return found


def order_number(subject: str) -> str:
    """The order that an order, line or shipment is of; any other subject is left as it is."""
    return subject if subject.startswith(("event:", "emarsys.")) else re.split("[/-]", subject)[0]


def contact_person(facts: Facts, contact_id: int) -> str:
    contact = facts.contacts[contact_id]
    return facts.person_of_contact(contact) or normal(contact.values[3] or "")


@pytest.mark.parametrize("check", sorted({*ALL_CHECKS} - ONCE))
def test_every_check_is_planted_often_enough(check: str, spoiled: Spoiled):
    assert len(subjects(spoiled[1], check)) >= max(3, Scale.S.customers // 700)


def test_nothing_but_the_checks_is_planted():
    assert sorted(planters()) == sorted(ALL_CHECKS)


def test_a_larger_world_gets_more_cases():
    world = build_world(2, Scale.of(customers=2_800), NOW)
    counts = Counter(answer.check for answer in plant(world, 2))
    assert counts.pop("identity.sales_on_orphan") >= 2_800 // 700  # as many as the merged had
    assert {n for check, n in counts.items() if check not in ONCE} == {2_800 // 700}


def test_a_planter_whose_subjects_others_took_chooses_first():
    began = datetime(2026, 11, 13, 19, 13, 16, tzinfo=UTC)
    world = build_world(1, Scale.of(customers=150), began)
    evolve(world, 1, began + EARLIER - timedelta(hours=1))
    assert {answer.check for answer in plant(world, 1)} == set(ALL_CHECKS)


def test_a_world_without_room_for_all_drift_says_what_does_not_fit():
    world = build_world(1, Scale.of(customers=40), NOW)
    with pytest.raises(ValueError, match=r"a world of 40 customers has no room for \w+\.\w+"):
        plant(world, 1)


def test_the_key_is_sorted_and_holds_nothing_twice(spoiled: Spoiled):
    answers = spoiled[1]
    assert answers == sorted(set(answers))


def test_no_two_cases_touch_the_same_person(spoiled: Spoiled):
    facts, answers = spoiled
    of_records = [answer for answer in answers if answer.check not in OF_THE_ACCOUNT]
    touched = Counter(person for answer in of_records for person in people_of(facts, answer))
    assert [person for person, count in touched.items() if count > 1] == []


def test_every_subject_exists_somewhere(spoiled: Spoiled):
    facts, answers = spoiled
    known = {
        *map(str, facts.contacts),
        *facts.orders,
        *facts.rows_of,
        *(f"centra:{customer.id}" for customer in facts.world.centra.customers),
        *(str(segment.id) for segment in facts.world.emarsys.segments),
        *(f"event:{event.event_id}" for event in facts.world.emarsys.fired_events),
        *(row.item for row in facts.world.emarsys.catalogue),
        *facts.sku.values(),
        *("catalogue", "credentials.centra_token_expires"),
    }
    of_records = [a for a in answers if a.check not in OF_THE_ACCOUNT]
    assert [a for a in of_records if known.isdisjoint({a.subject, order_number(a.subject)})] == []


def test_every_order_is_settled(spoiled: Spoiled):
    facts, answers = spoiled
    numbers = {order_number(answer.subject) for answer in answers}
    orders = [order for number, order in facts.orders.items() if number in numbers]
    assert min(facts.now - order.updated_at for order in orders) >= timedelta(hours=72)


def test_only_the_planted_contacts_differ(clean: Facts, spoiled: Spoiled):
    facts, answers = spoiled
    suites = ("consent.", "identity.")
    found = {a.subject for a in answers if a.check.startswith(suites)}
    planted = {int(subject) for subject in found if subject.isdigit()}
    changed = {
        key
        for key, contact in facts.contacts.items()
        if key not in clean.contacts or clean.contacts[key].values != contact.values
    }
    assert changed <= planted


def test_only_the_sales_of_planted_orders_differ(clean: Facts, spoiled: Spoiled):
    facts, answers = spoiled
    planted = {order_number(answer.subject) for answer in answers}
    inflated = subjects(answers, "audience.inflated_value")
    planted |= {
        number
        for number, rows in facts.rows_of.items()
        if str(facts.si[rows[0].si_contact_id].contact_id) in inflated
    }
    numbers = {*clean.rows_of, *facts.rows_of}
    changed = {n for n in numbers if clean.rows_of.get(n, []) != facts.rows_of.get(n, [])}
    assert changed <= planted


def test_no_two_cases_touch_the_same_item(spoiled: Spoiled):
    items = [a.subject.removeprefix("OLD-") for a in spoiled[1] if a.check.startswith("catalogue.")]
    assert len(items) == len(set(items))


def test_only_the_catalogue_rows_of_planted_items_differ(clean: Facts, spoiled: Spoiled):
    facts, answers = spoiled
    rows = [{*map(repr, one.world.emarsys.catalogue)} for one in (clean, facts)]
    planted = {a.subject for a in answers if a.check.startswith("catalogue.")}
    changed = {row for row in rows[0] ^ rows[1] if not any(f"'{i}'" in row for i in planted)}
    assert changed == set()


def test_some_campaigns_are_ignored_and_some_items_retired_in_each_way(spoiled: Spoiled):
    facts, answers = spoiled
    rows = {row.item: row for row in facts.world.emarsys.catalogue}
    known = {size.sku: size.is_active for size in facts.world.centra.sizes}
    prices = [rows[i] for i in subjects(answers, "catalogue.price_mismatch")]
    assert {row.price_minor == row.msrp_minor for row in prices} == {True, False}
    retired = {known.get(i) for i in subjects(answers, "catalogue.retired_item")}
    assert {False, None} <= retired


def test_marketplace_orders_leak_in_all_four_ways(spoiled: Spoiled):
    facts, answers = spoiled
    orders = [facts.orders[n] for n in subjects(answers, "channel.marketplace_in_sales")]
    ways = {
        "store": any(facts.store_name[o.store_id] == "Zalando" for o in orders),
        "market": any(facts.market_name[o.market_id] == "CDON" for o in orders),
        "attribute": any(o.attributes.get("sales_channel") == "amazon" for o in orders),
        "affiliate": any(o.affiliate == "Miinto" for o in orders),
    }
    assert all(ways.values()), ways


def test_orders_are_duplicated_twice_and_three_times(clean: Facts, spoiled: Spoiled):
    facts, answers = spoiled
    times = {
        len(facts.rows_of[number]) / len(clean.rows_of[number])
        for number in subjects(answers, "sales.duplicate_order")
    }
    assert times == {2, 3}


def test_some_withdrawn_contacts_are_contained(spoiled: Spoiled):
    facts, answers = spoiled
    (quarantine,) = [row for row in facts.world.emarsys.lists if row.name == "audit-quarantine"]
    assert len(quarantine.contact_ids) == 2
    withdrawn = subjects(answers, "consent.withdrawn_but_opted_in")
    assert {str(key) for key in quarantine.contact_ids} <= set(withdrawn)


def test_half_of_the_unsubscribed_left_after_they_subscribed(spoiled: Spoiled):
    facts, answers = spoiled
    planted = subjects(answers, "consent.unsubscribed_but_active_in_centra")
    left = [n for n in planted if int(n) in facts.unsubscribed]
    assert len(left) == (len(planted) + 1) // 2


def test_the_subscriber_segment_follows_the_opt_ins(spoiled: Spoiled):
    emarsys = spoiled[0].world.emarsys
    (segment,) = [row for row in emarsys.segments if row.name == "Newsletter subscribers"]
    assert segment.contact_ids == [c.id for c in emarsys.contacts if c.values[31] == "1"]


def test_a_check_has_only_one_planter():
    with pytest.raises(ValueError, match="two planters"):
        planter("sales.missing_order")(lambda _ground, _cases: iter(()))


def test_a_world_without_subjects_says_so(small: World):
    small.centra.orders = []
    with pytest.raises(ValueError, match="too small"):
        plant(small, 1)


def test_members_stray_in_and_are_kept_out(clean: Facts, spoiled: Spoiled):
    before = {row.id: set(row.contact_ids or ()) for row in clean.world.emarsys.segments}
    after = {row.id: set(row.contact_ids or ()) for row in spoiled[0].world.emarsys.segments}
    assert any(after[key] - before[key] for key in after if key > 200_000)
    assert any(before[key] - after[key] for key in after if key > 200_000)
