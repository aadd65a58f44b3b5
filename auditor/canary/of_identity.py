"""One case of every identity check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.canary.plants import plant
from auditor.model import tables as t

if TYPE_CHECKING:
    from auditor.canary.shadow import Shadow


@plant("identity.orphaned_by_merge")
def _by_merge(shadow: Shadow) -> str | None:
    merged = _merged(shadow)
    return None if merged is None else merged[0]


@plant("identity.sales_on_orphan")
def _sales_on_orphan(shadow: Shadow) -> str | None:
    merged = _merged(shadow)
    return None if merged is None else merged[1]


def _merged(shadow: Shadow) -> tuple[str, str] | None:
    """Let a customer have been merged into another; return its contact, and its order.

    Where contacts name no customer nothing tells that one was left behind.
    """
    if not shadow.is_keyed:
        return None
    survivor, gone, orphan = shadow.person(), shadow.id("customer"), shadow.id("contact")
    email = f"{shadow.id('mail')}@example.invalid"
    number, item, _ = shadow.order(survivor)
    shadow.before(t.centra_customer, customer_id=gone, email_key=email)
    shadow.before(t.centra_order, order_number=number, customer_id=gone)
    shadow.contact(orphan, email, None, external_id=gone)
    shadow.sale(number, item, si_contact_id=f"si-{orphan}")
    return orphan, number


@plant("identity.orphaned_contact")
def _orphaned(shadow: Shadow) -> str | None:
    if not shadow.is_keyed:
        return None
    contact_id, email = shadow.id("contact"), f"{shadow.id('mail')}@example.invalid"
    shadow.contact(contact_id, email, None, external_id=shadow.id("customer"))
    return contact_id


@plant("identity.duplicate_contact")
def _duplicate(shadow: Shadow) -> str:
    person, twin = shadow.person(), shadow.id("contact")
    shadow.contact(twin, person.email, None, external_id=person.customer_id)
    return twin


@plant("identity.missing_contact")
def _missing(shadow: Shadow) -> str | None:
    """Leave a customer without a contact whom every feed policy sends.

    Only the Order API tells who is registered.
    """
    if shadow.terms.feed_customers == "registered" and shadow.terms.consent_keys is None:
        return None
    person = shadow.person()
    shadow.rows[t.emarsys_contact].pop()
    shadow.rows[t.emarsys_si_contact].pop()
    shadow.subscription(person.email, active=True)
    shadow.order(person, is_confirmed=False)
    who = {"customer_id": person.customer_id, "email_key": person.email}
    shadow.add(t.centra_customer_flag, is_registered=True, **who)
    return f"centra:{person.customer_id}"


@plant("identity.key_mismatch")
def _keyless(shadow: Shadow) -> str | None:
    if not shadow.is_keyed:
        return None
    contact_id, email = shadow.id("contact"), f"{shadow.id('mail')}@example.invalid"
    shadow.customer(email)
    shadow.contact(contact_id, email, None)
    return contact_id


@plant("identity.profile_mismatch")
def _unlike(shadow: Shadow) -> str | None:
    """Let the first of the mapped fields differ; a brand that maps none has nothing to compare.

    An e-mail can differ only where the key links all the same.
    """
    mapped = shadow.terms.mapped_fields
    person = shadow.person(first_name="Canary", last_name="Canary")
    contact = shadow.rows[t.emarsys_contact][-1]
    contact.update(first_name="Canary", last_name="Canary")
    for field in ("first_name", "last_name"):
        if field in mapped:
            contact[field] = "Sparrow"
            return person.contact_id
    if "email" not in mapped or not shadow.is_keyed:
        return None
    contact["email"] = contact["email_key"] = f"{shadow.id('mail')}@example.invalid"
    return person.contact_id
