"""People and contacts: who is one person in Centra, and which contact is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_gone, link_person
from auditor.reconcile import evidence, past
from auditor.reconcile.sql import text

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms


def people(terms: Terms) -> sa.Select[Any]:
    """Select the people Centra knows: all rows that share one normalised e-mail, with their consent.

    Consent is `no` when the newest word is a refusal or the customer flag is false, `yes` when the
    newest word is an agreement or the flag is true, `no` again when a sign-up that an earlier snapshot had
    is gone and none came since, `unknown` without any word. Rows bound to a product are back-in-stock requests: they
    make a person known and say nothing about consent.

    Frame:
        Result: one row per email_key; columns of `link_person`.

    Source:
        Centra reference 3.2 (guest and registered rows), 3.3 (newsletter rows), 3.4 (flag and keyed
        consents), CHECKS.md Terms.
    """
    customers = _customers().cte("customers")
    words = evidence.words(terms).cte("words")
    flags = evidence.flags(terms).cte("flags")
    key = sa.func.coalesce(customers.c.email_key, words.c.email_key)
    verdict = evidence.verdict(words, flags)
    changed_at = sa.func.greatest(
        sa.func.coalesce(customers.c.changed_at, words.c.changed_at),
        sa.func.coalesce(words.c.changed_at, customers.c.changed_at),
    )
    return sa.select(
        key.label("email_key"),
        customers.c.customer_id,
        verdict.consent.label("consent"),
        verdict.evidence.label("evidence"),
        verdict.decided_at.label("evidence_at"),
        changed_at.label("changed_at"),
        (
            customers.c.customer_id.is_not(None) | sa.func.coalesce(words.c.is_here, sa.false())
        ).label("is_live"),
    ).select_from(
        customers.join(words, customers.c.email_key == words.c.email_key, full=True).outerjoin(
            flags, key == flags.c.email_key
        )
    )


def _customers() -> sa.Select[Any]:
    row = t.centra_customer
    # Ids are numbers in text: the shorter is the smaller, and equal lengths compare as text.
    oldest = sa.func.row_number().over(
        partition_by=row.c.email_key,
        order_by=(row.c.created_at, sa.func.length(row.c.customer_id), row.c.customer_id),
    )
    changed = sa.func.max(sa.func.greatest(row.c.created_at, row.c.updated_at)).over(
        partition_by=row.c.email_key
    )
    live = (
        sa.select(
            row.c.email_key,
            row.c.customer_id,
            changed.label("changed_at"),
            oldest.label("position"),
        )
        .where(row.c.email_key.is_not(None), ~_is_erased(row))
        .subquery()
    )
    return sa.select(live.c.email_key, live.c.customer_id, live.c.changed_at).where(
        live.c.position == 1
    )


def _is_erased(row: sa.Table) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(row.c.is_anonymized, sa.false())


def contacts(terms: Terms) -> sa.Select[Any]:
    """Select every contact with the person it belongs to: by the configured key, then by e-mail.

    A contact whose e-mail an erased customer had belongs to that customer, unless somebody who is
    there has the same e-mail.

    Frame:
        Result: one row per contact; columns of `link_contact`.

    Source:
        CHECKS.md Terms (Link, Merged away); Emarsys reference 3.1 (identifiers).
    """
    contact, customer = t.emarsys_contact, t.centra_customer
    by_email, by_key = link_person.alias("by_email"), link_person.alias("by_key")
    unsubscribed, buyers = _unsubscribes().cte("unsubscribed"), _buyers().cte("buyers")
    quarantine = _quarantine(terms).cte("quarantine")
    opted_out = past.opted_out_before().cte("opted_out_before")
    erased, gone = past.erased_emails().cte("erased_emails"), _gone().cte("gone_keys")
    has_key = terms.key == "external_id"
    key = contact.c.external_id if has_key else text(None)
    # Plain equalities, so that every engine hashes these joins; a condition beside one would loop.
    on_key = contact.c.external_id == customer.c.customer_id if has_key else sa.false()
    on_gone = contact.c.external_id == gone.c.customer_id if has_key else sa.false()
    live_email = sa.case((~_is_erased(customer), customer.c.email_key))

    def of_person(column: str) -> sa.ColumnElement[Any]:
        # All of one person: what the key's has not is not that of somebody who has the e-mail.
        is_keyed = by_key.c.email_key.is_not(None)
        return sa.case((is_keyed, by_key.c[column]), else_=by_email.c[column])

    is_nobody = customer.c.customer_id.is_(None) & ~sa.func.coalesce(by_email.c.is_live, sa.false())
    erased_at = sa.case(
        (_is_erased(customer), customer.c.updated_at), (is_nobody, erased.c.erased_at)
    )
    consent = of_person("consent")
    return sa.select(
        contact.c.contact_id,
        contact.c.email_key,
        contact.c.opt_in,
        of_person("email_key").label("person"),
        of_person("customer_id").label("customer_id"),
        sa.case(((consent == "unknown") & _vouched(contact, terms), "yes"), else_=consent).label(
            "consent"
        ),
        of_person("evidence").label("evidence"),
        of_person("evidence_at").label("evidence_at"),
        sa.func.coalesce(erased_at, of_person("changed_at")).label("changed_at"),
        sa.case(
            (_is_erased(customer), customer.c.customer_id), (is_nobody, erased.c.customer_id)
        ).label("erased_customer_id"),
        buyers.c.email_key.is_not(None).label("is_buyer"),
        unsubscribed.c.happened_at.label("unsubscribed_at"),
        quarantine.c.contact_id.is_not(None).label("contained"),
        opted_out.c.contact_id.is_not(None).label("was_opted_out"),
        key.label("key"),
        (customer.c.customer_id.is_not(None) & ~_is_erased(customer)).label("is_key_live"),
        sa.case((by_key.c.email_key != by_email.c.email_key, by_email.c.customer_id)).label(
            "other_customer_id"
        ),
        gone.c.survivor_id,
        sa.func.coalesce(gone.c.survivors, 0).label("survivors"),
        gone.c.gone_at,
    ).select_from(
        contact.outerjoin(customer, on_key)
        .outerjoin(by_key, live_email == by_key.c.email_key)
        .outerjoin(by_email, contact.c.email_key == by_email.c.email_key)
        .outerjoin(unsubscribed, contact.c.contact_id == unsubscribed.c.contact_id)
        .outerjoin(buyers, contact.c.email_key == buyers.c.email_key)
        .outerjoin(quarantine, contact.c.contact_id == quarantine.c.contact_id)
        .outerjoin(opted_out, contact.c.contact_id == opted_out.c.contact_id)
        .outerjoin(erased, contact.c.email_hash == erased.c.email_hash)
        .outerjoin(gone, on_gone)
    )


def _gone() -> sa.Select[Any]:
    """Select each gone customer once, with one of its survivors."""
    row = link_gone.c
    return sa.select(
        row.customer_id,
        sa.func.min(row.survivor_id).label("survivor_id"),
        sa.func.max(row.survivors).label("survivors"),
        sa.func.max(row.gone_at).label("gone_at"),
    ).group_by(row.customer_id)


def _vouched(contact: sa.Table, terms: Terms) -> sa.ColumnElement[bool]:
    """Tell whether the brand accepts where the contact came from as proof of a sign-up."""
    if not terms.emarsys_sources:
        return sa.false()
    named = contact.c.source_id.in_(terms.emarsys_sources)
    return sa.func.coalesce(named, sa.false()) | sa.func.coalesce(
        contact.c.form_id.in_(terms.emarsys_sources), sa.false()
    )


def _quarantine(terms: Terms) -> sa.Select[Any]:
    held = sa.select(t.emarsys_quarantine.c.contact_id).distinct()
    # What was read of a list that the settings no longer name says nothing.
    return held if terms.has_quarantine_list else held.where(sa.false())


def _unsubscribes() -> sa.Select[Any]:
    row = t.emarsys_unsubscribe
    return (
        sa.select(row.c.contact_id, sa.func.max(row.c.happened_at).label("happened_at"))
        .where(row.c.contact_id.is_not(None))
        .group_by(row.c.contact_id)
    )


def _buyers() -> sa.Select[Any]:
    row = t.centra_buyer
    return sa.select(row.c.email_key).where(row.c.email_key.is_not(None)).distinct()
