"""The sections about the two systems: how each is reached and how its records are named."""

# No `from __future__ import annotations` here: `build` reads these annotations while it runs.

from typing import Annotated, Literal

from msgspec import Struct, field
from msgspec.structs import force_setattr

from auditor.config.section import Column, Dataset, Id, Keys, Name, SettingError, UsedShare
from auditor.config.values import FeedSource, Secret, StoreUrl, WebUrl


class Marketplaces(Struct, frozen=True, kw_only=True):
    """What marks an order as sold on a marketplace."""

    stores: tuple[Name, ...] = ()
    markets: tuple[Name, ...] = ()
    attributes: dict[str, Name | tuple[Name, ...]] = field(default_factory=dict)
    affiliates: tuple[Name, ...] = ()


class CentraCatalogue(Struct, frozen=True, kw_only=True):
    """How Centra's products become the items that Emarsys knows.

    Attributes:
        image_size: The size of a display's pictures whose addresses the feed has.
    """

    item: Literal["sku", "ean", "variant", "display_item"] = "sku"
    pricelist: Name | None = None
    market: Name | None = None
    warehouses: tuple[Name, ...] = ()
    image_size: Name | None = None


class OrderApi(Struct, frozen=True, kw_only=True):
    """The legacy REST API, read for the newsletter flag and keyed consents.

    Attributes:
        consents: Keys of the consents that mean marketing; others (terms, cookies) prove nothing.
    """

    url: WebUrl
    secret: Secret
    consents: tuple[Name, ...] = ("newsletter",)


class Centra(Struct, frozen=True, kw_only=True):
    """How the commerce system is reached.

    Attributes:
        wholesale: Whether the brand sells wholesale; if so, a token that sees no wholesale store is
            taken to be restricted.
        merges: A CSV file of merged customers (`customer_id`, `survivor_id`) that the brand keeps.
    """

    url: WebUrl
    token: Secret
    rate_share: UsedShare = 0.3
    marketplaces: Marketplaces = Marketplaces()
    catalogue: CentraCatalogue = CentraCatalogue()
    order_api: OrderApi | None = None
    wholesale: bool = True
    merges: Name | None = None
    webhooks: bool = False


class OAuth2(Struct, frozen=True, kw_only=True, tag="oauth2"):
    """Client credentials, for API v3."""

    token_url: WebUrl
    client_id: Name
    client_secret: Secret


class Wsse(Struct, frozen=True, kw_only=True, tag="wsse"):
    """The legacy signature, for API v2, which Emarsys ends with 2026."""

    username: Name
    secret: Secret


class Contacts(Struct, frozen=True, kw_only=True):
    """Where the whole contact base is read from: exactly one of the three."""

    segment: Id | None = None
    list: Id | None = None
    query: bool = False

    def __post_init__(self) -> None:
        """Refuse none or several."""
        if (self.segment is not None) + (self.list is not None) + self.query != 1:
            raise SettingError("", "must hold exactly one of segment, list and query: true")


class OpenData(Struct, frozen=True, kw_only=True):
    """The database that holds the Open Data views."""

    url: StoreUrl
    account: Id
    dataset: Dataset = ""


REQUIRED_COLUMNS = ("item", "price", "order", "timestamp")


class SalesUpload(Struct, frozen=True, kw_only=True):
    """How the brand's sales file reaches Emarsys, and which columns it has."""

    url: WebUrl
    token: Secret
    semantics: Literal["append", "replace"] = "append"
    columns: tuple[Column, ...] = ("item", "price", "order", "timestamp", "customer", "quantity")

    def __post_init__(self) -> None:
        """Refuse a header that Emarsys would refuse.

        Source: Emarsys reference 5.1: four columns without which a load fails, and exactly one of
        `customer` and `email`.
        """
        if len(set(self.columns)) != len(self.columns):
            raise SettingError("columns", "must name every column once")
        if ("customer" in self.columns) == ("email" in self.columns):
            raise SettingError("columns", "must name exactly one of customer and email")
        missing = [name for name in REQUIRED_COLUMNS if name not in self.columns]
        if missing:
            raise SettingError(
                "columns", f"must name {', '.join(missing)}, too: no load goes without"
            )


class CatalogueFeed(Struct, frozen=True, kw_only=True):
    """The catalogue that Emarsys imports."""

    feed: FeedSource
    push: bool = False


CONTACT_FIELDS = {"external_id": 0, "first_name": 1, "last_name": 2, "email": 3, "opt_in": 31}
"""Field ids by our names; the account's own key has none. Source: Emarsys reference 4, system fields."""


READING_CALLS = (
    *("campaign.get", "campaign.list", "contact.contactid.verify", "contact.getdata"),
    *("contact.list", "contactlist.contact.count", "contactlist.contact.ids", "contactlist.list"),
    *("export.contact.changed", "export.contactlist", "export.download", "export.segment"),
    *("export.status", "externalevent.list", "externalevent.usages", "field.list"),
    *("field.singlechoice.*", "segment.contact.count", "segment.contact.list"),
    *("segment.contact.lookup", "segment.contacts.run", "segment.contacts.run.status"),
    *("segment.get", "segment.list"),
)
"""The calls of the core API that read, by the permission that each asks for: no two share one."""


class Emarsys(Struct, frozen=True, kw_only=True):
    """How the marketing system is reached, and how contacts are matched."""

    url: WebUrl
    auth: OAuth2 | Wsse
    contacts: Contacts
    key: Literal["external_id", "email"] = "external_id"
    fields: Annotated[dict[str, Id], Keys(tuple(CONTACT_FIELDS))] = field(default_factory=dict)
    open_data: OpenData | None = None
    sales: SalesUpload | None = None
    catalogue: CatalogueFeed | None = None
    events: Annotated[dict[str, Name], Keys(("shipped", "confirmed"))] = field(default_factory=dict)
    quarantine_list: Name | None = "audit-quarantine"
    versions: Annotated[dict[str, Literal["v2", "v3"]], Keys(READING_CALLS)] = field(
        default_factory=dict
    )

    @property
    def field_names(self) -> dict[str, str]:
        """Return our names of the mapped contact fields by their ids, as text."""
        return {str(number): name for name, number in self.fields.items()}

    def __post_init__(self) -> None:
        """Add the ids that are the same in every account."""
        if self.key == "external_id" and "external_id" not in self.fields:
            raise SettingError(
                "fields.external_id",
                "missing; add the id of the field that holds the Centra customer id",
            )
        known = {name: number for name, number in CONTACT_FIELDS.items() if number}
        fields = known | self.fields
        for name, number in self.fields.items():
            if twins := [one for one in fields if one != name and fields[one] == number]:
                raise SettingError(f"fields.{name}", f"is the field of {twins[0]}, too")
        if len(set(self.events.values())) != len(self.events):
            raise SettingError("events", "must name another event for each")
        force_setattr(self, "fields", fields)
