"""What the values are called on which both sides agreed last, by topic.

Attribution keeps each side's values as one text; these are their names, in its order. A topic that stands
in none of them, such as the profile, keeps hashes alone, which tell a person nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

BETWEEN_VALUES, BETWEEN_PARTS = "|", "\x1f"


class Names(NamedTuple):
    """The names of each side's values."""

    centra: tuple[str, ...]
    emarsys: tuple[str, ...]


_LINE = ("net_quantity", "net_minor", "least_quantity", "least_minor")
_COUNTED = ("quantity_milli", "amount_minor")

NAMES: dict[str, Names] = {
    "consent": Names(("consent", "is_buyer"), ("opt_in", "unsubscribed_at")),
    "order": Names(("channel", "is_cancelled", "is_due", *_LINE), _COUNTED),
    "line": Names(_LINE, _COUNTED),
    "owner": Names(("customer_id",), ("first_contact", "last_contact", "generated_contacts")),
    "identity": Names(("is_there", "is_erased", "email_hash"), ("key", "email_hash")),
    "person": Names(("email_hash",), ("contact_id", "email_hash")),
    "item": Names(("is_there", "sellable"), ("rows", "available")),
    "price": Names(("price_minor", "currency"), ("price_minor",)),
    "reference_price": Names(("msrp_minor", "currency"), ("msrp_minor",)),
    "stock": Names(("stock",), ("available", "stock")),
    "attributes": Names(
        ("title", "link", "category", "images", "collection"),
        ("title", "link", "category", "images", "collection"),
    ),
    "parcel": Names(("caused_at",), ("happened_at",)),
    "confirmation": Names(("caused_at",), ("happened_at",)),
    "trigger": Names(("event",), ("is_defined", "usages")),
    "member": Names(("belongs",), ("is_member",)),
    "turnover": Names(("amount_minor",), ("amount_minor",)),
    "event": Names(("is_consumer",), ("event", "happened_at")),
}


def agreed_of(text: str | None) -> dict[str, Any] | None:
    """Read what attribution wrote beside a drift row: topic, run and both sides' agreed values.

    Returns:
        `run` with the values of `centra` and `emarsys` by name, those left out that were empty; None
        where both sides never agreed, or where the topic's values are not for reading.
    """
    topic, run, centra, emarsys = (text or "\x1f\x1f\x1f").split(BETWEEN_PARTS)
    names = NAMES.get(topic)
    if names is None:
        return None
    return {
        "run": run,
        "centra": _named(names.centra, centra),
        "emarsys": _named(names.emarsys, emarsys),
    }


def _named(names: tuple[str, ...], text: str) -> dict[str, str]:
    # Only the last value may hold the mark between values: a text of the tenant's own stands there.
    values = text.split(BETWEEN_VALUES, len(names) - 1)
    return {name: value for name, value in zip(names, values, strict=False) if value}
