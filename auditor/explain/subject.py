"""What a key names: one contact, customer, order, item, shipment, stream or setting, with its ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import sqlalchemy as sa

from auditor.errors import ConfigError
from auditor.model import tables as t
from auditor.model.drift import (
    drift_freshness,
    drift_fulfilment,
    link_contact,
    link_event,
    link_gone,
    link_stream,
)
from auditor.systems.text import email_key

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["contact", "customer", "order", "item", "shipment", "stream", "config"]
KINDS: tuple[Kind, ...] = get_args(Kind)

CUSTOMER_PREFIX, EVENT_PREFIX = "centra:", "event:"
"""Public subject keys (DESIGN, section 6): people without a contact, events without a shipment."""

SETTINGS = ("emarsys.events.", "emarsys.auth", "credentials.", "corrections.")
"""What the keys of findings about a setting begin with (DESIGN, section 6)."""

FEED = "catalogue"
"""The stream whose rows are items; it has no link of its own."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to explain.

    Attributes:
        key: As findings and people name it.
        ids: What it is made of: values by canonical column, e.g. `order_number` or `email_key`.
    """

    kind: Kind
    key: str
    ids: dict[str, tuple[str, ...]]


def find(conn: sa.Connection, key: str, kind: Kind | None = None) -> Subject:
    """Find what a key names.

    Args:
        conn: The warehouse.
        key: A contact id, `centra:<customer id>`, an e-mail address, an order number, an order line,
            an item, a shipment number, `event:<event id>`, `<segment id>/<contact id>` (which is about
            the contact), a stream or a setting, as findings name them.
        kind: Which kind is meant, where a key fits several.

    Raises:
        ConfigError: nothing has this key, or things of several kinds do.
    """
    found = [subject for subject in _candidates(conn, key) if kind in (None, subject.kind)]
    if not found:
        sought = f"{kind} " if kind else ""
        raise ConfigError(
            f"{_quoted(key)}: no {sought}record with this key was read; take a key from `auditor findings`."
        )
    if len(found) > 1:
        kinds = [subject.kind for subject in found]
        raise ConfigError(
            f"{_quoted(key)} names {_listed(kinds)}; say which with --kind {kinds[0]} (or another)."
        )
    return _with_person(conn, found[0])


def _candidates(conn: sa.Connection, key: str) -> Iterator[Subject]:
    if key.startswith(CUSTOMER_PREFIX):
        yield from _matches(conn, key, {"customer": _KEYED["customer"]}, CUSTOMER_PREFIX)
    elif key.startswith(EVENT_PREFIX):
        yield from _matches(conn, key, {"shipment": _EVENT}, EVENT_PREFIX)
    elif "@" in key:
        yield from _of_address(conn, key)
    elif key.startswith(SETTINGS):
        if any(
            _has(conn, table.c.subject_key, key) for table in (drift_fulfilment, drift_freshness)
        ):
            yield Subject("config", key, {"setting": (key,)})
    elif key == FEED and conn.execute(sa.select(t.emarsys_feed).limit(1)).first():
        yield Subject("stream", key, {"stream": (key,)})
    else:
        order, _, _ = key.partition("/")
        yield from _matches(conn, key, _KEYED)
        if order != key:
            yield from _matches(conn, order, {"order": _KEYED["order"]})
            yield from _of_member(conn, key)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where records of a kind stand, and the column that their key is."""

    column: str
    tables: tuple[sa.Table, ...]
    own: str | None = None  # the column's name there, where it is another


_KEYED: dict[Kind, _Place] = {
    "contact": _Place("contact_id", (t.emarsys_contact,)),
    "customer": _Place("customer_id", (t.centra_customer, link_gone)),
    "order": _Place("order_number", (t.centra_order, t.emarsys_sale)),
    "item": _Place("item", (t.centra_size, t.emarsys_item)),
    "shipment": _Place("number", (t.centra_shipment,)),
    "stream": _Place("stream", (link_stream,)),
}
_EVENT = _Place("event_id", (t.emarsys_event,))


def _matches(
    conn: sa.Connection, key: str, places: dict[Kind, _Place], prefix: str = ""
) -> Iterator[Subject]:
    value = key.removeprefix(prefix)
    for kind, place in places.items():
        if any(_has(conn, table.c[place.column], value) for table in place.tables):
            yield Subject(kind, key, {place.column: (value,)})


def _of_member(conn: sa.Connection, key: str) -> Iterator[Subject]:
    """Yield the contact of `<segment id>/<contact id>`, where the segment is one that was read."""
    segment, _, contact_id = key.partition("/")
    is_read = _has(conn, t.emarsys_segment_member.c.segment_id, segment)
    if is_read and _has(conn, t.emarsys_contact.c.contact_id, contact_id):
        yield Subject("contact", key, {"contact_id": (contact_id,), "segment_id": (segment,)})


def _has(conn: sa.Connection, column: sa.ColumnElement[str], value: str) -> bool:
    return conn.execute(sa.select(column).where(column == value).limit(1)).first() is not None


def _of_address(conn: sa.Connection, address: str) -> Iterator[Subject]:
    email = email_key(address) or ""
    contacts = _all(conn, t.emarsys_contact.c.contact_id, t.emarsys_contact.c.email_key, (email,))
    if contacts:
        yield Subject("contact", contacts[0], {"contact_id": contacts, "email_key": (email,)})
        return
    customers = _all(conn, t.centra_customer.c.customer_id, t.centra_customer.c.email_key, (email,))
    if customers:
        key = CUSTOMER_PREFIX + customers[0]
        yield Subject("customer", key, {"customer_id": customers, "email_key": (email,)})


def _with_person(conn: sa.Connection, subject: Subject) -> Subject:
    """Add the ids that hang on a subject's own: its person, orders, variants and so on."""
    ids = dict(subject.ids)
    for step in _STEPS[subject.kind]:
        fresh = _all(conn, step.wanted, step.known, ids.get(step.by, ()))
        ids[step.name] = tuple(dict.fromkeys((*ids.get(step.name, ()), *fresh)))
    return replace(subject, ids=ids)


@dataclass(frozen=True, slots=True)
class _Step:
    """Read `wanted` where `known` has one of the ids found so far under `by`; keep it as `name`."""

    name: str
    wanted: sa.ColumnElement[Any]
    known: sa.ColumnElement[Any]
    by: str


def _step(name: str, table: sa.Table, by: str, wanted: str = "", known: str = "") -> _Step:
    return _Step(name, table.c[wanted or name], table.c[known or by], by)


_PERSON = (
    _step("customer_id", link_gone, "customer_id", wanted="survivor_id"),
    _step("email_key", t.centra_customer, "customer_id"),
    _step("customer_id", t.centra_customer, "email_key"),
    _step("contact_id", t.emarsys_contact, "email_key"),
    _step("contact_id", t.emarsys_contact, "customer_id", known="external_id"),
    _step("si_contact_id", t.emarsys_si_contact, "contact_id"),
    _step("buyer_id", t.centra_buyer, "email_key"),
)
_OF_CONTACT = (
    _step("email_key", link_contact, "contact_id", wanted="person"),
    _step("email_key", link_contact, "contact_id"),
    _step("customer_id", t.emarsys_contact, "contact_id", wanted="external_id"),
)
_STEPS: dict[Kind, tuple[_Step, ...]] = {
    "contact": (*_OF_CONTACT, *_PERSON),
    "customer": _PERSON,
    "order": (
        _step("line_id", t.centra_order_line, "order_number"),
        _step("return_id", t.centra_return, "order_number"),
        _step("shipment_id", t.centra_shipment, "order_number"),
    ),
    "item": (
        _step("size_id", t.centra_size, "item"),
        _step("variant_id", t.centra_size, "item"),
        _step("product_id", t.centra_variant, "variant_id"),
        _step("display_id", t.centra_display_variant, "variant_id"),
    ),
    "shipment": (
        _step("contact_id", t.emarsys_event, "event_id"),
        _step("event_id", link_event, "number", known="subject"),
        _step("shipment_id", t.centra_shipment, "number"),
        _step("order_number", t.centra_shipment, "number"),
        _step("customer_id", t.centra_order, "order_number"),
        *_PERSON[:5],
    ),
    "stream": (),
    "config": (
        _step("name", drift_fulfilment, "setting", wanted="emarsys_event", known="subject_key"),
    ),
}


def _all(
    conn: sa.Connection,
    wanted: sa.ColumnElement[Any],
    known: sa.ColumnElement[Any],
    values: tuple[str, ...],
) -> tuple[str, ...]:
    if not values:
        return ()
    select = sa.select(wanted).where(known.in_(values), wanted.is_not(None)).distinct()
    return tuple(str(value) for value in conn.execute(select.order_by(wanted)).scalars())


def _quoted(key: str) -> str:
    # Whoever typed an address knows it; the line may end up in a log all the same.
    return "this address" if "@" in key else key


def _listed(kinds: list[Kind]) -> str:
    named = [f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" for kind in kinds]
    return ", ".join(named[:-1]) + f" and {named[-1]}"
