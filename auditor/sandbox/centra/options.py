"""How one fake tenant behaves where the Centra reference is silent or the tenant decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from auditor.sandbox.centra.plans import GROWTH, RatePlan

if TYPE_CHECKING:
    from datetime import datetime

DEFAULT_ABSENT = frozenset(
    {
        "Query.newsletterSubscriptionConnection",
        "Customer.market",
        "OrderLine.shippedQuantity",
    }
)
"""Names that the reference marks U: no part of the schema unless `CentraOptions.absent` leaves them out."""

DEFAULT_ATTRIBUTE_TYPES = (
    ("Customer", "emarsys_contact"),
    ("Order", "sales_channel"),
    ("Order", "gift_wrap"),
)
"""The dynamic attributes that a tenant has set up unless it says otherwise."""

CANCELLED = frozenset({"CANCELLED", "DELETED"})
"""The two spellings of one order status (4.2); rows may hold either."""


@dataclass(frozen=True, slots=True)
class Token:
    """An Integration API token.

    Attributes:
        value: What stands behind `Bearer`.
        permissions: Such as `Order:read`; None grants every one.
        stores: The store ids it is restricted to; None is no restriction.
        store_types: The store types it is restricted to; None is no restriction.
        expires_at: From when it is refused; None is never.
        integration: The name that its event queue goes by; tokens of one name share one queue.

    Source:
        Centra reference 1.2 and 1.3.
    """

    value: str
    permissions: frozenset[str] | None = None
    stores: frozenset[int] | None = None
    store_types: frozenset[str] | None = None
    expires_at: datetime | None = None
    integration: str = "auditor"


@dataclass(frozen=True, slots=True)
class CentraOptions:
    """One switch per fact that the reference marks U or I, and what a tenant sets up.

    Attributes:
        tokens: The tokens that exist (1.2).
        order_api_secret: The shared secret of the legacy Order API (3.4).
        order_api_refusal: Its answer to a wrong secret: the status, or 200 with `status: no` (3.4).
        order_api_list: What it calls the list of customers (3.4).
        order_api_most: How many customers it gives at most, whatever limit it is asked for (3.4).
        rate_plan: The plan that the environment is on (2.7).
        timezone: The tenant's zone: dates are shown in it and naive input is read in it (2.5).
        app_version: `extensions.appVersion` (0).
        refusal: Answer to a missing, unknown or expired token: a status, or 200 with `errors` (2.8).
        permission_error_status: HTTP status of an answer that lacks a permission (2.8).
        retry_after: Format of the `Retry-After` header (2.7).
        limited_body: Body of a 429: GraphQL JSON or plain text (2.7).
        over_limit: What a page size above 200 does: served as 200, or an error (2.2).
        date_bounds: Whether `from` and `to` themselves match; `half_open` takes `from` only (2.4).
        cancelled_status: How a cancelled order's status is spelled (4.2).
        hides_held_orders: Leave out held and unpaid orders unless the filter asks for them (4.2).
        hides_archived_orders: Leave out archived orders unless the filter names a status (10).
        registered_field: Name of the customer's registered flag; None when there is none (3.1).
        newsletter_field: Name of the customer's newsletter flag; None when there is none (3.4).
        base_value_field: Name of a monetary value's worth in base currency; None for none (4.1).
        update_customer_by: Whether `updateCustomer` takes an `id` or a `customer` (8).
        newsletter_flip: Whose newsletter rows follow the flag that `updateCustomer` writes (8).
        generates_events: Whether changes are queued for listeners; staff must switch it on (7.1).
        attribute_types: The dynamic attributes that are set up, as (object type, name) (8).
        absent: Names that the schema lacks, as `Type.field`, `Filter.field` or `Enum.VALUE`; what an
            interface lacks, its types lack. A root name removes a list: `Query.buyers`,
            `Query.orderConnection`.
    """

    tokens: tuple[Token, ...] = (Token("sandbox"),)
    order_api_secret: str = "sandbox-order-api"  # noqa: S105 - made up
    order_api_refusal: Literal["401", "no"] = "401"
    order_api_list: str = "customers"
    order_api_most: int = 100
    rate_plan: RatePlan = GROWTH
    timezone: str = "Europe/Stockholm"
    app_version: str = "v1.7.0"
    refusal: Literal["401", "403", "errors"] = "401"
    permission_error_status: Literal[200, 403] = 200
    retry_after: Literal["epoch", "http_date", "seconds"] = "epoch"
    limited_body: Literal["json", "text"] = "json"
    over_limit: Literal["clamp", "error"] = "clamp"
    date_bounds: Literal["inclusive", "exclusive", "half_open"] = "inclusive"
    cancelled_status: Literal["CANCELLED", "DELETED"] = "CANCELLED"
    hides_held_orders: bool = False
    hides_archived_orders: bool = False
    registered_field: str | None = None
    newsletter_field: str | None = None
    base_value_field: str | None = None
    update_customer_by: Literal["id", "customer"] = "id"
    newsletter_flip: Literal["none", "registered", "all"] = "all"
    generates_events: bool = False
    attribute_types: tuple[tuple[str, str], ...] = DEFAULT_ATTRIBUTE_TYPES
    absent: frozenset[str] = field(default=DEFAULT_ABSENT)
