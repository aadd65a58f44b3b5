"""Identity: every person in Centra has one contact, and every contact names its customer.

A contact gets at most one of these checks, the first that fits; contacts of erased customers and of
mere wholesale buyers are left to the consent suite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_contact, link_order, link_person
from auditor.reconcile import profile
from auditor.reconcile.precedence import Judgement, Rule, first_of
from auditor.reconcile.sql import count_if, populations, text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the contacts that belong to nobody, to two, or to somebody else, and who has none.

    Frame:
        Result: one row per drifted contact, or person without one; columns of `drift_identity`.

    Source:
        CHECKS.md, identity; Emarsys reference 3.12 (duplicates).
    """
    judged = _judged(terms, _shared().cte("shared"))
    return sa.select(
        sa.union_all(_wrong(judged), _unlike(judged, terms), _missing(terms)).subquery()
    )


def checked(terms: Terms) -> sa.Select[Any]:
    """Select how many contacts each check looked at."""
    row = link_contact.c
    counted = is_judged()
    keyed = count_if(counted & row.key.is_not(None))
    linked = count_if(counted & row.customer_id.is_not(None))
    matched = linked if terms.key == "external_id" else count_if(sa.false())
    return populations(
        {
            "identity.orphaned_by_merge": keyed,
            "identity.orphaned_contact": keyed,
            "identity.duplicate_contact": count_if(counted),
            "identity.key_mismatch": matched,
            "identity.profile_mismatch": linked,
        },
        link_contact,
    )


def people_checked(terms: Terms) -> sa.Select[Any]:
    """Select how many people must have a contact."""
    people = covered(terms).subquery()
    return populations({"identity.missing_contact": sa.func.count()}, people)


def is_judged() -> ColumnElement[bool]:
    """Tell whether a contact is looked at: of no erased customer, and of no mere buyer."""
    row = link_contact.c
    is_mere_buyer = row.is_buyer & row.person.is_(None)
    return row.erased_customer_id.is_(None) & ~is_mere_buyer


def _judged(terms: Terms, shared: sa.CTE) -> sa.CTE:
    """Give each contact the check it fails, and `is_plain` where nothing is wrong with its key."""
    row, is_shared = link_contact.c, shared.c.contact_id.is_not(None)
    check = first_of(_rules(terms, is_shared, shared.c.twin_id.is_not(None)))
    return (
        sa.select(
            link_contact,
            shared.c.twin_id,
            check.label("check_id"),
            (check.is_(None) & ~is_shared & (row.survivors == 0)).label("is_plain"),
        )
        .select_from(link_contact.outerjoin(shared, row.contact_id == shared.c.contact_id))
        .where(is_judged())
        .cte("judged_contacts")
    )


def judgement_of_contacts(terms: Terms) -> Judgement:
    """Return the rules of contacts, the comparison of their fields last."""
    row, shared = link_contact.c, _shared().cte("shared")
    unlike = profile.differing(_judged(terms, shared), terms).subquery("unlike")
    rows = link_contact.outerjoin(shared, row.contact_id == shared.c.contact_id).outerjoin(
        unlike, row.contact_id == unlike.c.contact_id
    )
    rules = [
        Rule(None, ~is_judged(), "left to the consent suite"),
        *_rules(terms, shared.c.contact_id.is_not(None), shared.c.twin_id.is_not(None)),
        Rule("identity.profile_mismatch", unlike.c.contact_id.is_not(None)),
    ]
    return Judgement(rows, row.contact_id, "contact", {"contact_id": row.contact_id}, rules)


def _rules(
    terms: Terms, is_shared: ColumnElement[bool], is_surplus: ColumnElement[bool]
) -> list[Rule]:
    row = link_contact.c
    is_dead = row.key.is_not(None) & ~row.is_key_live
    # A customer that is gone may have gone a moment ago; one that was never seen cannot.
    went_long_ago = sa.func.coalesce(row.gone_at < terms.contacts_before, sa.true())
    settled = sa.func.coalesce(row.changed_at < terms.contacts_before, sa.false()) & went_long_ago
    is_linked = row.customer_id.is_not(None)
    wants_key = sa.literal(terms.key == "external_id")
    is_wrong = ~row.is_key_live | row.other_customer_id.is_not(None)
    return [
        Rule(None, is_dead & ~went_long_ago, "its customer went a moment ago"),
        Rule("identity.orphaned_by_merge", is_dead & (row.survivors > 0)),
        Rule("identity.orphaned_contact", is_dead & ~is_linked),
        Rule("identity.duplicate_contact", is_surplus),
        # What is wrong with it goes with the other.
        Rule(None, is_shared, "it is the older one of two"),
        Rule("identity.key_mismatch", wants_key & is_linked & settled & is_wrong),
    ]


def _shared() -> sa.Select[Any]:
    """Select the contacts that share their key or e-mail, with the oldest other one; NULL for itself.

    What a merge left behind is no duplicate of its survivor's contact.
    """
    row = link_contact.c
    counted = is_judged() & (row.survivors == 0)
    groups = []
    for kind, value in (("key", row.key), ("email", row.email_key)):
        twice = (
            sa.select(value.label("value"))
            .where(value.is_not(None), counted)
            .group_by(value)
            .having(sa.func.count() > 1)
            .cte(f"shared_{kind}")
        )
        groups.append(
            sa.select(row.contact_id, (text(f"{kind} ") + value).label("value"))
            .select_from(link_contact.join(twice, value == twice.c.value))
            .where(counted)
        )
    member = sa.union_all(*groups).subquery()
    # Ids are numbers in text: the shorter is the smaller, and equal lengths compare as text.
    oldest = sa.func.first_value(member.c.contact_id).over(
        partition_by=member.c.value,
        order_by=(sa.func.length(member.c.contact_id), member.c.contact_id),
    )
    placed = sa.select(member.c.contact_id, oldest.label("oldest")).subquery()
    return sa.select(
        placed.c.contact_id,
        sa.func.min(sa.case((placed.c.oldest != placed.c.contact_id, placed.c.oldest))).label(
            "twin_id"
        ),
    ).group_by(placed.c.contact_id)


def _wrong(judged: sa.CTE) -> sa.Select[Any]:
    """Select the contacts whose key is wrong, or that stand twice."""
    row = judged.c
    by_merge = row.check_id == "identity.orphaned_by_merge"
    is_open = sa.case((by_merge, row.survivors > 1), else_=row.other_customer_id.is_not(None))
    is_mismatch = row.check_id == "identity.key_mismatch"
    cause = sa.case(
        (by_merge & (row.survivors > 1), "several customers have its orders now"),
        (
            is_mismatch & row.other_customer_id.is_not(None),
            "the key and the e-mail name two people",
        ),
        (is_mismatch & row.key.is_(None), "the key is empty"),
        (is_mismatch, "the key names no customer that is there"),
    )
    return _row(
        row.check_id,
        row.contact_id,
        customer_id=sa.func.coalesce(sa.case((by_merge, row.survivor_id)), row.customer_id),
        contact_id=row.contact_id,
        cause=cause,
        contained=row.contained,
        occurred_at=row.gone_at,
        customers=sa.case((by_merge, row.survivors)),
        survivor_id=sa.case((by_merge & (row.survivors == 1), row.survivor_id)),
        key=_shown(row.key),
        twin_id=row.twin_id,
        is_ambiguous=is_open,
    ).where(row.check_id.is_not(None))


def _unlike(judged: sa.CTE, terms: Terms) -> sa.Select[Any]:
    """Select the contacts whose fields are not those of their customer."""
    found = profile.differing(judged, terms).subquery()
    row = found.c
    return _row(
        text("identity.profile_mismatch"),
        row.contact_id,
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        contained=row.contained,
        occurred_at=row.changed_at,
        key=_shown(row.key),
        differs=row.differs,
    )


def _missing(terms: Terms) -> sa.Select[Any]:
    """Select the people who must have a contact and have none."""
    person = covered(terms).cte("covered")
    judgement = _judgement_of(person, terms)
    return (
        _row(
            text("identity.missing_contact"),
            judgement.key,
            customer_id=person.c.customer_id,
            occurred_at=person.c.changed_at,
        )
        .select_from(judgement.rows)
        .where(first_of(judgement.rules).is_not(None))
    )


def judgement_of_people(terms: Terms) -> Judgement:
    """Return the rules of people whom the integration sends."""
    return _judgement_of(covered(terms).cte("covered"), terms)


def _judgement_of(person: sa.CTE, terms: Terms) -> Judgement:
    contact = link_contact.c
    linked = sa.select(contact.person.label("email_key")).where(contact.person.is_not(None))
    mailed = sa.select(contact.email_key).where(contact.email_key.is_not(None))
    # Whoever a merge left behind without a contact has the orphan, once its key is set.
    heir = (
        sa.select(t.centra_customer.c.email_key)
        .select_from(
            link_contact.join(
                t.centra_customer, contact.survivor_id == t.centra_customer.c.customer_id
            )
        )
        .where(t.centra_customer.c.email_key.is_not(None))
    )
    known = sa.union(linked, mailed, heir).subquery("known_people")
    is_old = sa.func.coalesce(person.c.changed_at < terms.contacts_before, sa.false())
    rules = (
        Rule(None, known.c.email_key.is_not(None), "the person has a contact"),
        Rule(None, ~is_old, "the person is younger than the settle time"),
        Rule("identity.missing_contact", sa.true()),
    )
    rows = person.outerjoin(known, person.c.email_key == known.c.email_key)
    ids = {"customer_id": person.c.customer_id}
    return Judgement(rows, text("centra:") + person.c.customer_id, "person", ids, rules)


def covered(terms: Terms) -> sa.Select[Any]:
    """Select the people whom the integration sends, by their registered or else oldest customer.

    Where only buyers are sent, an order makes one once it is as old as a person must be.
    Only the legacy Order API tells who is registered: where only those are sent and the settings do
    not name it, nobody is known to be missing.
    """
    person, order, registered = link_person.c, link_order.c, _registered(terms).cte("registered")
    people = (
        sa.select(
            person.email_key,
            sa.func.coalesce(registered.c.customer_id, person.customer_id).label("customer_id"),
            person.changed_at,
        )
        .select_from(link_person.outerjoin(registered, person.email_key == registered.c.email_key))
        .where(person.customer_id.is_not(None))
    )
    bought = sa.select(order.person).where(
        order.channel == "consumer",
        order.person.is_not(None),
        order.created_at < terms.contacts_before,
    )
    wanted = {
        "all": sa.true(),
        "registered": registered.c.customer_id.is_not(None),
        "subscribed": person.consent == "yes",
        "buyers": person.email_key.in_(bought),
    }
    return people.where(wanted[terms.feed_customers])


def _registered(terms: Terms) -> sa.Select[Any]:
    """Select the oldest registered customer of each e-mail, one row each."""
    flag, customer = t.centra_customer_flag, t.centra_customer
    oldest = sa.func.row_number().over(
        partition_by=customer.c.email_key,
        order_by=(
            customer.c.created_at,
            sa.func.length(customer.c.customer_id),
            customer.c.customer_id,
        ),
    )
    # Rows of an earlier run stay in the store when the settings name the Order API no more.
    is_configured = sa.literal(terms.consent_keys is not None)
    row = (
        sa.select(customer.c.email_key, customer.c.customer_id, oldest.label("position"))
        .select_from(flag.join(customer, flag.c.customer_id == customer.c.customer_id))
        .where(
            is_configured,
            flag.c.is_registered,
            customer.c.email_key.is_not(None),
            ~sa.func.coalesce(customer.c.is_anonymized, sa.false()),
        )
        .subquery()
    )
    return sa.select(row.c.email_key, row.c.customer_id).where(row.c.position == 1)


def _shown(key: ColumnElement[Any]) -> ColumnElement[Any]:
    """Leave out a key that is an e-mail address: whoever wrote it there did not mean to."""
    return sa.case((key.not_like("%@%"), key))


def _row(
    check: ColumnElement[Any], subject: ColumnElement[Any], **facts: ColumnElement[Any]
) -> sa.Select[Any]:
    """Select the columns of `drift_identity`; facts that are not given are NULL, or false."""
    return sa.select(
        check.label("check_id"),
        text("contact").label("subject_kind"),
        subject.label("subject_key"),
        facts.get("customer_id", text(None)).label("customer_id"),
        facts.get("contact_id", text(None)).label("contact_id"),
        sa.literal(1).label("people"),
        sa.cast(sa.null(), sa.BigInteger).label("money_minor"),
        text(None).label("currency"),
        facts.get("cause", text(None)).label("cause"),
        facts.get("contained", sa.false()).label("contained"),
        facts.get("occurred_at", sa.cast(sa.null(), sa.DateTime)).label("occurred_at"),
        facts.get("customers", sa.cast(sa.null(), sa.Integer)).label("centra_customers"),
        facts.get("survivor_id", text(None)).label("centra_survivor_id"),
        facts.get("key", text(None)).label("emarsys_key"),
        facts.get("twin_id", text(None)).label("emarsys_twin_contact_id"),
        facts.get("differs", text(None)).label("emarsys_differs"),
        facts.get("is_ambiguous", sa.false()).label("is_ambiguous"),
    )
