"""The shape of a settings file: one class per section, one attribute per key, nothing computed.

An attribute that has a default may be left out of the file; one that is None then is a source or a
habit that is switched off. `config_template.yaml` explains every key to the person who fills it in.
"""

# No `from __future__ import annotations` here: `build` reads these annotations while it runs.

from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import force_setattr

from auditor.config.audiences import Audience, Preflights, require_once
from auditor.config.section import Brand, Count, Email, Id, Name, SettingError, Share
from auditor.config.systems import Centra, Emarsys
from auditor.config.values import (
    Cron,
    Duration,
    LocaleName,
    MailUrl,
    Secret,
    StoreUrl,
    WebUrl,
    Window,
    require_webhook,
)

OrderStatus = Literal["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "ARCHIVED"]
"""Source: Centra reference 4.2; the two names of a cancelled order are left out, it is never due."""

Title = Literal["display.name", "product.name", "variant.name"]
"""Fields of Centra that an item's title may come from. Source: Centra reference 6.2."""


def ledger_of(brand: str) -> StoreUrl:
    """Return where the findings of a brand are, unless its settings say so: two brands never share one."""
    return StoreUrl(f"sqlite:///var/{brand}-ledger.sqlite")


class Switch(Struct, frozen=True, kw_only=True):
    """What stops a brand's corrections: all that `auditor halt` needs, whatever else is wrong.

    Attributes:
        ledger: Where the flag is.
    """

    brand: Brand
    ledger: StoreUrl = StoreUrl("")
    stop_file: Name = "var/STOP"

    def __post_init__(self) -> None:
        """Name the ledger after the brand."""
        force_setattr(self, "ledger", self.ledger or ledger_of(self.brand))


class Store(Struct, frozen=True, kw_only=True):
    """Where results are kept; both are named after the brand unless set."""

    warehouse: StoreUrl = StoreUrl("")
    ledger: StoreUrl = StoreUrl("")


class Consent(Struct, frozen=True, kw_only=True):
    """What proves a consent."""

    emarsys_sources: tuple[Id | Name, ...] = ()
    stores: Literal["all"] | tuple[Name, ...] = "all"

    def __post_init__(self) -> None:
        """Refuse an empty list: no sign-up would count, and everybody would lack a consent."""
        if not self.stores:
            raise SettingError("stores", "must name at least one store, or be all")


class Feed(Struct, frozen=True, kw_only=True):
    """Whom the integration sends."""

    customers: Literal["all", "registered", "subscribed", "buyers"] = "all"


class Events(Struct, frozen=True, kw_only=True):
    """How lifecycle events pair with shipments and orders."""

    pairing_window: Duration = Duration(timedelta(hours=72))
    confirmation_window: Duration = Duration(timedelta(hours=24))
    service_level: Duration = Duration(timedelta(hours=2))
    max_age: Duration = Duration(timedelta(hours=48))


class Catalogue(Struct, frozen=True, kw_only=True):
    """How catalogue items are compared.

    Attributes:
        collection_column: The custom column of the feed that names the collection.
    """

    title: Title | None = "display.name"
    stock_column: Name | None = None
    collection_column: Name | None = None
    stock_tolerance: Count = 0
    max_age: Duration = Duration(timedelta(hours=26))

    @property
    def own_columns(self) -> dict[str, str]:
        """Return the brand's own columns of the feed, by the setting that names each."""
        named = {"stock_column": self.stock_column, "collection_column": self.collection_column}
        return {setting: column for setting, column in named.items() if column is not None}


class Stall(Struct, frozen=True, kw_only=True):
    """Silence after which a stream is stalled."""

    orders: Duration = Duration(timedelta(hours=26))
    contacts: Duration = Duration(timedelta(hours=26))
    events: Duration = Duration(timedelta(hours=6))


class Lag(Struct, frozen=True, kw_only=True):
    """How late the slowest twentieth of a stream may be."""

    orders: Duration = Duration(timedelta(hours=26))
    contacts: Duration = Duration(timedelta(hours=4))
    events: Duration = Duration(timedelta(hours=1))


class Freshness(Struct, frozen=True, kw_only=True):
    """How old is too old."""

    stall: Stall = Stall()
    lag: Lag = Lag()


class Coverage(Struct, frozen=True, kw_only=True):
    """When a snapshot is believed."""

    shrink_guard: Share = 0.9
    reread: Count = 200


class Credentials(Struct, frozen=True, kw_only=True):
    """Expiry dates that no API tells."""

    centra_token_expires: date | None = None


class Sales(Struct, frozen=True, kw_only=True):
    """Which orders count, and how their value is computed."""

    since: date = date(1970, 1, 1)
    due_statuses: tuple[OrderStatus, ...] = ("CONFIRMED", "PROCESSING", "SHIPPED", "ARCHIVED")
    tax: Literal["included", "excluded"] = "included"
    currency: Literal["base", "order"] = "base"
    tolerance_minor: Count = 1

    def __post_init__(self) -> None:
        """Refuse an empty list: no order would ever be due, and all would look well."""
        if not self.due_statuses:
            raise SettingError("due_statuses", "must name at least one status")


class Settle(Struct, frozen=True, kw_only=True):
    """Age a record must have before its absence or difference is a finding."""

    contacts: Duration = Duration(timedelta(hours=2))
    sales: Duration = Duration(timedelta(hours=26))
    catalogue: Duration = Duration(timedelta(hours=26))
    events: Duration = Duration(timedelta(hours=2))


class Cap(Struct, frozen=True, kw_only=True):
    """Changes that one plan may hold, as a number and as a share of the records.

    Attributes:
        people: People whom they may reach together; null is no limit.
        money: What they may be worth together, in whole units of the base currency; null is no limit.
    """

    count: Count = 500
    share: Share = 0.02
    people: Count | None = None
    money: Count | None = None


class Freeze(Struct, frozen=True, kw_only=True):
    """Days on which nothing is corrected, the last one included, such as those of a campaign."""

    from_: date = field(name="from")
    to: date

    def __post_init__(self) -> None:
        """Refuse days that end before they begin: they would freeze nothing."""
        if self.to < self.from_:
            raise SettingError("to", "must not be before from")


class Corrections(Struct, frozen=True, kw_only=True):
    """Limits of what may be corrected.

    Attributes:
        caps: By remedy; `default` covers the rest.
        policy: A remedy's class, where the brand wants another than the expectation says.
        window: When changes are made, in the brand's time zone; null is at any time.
        freeze: Days without changes, in the brand's time zone.
        stop_file: As long as this file is there, nothing is changed.
    """

    caps: dict[str, Cap] = field(default_factory=dict)
    expiry: Duration = Duration(timedelta(hours=4))
    policy: dict[str, Literal["auto", "confirm", "propose", "none"]] = field(default_factory=dict)
    window: Window | None = None
    freeze: tuple[Freeze, ...] = ()
    stop_file: Name = "var/STOP"

    def __post_init__(self) -> None:
        """Leave no remedy without a cap."""
        force_setattr(self, "caps", {"default": Cap()} | self.caps)


class Schedule(Struct, frozen=True, kw_only=True):
    """When the service works, as cron lines in the brand's time zone; null is never.

    Attributes:
        clean: When what is older than `privacy` lets it be is deleted; also where nothing else is said.
    """

    audit: Cron | None = None
    sweep: Cron | None = None
    correct: Cron | None = None
    clean: Cron | None = Cron("30 3 * * *")


class Escalation(Struct, frozen=True, kw_only=True):
    """Who else is told when a critical finding stands for too long.

    Attributes:
        after: By owner, how long one may stand; `default` covers the rest.
    """

    to: tuple[Email, ...]
    after: dict[str, Duration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Leave no owner without a limit, and nobody without a reader."""
        if not self.to:
            raise SettingError("to", "missing; add at least one address")
        force_setattr(self, "after", {"default": Duration(timedelta(days=3))} | self.after)


class Mail(Struct, frozen=True, kw_only=True):
    """Who is told, by owner; `default` covers the rest.

    Attributes:
        reports: Address under which the readers find the folder `reports/out`; None names the file.
    """

    smtp: MailUrl
    from_: Email = field(name="from")
    to: dict[str, tuple[Email, ...]]
    reports: WebUrl | None = None
    escalate: Escalation | None = None

    def __post_init__(self) -> None:
        """Leave no owner without a reader."""
        if not self.to.get("default"):
            raise SettingError("to.default", "missing; add at least one address")


class Chat(Struct, frozen=True, kw_only=True):
    """Where the digest is told in short.

    Attributes:
        webhook: An address that takes JSON as Slack's incoming webhooks do; whoever has it may post.
    """

    webhook: Secret


LEAST = timedelta(days=7)
"""The shortest that anything is kept: corrections of a week are told from a fight of two writers."""


class Privacy(Struct, frozen=True, kw_only=True):
    """How personal data is kept out of sight, and how long anything is kept.

    Attributes:
        retain: How long the past is kept: runs, findings that are over, receipts, earlier versions of records.
        retain_files: How long files are kept that nobody used or could use: plans that were not applied,
            worklists, verdicts, letters that wait, stores that were set aside.
    """

    pepper: Secret | None = None
    retain: Duration = Duration(timedelta(days=400))
    retain_files: Duration = Duration(timedelta(days=90))

    def __post_init__(self) -> None:
        """Refuse to delete what the auditor itself still goes by."""
        for key in ("retain", "retain_files"):
            if getattr(self, key) < LEAST:
                raise SettingError(key, "must be at least 7d")


class Settings(Struct, frozen=True, kw_only=True):
    """Everything one brand decides."""

    brand: Brand
    centra: Centra
    emarsys: Emarsys
    timezone: ZoneInfo = ZoneInfo("UTC")
    locale: LocaleName = LocaleName("en_GB")
    store: Store = Store()
    consent: Consent = Consent()
    feed: Feed = Feed()
    events: Events = Events()
    catalogue: Catalogue = Catalogue()
    freshness: Freshness = Freshness()
    coverage: Coverage = Coverage()
    credentials: Credentials = Credentials()
    sales: Sales = Sales()
    settle: Settle = Settle()
    audiences: tuple[Audience, ...] | None = None
    corrections: Corrections = field(default_factory=Corrections)
    preflight: Preflights = Preflights()
    schedule: Schedule | None = None
    mail: Mail | None = None
    chat: Chat | None = None
    privacy: Privacy = Privacy()

    def __post_init__(self) -> None:
        """Name the stores after the brand, so that two brands never share one; refuse what cannot be."""
        require_once(self.audiences or ())
        if self.chat is not None:
            try:
                require_webhook(self.chat.webhook)
            except ValueError:
                told = "must be an address like https://host/path"
                raise SettingError("chat.webhook", told) from None
        warehouse = self.store.warehouse or StoreUrl(f"duckdb:///var/{self.brand}.duckdb")
        ledger = self.store.ledger or ledger_of(self.brand)
        force_setattr(self, "store", Store(warehouse=warehouse, ledger=ledger))
