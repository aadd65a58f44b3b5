"""Consents that Centra has by now of people who are to be opted out because it had none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.correct.applying.writers.rows import live_customers_now, rows_now
from auditor.model.tables import centra_subscription

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.model.known_consent import KnownConsent
    from auditor.model.plan import ContactFields
    from auditor.systems.points import SystemPoints

Rows = dict[str, dict[str, Any]]


class _Yes(NamedTuple):
    """Something in Centra that says yes; the store is None where the tenant does not tell it."""

    email: str | None
    name: str
    store: str | None


def agreed_since(
    points: SystemPoints, requests: Sequence[ContactFields], contacts: Mapping[str, dict[str, Any]]
) -> set[str]:
    """Return the contacts of whose people Centra has a yes that the plan did not know.

    Of requests that are made for another reason nothing is read.

    Args:
        points: Reads customers, newsletter rows and what the legacy Order API tells.
        requests: At most one of a contact.
        contacts: Those of the requests, as they are now, by id.

    Raises:
        ReadError: Centra does not tell.
    """
    known = {one.contact_id: one.consent for one in requests if one.consent is not None}
    if not known:
        return set()
    ids = [number for one in known.values() for number in one.customers]
    customers = live_customers_now(points, ids)
    emails = [one.person for one in known.values()]
    emails += [str(row["email"]) for row in customers.values() if row["email"]]
    emails += [str(contacts[one]["email"]) for one in known if contacts[one]["email"]]
    rows = [number for one in known.values() for number in one.subscriptions]
    said_yes: dict[str | None, list[_Yes]] = {}
    for yes in (*_signed_up(points, rows, emails), *_agreed(points, emails)):
        said_yes.setdefault(yes.email, []).append(yes)
    return {
        contact_id
        for contact_id, one in known.items()
        if any(
            yes.name not in one.agreed and yes.store in (None, *one.stores)
            for yes in said_yes.get(_person(one, customers, contacts[contact_id]), ())
        )
    }


def _signed_up(points: SystemPoints, rows: Sequence[str], emails: Sequence[str]) -> Iterator[_Yes]:
    for row in rows_now(points, "newsletter_subscriptions", centra_subscription, rows, emails):
        if row["is_active"] and row["is_product_bound"] is False:
            yield _Yes(row["email_key"], row["subscription_id"], row["store_id"] or "")


def _agreed(points: SystemPoints, emails: Sequence[str]) -> Iterator[_Yes]:
    """Yield the keyed consents and flags of live customers."""
    said = points.agreements(emails)
    customers = live_customers_now(points, [customer for _, customer, _ in said])
    for email, customer, name in said:
        if customer in customers:
            yield _Yes(email, name, customers[customer]["store_id"])


def _person(known: KnownConsent, customers: Rows, contact: Mapping[str, Any]) -> str | None:
    """Return by which e-mail Centra knows somebody now: that of the customer, else that of the contact."""
    email = customers.get(known.customer or "", {}).get("email_key") or contact["email_key"]
    return None if email is None else str(email)
