"""What a plan knows of consents when it opts somebody out for want of one."""

# No `from __future__ import annotations` here: msgspec reads these annotations while it runs.

from msgspec import Struct


class KnownConsent(Struct, frozen=True):
    """What Centra said of somebody who is opted out because no consent is there, when the plan was made.

    Attributes:
        person: The e-mail by which Centra knew them, normalised.
        customer: The customer whom the contact's key names; None where the e-mail tells whose it is.
        customers: Every live customer with the e-mail.
        subscriptions: Their newsletter rows, whatever these say.
        agreed: Those of the rows that said yes, and did not suffice.
        stores: The stores whose newsletters are a consent.
    """

    person: str
    customer: str | None
    customers: tuple[str, ...]
    subscriptions: tuple[str, ...]
    agreed: tuple[str, ...]
    stores: tuple[str, ...]
