"""How this Emarsys behaves: credentials, limits, and one switch per thing the vendor leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ApiUser:
    """One API user: it has its own credentials, its own permissions and its own rate budget.

    `permissions` None grants everything; a name such as `field.singlechoice.*` is matched literally.

    Source:
        Emarsys reference 1.1 (permission names) and 2.1 (rate per API user).
    """

    client_id: str = "auditor"
    client_secret: str = "auditor-secret"  # noqa: S105 -- a made-up secret of a made-up account
    wsse_username: str = "auditor001"
    wsse_secret: str = "auditor-wsse-secret"  # noqa: S105 -- see above
    permissions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A contact field: its number, English name, type and string id.

    `choices` are (choice id, English text) pairs; an empty tuple means that any id is taken.
    """

    id: int
    name: str
    application_type: str
    string_id: str
    choices: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Campaign:
    """An e-mail campaign, as far as an audience check looks at it; 0 means no such target."""

    id: int
    name: str
    segment_id: int = 0
    list_id: int = 0
    exclude_segment_id: int = 0
    exclude_list_id: int = 0
    status: int = 1
    api_status: int = 0
    subject: str = ""


COUNTRY_CHOICES: tuple[tuple[int, str], ...] = (
    (10, "Austria"),
    (24, "Brazil"),
    (49, "Denmark"),
    (60, "Finland"),
    (61, "France"),
    (65, "Germany"),
    (124, "Netherlands"),
    (129, "Norway"),
    (167, "Sweden"),
    (184, "United Kingdom"),
    (185, "United States of America"),
)
SALES_COLUMNS = ("item", "price", "order", "timestamp", "customer", "quantity")


@dataclass(frozen=True, slots=True)
class EmarsysOptions:
    """Every switch of the fake; the defaults suit a demo.

    Attributes:
        users: The API users of the account.
        wsse: Whether `/api/v2` still takes WSSE.
        wsse_skew_s: How far `Created` may be from the server's time.
        token_expires_in: What the token endpoint claims, in seconds.
        token_lifetime_s: When tokens really die; None keeps the claim.
        rate_limit: Requests per minute and API user.
        rate_headers: Whether answers carry the three rate headers.
        json_as_html: Whether JSON is labelled `text/html; charset=utf-8`.
        empty_errors: How `errors` looks when nothing failed.
        error_codes: Whether `errorCode` of getdata is text or a number.
        contact_ids: Whether `id` in getdata is text or a number.
        empty_values: Whether an empty field reads as null or as "".
        checkids_errors: Whether an inner error of checkids is `{code: text}` or the text alone.
        multiple_ids: Whether `get_multiple_ids` lists the ids of ambiguous keys only, or of all.
        deleted_count: The name of the count in the answer of contact/delete.
        upsert_races: How many creations answer "already exists" although nothing was created.
        custom_fields: Contact fields beyond the system fields and the account's key field.
        country_choices: The choices of field 14.
        indexed_fields: Fields that contact/query may filter on, beside the key field.
        key_field_indexed: Whether Support has indexed the key field.
        query_unstable: Whether every second contact/query answers in reverse order.
        export_polls: How many status polls see an export unfinished; None waits for the clock.
        export_duration_s: After how long an export is finished even if nobody polls.
        export_end: The final status of an export.
        export_lifetime_s: After how long the file of an export is gone.
        export_user_id: Whether every export has the leading `user_id`, not getchanges alone.
        export_header: Whether the CSV header stands on the first page only or on every page.
        export_choices: Whether single-choice fields other than opt-in show names or ids.
        changes_all_fields: Whether getchanges tells API changes of any field.
        changes_with_time: Whether getchanges honours the time of its range, not only the day.
        count_first: What the first count or listing of a segment answers.
        segment_members: Whether filter/{id}/contacts lists ids or objects.
        run_polls: How many polls see a segment run unfinished; None waits for the clock.
        run_duration_s: After how long a segment run is finished even if nobody polls.
        run_end: The final status of a segment run.
        run_list_lifetime_s: How long the result list of a run lives.
        contact_ids_wrapped: Whether contactIds answers inside the envelope's `data`.
        list_page_size: The largest page of contactIds, whatever `$top` says; None obeys `$top`.
        missing_list_status: The HTTP status of 3006.
        list_error_status: The HTTP status of 3001 to 3005.
        idle_event: What triggering an event without programs answers.
        trigger_memory_s: How long a `trigger_id` is remembered; None is for ever.
        open_data_lag_s: How long a fired event needs to reach Open Data.
        open_data_repeat_every: One row in so many stands twice in external_events; 0 is never.
        open_data_url: The database that `load_sales` refreshes; empty is none.
        open_data_schema: Its schema; empty is the default one.
        campaigns: The e-mail campaigns of the account.
        merchant_id: The Predict merchant in the HAPI and productinfo paths.
        hapi_token: The static bearer token of the HAPI uploads.
        sales_columns: The header agreed at onboarding, in its order and case.
        sales_header_strict: Whether a sales header in another order or case is refused.
        sales_semantics: Whether a second upload of an order adds to the first or replaces it.
        catalogue_reply: The body of a successful catalogue push.
        feed_token: The `token` the catalogue feed asks for; empty asks for none.
        feed_age_s: How old the feed says it is (`Last-Modified`); None says nothing.

    Source:
        Emarsys reference 14 and 15.
    """

    users: tuple[ApiUser, ...] = (ApiUser(),)
    wsse: bool = True
    wsse_skew_s: int = 300
    token_expires_in: int = 3600
    token_lifetime_s: int | None = None
    rate_limit: int = 1000
    rate_headers: bool = True
    json_as_html: bool = False
    empty_errors: Literal["object", "list", "absent"] = "object"
    error_codes: Literal["text", "number"] = "text"
    contact_ids: Literal["text", "number"] = "text"
    empty_values: Literal["null", "text"] = "null"
    checkids_errors: Literal["object", "text"] = "object"
    multiple_ids: Literal["ambiguous", "all"] = "ambiguous"
    deleted_count: str = "deleted_contacts"
    upsert_races: int = 0
    custom_fields: tuple[FieldDefinition, ...] = ()
    country_choices: tuple[tuple[int, str], ...] = COUNTRY_CHOICES
    indexed_fields: frozenset[int] = frozenset({3, 31})
    key_field_indexed: bool = True
    query_unstable: bool = False
    export_polls: int | None = 2
    export_duration_s: float = 60.0
    export_end: Literal["done", "ready", "error"] = "done"
    export_lifetime_s: float = 86_400.0
    export_user_id: bool = False
    export_header: Literal["first", "every"] = "first"
    export_choices: Literal["name", "id"] = "name"
    changes_all_fields: bool = False
    changes_with_time: bool = False
    count_first: Literal["number", "evaluating"] = "number"
    segment_members: Literal["ids", "objects"] = "ids"
    run_polls: int | None = 2
    run_duration_s: float = 60.0
    run_end: Literal["done", "error"] = "done"
    run_list_lifetime_s: float = 43_200.0
    contact_ids_wrapped: bool = True
    list_page_size: int | None = None
    missing_list_status: Literal[400, 404] = 400
    list_error_status: Literal[400, 500] = 400
    idle_event: Literal["ok", "refused"] = "ok"
    trigger_memory_s: float | None = None
    open_data_lag_s: float = 0.0
    open_data_repeat_every: int = 0
    open_data_url: str = ""
    open_data_schema: str = ""
    campaigns: tuple[Campaign, ...] = ()
    merchant_id: str = "DEMO1234"
    hapi_token: str = "demo-hapi-token"  # noqa: S105 -- a made-up token of a made-up account
    sales_columns: tuple[str, ...] = SALES_COLUMNS
    sales_header_strict: bool = True
    sales_semantics: Literal["append", "replace"] = "append"
    catalogue_reply: str = "Upload accepted"
    feed_token: str = ""
    feed_age_s: float | None = 3600.0
