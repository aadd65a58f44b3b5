"""What is compared per topic, so that one can tell which side moved: a select of links for each.

A link select gives, per link, `link_key` (the subject key of its drift rows), `centra` and `emarsys`
(the compared values of each side as one text, built by `side`) and `is_settled`. Nothing that a
side's text holds may be personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import (
    drift_audience,
    drift_catalogue,
    drift_consent,
    drift_event,
    drift_fulfilment,
    drift_identity,
    drift_sales,
    link_contact,
    link_event,
    link_item,
    link_member,
    link_order,
    link_sale,
)
from auditor.model.history import agreed_value
from auditor.reconcile import catalogue
from auditor.reconcile.attribution import lifecycle_events
from auditor.reconcile.firing import CONFIRMED, SHIPPED
from auditor.reconcile.fulfilment import configured
from auditor.reconcile.identity import covered
from auditor.reconcile.sql import any_of, count_if, sum_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

MILLI = 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """Drift rows of one kind, with the links on which both sides are compared.

    Attributes:
        name: Kept beside the values of its links; never reused.
        drift: The drift table of its rows.
        kind: The subject kind of its rows.
        needs: The streams without which a run says nothing about it.
        links: Selects its links.
        checks: Only rows of these checks; every one of its kind when empty.
    """

    name: str
    drift: sa.Table
    kind: str
    needs: tuple[str, ...]
    links: Callable[[Terms], sa.Select[Any]]
    checks: tuple[str, ...] = ()

    def owns(self, drift: sa.Table) -> ColumnElement[bool]:
        """Tell whether a drift row is of this topic."""
        is_kind = drift.c.subject_kind == self.kind
        return is_kind & drift.c.check_id.in_(self.checks) if self.checks else is_kind


def side(*values: ColumnElement[Any]) -> ColumnElement[str]:
    """Write what one side holds as one text."""
    texts = [sa.func.coalesce(sa.cast(value, sa.Text), "") for value in values]
    return reduce(lambda text, value: text.concat("|").concat(value), texts)


def compared(
    key: ColumnElement[str],
    centra: ColumnElement[str],
    emarsys: ColumnElement[str],
    is_settled: ColumnElement[bool],
) -> sa.Select[Any]:
    """Select links in the columns that attribution reads."""
    columns: list[ColumnElement[Any]] = [
        key.label("link_key"),
        centra.label("centra"),
        emarsys.label("emarsys"),
        is_settled.label("is_settled"),
    ]
    return sa.select(*columns)


def of_table(
    table: sa.Table, key: str, centra: Sequence[str], emarsys: Sequence[str], is_settled: str
) -> Callable[[Terms], sa.Select[Any]]:
    """Compare columns of a link table that holds both sides' values in one row."""
    row = table.c
    ours, theirs = (side(*[row[name] for name in names]) for names in (centra, emarsys))
    return lambda _: compared(row[key], ours, theirs, row[is_settled])


def contacts(terms: Terms) -> sa.Select[Any]:
    """Select every contact: its person's consent against its opt-in."""
    row = link_contact.c
    erased = row.erased_customer_id.is_not(None)
    decided_at = sa.func.coalesce(row.evidence_at, row.changed_at)
    return compared(
        row.contact_id,
        side(sa.case((erased, "erased"), else_=row.consent), row.is_buyer),
        side(row.opt_in, row.unsubscribed_at),
        # A contact that Centra does not know has nothing that could be too young.
        sa.func.coalesce(decided_at < terms.contacts_before, row.person.is_(None) & ~erased),
    )


def orders(terms: Terms) -> sa.Select[Any]:
    """Select every order: what of it should count against what counts.

    An order agrees only when each of its lines does: a wrong line is no common ground either.
    """
    line, order = link_sale, link_order
    tolerance = terms.tolerance_minor * sa.func.greatest(line.c.lines, line.c.rows, 1)
    is_right = sa.or_(
        *(
            (line.c.quantity_milli == line.c[f"{bound}_quantity"] * MILLI)
            & (sa.func.abs(line.c.amount_minor - line.c[f"{bound}_minor"]) <= tolerance)
            for bound in ("net", "least")
        )
    )
    numbers = ("net_quantity", "net_minor", "least_quantity", "least_minor")
    total = (
        sa.select(
            line.c.order_number,
            *[sum_of(line.c[name]).label(name) for name in (*numbers, *_COUNTED)],
            (count_if(is_right) == sa.func.count()).label("is_right"),
        )
        .group_by(line.c.order_number)
        .subquery()
    )
    is_right_or_free = total.c.is_right | ~sa.func.coalesce(order.c.is_due, sa.false())
    return compared(
        total.c.order_number,
        side(
            order.c.channel,
            order.c.is_cancelled,
            order.c.is_due,
            *[total.c[name] for name in numbers],
        ),
        side(*[total.c[name] for name in _COUNTED]),
        sa.func.coalesce(order.c.is_settled, sa.true()) & is_right_or_free,
    ).select_from(total.outerjoin(order, total.c.order_number == order.c.order_number))


def lines(terms: Terms) -> sa.Select[Any]:
    """Select every item of every order: the units and the value expected against those counted."""
    del terms
    row, order = link_sale.c, link_order.c
    return compared(
        row.order_number + "/" + row.item,
        side(row.net_quantity, row.net_minor, row.least_quantity, row.least_minor),
        side(row.quantity_milli, row.amount_minor),
        order.is_settled,
    ).select_from(link_sale.join(link_order, row.order_number == order.order_number))


def owners(terms: Terms) -> sa.Select[Any]:
    """Select every order with sales: its customer against the contacts that they hang on."""
    del terms
    sale, si, order = t.emarsys_sale, t.emarsys_si_contact, link_order
    hung = (
        sa.select(
            sale.c.order_number,
            sa.func.min(si.c.si_contact_id).label("first"),
            sa.func.max(si.c.si_contact_id).label("last"),
            count_if(sa.func.coalesce(si.c.is_generated, sa.false())).label("generated"),
        )
        .select_from(sale.join(si, sale.c.si_contact_id == si.c.si_contact_id))
        .group_by(sale.c.order_number)
        .subquery()
    )
    return compared(
        order.c.order_number,
        side(order.c.customer_id),
        side(hung.c.first, hung.c.last, hung.c.generated),
        order.c.is_settled,
    ).select_from(order.join(hung, hung.c.order_number == order.c.order_number))


def keys(terms: Terms) -> sa.Select[Any]:
    """Select every contact: the customer that both sides agreed on against the key and the e-mail.

    Which customer that is, the contact itself says as long as nothing is wrong with it, and the base
    afterwards: else a key that was changed in Emarsys would seem to be another customer in Centra.
    """
    del terms
    row, contact, customer = link_contact.c, t.emarsys_contact, t.centra_customer
    base, drifted = _base("identity"), _drifted(drift_identity)
    key = sa.case((row.key.not_like("%@%"), row.key))
    whose = sa.case(
        (drifted.c.subject_key.is_not(None), sa.func.coalesce(base.c.named, key)), else_=key
    )
    is_there = customer.c.customer_id.is_not(None)
    return compared(
        row.contact_id,
        side(is_there, customer.c.is_anonymized, customer.c.email_hash),
        side(key, contact.c.email_hash),
        sa.true(),
    ).select_from(
        link_contact.join(contact, row.contact_id == contact.c.contact_id)
        .outerjoin(base, row.contact_id == base.c.link_key)
        .outerjoin(drifted, row.contact_id == drifted.c.subject_key)
        .outerjoin(customer, whose == customer.c.customer_id)
    )


def people(terms: Terms) -> sa.Select[Any]:
    """Select every person who must have a contact: the person's e-mail against the contact they had."""
    person, row, contact = covered(terms).subquery("people"), link_contact.c, t.emarsys_contact
    base = _base("person")
    first = (
        sa.select(row.person, sa.func.min(row.contact_id).label("contact_id"))
        .where(row.person.is_not(None))
        .group_by(row.person)
        .subquery("first_contacts")
    )
    link_key = "centra:" + person.c.customer_id
    customer = t.centra_customer
    return compared(
        link_key,
        side(customer.c.email_hash),
        side(contact.c.contact_id, contact.c.email_hash),
        person.c.changed_at < terms.contacts_before,
    ).select_from(
        person.join(customer, person.c.customer_id == customer.c.customer_id)
        .outerjoin(first, person.c.email_key == first.c.person)
        .outerjoin(base, link_key == base.c.link_key)
        .outerjoin(
            contact, sa.func.coalesce(first.c.contact_id, base.c.named) == contact.c.contact_id
        )
    )


def _base(topic: str) -> sa.Subquery:
    """Select what the links of a topic named in Emarsys when both sides agreed last."""
    base = agreed_value.c
    named = sa.func.nullif(sa.func.split_part(base.emarsys, "|", 1), "", type_=sa.Text)
    of_topic = sa.select(base.link_key, named.label("named")).where(base.topic == topic)
    return of_topic.subquery("agreed_before")


def _drifted(drift: sa.Table) -> sa.Subquery:
    return sa.select(drift.c.subject_key).distinct().subquery("drifted_now")


def _items(
    centra: Sequence[str], emarsys: Sequence[str], is_judged: Callable[[], ColumnElement[bool]]
) -> Callable[[Terms], sa.Select[Any]]:
    row = link_item.c
    ours, theirs = (side(*[row[name] for name in names]) for names in (centra, emarsys))
    return lambda _: compared(row.item, ours, theirs, is_judged())


def _is_listed_or_not() -> ColumnElement[bool]:
    return link_item.c.is_settled


def _firings(role: str) -> Callable[[Terms], sa.Select[Any]]:
    """Compare when a parcel left, or an order was placed, with when its event fired."""
    row = link_event.c
    key = sa.func.coalesce(row.subject, "event:" + row.event_id)
    links = compared(key, side(row.caused_at), side(row.happened_at), row.is_judged)
    return lambda _: links.where(row.role == role)


def triggers(terms: Terms) -> sa.Select[Any]:
    """Select every configured event: its name in the settings against what listens to it."""
    row = configured(terms).c
    listens = side(row.definitions > 0, row.usages)
    return compared("emarsys.events." + row.role, side(row.name), listens, sa.true())


def members(terms: Terms) -> sa.Select[Any]:
    """Select every judged contact of a segment: whether the rule holds against whether it is in."""
    del terms
    row = link_member.c
    belongs = row.is_member != row.is_wrong
    key = row.segment_id + "/" + row.contact_id
    return compared(key, side(belongs), side(row.is_member), sa.true())


def events(terms: Terms) -> sa.Select[Any]:
    """Select the lifecycle events of people with other orders than a consumer's: theirs may be wrong.

    Compared is whether the person has a consumer's order too, against when the event fired.
    """
    event, order, contact = lifecycle_events(terms), link_order.c, link_contact
    buyers = (
        sa.select(
            order.person,
            any_of(order.channel.in_(("consumer", "internal"))).label("is_consumer"),
        )
        .where(order.person.is_not(None))
        .group_by(order.person)
        .having(any_of(order.channel.in_(("wholesale", "marketplace"))))
        .subquery("buyers")
    )
    whose = sa.func.coalesce(contact.c.person, contact.c.email_key)
    return compared(
        "event:" + event.c.event_id,
        side(buyers.c.is_consumer),
        side(event.c.name, event.c.happened_at),
        sa.true(),
    ).select_from(
        event.join(contact, event.c.contact_id == contact.c.contact_id).join(
            buyers, whose == buyers.c.person
        )
    )


_COUNTED = ("quantity_milli", "amount_minor")
_OF_OWNERS = ("sales.wrong_contact", "sales.generated_contact", "identity.sales_on_orphan")
_OF_ORDERS = (
    "sales.missing_order",
    "sales.duplicate_order",
    "sales.cancelled_but_counted",
    "sales.unknown_order",
    "channel.wholesale_in_sales",
    "channel.marketplace_in_sales",
    "channel.internal_in_sales",
)
_SALES = ("orders", "returns", "sales")
_PEOPLE = ("customers", "newsletter_subscriptions", "contacts")

_OF_KEYS = (
    "identity.orphaned_by_merge",
    "identity.orphaned_contact",
    "identity.duplicate_contact",
    "identity.key_mismatch",
)
_CATALOGUE = ("products", "variants", "sizes", "displays", "prices", "campaign_prices", "catalogue")
_EVENTS = ("orders", "shipments", "contacts", "external_events")

TOPICS: tuple[Topic, ...] = (
    Topic("consent", drift_consent, "contact", _PEOPLE, contacts),
    Topic("order", drift_sales, "order", _SALES, orders, _OF_ORDERS),
    Topic("line", drift_sales, "line", _SALES, lines),
    Topic("owner", drift_sales, "order", (*_SALES, "si_contacts"), owners, _OF_OWNERS),
    Topic("identity", drift_identity, "contact", _PEOPLE, keys, _OF_KEYS),
    Topic("person", drift_identity, "contact", _PEOPLE, people, ("identity.missing_contact",)),
    Topic(
        "item",
        drift_catalogue,
        "item",
        _CATALOGUE,
        _items(("in_centra", "is_sellable"), ("rows", "available"), _is_listed_or_not),
        ("catalogue.missing_item", "catalogue.retired_item", "catalogue.duplicate_item"),
    ),
    Topic(
        "price",
        drift_catalogue,
        "item",
        _CATALOGUE,
        _items(("price_minor", "currency"), ("feed_price_minor",), catalogue.is_judged),
        ("catalogue.price_mismatch",),
    ),
    Topic(
        "reference_price",
        drift_catalogue,
        "item",
        (*_CATALOGUE, "lowest_prices"),
        _items(("msrp_minor", "currency"), ("feed_msrp_minor",), catalogue.is_judged),
        ("catalogue.reference_price_mismatch",),
    ),
    Topic(
        "stock",
        drift_catalogue,
        "item",
        (*_CATALOGUE, "stock"),
        _items(("stock",), ("available", "feed_stock"), catalogue.is_counted),
        (
            "catalogue.out_of_stock_but_available",
            "catalogue.in_stock_but_unavailable",
            "catalogue.stock_mismatch",
        ),
    ),
    Topic(
        "attributes",
        drift_catalogue,
        "item",
        _CATALOGUE,
        _items(
            ("title", "uri", "category"),
            ("feed_title", "feed_link", "feed_category"),
            catalogue.is_judged,
        ),
        ("catalogue.attribute_mismatch",),
    ),
    Topic("parcel", drift_fulfilment, "shipment", _EVENTS, _firings(SHIPPED)),
    Topic("confirmation", drift_fulfilment, "order", _EVENTS, _firings(CONFIRMED)),
    Topic(
        "trigger",
        drift_fulfilment,
        "config",
        ("event_definitions",),
        triggers,
        ("fulfilment.dead_event",),
    ),
    Topic("member", drift_audience, "audience", (*_SALES, "contacts", "segment_members"), members),
    Topic("event", drift_event, "event", ("orders", "contacts", "external_events"), events),
)
"""What is compared. A row that stands in none of them is attributed to nobody: names are personal, a
stream or a pattern is many records, and a turnover moves with every order."""
