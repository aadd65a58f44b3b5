"""Consent: opt out, hold back, or hand the evidence to a person; nobody is ever opted in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.remedies.contacts import held_back, known_consent, opted_out
from auditor.correct.remedies.remedy import GONE, Left, remedy
from auditor.model.plan import NewsletterFlag

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from auditor.correct.remedies.remedy import Case, Outcome

FLAG_STAYS = "a sign-up is never made by the auditor"


@remedy("opt_out")
def opt_out(case: Case) -> Iterator[Outcome]:
    """Set the opt-in to 2; of somebody who was not erased, only as long as Centra has no consent."""
    contact = case.contact
    if contact is None:
        yield GONE
        return
    is_erased = (case.finding.centra or {}).get("consent") == "erased"
    yield from opted_out(case, contact, None if is_erased else known_consent(case, contact))


@remedy("quarantine")
def quarantine(case: Case) -> Iterator[Outcome]:
    """Put the contact on the quarantine list."""
    if case.finding.contact_id not in case.facts.contacts:
        yield GONE
    elif case.settings.emarsys.quarantine_list is None:
        yield Left("emarsys.quarantine_list names no list")
    else:
        yield from held_back(case, str(case.finding.contact_id))


@remedy("quarantine_or_opt_out")
def quarantine_or_opt_out(case: Case) -> Iterator[Outcome]:
    """Put the contact on the quarantine list; where there is none, opt it out."""
    has_list = case.settings.emarsys.quarantine_list is not None
    yield from quarantine(case) if has_list else opt_out(case)


@remedy("erase_worklist")
def erase_worklist(case: Case) -> Iterator[Outcome]:
    """List the contact for erasure in Emarsys, by a person."""
    finding = case.finding
    yield case.proposal(
        contact_id=finding.contact_id or "",
        customer_id=finding.customer_id or "",
        do="erase this contact in Emarsys: its customer was erased in Centra",
    )


@remedy("propose_opt_in")
def propose_opt_in(case: Case) -> Iterator[Outcome]:
    """List who signed up in Centra and has no opt-in, with the evidence."""
    finding = case.finding
    told = finding.centra or {}
    yield case.proposal(
        contact_id=finding.contact_id or "",
        customer_id=finding.customer_id or "",
        evidence=str(told.get("evidence") or ""),
        given_at=str(told.get("evidence_at") or ""),
        do="opt in, if the evidence holds; the auditor never does",
    )


@remedy("clear_newsletter_flag")
def clear_newsletter_flag(case: Case) -> Iterator[Outcome]:
    """Tell Centra that the person receives newsletters no more, at every customer of the e-mail.

    Only in the stores that `consent.stores` names: another brand's newsletter is another consent.

    Source:
        Centra reference 8: the flag of a customer is the only write path; a mere subscriber has none.
    """
    contact = case.contact
    if contact is None:
        yield GONE
        return
    person, stores = contact["person"] or "", case.settings.consent.stores
    customers, newsletters = (
        [row for row in rows.get(person, []) if stores == "all" or row["store"] in stores]
        for rows in (case.facts.customers_by_email, case.facts.newsletters_by_email)
    )
    reached = [row for row in newsletters if any(_is_of(one, row) for one in customers)]
    writable = [one for one in customers if any(_is_of(one, row) for row in reached)]
    if len(reached) < len(newsletters) or not newsletters:
        yield case.proposal(
            contact_id=contact["contact_id"],
            do="end this person's newsletter in Centra: its store has no customer to write to",
        )
    if reached:
        writable.sort(key=lambda row: row["customer_id"])
        request = NewsletterFlag(
            tuple(row["customer_id"] for row in writable),
            writable[0]["email"],
            tuple(row["subscription_id"] for row in reached),
            contact["contact_id"],
            contact["email"],
            case.field("opt_in"),
        )
        yield case.change(request, system="centra", why_no_undo=FLAG_STAYS)


def _is_of(customer: sa.RowMapping, newsletter: sa.RowMapping) -> bool:
    """Tell whether a newsletter row may follow a customer: both are of one store, or that is not told."""
    return customer["store_id"] in (None, newsletter["store_id"])
