"""The legacy Order API: the customers with their newsletter flag, keyed consents and registration.

It is read only where the settings name it, whole but for single e-mails: what its time filters do is not
known.

Source:
    Centra reference 3.4: `GET {base}/customers?limit&offset`, header `API-Authorization`, times
    without a zone in that of the tenant, `status` ok or no. Neither the order of the customers nor
    the name of their list in an answer is known.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import msgspec

from auditor.errors import ConfigError, IncompleteSnapshotError, RefusedError, SchemaDriftError
from auditor.model.not_json import NOT_JSON
from auditor.model.stream import Aside, Page, Stream
from auditor.model.tables import centra_customer_flag, centra_keyed_consent
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.waits import wait_s
from auditor.systems.http import HttpClient, PassingFaultError, require_safe_url
from auditor.systems.text import email_key, text_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo

    from auditor.config.systems import OrderApi
    from auditor.systems.http import Retries

CUSTOMERS_AT_ONCE = 200

REFUSED = "centra.order_api.secret was refused; set the shared secret of the Order API plugin."
WRONG_ADDRESS = (
    "centra.order_api.url does not lead to Centra's Order API; "
    "write the address of its plugin, like https://brand.centra.com/api/order."
)

_DENIED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_NOWHERE = (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED, httpx.codes.GONE)


class _Consent(msgspec.Struct):
    """What somebody said about one thing that has a key; its wording is not read."""

    key: str
    consented: bool
    version: object = None
    created: str | None = None
    modified: str | None = None


class _Customer(msgspec.Struct, rename="camel"):
    customer_id: str | int
    email: str | None = None
    newsletter: bool | None = None
    registered: bool | None = None
    consents: tuple[_Consent, ...] = ()
    created: str | None = None
    modified: str | None = None


class _Key(msgspec.Struct, rename="camel"):
    customer_id: str | int


class OrderApiClient:
    """The Order API of one tenant.

    Args:
        settings: Its address and secret.
        clock: Tells the present moment, aware.
        retries: How long passing faults are waited out.
        transport: Carries the requests instead of the network.

    Raises:
        ConfigError: the address or the secret cannot be right.
    """

    def __init__(
        self,
        settings: OrderApi,
        clock: Callable[[], datetime],
        *,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        base = str(require_safe_url(settings.url, "centra.order_api.url"))
        self._url = f"{base.rstrip('/')}/customers"
        self._headers = {"API-Authorization": _sound(settings.secret.reveal())}
        self._is_known = False
        self._http = HttpClient(
            system="Centra's Order API",
            setting="centra.order_api.url",
            wait_of=lambda response: wait_s(response, clock),
            retries=retries,
            transport=transport,
        )

    @property
    def requests(self) -> int:
        """Return how many requests were sent so far."""
        return self._http.requests

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def customers(
        self, offset: int, limit: int = CUSTOMERS_AT_ONCE, email: str | None = None
    ) -> list[msgspec.Raw]:
        """Return one page of customers; of one e-mail where it is given.

        Raises:
            RefusedError: address or secret are wrong.
            SchemaDriftError: an answer of another shape.
            TransientReadError: a fault that did not pass.
        """
        return self._http.read(
            self._open,
            "GET",
            self._url,
            params={"limit": limit, "offset": offset} | ({"email": email} if email else {}),
            headers=self._headers,
        )

    def _open(self, response: httpx.Response) -> list[msgspec.Raw]:
        if response.status_code in _DENIED:
            raise RefusedError(REFUSED)
        if response.status_code in _NOWHERE:
            raise RefusedError(WRONG_ADDRESS)
        try:
            parts = msgspec.json.decode(response.content, type=dict[str, msgspec.Raw])
        except msgspec.ValidationError as exc:
            raise SchemaDriftError("Centra's Order API answers in another shape.") from exc
        except NOT_JSON as exc:
            if self._is_known:
                raise PassingFaultError("something that is not JSON") from exc
            raise RefusedError(WRONG_ADDRESS) from exc
        if bytes(parts.get("status", b"")) != b'"ok"' or not response.is_success:
            # Its message is not quoted: it may hold personal data.
            if self._is_known:  # the secret was right a moment ago
                raise SchemaDriftError(
                    "Centra's Order API answers a page of customers with an error."
                )
            raise RefusedError(REFUSED)
        self._is_known = True
        return _only_list(parts)


def consent_stream(client: OrderApiClient, zone: tzinfo) -> Stream:
    """Return the stream of what customers said about newsletters.

    Args:
        client: Asks the tenant.
        zone: Of the tenant, in which the API writes its times.
    """
    return Stream(
        "centra",
        "customer_consents",
        lambda: pages(client, zone),
        requests=lambda: client.requests,
    )


def pages(client: OrderApiClient, zone: tzinfo, email: str | None = None) -> Iterator[Page]:
    """Yield the customers to the last; those of one e-mail where it is given.

    The API tells no total and pages by offset, so that whoever comes or goes meanwhile shifts what
    is behind. Each page therefore begins with the last customer of the one before: another one there
    is a shift. The size of a page says nothing, because the API may give fewer than it is asked for.

    Raises:
        IncompleteSnapshotError: the customers shifted, or one came twice.
        ReadError: as for any page.
    """
    known: set[str] = set()
    last: str | None = None
    while True:
        rows = client.customers(max(len(known) - 1, 0), email=email)
        ids = [_id(row) for row in rows]
        if last is not None and ids[:1] != [last]:
            raise IncompleteSnapshotError("Centra's Order API shifted its customers meanwhile.")
        start = 0 if last is None else 1
        if len(ids) == start:
            return
        fresh = set(ids[start:])
        if len(fresh) < len(ids) - start or fresh & known:
            raise IncompleteSnapshotError("Centra's Order API gave a customer twice.")
        known |= fresh
        last = ids[-1]
        yield _page(rows[start:], zone)


def _page(rows: Sequence[msgspec.Raw], zone: tzinfo) -> Page:
    read = [_read(row) for row in rows]
    aside = tuple(row for row in read if isinstance(row, Aside))
    customers = [row for row in read if not isinstance(row, Aside)]
    flags = {
        "customer_id": [str(row.customer_id) for row in customers],
        "email_key": [email_key(row.email) for row in customers],
        "receives_newsletters": [row.newsletter for row in customers],
        "is_registered": [row.registered for row in customers],
        "created_at": [_moment(row.created, zone) for row in customers],
        "updated_at": [_moment(row.modified, zone) for row in customers],
    }
    said = [(row, consent) for row in customers for consent in row.consents]
    consents = {
        "customer_id": [str(row.customer_id) for row, _ in said],
        "email_key": [email_key(row.email) for row, _ in said],
        "key": [text_or_none(consent.key) for _, consent in said],
        "version": [_version(consent.version) for _, consent in said],
        "is_given": [consent.consented for _, consent in said],
        "created_at": [_moment(consent.created, zone) for _, consent in said],
        "updated_at": [_moment(consent.modified, zone) for _, consent in said],
    }
    tables = {
        centra_customer_flag.name: arrow_table(centra_customer_flag, flags),
        centra_keyed_consent.name: arrow_table(centra_keyed_consent, consents),
    }
    return Page(tables, len(rows), aside=aside)


_decode_customer = msgspec.json.Decoder(_Customer, strict=False).decode
_decode_key = msgspec.json.Decoder(_Key).decode


def _read(raw: msgspec.Raw) -> _Customer | Aside:
    try:
        return _decode_customer(raw)
    except NOT_JSON as exc:
        return Aside(f"not of the agreed shape: {exc}", bytes(raw).decode(errors="replace"))


def _id(raw: msgspec.Raw) -> str:
    try:
        return str(_decode_key(raw).customer_id)
    except NOT_JSON as exc:
        raise SchemaDriftError("Centra's Order API gives a customer without an id.") from exc


def _only_list(parts: dict[str, msgspec.Raw]) -> list[msgspec.Raw]:
    """Return the one list of an answer, whatever its name."""
    lists = [part for part in parts.values() if bytes(part)[:1] == b"["]
    if len(lists) != 1:
        raise SchemaDriftError("Centra's Order API answers without a list of customers.")
    return msgspec.json.decode(lists[0], type=list[msgspec.Raw])


def _moment(text: str | None, zone: tzinfo) -> datetime | None:
    """Return a time, None where there is none that can be read (such as one of zeros)."""
    try:
        found = datetime.fromisoformat(text or "")
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _version(value: object) -> str | None:
    return None if value is None else text_or_none(str(value))


def _sound(secret: str) -> str:
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ConfigError(
            "centra.order_api.secret is no secret: it is empty or holds odd characters."
        )
    return secret
