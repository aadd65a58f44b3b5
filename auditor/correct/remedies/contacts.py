"""Requests about contacts that several remedies make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from auditor.model.known_consent import KnownConsent
from auditor.model.plan import OPTED_OUT, ContactFields, ListMember, NewContact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import sqlalchemy as sa

    from auditor.correct.remedies.remedy import Case
    from auditor.model.plan import Change, Value

NEVER_UNDONE = "an opt-out is never taken back by the auditor"
STAYS = "a contact is never deleted; it stays, without an opt-in"


def opted_out(
    case: Case, contact: sa.RowMapping, consent: KnownConsent | None = None
) -> Iterator[Change]:
    """Opt a contact out, unless it is; for want of a consent only as long as none has come."""
    if contact["opt_in"] != OPTED_OUT:
        request = changed(case, contact, {case.field("opt_in"): OPTED_OUT})
        yield case.change(replace(request, consent=consent), why_no_undo=NEVER_UNDONE)


def known_consent(case: Case, contact: sa.RowMapping) -> KnownConsent | None:
    """Return what Centra says of a contact's person; None where it knows nobody."""
    person, facts = contact["person"], case.facts
    if person is None:
        return None
    rows = facts.subscriptions_by_email.get(person, [])
    customers = facts.customers_by_email.get(person, [])
    signed_up = (row["subscription_id"] for row in rows if row["is_active"])
    return KnownConsent(
        person,
        contact["key"] if contact["is_key_live"] else None,
        tuple(sorted(row["customer_id"] for row in customers)),
        tuple(row["subscription_id"] for row in rows),
        (*signed_up, *facts.agreements_by_email.get(person, ())),
        facts.consent_stores,
    )


def held_back(case: Case, contact_id: str) -> Iterator[Change]:
    """Put a contact on the quarantine list, where there is one."""
    name = case.settings.emarsys.quarantine_list
    if name is not None:
        yield case.change(
            ListMember(contact_id, name), undo=ListMember(contact_id, name, is_on=False)
        )


def with_fields(
    case: Case, contact: sa.RowMapping, values: Mapping[str, Value]
) -> Iterator[Change]:
    """Set fields of a contact, by the names of the mapped fields; undone by what it has now."""
    wanted = {case.field(name): value for name, value in values.items()}
    before = {case.field(name): contact[name] for name in values}
    if wanted and wanted != before:
        there = changed(case, contact, wanted)
        back = ContactFields(there.contact_id, before, {**there.expect, **wanted})
        yield case.change(there, undo=back)


def changed(case: Case, contact: sa.RowMapping, wanted: Mapping[str, Value]) -> ContactFields:
    """Return the request that sets fields, expecting the contact to be who it was.

    The fields are those of `wanted`, and those that say whose contact it is; of a new address also the
    opt-in, which it would inherit.
    """
    known = case.settings.emarsys.field_names
    watched = {case.field(n) for n in ("email", "external_id") if n in case.settings.emarsys.fields}
    if case.field("email") in wanted:
        watched.add(case.field("opt_in"))
    return ContactFields(
        contact["contact_id"],
        dict(wanted),
        {number: _text(contact[known[number]]) for number in sorted({*wanted, *watched})},
    )


def created(case: Case, customer: sa.RowMapping) -> Change:
    """Create the contact of a customer, without an opt-in."""
    fields = case.settings.emarsys.fields
    values = {"email": customer["email"]} | {
        name: customer[name] for name in ("first_name", "last_name") if customer[name]
    }
    wanted: dict[str, Value] = {
        case.field(name): value for name, value in values.items() if name in fields
    }
    key, customer_id = customer["email"], customer["customer_id"]
    if case.settings.emarsys.key == "external_id":
        key, customer_id = customer_id, None
    wanted.pop(case.key_field, None)
    request = NewContact(case.key_field, key, case.field("email"), wanted, customer_id)
    return case.change(request, why_no_undo=STAYS)


def _text(value: object) -> Value:
    return None if value is None else str(value)
