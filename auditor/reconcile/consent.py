"""Consent: who may be mailed against who agreed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.drift import link_contact, link_order
from auditor.reconcile import past
from auditor.reconcile.precedence import Judgement, Rule, first_of
from auditor.reconcile.sql import count_if, populations, text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

YES, NO = 1, 2


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the contacts whose opt-in the evidence in Centra does not carry, one check each.

    Emarsys owns the status, Centra the evidence; an unsubscribe counts against a sign-up unless that came later.

    Frame:
        Result: one row per drifted contact; columns of `drift_consent`.

    Source:
        Emarsys reference 4: opt-in 1 yes, 2 no, empty unknown and not mailable.
    """
    row, judgement = link_contact.c, judgement_of_contacts(terms)
    check = first_of(judgement.rules)
    judged = (
        sa.select(link_contact, check.label("check_id")).select_from(judgement.rows).cte("judged")
    )
    return sa.select(
        judged.c.check_id,
        text("contact"),
        judged.c.contact_id,
        sa.func.coalesce(judged.c.customer_id, judged.c.erased_customer_id),
        judged.c.contact_id,
        sa.literal(1),
        sa.cast(sa.null(), sa.BigInteger),
        text(None),
        text(None),
        judged.c.contained,
        judged.c.evidence_at,
        sa.case((judged.c.erased_customer_id.is_not(None), "erased"), else_=judged.c.consent),
        judged.c.evidence,
        judged.c.evidence_at,
        judged.c[row.opt_in.name],
        judged.c.unsubscribed_at,
    ).where(judged.c.check_id.is_not(None))


def checked() -> sa.Select[Any]:
    """Select how many contacts each check looked at."""
    row = link_contact.c
    known, erased = row.person.is_not(None), row.erased_customer_id.is_not(None)
    said_yes = known & is_yes_in_centra()
    return populations(
        {
            "consent.erased_but_contactable": count_if(erased),
            "consent.erased_but_present": count_if(erased),
            "consent.buyer_opted_in": count_if(row.is_buyer & ~known),
            "consent.withdrawn_but_opted_in": count_if(known & (row.consent == "no")),
            "consent.opted_in_by_order": count_if(known & (row.opt_in == YES)),
            "consent.opted_in_without_evidence": count_if(known & (row.opt_in == YES)),
            "consent.opt_in_unknown_person": count_if(row.opt_in == YES),
            "consent.opt_in_lost": count_if(said_yes),
            "consent.unsubscribed_but_active_in_centra": count_if(said_yes),
        },
        link_contact,
    )


def _by_order() -> sa.Select[Any]:
    """Select the contacts without evidence who were opted in between two readings around an order."""
    row, order = link_contact.c, link_order.c
    unproven = (
        sa.select(row.contact_id, row.person)
        .where(row.opt_in == YES, row.consent == "unknown", row.person.is_not(None))
        .cte("unproven")
    )
    turn = past.turned(unproven).cte("turned")
    return (
        sa.select(turn.c.contact_id)
        .select_from(
            turn.join(unproven, turn.c.contact_id == unproven.c.contact_id).join(
                link_order, unproven.c.person == order.person
            )
        )
        .where(
            order.channel == "consumer",
            order.created_at > turn.c.after_at,
            order.created_at <= turn.c.before_at,
        )
        .distinct()
    )


def decided_at() -> ColumnElement[datetime]:
    """Return when what decides of a contact was said, which must be old enough.

    That is the erasure, or the newsletter row, or without one the customer's last change.
    """
    row = link_contact.c
    said_at = sa.func.coalesce(row.evidence_at, row.changed_at)
    return sa.case((row.erased_customer_id.is_not(None), row.changed_at), else_=said_at)


def is_yes_in_centra() -> ColumnElement[bool]:
    """Tell whether the yes is Centra's own: a sign-up at Emarsys proves an opt-in, and nothing else."""
    row = link_contact.c
    return sa.func.coalesce((row.consent == "yes") & row.evidence.is_not(None), sa.false())


def judgement_of_contacts(terms: Terms) -> Judgement:
    """Return the rules in the order of CHECKS.md: a contact gets the first check that fits."""
    row, by_order = link_contact.c, _by_order().cte("opted_in_by_order")
    rows = link_contact.outerjoin(by_order, row.contact_id == by_order.c.contact_id)
    rules = _rules(terms, by_order.c.contact_id.is_not(None))
    return Judgement(rows, row.contact_id, "contact", {"contact_id": row.contact_id}, rules)


def _rules(terms: Terms, is_by_order: ColumnElement[bool]) -> list[Rule]:
    row = link_contact.c
    known, erased = row.person.is_not(None), row.erased_customer_id.is_not(None)
    opted_in = sa.func.coalesce(row.opt_in == YES, sa.false())
    opted_out = sa.func.coalesce(row.opt_in == NO, sa.false())
    never_opted_out = row.opt_in.is_(None) & row.unsubscribed_at.is_(None) & ~row.was_opted_out
    settled = sa.func.coalesce(decided_at() < terms.contacts_before, sa.false())
    unproven = opted_in & (row.consent == "unknown")
    clear = "consent.unsubscribed_but_active_in_centra"
    return [
        Rule(None, erased & ~settled, "the erasure is younger than the settle time"),
        Rule("consent.erased_but_contactable", erased & ~opted_out),
        Rule("consent.erased_but_present", erased),
        Rule("consent.buyer_opted_in", row.is_buyer & ~known & opted_in),
        # The remedy of a merge takes the opt-in of what it left behind.
        Rule(
            "consent.opt_in_unknown_person",
            ~known & opted_in & (row.survivors == 0) & ~row.is_key_live,
        ),
        Rule(None, ~settled, "what decides is younger than the settle time, or unknown to Centra"),
        Rule("consent.withdrawn_but_opted_in", opted_in & (row.consent == "no")),
        Rule("consent.opted_in_by_order", unproven & is_by_order),
        Rule("consent.opted_in_without_evidence", unproven),
        Rule(None, ~is_yes_in_centra(), "Centra's consent is not yes"),
        Rule("consent.opt_in_lost", never_opted_out),
        # A merge's orphan is opted out because it is one: nobody has said anything.
        Rule(
            None, row.survivors > 0, "a merge left it behind: its opt-in is no word of the person"
        ),
        Rule(
            None,
            row.unsubscribed_at >= terms.contacts_before,
            "the unsubscribe is younger than the settle time",
        ),
        Rule(clear, opted_out | _left_after_signing_up()),
    ]


def _left_after_signing_up() -> ColumnElement[bool]:
    row = link_contact.c
    is_newest = row.evidence_at.is_(None) | (row.unsubscribed_at >= row.evidence_at)
    return row.unsubscribed_at.is_not(None) & (row.opt_in.is_(None) | is_newest)
