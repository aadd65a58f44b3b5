"""Identity: retire what a merge left behind, key and create contacts, list what only a person may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.remedies.contacts import (
    created,
    held_back,
    known_consent,
    opted_out,
    with_fields,
)
from auditor.correct.remedies.remedy import GONE, Left, remedy
from auditor.model.plan import OPTED_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import sqlalchemy as sa

    from auditor.correct.remedies.remedy import Case, Outcome

COPIED = ("first_name", "last_name")
"""What an orphan may hand on; never its e-mail, its key or its opt-in."""


INHERITED = Left("the contact is opted in, and nothing says that its new address signed up")


GIVE_KEY = "give this contact the key of the surviving customer: it is the only one of somebody who signed up"


@remedy("retire_orphan")
def retire_orphan(case: Case) -> Iterator[Outcome]:
    """Opt the orphan out, hold it back, and give its survivor's contact what that one lacks.

    The only contact of the survivor, who signed up with that very e-mail, is left for a person to key: to opt
    it out would silence somebody who wants the mail, and so it would if they sign up before it is sent.
    """
    orphan = case.contact
    if orphan is None:
        yield GONE
        return
    survivor = str((case.finding.centra or {}).get("survivor_id") or "")
    heirs = case.facts.contacts_by_key.get(survivor, [])
    is_alone = _is_only_contact(case, orphan, survivor, heirs)
    if is_alone and orphan["consent"] == "yes":
        yield case.proposal(contact_id=orphan["contact_id"], customer_id=survivor, do=GIVE_KEY)
        return
    yield from opted_out(case, orphan, known_consent(case, orphan) if is_alone else None)
    if not orphan["contained"]:
        yield from held_back(case, orphan["contact_id"])
    if len(heirs) == 1:
        mapped = case.settings.emarsys.fields
        missing = {
            name: orphan[name]
            for name in COPIED
            if name in mapped and orphan[name] and not heirs[0][name]
        }
        yield from with_fields(case, heirs[0], missing)
    yield case.proposal(
        contact_id=orphan["contact_id"],
        customer_id=survivor,
        do="merge this contact into that of the surviving customer, or delete it",
    )


def _is_only_contact(
    case: Case, orphan: sa.RowMapping, survivor: str, heirs: Sequence[sa.RowMapping]
) -> bool:
    """Tell whether an orphan's own e-mail names the survivor, who has no other contact."""
    by_email = case.facts.contacts_by_email.get(orphan["email_key"] or "", [])
    is_alone = all(other["contact_id"] == orphan["contact_id"] for other in (*heirs, *by_email))
    return is_alone and bool(orphan["customer_id"] == survivor)


@remedy("orphan_worklist")
def orphan_worklist(case: Case) -> Iterator[Outcome]:
    """List a contact that no live customer belongs to."""
    yield case.proposal(
        contact_id=case.finding.contact_id or "",
        do="find out whose contact this is: its key names no live customer",
    )


@remedy("duplicate_worklist")
def duplicate_worklist(case: Case) -> Iterator[Outcome]:
    """List a contact that stands twice, with the older one."""
    twin = str((case.finding.emarsys or {}).get("twin_contact_id") or "")
    yield case.proposal(
        contact_id=case.finding.contact_id or "",
        keep=twin,
        do="merge this contact into the older one",
    )


@remedy("create_contact")
def create_contact(case: Case) -> Iterator[Outcome]:
    """Create the contact of a person, without an opt-in."""
    customer = case.facts.customers.get(case.finding.customer_id or "")
    if customer is None:
        yield GONE
    elif not customer["email"]:
        yield Left("the customer has no e-mail")
    else:
        yield created(case, customer)


@remedy("set_key")
def set_key(case: Case) -> Iterator[Outcome]:
    """Give a contact the key of the customer whom its e-mail names."""
    contact = case.contact
    if contact is None or contact["customer_id"] is None:
        yield GONE
    elif case.settings.emarsys.key != "external_id":
        yield Left("contacts are matched by e-mail")
    elif case.facts.contacts_by_key.get(contact["customer_id"]):
        yield Left("another contact has that key already")
    else:
        yield from with_fields(case, contact, {"external_id": contact["customer_id"]})


@remedy("update_field")
def update_field(case: Case) -> Iterator[Outcome]:
    """Give a contact the values that Centra has, of the fields that differ and no other.

    An address that did not sign up is not given to somebody who is opted in: it would be mailed from then on.
    """
    contact = case.contact
    customer = _customer_of(case, contact)
    if contact is None or customer is None:
        yield GONE
        return
    differs = str((case.finding.emarsys or {}).get("differs") or "").replace(",", " ").split()
    values = {name: customer[name] for name in differs if customer[name]}
    if "email" in values and contact["opt_in"] == OPTED_IN and contact["consent"] != "yes":
        yield INHERITED
        del values["email"]
        if not values:
            return
    if "email" in values and _is_taken(case, customer, contact):
        yield Left("another contact has the e-mail that Centra has")
        return
    if not values:
        yield Left("Centra has no value for the field")
        return
    yield from with_fields(case, contact, values)


def _customer_of(case: Case, contact: sa.RowMapping | None) -> sa.RowMapping | None:
    """Return the customer whose profile a contact has: the one its key names, else its person's."""
    if contact is None:
        return None
    named = contact["key"] if contact["is_key_live"] else contact["customer_id"]
    return case.facts.customers.get(named or "")


def _is_taken(case: Case, customer: sa.RowMapping, contact: sa.RowMapping) -> bool:
    others = case.facts.contacts_by_email.get(customer["email_key"] or "", [])
    return any(other["contact_id"] != contact["contact_id"] for other in others)


@remedy("key_contact")
def key_contact(case: Case) -> Iterator[Outcome]:
    """Create or key the contact of a buyer whose sales hang on a generated one.

    Source:
        Emarsys reference 5.2: adding the key to a real contact cures it at the next load.
    """
    customer = case.facts.customers.get(case.finding.customer_id or "")
    if customer is None or not customer["email"]:
        yield GONE
        return
    if case.facts.contacts_by_key.get(customer["customer_id"]):
        yield Left("the buyer's contact has its key; the next load of sales data cures it")
        return
    mailed = case.facts.contacts_by_email.get(customer["email_key"] or "", [])
    if len(mailed) > 1:
        yield Left("several contacts have the buyer's e-mail")
    elif not mailed:
        yield created(case, customer)
    elif mailed[0]["external_id"]:
        yield Left("the contact with the buyer's e-mail has another key")
    elif case.settings.emarsys.key == "external_id":
        yield from with_fields(case, mailed[0], {"external_id": customer["customer_id"]})
    else:
        yield Left("the buyer's contact is there; the next load of sales data cures it")
