"""The only thing that the auditor may change in Centra: the end of a customer's newsletter.

The text of the mutation is fixed, and so is its `false`: nothing but the customer's number varies. A
lock below the client compares what is really sent with these texts, byte for byte.

Source:
    Centra reference 8: `updateCustomer` and `receiveNewsletters`; by which argument the customer is
    named is inferred, so a tenant that does not know the one is asked with the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import httpx
import msgspec

from auditor.errors import ForbiddenWriteError, SchemaDriftError, TransientReadError
from auditor.model.not_json import NOT_JSON
from auditor.systems.centra.client import LIMITS, CentraClient
from auditor.systems.centra.pace import Timing
from auditor.systems.gate import CheckedTransport, GatedTransport, always_open

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from auditor.config.systems import Centra
    from auditor.systems.gate import Gate

_INPUT = "input: {receiveNewsletters: false}) { customer { id } userErrors { message path } } }"
BY_ID = f"mutation EndNewsletter($id: Int!) {{ updateCustomer(id: $id, {_INPUT}"
BY_CUSTOMER = f"mutation EndNewsletter($id: Int!) {{ updateCustomer(customer: {{id: $id}}, {_INPUT}"
ALLOWED = (BY_ID, BY_CUSTOMER)

Ending: TypeAlias = Literal["done", "refused", "unknown"]


class _Payload(msgspec.Struct, rename="camel"):
    customer: object = None
    user_errors: list[object] | None = None


class _Answer(msgspec.Struct, rename="camel"):
    update_customer: _Payload


class CentraWriter:
    """Ends newsletters of one tenant's customers.

    Args:
        client: Sends the mutations, over a `CentraLock`.
    """

    def __init__(self, client: CentraClient) -> None:
        self._client = client
        self._text: str | None = None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def end_newsletter(self, customer_id: int) -> Ending:
        """Tell Centra that a customer receives newsletters no more; a second time changes nothing.

        Raises:
            RefusedError: the token lacks the permission to write customers.
            SchemaDriftError: the tenant has no such mutation.
        """
        try:
            answer = self._send(customer_id)
        except TransientReadError:
            return "unknown"
        payload = answer.update_customer
        return "done" if payload.customer is not None and not payload.user_errors else "refused"

    def _send(self, customer_id: int) -> _Answer:
        if self._text is None:
            try:
                answer = self._ask(BY_ID, customer_id)
            except SchemaDriftError:  # refused before anything was carried out
                answer = self._ask(BY_CUSTOMER, customer_id)
                self._text = BY_CUSTOMER
            else:
                self._text = BY_ID
            return answer
        return self._ask(self._text, customer_id)

    def _ask(self, text: str, customer_id: int) -> _Answer:
        data = self._client.query(text, {"id": customer_id})
        try:
            return msgspec.json.decode(data, type=_Answer)
        except NOT_JSON as exc:
            raise SchemaDriftError("Centra answers updateCustomer in another shape.") from exc


class CentraLock(CheckedTransport):
    """Carries the two texts of the mutation and the query for the rate limits, and nothing else.

    Args:
        url: The only address.
        inner: Carries what has passed.
    """

    def __init__(self, url: str, inner: httpx.BaseTransport | None = None) -> None:
        self._url = httpx.URL(url)
        super().__init__(self._require, inner)

    def _require(self, request: httpx.Request) -> None:
        if request.method != "POST" or request.url != self._url or not _is_allowed(request.content):
            raise ForbiddenWriteError("Centra: this is no call that the auditor makes.")


def _is_allowed(content: bytes) -> bool:
    try:
        body = msgspec.json.decode(content)
    except NOT_JSON:
        return False
    if not isinstance(body, dict) or body.keys() != {"query", "variables"}:
        return False
    # As httpx writes it: a second entry of one name cannot hide from this comparison.
    if httpx.Request("POST", "https://localhost", json=body).content != content:
        return False
    query, variables = body["query"], body["variables"]
    if query == LIMITS:
        return bool(variables == {})
    is_number = isinstance(variables, dict) and type(variables.get("id")) is int
    return query in ALLOWED and is_number and variables.keys() == {"id"}


def open_writer(
    settings: Centra, *, clock: Callable[[], datetime], gate: Gate = always_open
) -> CentraWriter:
    """Open the Integration API for the one mutation.

    Args:
        settings: The tenant.
        clock: The time now, aware.
        gate: Asked before every request; what it raises keeps the request from the network.

    Raises:
        ConfigError: the address or the token cannot be right.
    """
    client = CentraClient(
        settings.url,
        settings.token.reveal(),
        Timing(clock),
        share=settings.rate_share,
        transport=GatedTransport(gate, CentraLock(settings.url)),
    )
    return CentraWriter(client)
