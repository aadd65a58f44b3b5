"""The terms that decide the verdicts, taken from the settings and the snapshot once per run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from auditor.config import Audience, Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What the selects compare against.

    Attributes:
        as_of: When the snapshot began, naive UTC like all times in the warehouse.
        contacts_before: Records of people changed after this are too young to judge.
        sales_before: Orders and returns changed after this are too young to judge.
        events_before: Events after this are too young to judge.
        currency: The base currency, in which Emarsys counts.
        minor_digits: Decimals of that currency.
        lifecycle_events: Names of the external events that only consumers may get.
        consent_keys: Keys of the consents that mean marketing; None without the legacy Order API.
        feed_customers: Whom the integration sends: all, registered, subscribed or buyers.
        mapped_fields: Fields of a contact that the settings map, by canonical column.
        audiences: The segments that claim to follow a rule.
        zone: The brand's time zone, by its name; months are the brand's own.
    """

    as_of: datetime
    contacts_before: datetime
    sales_before: datetime
    events_before: datetime
    currency: str
    minor_digits: int
    key: str
    consent_stores: tuple[str, ...] | None
    emarsys_sources: tuple[str, ...]
    since: date
    due_statuses: tuple[str, ...]
    tolerance_minor: int
    in_base_currency: bool
    marketplace_stores: tuple[str, ...]
    marketplace_markets: tuple[str, ...]
    marketplace_affiliates: tuple[str, ...]
    marketplace_attributes: Mapping[str, tuple[str, ...]]
    lifecycle_events: tuple[str, ...]
    consent_keys: tuple[str, ...] | None = None
    feed_customers: str = "all"
    mapped_fields: tuple[str, ...] = ("first_name", "last_name", "email")
    audiences: tuple[Audience, ...] = ()
    zone: str = "UTC"


def terms_of(settings: Settings, as_of: datetime, currency: str, minor_digits: int) -> Terms:
    """Build the terms of one run."""
    now = as_of.astimezone(UTC).replace(tzinfo=None)
    markets, stores = settings.centra.marketplaces, settings.consent.stores
    return Terms(
        as_of=now,
        contacts_before=now - settings.settle.contacts,
        sales_before=now - settings.settle.sales,
        events_before=now - settings.settle.events,
        currency=currency,
        minor_digits=minor_digits,
        key=settings.emarsys.key,
        consent_stores=None if stores == "all" else tuple(stores),
        emarsys_sources=tuple(str(source) for source in settings.consent.emarsys_sources),
        since=settings.sales.since,
        due_statuses=tuple(settings.sales.due_statuses),
        tolerance_minor=settings.sales.tolerance_minor,
        in_base_currency=settings.sales.currency == "base",
        marketplace_stores=tuple(markets.stores),
        marketplace_markets=tuple(markets.markets),
        marketplace_affiliates=tuple(markets.affiliates),
        marketplace_attributes={
            name: (values,) if isinstance(values, str) else tuple(values)
            for name, values in markets.attributes.items()
        },
        lifecycle_events=tuple(settings.emarsys.events.values()),
        consent_keys=settings.centra.order_api.consents if settings.centra.order_api else None,
        feed_customers=settings.feed.customers,
        mapped_fields=tuple(settings.emarsys.fields),
        audiences=settings.audiences or (),
        zone=settings.timezone.key,
    )
