"""The terms that decide the verdicts, taken from the settings and the snapshot once per run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Literal, get_args

from auditor.config import Wsse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime, timedelta

    from auditor.config import Audience, Settings
    from auditor.config.settings import Title

Moving = Literal["orders", "contacts", "events"]
"""What moves from Centra to Emarsys, by the names of the settings."""

MOVING: tuple[Moving, ...] = get_args(Moving)

MOST_RAISED = 3
"""How many times its settle time a stream's learned lag may count at most."""


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
        shipped_event: Name of the event that a parcel triggers; None where none is configured.
        confirmed_event: Likewise of the event that confirms an order.
        pairing_window: A shipped event belongs to a parcel that left at most this long before it.
        confirmation_window: Likewise for a confirmation and its order.
        service_level: A shipped event that comes later than this is late.
        consent_keys: Keys of the consents that mean marketing; None without the legacy Order API.
        feed_customers: Whom the integration sends: all, registered, subscribed or buyers.
        mapped_fields: Fields of a contact that the settings map, by canonical column.
        catalogue_before: Items changed after this are too young to judge.
        pricelist: Name or id of the price list behind the feed's prices; None judges no item.
        market: Name or id of the market in which an item must be sellable.
        warehouses: Names or ids of the warehouses whose stock counts; none named means all.
        title: The field of Centra that the feed's title comes from; None compares no titles.
        stalls: By stream, silence after which it is stalled.
        lags: By stream, how late its slowest twentieth may be.
        feed_age: Age beyond which the catalogue feed is stale.
        token_expires: The day on which Centra's token ends, None where nobody said.
        has_wsse: Whether Emarsys is reached with WSSE.
        audiences: The segments that claim to follow a rule.
        merges: Who was merged into whom by the brand's own log, as pairs of customer ids.
        zone: The brand's time zone, by its name; months are the brand's own.
        undone: By remedy, how many corrections were made three times within seven days.
        has_tax: Whether the amounts that Emarsys is sent hold the tax.
        has_quarantine_list: Whether a list holds contacts back; without one nobody is contained.
        is_launch: Whether a launch waits for the answer: of what tells no time of its own, what changed
            since an earlier reading counts at once.
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
    shipped_event: str | None
    confirmed_event: str | None
    pairing_window: timedelta
    confirmation_window: timedelta
    service_level: timedelta
    catalogue_before: datetime
    pricelist: str | None
    market: str | None
    warehouses: tuple[str, ...]
    title: Title | None
    stock_tolerance: int
    stalls: Mapping[Moving, timedelta]
    lags: Mapping[Moving, timedelta]
    feed_age: timedelta
    token_expires: date | None
    has_wsse: bool
    consent_keys: tuple[str, ...] | None = None
    feed_customers: str = "all"
    mapped_fields: tuple[str, ...] = ("first_name", "last_name", "email")
    audiences: tuple[Audience, ...] = ()
    merges: tuple[tuple[str, str], ...] = ()
    zone: str = "UTC"
    undone: Mapping[str, int] = field(default_factory=dict)
    has_tax: bool = True
    has_quarantine_list: bool = True
    is_launch: bool = False


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
        shipped_event=settings.emarsys.events.get("shipped"),
        confirmed_event=settings.emarsys.events.get("confirmed"),
        pairing_window=settings.events.pairing_window,
        confirmation_window=settings.events.confirmation_window,
        service_level=settings.events.service_level,
        consent_keys=settings.centra.order_api.consents if settings.centra.order_api else None,
        feed_customers=settings.feed.customers,
        mapped_fields=tuple(settings.emarsys.fields),
        catalogue_before=now - settings.settle.catalogue,
        pricelist=settings.centra.catalogue.pricelist,
        market=settings.centra.catalogue.market,
        warehouses=tuple(settings.centra.catalogue.warehouses),
        title=settings.catalogue.title,
        stock_tolerance=settings.catalogue.stock_tolerance,
        stalls={name: getattr(settings.freshness.stall, name) for name in MOVING},
        lags={name: getattr(settings.freshness.lag, name) for name in MOVING},
        feed_age=settings.catalogue.max_age,
        token_expires=settings.credentials.centra_token_expires,
        has_wsse=isinstance(settings.emarsys.auth, Wsse),
        audiences=settings.audiences or (),
        zone=settings.timezone.key,
        has_tax=settings.sales.tax == "included",
        has_quarantine_list=settings.emarsys.quarantine_list is not None,
    )


def with_learned_lag(terms: Terms, lags: Mapping[str, timedelta]) -> Terms:
    """Let records of a stream grow as old as its slowest twentieth was late, before they are judged.

    A load that takes longer than its settle time is a warning of its own (`freshness.lag`), and no
    reason to call every record of the last hours missing. It never takes more than `MOST_RAISED` times
    the settle time, so that a stream that has stopped does not excuse itself.

    Args:
        terms: As the settings have them.
        lags: What the runs before measured, by stream.
    """

    def raised(before: datetime, stream: Moving) -> datetime:
        settle = terms.as_of - before
        return terms.as_of - max(settle, min(lags.get(stream, settle), MOST_RAISED * settle))

    return replace(
        terms,
        sales_before=raised(terms.sales_before, "orders"),
        events_before=raised(terms.events_before, "events"),
    )


_OF_EVENT = {
    "shipped": (
        "fulfilment.missing_shipped_event",
        "fulfilment.duplicate_shipped_event",
        "fulfilment.event_without_shipment",
        "fulfilment.late_shipped_event",
    ),
    "confirmed": ("fulfilment.missing_confirmation", "fulfilment.trigger_status_mismatch"),
}
"""The checks that look for an event, by the setting that names it."""

_OF_ANY_EVENT = ("fulfilment.dead_event", "channel.event_for_non_consumer")
"""The checks that look at every event that the settings name."""

_OF_ORDERS = (
    *("sales", "channel", "audience"),
    *(check for checks in _OF_EVENT.values() for check in checks),
    *("consent.opted_in_by_order", "identity.sales_on_orphan"),
)
"""The suites and checks that look at orders since a day, or at the events that these cause."""

_OF_KEY = (
    "identity.orphaned_by_merge",
    "identity.orphaned_contact",
    "identity.sales_on_orphan",
    "identity.key_mismatch",
)
"""The checks that go by the customer whom a contact names."""


def unconfigured(settings: Settings, at: datetime) -> dict[str, str]:
    """Return of what the settings leave nothing to judge: suite or check to reason.

    Args:
        settings: The brand's.
        at: When it is judged, aware.
    """
    off = dict(_checks_without_event(settings))
    since = settings.sales.since
    if since > at.astimezone(settings.timezone).date():
        off |= dict.fromkeys(
            _by_orders(settings), f"sales.since is {since}, a day that is still to come"
        )
    if settings.emarsys.key == "email":
        off |= dict.fromkeys(_OF_KEY, "emarsys.key is email, so that no contact names a customer")
    reason = _why_no_catalogue(settings)
    if reason is not None:
        off["catalogue"] = reason
    if settings.feed.customers == "registered" and settings.centra.order_api is None:
        off["identity.missing_contact"] = (
            "Only the legacy Order API tells who is registered; set centra.order_api or feed.customers"
        )
    return off


def _by_orders(settings: Settings) -> Iterator[str]:
    """Yield what is judged by orders alone; where a merge is logged, or who buys is no matter, some is not."""
    yield from _OF_ORDERS
    if settings.centra.merges is None:
        yield "identity.orphaned_by_merge"
    if settings.feed.customers == "buyers":
        yield "identity.missing_contact"


def _why_no_catalogue(settings: Settings) -> str | None:
    """Say what is missing; the list of sizes tells no display items, so Centra has no item to compare there."""
    of_centra = settings.centra.catalogue
    if of_centra.item == "display_item":
        return "Centra tells display items on order lines only; set centra.catalogue.item to another id"
    for name in ("pricelist", "market"):
        if getattr(of_centra, name) is None:
            return f"centra.catalogue.{name} is not configured"
    return None


def _checks_without_event(settings: Settings) -> Iterator[tuple[str, str]]:
    events = settings.emarsys.events
    for role, checks in _OF_EVENT.items():
        if role not in events:
            yield from ((check, f"emarsys.events.{role} is not configured") for check in checks)
    if not events:
        yield from ((check, "emarsys.events names no event") for check in _OF_ANY_EVENT)
