"""The end of a person's newsletter in Centra.

Source:
    Centra reference 8: the flag of a customer is the only write path, and whether the newsletter row
    follows it is not known; so the row is read again, and one that stays active is told as a failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.applying.writers.contacts import contacts_now
from auditor.correct.applying.writers.outcome import UNKNOWN, refusals
from auditor.correct.applying.writers.rows import rows_now
from auditor.correct.applying.writers.writer import (
    AFTER,
    BEFORE,
    SENT,
    SeenAtOnce,
    Sending,
    Sight,
    request_of,
)
from auditor.model.plan import OPTED_IN, NewsletterFlag
from auditor.model.tables import centra_customer, centra_subscription
from auditor.systems.text import email_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.correct.applying.writers.contacts import Contact
    from auditor.model.plan import Change
    from auditor.systems.centra.writing import CentraWriter
    from auditor.systems.points import SystemPoints

AT_ONCE = 50

NO_CUSTOMER = Sight("other", "a customer is not there any more, or has another e-mail")
WANTED_AGAIN = Sight("other", "the contact is opted in by now, or has another e-mail")


class NewsletterWriter(SeenAtOnce):
    """Ends newsletters of customers, one call each.

    Args:
        points: Reads customers, newsletter rows and contacts.
        api: Writes customers.
    """

    at_once = AT_ONCE

    def __init__(self, points: SystemPoints, api: CentraWriter) -> None:
        self._points, self._api = points, api

    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """Read the newsletter rows of the customers' e-mails, and whether the contacts are opted out."""
        requests = [request_of(change, NewsletterFlag) for change in changes]
        ids = [number for one in requests for number in one.customers]
        customers = {
            str(row["customer_id"]): row
            for row in rows_now(self._points, "customers", centra_customer, ids)
        }
        there = contacts_now(self._points, [one.contact_id for one in requests])
        emails = [one.email for one in requests]
        emails += [str(row["email"]) for row in (*customers.values(), *there.values())]
        known = [number for one in requests for number in one.subscriptions]
        stream = "newsletter_subscriptions"
        active = {
            (row["subscription_id"], row["email_key"], row["store_id"])
            for row in rows_now(self._points, stream, centra_subscription, known, emails)
            if row["is_active"] and not row["is_product_bound"]
        }
        return [
            _sight(
                one,
                [customers.get(number) for number in one.customers],
                there.get(one.contact_id),
                active,
            )
            for one in requests
        ]

    def send(self, changes: Sequence[Change]) -> list[Sending]:
        """Set the flag of each customer; after a refusal of the token no other is tried."""
        sent: list[Sending] = []
        for change in changes:
            if sent and sent[-1].is_refusal:
                sent.append(sent[-1])
            else:
                sent += refusals(lambda change=change: [self._end(change)], 1)  # type: ignore[misc]
        return sent

    def _end(self, change: Change) -> Sending:
        endings = {
            self._api.end_newsletter(int(number))
            for number in request_of(change, NewsletterFlag).customers
        }
        if "refused" in endings:
            return Sending("failed", "Centra refuses the change")
        return UNKNOWN if "unknown" in endings else SENT


def _sight(
    request: NewsletterFlag,
    customers: Sequence[Contact | None],
    contact: Contact | None,
    active: set[tuple[str, str, str]],
) -> Sight:
    email = email_key(request.email)
    known = [one for one in customers if one is not None and one["email_key"] == email]
    if len(known) < len(customers):
        return NO_CUSTOMER
    is_same = contact is not None and contact["email_key"] == email_key(request.contact_email)
    if contact is None or contact["opt_in"] == OPTED_IN or not is_same:
        return WANTED_AGAIN
    stores = {one["store_id"] for one in known}
    is_active = any(
        number in request.subscriptions or (key == email and (None in stores or of in stores))
        for number, key, of in active
    )
    return BEFORE if is_active else AFTER
