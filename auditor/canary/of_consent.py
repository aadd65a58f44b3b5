"""One case of every consent check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.canary.plants import plant
from auditor.model import tables as t

if TYPE_CHECKING:
    from auditor.canary.shadow import Shadow

YES, NO = 1, 2


@plant("consent.withdrawn_but_opted_in")
def _withdrawn(shadow: Shadow) -> str:
    person = shadow.person(opt_in=YES)
    shadow.subscription(person.email, active=False)
    return person.contact_id


@plant("consent.opted_in_without_evidence")
def _without_evidence(shadow: Shadow) -> str:
    return shadow.person(opt_in=YES).contact_id


@plant("consent.opted_in_by_order")
def _by_order(shadow: Shadow) -> str:
    """Let an earlier run have seen the contact without an opt-in, just before its order."""
    person = shadow.person(opt_in=YES)
    number, item, _ = shadow.order(person)
    shadow.sale(number, item)
    contact = {"contact_id": person.contact_id, "email_key": person.email}
    shadow.before(t.emarsys_contact, **contact)
    shadow.since_then(t.emarsys_contact, opt_in=YES, **contact)
    return person.contact_id


@plant("consent.erased_but_contactable")
def _contactable(shadow: Shadow) -> str | None:
    if not shadow.is_keyed:
        return None
    return shadow.person(is_anonymized=True, email="erased", email_key=None).contact_id


@plant("consent.erased_but_present")
def _present(shadow: Shadow) -> str | None:
    if not shadow.is_keyed:
        return None
    return shadow.person(opt_in=NO, is_anonymized=True, email="erased", email_key=None).contact_id


@plant("consent.buyer_opted_in")
def _buyer(shadow: Shadow) -> str:
    email, contact_id = f"{shadow.id('mail')}@example.invalid", shadow.id("contact")
    shadow.add(
        t.centra_buyer,
        buyer_id=shadow.id("buyer"),
        status="ACTIVE",
        email=email,
        email_key=email,
        created_at=shadow.at,
        updated_at=shadow.at,
    )
    shadow.contact(contact_id, email, YES)
    return contact_id


@plant("consent.opt_in_lost")
def _lost(shadow: Shadow) -> str:
    person = shadow.person()
    shadow.subscription(person.email, active=True)
    return person.contact_id


@plant("consent.unsubscribed_but_active_in_centra")
def _unsubscribed(shadow: Shadow) -> str:
    person = shadow.person(opt_in=NO)
    shadow.subscription(person.email, active=True)
    return person.contact_id


@plant("consent.opt_in_unknown_person")
def _unknown_person(shadow: Shadow) -> str:
    contact_id = shadow.id("contact")
    shadow.contact(contact_id, f"{shadow.id('mail')}@example.invalid", YES)
    return contact_id
