"""What a plan knows of consents when it opts somebody out for want of one."""

# No `from __future__ import annotations` here: msgspec reads these annotations while it runs.

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct


class KnownConsent(Struct, frozen=True):
    """What Centra said of somebody who is opted out because no consent is there, when the plan was made.

    Attributes:
        person: The e-mail by which Centra knew them, normalised.
        customer: The customer whom the contact's key names; None where the e-mail tells whose it is.
        customers: Every live customer with the e-mail.
        subscriptions: Their newsletter rows, whatever these say.
        agreed: Those of the rows that said yes, and did not suffice; with them, as `keyed_word` and
            `flag_word` name them, what the legacy Order API told.
        stores: The stores whose newsletters are a consent.
    """

    person: str
    customer: str | None
    customers: tuple[str, ...]
    subscriptions: tuple[str, ...]
    agreed: tuple[str, ...]
    stores: tuple[str, ...]


def keyed_word(row: Mapping[Any, Any]) -> str:
    """Return the name of a keyed consent: another one where it was said anew."""
    said_at: datetime | None = row["updated_at"] or row["created_at"]
    if said_at is not None and said_at.tzinfo is not None:
        said_at = said_at.astimezone(UTC).replace(tzinfo=None)
    return f"{row['customer_id']}/{row['key']}/{row['version'] or ''}/{said_at or ''}"


def flag_word(row: Mapping[Any, Any]) -> str:
    """Return the name of the newsletter flag of a customer, which has no date."""
    return f"{row['customer_id']}/flag"
