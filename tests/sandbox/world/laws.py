"""The checks of the consent, channel, sales, audience, identity, fulfilment and catalogue suites.

Each law states, plainly, one part of the checks over the rows of a world and returns what breaks it, as pairs
of check and subject. A clean world breaks none; a planted one breaks exactly what was planted.
"""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from auditor.sandbox.world.sales import holders
from tests.sandbox.world.facts import SETTLE_EVENTS, SETTLE_SALES, Facts, normal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from auditor.sandbox.world.model import CatalogueRow, Contact, FiredEvent, Line, Order, Shipment

    Broken = Iterator[tuple[str, str]]


def consent(facts: Facts) -> Broken:
    for contact in facts.world.emarsys.contacts:
        verdict = _consent_of(facts, contact)
        if verdict:
            yield f"consent.{verdict}", str(contact.id)


def _consent_of(facts: Facts, contact: Contact) -> str | None:
    opt_in = facts.field(contact, "opt_in")
    key = facts.field(contact, "external_id")
    person = facts.person_of_contact(contact)
    if (key and int(key) in facts.erased) or facts.erased_by_email(contact):
        return "erased_but_present" if opt_in == "2" else "erased_but_contactable"
    email = normal(facts.field(contact, "email") or "")
    if person is None and facts.before.consent(email) != "unknown":
        person = email
    if person is None and opt_in == "1" and facts.survivor(key) is None:
        is_buyer = email in facts.buyer_emails
        return "buyer_opted_in" if is_buyer else "opt_in_unknown_person"
    return _consent_of_person(facts, contact, person, opt_in) if person else None


def _consent_of_person(
    facts: Facts, contact: Contact, person: str, opt_in: str | None
) -> str | None:
    consent = facts.consent(person)
    if opt_in == "1" and consent == "no":
        return "withdrawn_but_opted_in"
    if opt_in == "1" and consent == "unknown":
        return "opted_in_by_order" if _is_by_order(facts, contact, person) else _UNPROVEN
    if consent == "yes" and (opt_in == "2" or contact.id in facts.unsubscribed):
        return "unsubscribed_but_active_in_centra"
    return "opt_in_lost" if consent == "yes" and opt_in is None else None


_UNPROVEN = "opted_in_without_evidence"


def _is_by_order(facts: Facts, contact: Contact, person: str) -> bool:
    """Tell whether the opt-in came between two looks with an order that came between them too."""
    was = facts.before.contacts.get(contact.id)
    new = [facts.orders[number] for number in facts.orders.keys() - facts.before.orders.keys()]
    turned = was is None or facts.before.field(was, "opt_in") != "1"
    return turned and any(facts.person_of_order(order) == person for order in new)


def channel(facts: Facts) -> Broken:
    for number, rows in facts.rows_of.items():
        order = facts.orders.get(number)
        kind = facts.channel(order) if order else "consumer"
        if kind != "consumer" and sum(row.amount_minor for row in rows) != 0:
            yield f"channel.{kind}_in_sales", number
    kinds: dict[str | None, set[str]] = defaultdict(set)
    for order in facts.world.centra.orders:
        kinds[facts.person_of_order(order)].add(facts.channel(order))
    for event in facts.world.emarsys.fired_events:
        of_person = kinds.get(facts.person_of_contact(facts.contacts[event.contact_id]), set())
        if of_person and of_person <= {"wholesale", "marketplace"}:
            yield "channel.event_for_non_consumer", f"event:{event.event_id}"


def sales(facts: Facts) -> Broken:
    for number in {**facts.orders, **facts.rows_of}:
        order = facts.orders.get(number)
        if order is None:
            yield "sales.unknown_order", number
        elif facts.channel(order) == "consumer":
            yield from _sale(facts, order)


def _sale(facts: Facts, order: Order) -> Broken:
    number = str(order.number)
    rows = facts.rows_of.get(number, [])
    if order.status == "CANCELLED":
        if sum(row.amount_minor for row in rows):
            yield "sales.cancelled_but_counted", number
        return
    yield from _attribution(facts, order)
    if not facts.is_due(order) or not facts.is_settled(order):
        return
    expected = _expected(facts, order)
    if not rows:
        if any(units > 0 for units, _, _ in expected.values()):
            yield "sales.missing_order", number
    elif _is_multiple(facts, order, expected):
        yield "sales.duplicate_order", number
    else:
        yield from _lines(facts, order, expected)


def _attribution(facts: Facts, order: Order) -> Broken:
    for si_id in holders(facts.rows_of.get(str(order.number), [])):
        row = facts.si[si_id]
        contact = facts.contacts.get(row.contact_id or 0)
        survivor = facts.survivor(facts.field(contact, "external_id")) if contact else None
        if row.is_generated:
            yield "sales.generated_contact", str(order.number)
        elif survivor is not None and survivor == order.customer_id:
            yield "identity.sales_on_orphan", str(order.number)
        elif facts.person_of_contact(facts.contacts[row.contact_id or 0]) != (
            facts.person_of_order(order)
        ):
            yield "sales.wrong_contact", str(order.number)


def _lines(facts: Facts, order: Order, expected: dict[str, tuple[int, Decimal, int]]) -> Broken:
    for item, (units, amount, count) in expected.items():
        rows = [row for row in facts.rows_of[str(order.number)] if row.item == item]
        sold, sum_minor = sum(row.quantity for row in rows), sum(row.amount_minor for row in rows)
        key = f"{order.number}/{item}"
        if not rows:
            if units:
                yield "sales.missing_line", key
        elif sold != units:
            is_return = sold == units + _returned(facts, order).get(item, 0)
            yield f"sales.{'return_not_reflected' if is_return else 'quantity_mismatch'}", key
        elif abs(sum_minor - amount) > count:
            yield "sales.amount_mismatch", key
    for row in facts.rows_of[str(order.number)]:
        if row.item not in expected:
            yield "sales.quantity_mismatch", f"{order.number}/{row.item}"


def _expected(facts: Facts, order: Order) -> dict[str, tuple[int, Decimal, int]]:
    """Units, base value and number of lines per item, returns settled."""
    returned = _returned(facts, order)
    found: dict[str, tuple[int, Decimal, int]] = {}
    for line in order.lines:
        if line.kind in {"product", "bundle"}:
            item = facts.sku[line.size_id or 0]
            units, amount, count = found.get(item, (0, Decimal(0), 0))
            line_amount = base_value(facts, order, line)
            found[item] = (units + line.quantity, amount + line_amount, count + 1)
    for item, back in returned.items():
        units, amount, count = found[item]
        kept = units - back
        found[item] = (kept, amount * kept / units, count)
    return found


def base_value(facts: Facts, order: Order, line: Line) -> Decimal:
    """The value of a line in öre, rounded half up, from its value in major units and the rate."""
    major = Decimal(line.value_minor).scaleb(-facts.exponent[order.currency])
    return (major * order.rate * 100).quantize(Decimal(1), ROUND_HALF_UP)


def _returned(facts: Facts, order: Order) -> Counter[str]:
    """Units of completed, settled returns per item."""
    items = {line.id: facts.sku.get(line.size_id or 0, "") for line in order.lines}
    found: Counter[str] = Counter()
    for back in facts.returns_of[order.number]:
        if back.status == "COMPLETED" and facts.now - back.created_at > SETTLE_SALES:
            for part in back.lines:
                found[items[part.line_id]] += part.quantity
    return found


def _is_multiple(facts: Facts, order: Order, expected: dict[str, tuple[int, Decimal, int]]) -> bool:
    rows = facts.rows_of[str(order.number)]
    units = sum(row[0] for row in expected.values())
    amount = sum((row[1] for row in expected.values()), Decimal(0))
    times, rest = divmod(int(sum(row.quantity for row in rows)), units or 10**9)
    net_minor = sum(row.amount_minor for row in rows)
    off_by = abs(net_minor - times * amount)
    return times > 1 and not rest and off_by <= times * len(rows)


def audience(facts: Facts) -> Broken:
    members = {row.id: set(row.contact_ids or ()) for row in facts.world.emarsys.segments}
    bought: dict[str | None, list[Order]] = defaultdict(list)
    for order in facts.world.centra.orders:
        if facts.channel(order) == "consumer":
            bought[facts.person_of_order(order)].append(order)
            if not facts.is_due(order) and order.status != "CANCELLED" and facts.is_settled(order):
                yield from _early(facts, order)
    for contact in facts.contacts.values():
        person = facts.person_of_contact(contact)
        orders = bought[person] if person else []  # what erased customers ordered is nobody's
        for declared in facts.settings["audiences"]:
            holds = _holds(facts, declared["rule"], orders)
            if holds is not None and holds != (contact.id in members[declared["segment"]]):
                yield "audience.membership_mismatch", f"{declared['segment']}/{contact.id}"


def _early(facts: Facts, order: Order) -> Broken:
    """An order that is no revenue yet and counts inflates the contact that it hangs on."""
    rows = facts.rows_of.get(str(order.number), [])
    counted = sum(row.amount_minor for row in rows)
    if order.created_at.date() >= facts.since and counted:
        yield "audience.inflated_value", str(facts.si[rows[0].si_contact_id].contact_id)


def _is_plain(facts: Facts, order: Order) -> bool:
    is_known = facts.is_settled(order) and order.created_at.date() >= facts.since
    return is_known and not facts.returns_of[order.number]


def _holds(facts: Facts, rule: dict[str, dict[str, Any]], orders: list[Order]) -> bool | None:
    """Whether a rule holds for somebody; None where anything is young, old, returned or close."""
    if not all(_is_plain(facts, order) for order in orders):
        return None
    sold = {o.number: _expected(facts, o) for o in orders if facts.is_due(o)}
    worth = [o for o in orders if any(row[0] for row in sold.get(o.number, {}).values())]
    rows = [(item, *row) for items in sold.values() for item, row in items.items()]
    ((name, asked),) = rule.items()
    if name == "lifetime_value":
        over = sum(amount for _, _, amount, _ in rows) - 100 * asked["over"]
        return None if abs(over) <= len(rows) else over > 0
    if name == "order_count":
        return len(worth) >= int(asked["at_least"])
    if name == "sku_count":
        units = sum(row[1] for row in rows if row[0] == asked["sku"])
        return units >= int(asked["at_least"])
    days = min(((asked["before"] - order.created_at.date()).days for order in worth), default=-9)
    return None if abs(days) <= 1 else days > 0


def identity(facts: Facts) -> Broken:
    seen: set[str] = set()
    linked = {facts.person_of_contact(contact) for contact in facts.contacts.values()}
    for person in facts.customers_of.keys() - linked:
        rows = facts.customers_of[person]
        oldest = min(rows, key=lambda row: (row.created_at, row.id))
        yield "identity.missing_contact", f"centra:{oldest.id}"
    for contact in sorted(facts.contacts.values(), key=lambda row: row.id):
        key, email = facts.field(contact, "external_id"), facts.field(contact, "email")
        marks = {f"key {key}" if key else "", f"email {normal(email or '')}"} - {""}
        if seen & marks:
            yield "identity.duplicate_contact", str(contact.id)
        elif verdict := _identity_of(facts, contact, key, normal(email or "")):
            yield f"identity.{verdict}", str(contact.id)
        seen |= marks


def _identity_of(facts: Facts, contact: Contact, key: str | None, email: str) -> str | None:
    is_live, is_erased = int(key or 0) in facts.live, int(key or 0) in facts.erased
    is_buyer = email in facts.buyer_emails and email not in facts.persons
    if is_erased or is_buyer or facts.erased_by_email(contact):
        return None
    if key and facts.survivor(key) is not None:
        return "orphaned_by_merge"
    if not is_live and facts.customers_of.get(email):
        return "key_mismatch"
    if key and not is_live:
        return "orphaned_contact"
    return "profile_mismatch" if is_live and _is_unlike(facts, contact, int(key or 0)) else None


def _is_unlike(facts: Facts, contact: Contact, key: int) -> bool:
    """Tell whether the contact's address or names are those of no row of its customer."""
    email = normal(facts.live[key].email)
    twins = facts.customers_of[email]
    names = (facts.field(contact, "first_name"), facts.field(contact, "last_name"))
    is_named = names in {(row.first_name, row.last_name) for row in twins}
    return not is_named or normal(facts.field(contact, "email") or "") != email


def fulfilment(facts: Facts) -> Broken:
    """Pair events and shipments, and events and due orders, per person in time order."""
    opening = facts.now - timedelta(days=30)
    fired = _fired(facts)
    parcels: dict[str | None, list[Shipment]] = defaultdict(list)
    kinds: dict[str | None, set[str]] = defaultdict(set)
    for order in facts.world.centra.orders:
        kinds[facts.person_of_order(order)].add(facts.channel(order))
    for parcel in facts.world.centra.shipments:
        order = facts.orders[str(parcel.order_number)]
        is_consumers = facts.channel(order) == "consumer"
        if is_consumers and parcel.is_shipped and parcel.updated_at >= opening:
            parcels[facts.person_of_order(order)].append(parcel)
    for person in {*parcels, *(who for name, who in fired if name == "order_shipped")}:
        if not kinds[person] or kinds[person] - {"wholesale", "marketplace"}:
            events = fired["order_shipped", person]
            yield from _parcels(facts, parcels[person], events, opening)
    yield from _confirmations(facts, opening, fired)
    yield from _dead_events(facts)


def _fired(facts: Facts) -> dict[tuple[str, str | None], list[FiredEvent]]:
    names = {row.id: row.name for row in facts.world.emarsys.event_definitions}
    fired: dict[tuple[str, str | None], list[FiredEvent]] = defaultdict(list)
    events = facts.world.emarsys.fired_events
    for event in sorted(events, key=lambda row: (row.fired_at, row.event_id)):
        person = facts.person_of_contact(facts.contacts[event.contact_id])
        fired[names[event.definition_id], person].append(event)
    return fired


def _dead_events(facts: Facts) -> Broken:
    for definition in facts.world.emarsys.event_definitions:
        for role, name in facts.settings["emarsys"]["events"].items():
            if definition.name == name and not definition.program_ids:
                yield "fulfilment.dead_event", f"emarsys.events.{role}"


def _parcels(
    facts: Facts, parcels: list[Shipment], events: list[FiredEvent], opening: datetime
) -> Broken:
    left = {parcel.number: parcel.shipped_at or parcel.updated_at for parcel in parcels}
    waiting = sorted(parcels, key=lambda row: left[row.number])
    for event in events:
        window = timedelta(hours=72)
        recent = [p for p in parcels if timedelta(0) < event.fired_at - left[p.number] < window]
        fitting = [p for p in waiting if p in recent]
        if not fitting:
            what = "duplicate_shipped_event" if recent else "event_without_shipment"
            yield f"fulfilment.{what}", f"event:{event.event_id}"
            continue
        waiting.remove(fitting[0])
        if all(event.fired_at - p.updated_at > timedelta(hours=2) for p in recent):
            yield "fulfilment.late_shipped_event", fitting[0].number
    for parcel in waiting:
        # One that left before and was captured since may have had its event before, too.
        if left[parcel.number] >= opening and facts.now - parcel.updated_at > SETTLE_EVENTS:
            yield "fulfilment.missing_shipped_event", parcel.number


def _confirmations(
    facts: Facts, opening: datetime, fired: dict[tuple[str, str | None], list[FiredEvent]]
) -> Broken:
    missing: dict[str, list[str]] = defaultdict(list)
    methods: Counter[str] = Counter()
    for order in facts.world.centra.orders:
        is_old = facts.now - order.created_at > SETTLE_EVENTS
        if facts.is_due(order) and is_old and order.created_at >= opening:
            methods[order.payment_method] += 1
            events = fired["order_confirmation", facts.person_of_order(order)]
            day = timedelta(hours=24)
            if not any(timedelta(0) < e.fired_at - order.created_at < day for e in events):
                missing[order.payment_method].append(str(order.number))
    for method, numbers in missing.items():
        if len(numbers) == methods[method] >= 5:
            key = f"emarsys.events.confirmed:payment_method={method}"
            yield "fulfilment.trigger_status_mismatch", key
        else:
            for number in numbers:
                yield "fulfilment.missing_confirmation", number


def catalogue(facts: Facts) -> Broken:
    rows: dict[str, list[CatalogueRow]] = defaultdict(list)
    for row in facts.world.emarsys.catalogue:
        rows[row.item].append(row)
    shelf, reduced = dict(_sellable(facts)), _reduced(facts)
    for item in shelf.keys() - rows.keys():
        yield "catalogue.missing_item", item
    for item, listed in rows.items():
        if len(listed) > 1:
            yield "catalogue.duplicate_item", item
        elif item not in shelf and listed[0].available:
            yield "catalogue.retired_item", item
        elif item in shelf:
            price, stock, *texts = shelf[item]
            yield from _priced(listed[0], price, reduced.get(item, price))
            yield from _stocked(listed[0], stock)
            yield from _described(listed[0], texts)


def _priced(row: CatalogueRow, original: int, price: int) -> Broken:
    if row.price_minor != price:
        yield "catalogue.price_mismatch", row.item
    if row.msrp_minor != original:
        yield "catalogue.reference_price_mismatch", row.item


def _stocked(row: CatalogueRow, stock: int) -> Broken:
    if row.available != (stock > 0):
        wrong = "out_of_stock_but_available" if row.available else "in_stock_but_unavailable"
        yield f"catalogue.{wrong}", row.item
    elif row.stock != stock:
        yield "catalogue.stock_mismatch", row.item


def _described(row: CatalogueRow, texts: list[str]) -> Broken:
    title, uri, *others = texts
    told = " ".join(html.unescape(row.title).split())
    same = [row.category, row.image, row.collection] == others
    if told != title or not row.link.endswith(f"/{uri}") or not same:
        yield "catalogue.attribute_mismatch", row.item


def freshness(facts: Facts) -> Broken:
    written_at = facts.world.emarsys.feed_written_at
    if written_at and facts.now - written_at > timedelta(hours=26):
        yield "freshness.feed_age", "catalogue"
    if facts.settings["credentials"]["centra_token_expires"] < (facts.now + timedelta(14)).date():
        yield "freshness.token_expiry", "credentials.centra_token_expires"


def _reduced(facts: Facts) -> dict[str, int]:
    """The price of every item that a running campaign reduces in the configured market."""
    centra, names = facts.world.centra, facts.settings["centra"]["catalogue"]
    (market,) = [row.id for row in centra.markets if row.name == names["market"]]
    (pricelist,) = [row.id for row in centra.pricelists if row.name == names["pricelist"]]
    running = {
        row.id
        for row in centra.campaigns
        if row.status == "ACTIVE" and market in row.market_ids
        if row.start_at <= facts.now < row.stop_at
    }
    prices = {
        row.variant_id: row.minor
        for row in centra.campaign_variants
        if row.campaign_id in running and row.pricelist_id == pricelist
    }
    return {size.sku: prices[size.variant_id] for size in centra.sizes if size.variant_id in prices}


def _sellable(facts: Facts) -> Iterator[tuple[str, tuple[int, int, str, str, str, str, str]]]:
    """Every sellable item with its list price and stock, title, uri, category, image and collection."""
    centra, names = facts.world.centra, facts.settings["centra"]["catalogue"]
    (market,) = [row for row in centra.markets if row.name == names["market"]]
    (pricelist,) = [row for row in centra.pricelists if row.name == names["pricelist"]]
    (warehouse,) = [row for row in centra.warehouses if row.name in names["warehouses"]]
    prices = {p.variant_id: p.minor for p in centra.prices if p.pricelist_id == pricelist.id}
    free = {
        row.size_id: row.physical - row.allocated
        for row in centra.stocks
        if row.warehouse_id == warehouse.id
    }
    products = {row.id: row for row in centra.products if row.status == "ACTIVE"}
    variants = {row.id: row for row in centra.variants if row.status == "ACTIVE"}
    shown = {
        variant_id: display
        for display in centra.displays
        if display.status == "ACTIVE" and market.id in display.market_ids
        for variant_id in display.variant_ids
    }
    for size in centra.sizes:
        variant, price = variants.get(size.variant_id), prices.get(size.variant_id)
        if not size.is_active or variant is None or price is None:
            continue
        if variant.product_id in products and size.variant_id in shown:
            kept_back = variant.stock_offset or warehouse.threshold
            display, stock = shown[size.variant_id], free[size.id] - kept_back
            product = products[variant.product_id]
            texts = (display.name, display.uri, product.category, display.image, product.collection)
            yield size.sku, (price, stock, *texts)


SUITES = (consent, channel, sales, identity, audience, catalogue, freshness, fulfilment)
