"""Whom a change concerns: the orders, contacts and people that must be judged again, all of them.

It begins with what changed and what has come of age since, and goes on along
everything that ties records to one another, until nothing is added. So nobody who is touched depends on
somebody who is not, and judging the touched alone gives what judging everything would.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Integer

from auditor.model import drift as d
from auditor.model import tables as t
from auditor.model.history import HISTORY
from auditor.model.judged import touched_key
from auditor.reconcile.again import marks
from auditor.reconcile.again.marks import Node, changed_unit
from auditor.reconcile.orders import completions
from auditor.reconcile.populations import order_key
from auditor.reconcile.sql import row_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.again.state import Judged
    from auditor.reconcile.terms import Terms

MOST_SHARE = 0.3
"""Of all orders: beyond that, judging everything costs no more than judging these again."""

DRIFT = (
    d.drift_consent,
    d.drift_sales,
    d.drift_event,
    d.drift_audience,
    d.drift_identity,
    d.drift_fulfilment,
)
"""The drift that is judged by the part."""

Keys = sa.Select[Any]


class _Way(NamedTuple):
    """From records to others that are tied to them: rows with a column that names each of the two."""

    start: Node
    key: ColumnElement[Any]
    end: Node
    named: ColumnElement[Any]

    @property
    def back(self) -> _Way:
        """From the others to these."""
        return _Way(self.end, self.named, self.start, self.key)


def _ways(table: sa.Table, *columns: tuple[Node, str]) -> list[_Way]:
    """Lead from what the first column names to what each of the others does."""
    (start, key), *others = columns
    return [_Way(start, table.c[key], end, table.c[named]) for end, named in others]


def _and_back(*ways: list[_Way]) -> tuple[_Way, ...]:
    """Return the ways, and then all of them back."""
    there = list(chain(*ways))
    return (*there, *(way.back for way in reversed(there)))


_PAST = HISTORY["centra_customer"]
_WAYS = _and_back(
    _ways(t.emarsys_sale, (Node.ORDER, "order_number"), (Node.HOLDER, "si_contact_id")),
    _ways(t.emarsys_si_contact, (Node.HOLDER, "si_contact_id"), (Node.CONTACT, "contact_id")),
    _ways(d.link_event, (Node.ORDER, "order_number"), (Node.CONTACT, "contact_id")),
    _ways(
        d.link_order,
        (Node.ORDER, "order_number"),
        (Node.EMAIL, "person"),
        (Node.CUSTOMER, "customer_id"),
    ),
    _ways(t.emarsys_contact, (Node.CONTACT, "contact_id"), (Node.HASH, "email_hash")),
    _ways(
        d.link_contact,
        (Node.CONTACT, "contact_id"),
        (Node.EMAIL, "email_key"),
        (Node.EMAIL, "person"),
        (Node.CUSTOMER, "key"),
        (Node.CUSTOMER, "customer_id"),
        (Node.CUSTOMER, "other_customer_id"),
        (Node.CUSTOMER, "erased_customer_id"),
        (Node.CUSTOMER, "survivor_id"),
    ),
    _ways(_PAST, (Node.HASH, "email_hash"), (Node.CUSTOMER, "customer_id")),
    _ways(_PAST, (Node.EMAIL, "email_key"), (Node.CUSTOMER, "customer_id")),
    _ways(d.link_person, (Node.EMAIL, "email_key"), (Node.CUSTOMER, "customer_id")),
    _ways(d.link_gone, (Node.CUSTOMER, "customer_id"), (Node.CUSTOMER, "survivor_id")),
)
"""What holds of records that have not changed: the links of the last time, and what has none.

From orders to people and back again: on the way most are found whom going round and round would find.
"""

_FRESH_WAYS = _and_back(
    _ways(
        t.centra_order,
        (Node.ORDER, "order_number"),
        (Node.CUSTOMER, "customer_id"),
        (Node.EMAIL, "email_key"),
    ),
    _ways(
        t.emarsys_contact,
        (Node.CONTACT, "contact_id"),
        (Node.EMAIL, "email_key"),
        (Node.CUSTOMER, "external_id"),
    ),
    _ways(t.centra_customer_flag, (Node.CUSTOMER, "customer_id"), (Node.EMAIL, "email_key")),
    _ways(t.centra_keyed_consent, (Node.CUSTOMER, "customer_id"), (Node.EMAIL, "email_key")),
)
"""What changed records say of themselves; they were all found at the beginning."""

_NAMED: dict[Node, tuple[ColumnElement[Any], ...]] = {
    Node.ORDER: (
        t.centra_order.c.order_number,
        t.emarsys_sale.c.order_number,
        d.link_order.c.order_number,
        d.link_sale.c.order_number,
    ),
    Node.CONTACT: (t.emarsys_contact.c.contact_id, d.link_contact.c.contact_id),
    Node.HOLDER: (t.emarsys_si_contact.c.si_contact_id, t.emarsys_sale.c.si_contact_id),
    Node.CUSTOMER: (
        _PAST.c.customer_id,
        t.emarsys_contact.c.external_id,
        d.link_contact.c.key,
    ),
    Node.EMAIL: (
        t.centra_subscription.c.email_key,
        t.centra_buyer.c.email_key,
        d.link_person.c.email_key,
        d.link_contact.c.email_key,
    ),
}
"""Where the key of a unit is found that has changed: among what is there now, or was there last time."""


class _Span(NamedTuple):
    """From when on something was too young last time, and from when on it is now."""

    begins: datetime
    ends: datetime

    def keys(self, key: ColumnElement[Any], *moments: ColumnElement[Any]) -> Keys:
        """Select the keys of which a moment is within."""
        within = (sa.and_(at >= self.begins, at < self.ends) for at in moments)
        return sa.select(key).where(key.is_not(None), sa.or_(*within))


def whose(drift: sa.Table) -> Iterator[tuple[Node, ColumnElement[Any]]]:
    """Yield the columns that tell whose a row of `DRIFT` is; it is judged again with any of these."""
    row = drift.c
    if drift.name == d.drift_sales.name:
        yield Node.ORDER, order_key(drift).label("order_number")
    else:
        yield Node.CONTACT, row.contact_id
        # What concerns a contact goes with that, whoever the customer is.
        yield (
            Node.CUSTOMER,
            sa.case((row.contact_id.is_(None), row.customer_id)).label("customer_id"),
        )


def keys_of(node: Node) -> Keys:
    """Select the touched keys of one kind."""
    return sa.select(touched_key.c.key).where(touched_key.c.node == int(node))


def collect(conn: sa.Connection, terms: Terms, now: Judged, earlier: Judged) -> bool:
    """Fill `touched_key`, and say whether judging these alone can give what judging everything does.

    Args:
        conn: An open transaction, with `link_gone` of now in the part, which comes first, and all other
            links and drift as they were judged last.
        terms: Of this run.
        now: What they are judged by in it.
        earlier: What they were judged by.
    """
    # Else attribution has yet to follow those whom this run has judged again a moment ago.
    if earlier.is_learned:
        conn.execute(touched_key.delete())
    marks.compare(conn, terms)
    changed = {Node(node) for node in conn.scalars(sa.select(changed_unit.c.node).distinct())}
    if Node.WHOLE in changed:
        return False
    return _collect(conn, _seeds(changed, terms, now, earlier))


def _collect(conn: sa.Connection, seeds: dict[Node, list[Keys]]) -> bool:
    for node, keys in seeds.items():
        _add(conn, node, keys)
    nameless = sa.select(touched_key.c.node).where(touched_key.c.key.is_(None)).limit(1)
    if conn.execute(nameless).first() is not None:
        return False
    for end, ways in _by_end(_FRESH_WAYS):
        _add(conn, end, map(_reached, ways))
    return _spread(conn)


def _spread(conn: sa.Connection) -> bool:
    """Go all ways from the touched until nobody is added; say whether it ends before it is too much."""
    orders = conn.scalar(sa.select(sa.func.count()).select_from(t.centra_order)) or 0
    steps = [(end, [_Followed(way) for way in ways]) for end, ways in _by_end(_WAYS)]
    now = _counts(conn)
    while now[Node.ORDER] <= orders * MOST_SHARE:
        before = now
        for end, ways in steps:
            # Whom the others lead to is known: nobody was added whom they start from.
            due = [way for way in ways if way.is_due(now)]
            if due:
                _add(conn, end, [way.follow(now) for way in due])
                now = _counts(conn)
        if now == before:
            return True
    return False


def _by_end(ways: Iterable[_Way]) -> list[tuple[Node, list[_Way]]]:
    """Put those together that follow one another and lead to records of one kind: they are one statement."""
    return [(end, list(some)) for end, some in groupby(ways, key=lambda way: way.end)]


@dataclass
class _Followed:
    """A way, and from how many records it was gone last."""

    way: _Way
    gone: int = 0

    def is_due(self, now: Mapping[Node, int]) -> bool:
        """Tell whether there are more to go from."""
        return now[self.way.start] > self.gone

    def follow(self, now: Mapping[Node, int]) -> Keys:
        """Select whom it leads to."""
        self.gone = now[self.way.start]
        return _reached(self.way)


def _counts(conn: sa.Connection) -> Counter[Node]:
    row = touched_key.c
    counts = conn.execute(sa.select(row.node, sa.func.count()).group_by(row.node))
    return Counter({Node(node): count for node, count in counts})


def _reached(way: _Way) -> Keys:
    return sa.select(way.named).where(way.named.is_not(None), way.key.in_(keys_of(way.start)))


def _add(conn: sa.Connection, node: Node, some: Iterable[Keys]) -> None:
    """Add keys that are not there yet."""
    found = sa.union_all(*some).subquery()
    key = next(iter(found.c))
    known = sa.select(touched_key.c.key).where(
        touched_key.c.node == int(node), touched_key.c.key.is_not(None)
    )
    fresh = (
        sa.select(sa.literal(int(node), Integer), key)
        .where(key.is_(None) | key.not_in(known))
        .distinct()
    )
    conn.execute(touched_key.insert().from_select(["node", "key"], fresh))


def _seeds(
    changed: Collection[Node], terms: Terms, now: Judged, earlier: Judged
) -> dict[Node, list[Keys]]:
    # Nothing is sought for what did not change: to hash the keys of everything takes its time.
    seeds = {node: list(_changed(node)) for node in changed}
    for node, keys in chain(_unknown(), _of_age(now, earlier), _uncovered(terms, now, earlier)):
        seeds.setdefault(node, []).append(keys)
    return seeds


def _changed(node: Node) -> Iterator[Keys]:
    row = changed_unit.c
    units = sa.select(row.unit).where(row.node == int(node))
    for key in _NAMED[node]:
        yield sa.select(key).where(row_hash(key).in_(units))


def _unknown() -> Iterator[tuple[Node, Keys]]:
    """Yield the subjects of drift of which nobody knew who moved: of a link seen twice, more is known."""
    for drift in DRIFT:
        for node, key in whose(drift):
            yield node, sa.select(key).where(drift.c.moved_by == "unknown", key.is_not(None))


def _of_age(now: Judged, earlier: Judged) -> Iterator[tuple[Node, Keys]]:
    """Yield what was not old enough last time and now is, and so may be judged otherwise by its age alone."""
    person, contact, event = d.link_person.c, d.link_contact.c, d.link_event.c
    order, parcel, fired = t.centra_order.c, t.centra_shipment.c, t.emarsys_event.c
    sale = t.emarsys_sale.c
    contacts = _Span(earlier.contacts_before, now.contacts_before)
    sales = _Span(earlier.sales_before, now.sales_before)
    events = _Span(earlier.events_before, now.events_before)
    yield Node.EMAIL, contacts.keys(person.email_key, person.changed_at, person.evidence_at)
    moments = (contact.changed_at, contact.evidence_at, contact.gone_at, contact.unsubscribed_at)
    yield Node.CONTACT, contacts.keys(contact.contact_id, *moments)
    for span in (contacts, sales, events):
        yield Node.ORDER, span.keys(order.order_number, order.created_at, order.updated_at)
    verdict, back, whole = d.link_verdict.c, t.centra_return.c, completions().subquery().c
    yield Node.ORDER, sales.keys(verdict.order_number, verdict.gone_at)
    yield Node.ORDER, sales.keys(back.order_number, back.created_at)
    yield Node.ORDER, sales.keys(whole.order_number, whole.completed_at)
    lately = sa.select(sale.order_number).where(sale.loaded_at >= earlier.sales_before)
    unknown = sa.select(verdict.order_number).where(verdict.channel.is_(None))
    yield Node.ORDER, unknown.where(verdict.order_number.in_(lately))
    left = (parcel.shipped_at, parcel.updated_at, parcel.created_at)
    yield Node.ORDER, events.keys(parcel.order_number, *left)
    yield Node.CONTACT, events.keys(event.contact_id, event.caused_at, event.happened_at)
    yield Node.CONTACT, events.keys(fired.contact_id, fired.happened_at)


def _uncovered(terms: Terms, now: Judged, earlier: Judged) -> Iterator[tuple[Node, Keys]]:
    """Yield what the events prove nothing about any more, or prove something about only now.

    They are read from another day on than they were last time.
    """
    ends = sorted(at for at in (now.oldest_event, earlier.oldest_event) if at is not None)
    if len(set(ends)) < 2:  # noqa: PLR2004 - the same day, or no events at all
        return
    first, last = ends
    last += max(terms.pairing_window, terms.confirmation_window)
    order, parcel, event = t.centra_order.c, t.centra_shipment.c, t.emarsys_event.c
    left_at = sa.func.coalesce(parcel.shipped_at, parcel.updated_at)
    linked = d.link_event.c
    for node, key, at in (
        (Node.ORDER, order.order_number, order.created_at),
        (Node.ORDER, parcel.order_number, left_at),
        (Node.CONTACT, event.contact_id, event.happened_at),
        (Node.CONTACT, linked.contact_id, linked.happened_at),
    ):
        yield node, sa.select(key).where(key.is_not(None), at >= first, at <= last)
