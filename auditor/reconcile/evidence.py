"""Evidence of consent in Centra: newsletter rows, keyed consents and the flag of a customer.

Newsletter rows and keyed consents are dated words, of which the newest counts. The flag has no date, nor
has a keyed consent whose time cannot be read: a false one wins over every word, a true one counts where
there is none. A newsletter row that an earlier complete snapshot had and this one has not is a withdrawal,
dated when it was last seen, if it was a sign-up then; a refusal that is gone stays the word that it was.

Source:
    Centra reference 3.3 and 3.4; CHECKS.md Terms (Centra consent).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.places import CONSUMER
from auditor.reconcile import past
from auditor.reconcile.sql import any_of, text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

ROW, KEYED, FLAG = "newsletter subscription", "keyed consent", "customer flag"
GONE = "newsletter subscription that is gone"


class Verdict(NamedTuple):
    """What the evidence of a person amounts to.

    Attributes:
        consent: yes, no or unknown.
        evidence: What decided; NULL where nothing did.
        decided_at: When that was said; NULL for what has no date.
    """

    consent: ColumnElement[str]
    evidence: ColumnElement[str]
    decided_at: ColumnElement[Any]


def words(terms: Terms) -> sa.Select[Any]:
    """Select what was said with a date, one row per e-mail.

    Frame:
        Result: email_key; agreed_at and refused_at, the newest of each; keyed_at, the newest word that
        is a keyed consent; changed_at, the newest of all, product-bound rows included; lost_at, when
        a sign-up that is gone was last seen; gone_at, when a refusal that is gone was; is_here, whether any
        of it is there now.
    """
    said = sa.union_all(_rows(terms), _keyed(terms), _lost(terms)).subquery("said")
    counts = said.c.is_given.is_not(None)
    given = counts & said.c.is_given
    return sa.select(
        said.c.email_key,
        sa.func.max(sa.case((given, said.c.said_at))).label("agreed_at"),
        sa.func.max(sa.case((counts & ~given, said.c.said_at))).label("refused_at"),
        sa.func.max(sa.case((said.c.is_keyed, said.c.said_at))).label("keyed_at"),
        sa.func.max(said.c.said_at).label("changed_at"),
        sa.func.max(said.c.lost_at).label("lost_at"),
        sa.func.max(said.c.gone_at).label("gone_at"),
        any_of(said.c.is_here).label("is_here"),
    ).group_by(said.c.email_key)


def flags(terms: Terms) -> sa.Select[Any]:
    """Select what was said without a date, one row per e-mail; of several words, a false one counts.

    Frame:
        Result: email_key; flag, 0 or 1; told_by, the evidence that is it.
    """
    row, keyed = t.centra_customer_flag, t.centra_keyed_consent
    has_no_date = _said_at(keyed).is_(None)
    said = sa.union_all(
        sa.select(
            row.c.email_key,
            sa.case((row.c.receives_newsletters, 1), else_=0).label("value"),
            text(FLAG).label("evidence"),
        ).where(
            row.c.receives_newsletters.is_not(None),
            *_of_live_customer(row, row.c.receives_newsletters, terms),
        ),
        sa.select(keyed.c.email_key, sa.case((keyed.c.is_given, 1), else_=0), text(KEYED)).where(
            has_no_date, keyed.c.is_given.is_not(None), *_is_marketing(terms)
        ),
    ).subquery("undated")
    flag = sa.func.min(said.c.value)
    refused_by = sa.func.min(sa.case((said.c.value == 0, said.c.evidence)))
    return sa.select(
        said.c.email_key,
        flag.label("flag"),
        sa.func.coalesce(refused_by, sa.func.min(said.c.evidence)).label("told_by"),
    ).group_by(said.c.email_key)


def verdict(words: sa.CTE, flags: sa.CTE) -> Verdict:
    """Return what both amount to; a tie of two words is a refusal."""
    is_refused, is_agreed = flags.c.flag == 0, flags.c.flag == 1
    refused_at, agreed_at, lost_at = words.c.refused_at, words.c.agreed_at, words.c.lost_at
    is_lost = lost_at.is_not(None) & (refused_at.is_(None) | (refused_at < lost_at))
    withdrawn_at = sa.case((is_lost, lost_at), else_=refused_at)
    said_no = withdrawn_at.is_not(None) & (agreed_at.is_(None) | (agreed_at <= withdrawn_at))
    said_at = sa.case((said_no, withdrawn_at), else_=agreed_at)
    # That a refusal is not there any more is as young as it may be: what came instead may be on its way.
    is_gone = said_no & ~is_lost & (words.c.gone_at > refused_at)
    return Verdict(
        sa.case(
            (is_refused | said_no, "no"),
            (agreed_at.is_not(None) | is_agreed, "yes"),
            else_="unknown",
        ),
        sa.case(
            (is_refused, flags.c.told_by),
            (said_no & is_lost, GONE),
            (said_at == words.c.keyed_at, KEYED),
            (said_at.is_not(None), ROW),
            (is_agreed, flags.c.told_by),
        ),
        sa.case((is_refused, sa.null()), (is_gone, words.c.gone_at), else_=said_at),
    )


def _rows(terms: Terms) -> sa.Select[Any]:
    row, store = t.centra_subscription, t.centra_store
    return (
        sa.select(
            row.c.email_key,
            sa.case((~row.c.is_product_bound, row.c.is_active)).label("is_given"),
            row.c.created_at.label("said_at"),
            sa.false().label("is_keyed"),
            sa.cast(sa.null(), sa.DateTime).label("lost_at"),
            sa.cast(sa.null(), sa.DateTime).label("gone_at"),
            sa.true().label("is_here"),
        )
        .select_from(row.join(store, row.c.store_id == store.c.store_id))
        .where(row.c.email_key.is_not(None), is_of_consent(store, terms))
    )


def _lost(terms: Terms) -> sa.Select[Any]:
    """Select the newsletter rows that are gone, as they were last.

    A sign-up that goes is a withdrawal; a refusal or a back-in-stock request withdraws nothing by going.
    """
    store, stream = t.centra_store, "newsletter_subscriptions"
    versions = past.gone(t.centra_subscription, "subscription_id", stream).subquery("lost_rows")
    from_last = sa.func.row_number().over(
        partition_by=versions.c.subscription_id, order_by=versions.c.seen_at.desc()
    )
    lost = (
        sa.select(versions, from_last.label("from_last"))
        .where(versions.c.seen_at.is_not(None))
        .subquery("last_versions")
    )
    return (
        sa.select(
            lost.c.email_key,
            sa.case((~lost.c.is_active, sa.false())),
            lost.c.created_at,
            sa.false(),
            sa.case((lost.c.is_active, lost.c.seen_at)),
            sa.case((~lost.c.is_active, lost.c.seen_at)),
            sa.false(),
        )
        .select_from(lost.join(store, lost.c.store_id == store.c.store_id))
        .where(
            lost.c.from_last == 1,
            lost.c.email_key.is_not(None),
            ~lost.c.is_product_bound,
            is_of_consent(store, terms),
        )
    )


def _keyed(terms: Terms) -> sa.Select[Any]:
    row = t.centra_keyed_consent
    return sa.select(
        row.c.email_key,
        row.c.is_given,
        _said_at(row).label("said_at"),
        sa.true().label("is_keyed"),
        sa.cast(sa.null(), sa.DateTime).label("lost_at"),
        sa.cast(sa.null(), sa.DateTime).label("gone_at"),
        sa.true().label("is_here"),
    ).where(*_is_marketing(terms))


def _said_at(row: sa.Table) -> ColumnElement[datetime | None]:
    return sa.func.coalesce(row.c.updated_at, row.c.created_at)


def _is_marketing(terms: Terms) -> tuple[ColumnElement[bool], ...]:
    """Tell whether a keyed consent means marketing, and counts."""
    row = t.centra_keyed_consent
    is_wanted = row.c.key.in_(terms.consent_keys or ())
    return (is_wanted, *_of_live_customer(row, row.c.is_given, terms))


def _of_live_customer(
    row: sa.Table, is_given: ColumnElement[bool], terms: Terms
) -> tuple[ColumnElement[bool], ...]:
    """Tell whether a row of the Order API counts: its customer is not erased, and of a store that does.

    Where the tenant does not tell the store, a refusal counts, and an agreement if those of all stores do.
    Rows of an earlier run stay in the store when the settings name the Order API no more.
    """
    customer, store = t.centra_customer, t.centra_store
    is_live = ~sa.func.coalesce(customer.c.is_anonymized, sa.false())
    of_store = (
        sa.select(customer.c.customer_id)
        .join(store, customer.c.store_id == store.c.store_id)
        .where(is_live, is_of_consent(store, terms))
    )
    of_any = sa.select(customer.c.customer_id).where(is_live, customer.c.store_id.is_(None))
    is_of_any: ColumnElement[bool] = row.c.customer_id.in_(of_any)
    if terms.consent_stores is not None:
        is_of_any &= ~is_given
    is_configured = text("yes" if terms.consent_keys is not None else "no") == "yes"
    counts = row.c.customer_id.in_(of_store) | is_of_any
    return (is_configured, row.c.email_key.is_not(None), counts)


def is_of_consent(store: sa.Table, terms: Terms) -> ColumnElement[bool]:
    """Tell whether what is said in a store is a consent, or the end of one."""
    wanted = store.c.type == CONSUMER
    if terms.consent_stores is not None:
        wanted &= store.c.name.in_(terms.consent_stores)
    return wanted
