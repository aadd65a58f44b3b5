"""The rule trace: the terms of CHECKS.md that decide a subject's verdicts, with their values.

The terms are the columns of the link tables, which reconcile fills before any check looks at them. The
rules are the conditions of the checks themselves, asked of exactly the rows in question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.explain.records import ROWS_SHOWN
from auditor.model import drift as d
from auditor.reconcile import (
    attribution,
    audience,
    catalogue,
    confirmations,
    consent,
    freshness,
    fulfilment,
    identity,
    sales,
    turnover,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.explain.subject import Kind, Subject
    from auditor.reconcile.precedence import Judgement
    from auditor.reconcile.terms import Terms


@dataclass(frozen=True, slots=True)
class Term:
    """One value that a check looks at.

    Attributes:
        about: Which record it belongs to: a contact, a person, an order or one item of it.
        column: Its name in the link table.
        meaning: What it says, in words.
    """

    about: str
    column: str
    value: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule says of one row.

    Attributes:
        about: The row: a contact, a person, an order, a line, an item, a parcel, a stream or a setting.
        check: What the rule raises; None for one that raises nothing.
        reason: Why it raises nothing, or nothing in that run, in words.
        decides: Whether it is the one that counts: the first that holds, in most topics.
    """

    about: str
    check: str | None
    holds: bool
    decides: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Link:
    table: sa.Table
    column: str  # that holds one of the subject's ids
    ids: str
    label: tuple[str, ...]  # columns that tell its rows apart


_CONTACT = _Link(d.link_contact, "contact_id", "contact_id", ("contact_id",))
_PERSON = _Link(d.link_person, "email_key", "email_key", ())
_GONE = _Link(d.link_gone, "customer_id", "customer_id", ("customer_id",))
_MEMBER = _Link(d.link_member, "contact_id", "contact_id", ("segment_id", "contact_id"))
_FIRING = ("role", "subject", "event_id")
_ORDER = _Link(d.link_order, "order_number", "order_number", ("order_number",))
_SALE = _Link(d.link_sale, "order_number", "order_number", ("order_number", "item"))
_LINKS: dict[Kind, tuple[_Link, ...]] = {
    "contact": (
        _CONTACT,
        _PERSON,
        _GONE,
        _MEMBER,
        _Link(d.link_event, "contact_id", "contact_id", _FIRING),
    ),
    "customer": (_PERSON, _CONTACT, _GONE),
    "order": (_ORDER, _SALE, _Link(d.link_event, "order_number", "order_number", _FIRING)),
    "item": (
        _Link(d.link_item, "item", "item", ("item",)),
        _Link(d.link_sale, "item", "item", ("order_number", "item")),
    ),
    "shipment": (
        _ORDER,
        _CONTACT,
        _Link(d.link_event, "subject", "number", _FIRING),
        _Link(d.link_event, "event_id", "event_id", _FIRING),
    ),
    "stream": (_Link(d.link_stream, "stream", "stream", ("stream",)),),
    "config": (
        _Link(d.drift_fulfilment, "subject_key", "setting", ("subject_key",)),
        _Link(d.drift_freshness, "subject_key", "setting", ("subject_key",)),
    ),
}
_NAMES = {
    d.link_contact: "contact",
    d.link_person: "person",
    d.link_gone: "gone customer",
    d.link_member: "member",
    d.link_event: "firing",
    d.link_order: "order",
    d.link_sale: "item",
    d.link_item: "item",
    d.link_stream: "stream",
    d.drift_fulfilment: "setting",
    d.drift_freshness: "setting",
}

MEANINGS: dict[sa.Table, dict[str, str]] = {
    d.link_contact: {
        "email_key": "its normalised e-mail address",
        "opt_in": "opt-in at Emarsys: 1 yes, 2 no, empty is unknown and not mailable",
        "person": "the person in Centra it belongs to, by key and then by e-mail",
        "customer_id": "that person's oldest live customer",
        "consent": "that person's consent in Centra",
        "evidence": "what decided that consent: a newsletter row, a keyed consent or the flag",
        "evidence_at": "when it was given or taken back",
        "changed_at": "newest change of any of the person's rows; young ones are not judged",
        "erased_customer_id": "its key is a customer that Centra anonymised",
        "is_buyer": "its address is a wholesale buyer's",
        "unsubscribed_at": "newest unsubscribe in Open Data",
        "contained": "it stands on the quarantine list",
        "was_opted_out": "an earlier snapshot saw it opted out",
        "key": "the customer that it names; empty where the key is the e-mail",
        "is_key_live": "that customer is there",
        "other_customer_id": "whom its e-mail names, where the key names somebody else",
        "survivor_id": "the customer that took over from the one it names",
        "survivors": "how many may have taken over; two or more leave it open",
        "gone_at": "when the customer that it names went, at the earliest",
    },
    d.link_person: {
        "customer_id": "oldest live customer of this address",
        "consent": "what the evidence in Centra says: yes, no or unknown",
        "evidence": "what decided it: a newsletter row, a keyed consent or the flag",
        "evidence_at": "when it was given or taken back",
        "changed_at": "newest change of any of its rows",
        "is_live": "has a row now; others only had a newsletter row, which is gone",
    },
    d.link_gone: {
        "survivor_id": "who has its orders now",
        "survivors": "how many have them",
        "gone_at": "not before: when it was last seen, or its orders last changed",
    },
    d.link_member: {
        "person": "the person in Centra it belongs to",
        "is_member": "Emarsys has it in the segment",
        "is_wrong": "the rule, on Centra's orders, says otherwise beyond doubt",
        "amount_minor": "what the rule adds up, in minor units",
        "count": "what the rule counts",
        "last_on": "the last order that the rule sees",
    },
    d.link_event: {
        "contact_id": "the first of the contacts of its person",
        "order_number": "the order it belongs to",
        "customer_id": "who bought",
        "caused_at": "when the parcel left or the order was placed",
        "happened_at": "when the event fired; empty: none is left for it",
        "timely_by": "by then a cause before the event had surely come",
        "nearest": "the newest parcel in its window, which another event took",
        "is_judged": "old enough, and within what the events read can prove",
    },
    d.link_item: {
        "in_centra": "Centra has it",
        "is_sellable": "active, shown in the configured market and store, and priced",
        "is_bundle": "a bundle, whose stock is that of its parts",
        "price_minor": "what it sells for, campaigns included, in minor units",
        "msrp_minor": "what that is compared with by law, else the list price",
        "currency": "of the price list",
        "stock": "sellable units: what thresholds and offsets keep back is off",
        "title": "as the settings take it from Centra",
        "uri": "what the link ends with",
        "category": "of its display",
        "images": "of its display, any of which will do",
        "collection": "of its product",
        "changed_at": "newest change of any record it is made of; stock has no time",
        "is_settled": "old enough to judge",
        "has_moved": "ordered since the feed was written: its stock is another by now",
        "rows": "rows in the feed",
        "available": "the feed says it can be bought",
        "feed_price_minor": "price in the feed, in minor units",
        "feed_msrp_minor": "price before reduction in the feed, in minor units",
        "feed_currency": "currency of the feed",
        "feed_stock": "stock column of the feed",
        "feed_title": "title in the feed",
        "feed_link": "link in the feed",
        "feed_category": "category in the feed",
        "feed_image": "image in the feed",
        "feed_collection": "collection in the feed",
    },
    d.link_stream: {
        "moved_at": "newest record that Emarsys owes by now and lacks",
        "waiting": "records that it owes since its newest row",
        "newest_at": "time of its newest row",
        "samples": "records whose way to Emarsys was timed",
        "lag_p50_s": "seconds within which half of them came",
        "lag_p95_s": "seconds within which 95 of 100 came",
    },
    d.drift_fulfilment: {
        "cause": "what is wrong with it",
        "centra_order": "the order that it is about",
        "centra_caused_at": "when the parcel left or the order was placed",
        "emarsys_happened_at": "when the event fired",
        "centra_orders": "orders of this kind that a confirmation was due for",
        "emarsys_missing": "of them without one",
        "emarsys_missing_share": "share of them without one",
        "emarsys_event": "the event that the setting names",
        "emarsys_usages": "programs and e-mails that listen to it",
    },
    d.drift_freshness: {
        "centra_moved_at": "newest record that Emarsys owes by now and lacks",
        "centra_records": "records that it owes since its newest row",
        "emarsys_newest_at": "time of its newest row",
        "emarsys_lag_p50_s": "seconds within which half of them came",
        "emarsys_lag_p95_s": "seconds within which 95 of 100 came",
        "centra_expires_on": "the day the Centra token ends, by the settings",
        "emarsys_expires_on": "the day WSSE ends at Emarsys",
        "emarsys_corrections": "corrections that were made three times in seven days, and undone",
    },
    d.link_order: {
        "channel": "consumer, wholesale, marketplace or internal; only the first counts as revenue",
        "status": "as Centra has it",
        "is_cancelled": "cancelled or deleted in Centra",
        "is_due": "a consumer order in a due status, not held, paid, since sales.since",
        "is_settled": "older than settle.sales, so that its absence counts",
        "market_id": "the market it was placed in",
        "customer_id": "who bought",
        "person": "the buyer's normalised e-mail address",
        "created_at": "when it was placed",
    },
    d.link_sale: {
        "lines": "order lines of the item; 0 when Centra has none",
        "sold_quantity": "units not cancelled, before returns",
        "sold_minor": "their value, in minor units",
        "base_minor": "the same in base currency, whatever sales.currency says",
        "cancelled_quantity": "units cancelled",
        "net_quantity": "units expected: less settled returns",
        "least_quantity": "units expected if returns that are still young count already",
        "net_minor": "value expected, in minor units",
        "least_minor": "value expected if young returns count already",
        "unit_minor": "what a unit price sent as line total would be",
        "untaxed_minor": "what the value on the other tax basis would be",
        "unconverted_minor": "what the value in the other currency would be",
        "rows": "rows in Emarsys",
        "sale_rows": "those of a positive quantity, on contacts that hold any of it",
        "quantity_milli": "thousandths of units that Emarsys counts",
        "amount_minor": "amount that Emarsys counts",
        "purchased_on": "earliest day of purchase in Emarsys",
        "word": "what describes it best",
        "tolerance": "how far the amounts may be apart, in minor units",
        "is_right": "whether it counts what is expected, by either bound",
    },
}


def trace(conn: sa.Connection, subject: Subject) -> Iterator[Term]:
    """Yield the terms of a subject, one per column that has a value."""
    for link in _LINKS[subject.kind]:
        mine = link.table.c[link.column].in_(subject.ids.get(link.ids, ()))
        select = sa.select(link.table).where(mine).order_by(*(link.table.c[n] for n in link.label))
        for row in conn.execute(select.limit(ROWS_SHOWN)).mappings():
            named = (str(row[name]) for name in link.label if row[name] is not None)
            about = " ".join([_NAMES[link.table], *named])
            for column, meaning in MEANINGS[link.table].items():
                if row[column] is not None:
                    yield Term(about, column, row[column], meaning)


_OF_CONTACT = (
    consent.judgement_of_contacts,
    identity.judgement_of_contacts,
    audience.judgement_of_members,
    turnover.judgement_of_contacts,
)
_JUDGEMENTS: dict[Kind, tuple[Callable[[Terms], Judgement], ...]] = {
    "contact": _OF_CONTACT,
    "customer": (identity.judgement_of_people, *_OF_CONTACT),
    "order": (
        sales.judgement_of_orders,
        sales.judgement_of_lines,
        attribution.judgement_of_owners,
        confirmations.judgement_of_orders,
    ),
    "item": (catalogue.judgement_of_items,),
    "shipment": (fulfilment.judgement_of_parcels, attribution.judgement_of_events),
    "stream": (freshness.judgement_of_streams, freshness.judgement_of_feed),
    "config": (
        fulfilment.judgement_of_settings,
        confirmations.judgement_of_patterns,
        freshness.judgement_of_credentials,
        freshness.judgement_of_corrections,
    ),
}


def rules(conn: sa.Connection, subject: Subject, terms: Terms) -> Iterator[Answer]:
    """Yield what each rule of a subject's topics says, in the order of precedence."""
    for judged in _JUDGEMENTS[subject.kind]:
        judgement = judged(terms)
        held = [
            sa.func.coalesce(rule.holds, sa.false()).label(f"rule_{number}")
            for number, rule in enumerate(judgement.rules)
        ]
        mine = [ids.in_(subject.ids.get(name, ())) for name, ids in judgement.ids.items()]
        select = (
            sa.select(judgement.key.label("key"), *held)
            .select_from(judgement.rows)
            .where(sa.or_(*mine))
            .order_by(judgement.key)
        )
        for key, *answers in conn.execute(select.limit(ROWS_SHOWN)):
            yield from _answers(f"{judgement.about} {key}", judgement, answers)


def _answers(about: str, judgement: Judgement, answers: list[bool]) -> Iterator[Answer]:
    is_decided = False
    for rule, holds in zip(judgement.rules, answers, strict=True):
        decides = holds and not (judgement.is_exclusive and is_decided)
        is_decided |= holds
        yield Answer(about, rule.check, holds, decides, rule.reason)
