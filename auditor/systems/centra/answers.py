"""What one HTTP answer of Centra means: data, or one sentence about what to do.

A 200 with `errors` is never data, not even where `data` stands beside them. Messages of the tenant
are not quoted, because they may hold personal data; the names in them are, where their shape is known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import msgspec

from auditor.errors import RefusedError, SchemaDriftError
from auditor.model.not_json import NOT_JSON
from auditor.systems.http import PassingFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PERMISSION = re.compile(r"You need ([\w.]{1,80}:\w{1,20}) permission")
_UNKNOWN = re.compile(r'Cannot query field "(\w{1,80})" on type "(\w{1,80})"')
_CATEGORY = re.compile(r"[A-Za-z_-]{1,40}")
_TOKEN = re.compile(r"\btoken\b|authenticat|unauthori[sz]ed", re.IGNORECASE)
_PASSING = re.compile(r"internal server error|too many requests|rate limit", re.IGNORECASE)

MOST_POINTS = 10**12
"""Whoever tells of more, spent or allowed, counts something else. Source: Centra reference 2.7."""

_DENIED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_NOWHERE = (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED, httpx.codes.GONE)

TOKEN_REFUSED = (
    "centra.token was refused; create a new Integration API token in Centra "  # noqa: S105 - a sentence
    "(System > API Tokens) and set it."
)
WRONG_ADDRESS = (
    "centra.url does not lead to Centra's GraphQL API; "
    "write its whole address, like https://brand.centra.com/graphql."
)


class MissingPermissionError(RefusedError):
    """The token lacks permissions; without them part of the data cannot be read."""

    def __init__(self, permissions: Sequence[str]) -> None:
        names = " and ".join(permissions)
        super().__init__(f"Centra refused to answer: grant {names} to the token in centra.token.")
        self.permissions = frozenset(permissions)


class GraphQLFault(msgspec.Struct):
    """One entry of `errors`; PHP writes an empty object as a list, so extensions may be anything."""

    message: object = ""
    extensions: object = None

    @property
    def text(self) -> str:
        """Return the message as text."""
        return self.message if isinstance(self.message, str) else ""

    @property
    def category(self) -> str:
        """Return the category, empty where there is none that may be shown."""
        found = self.extensions.get("category") if isinstance(self.extensions, dict) else None
        return str(found) if found and _CATEGORY.fullmatch(str(found)) else ""


class Envelope(msgspec.Struct):
    """A GraphQL answer whose data is not looked into yet.

    Source:
        Centra reference 2.8.
    """

    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[GraphQLFault] | None = None
    extensions: object = None

    @property
    def complexity(self) -> int:
        """Return what the query has cost, 0 where Centra does not say."""
        cost = self.extensions.get("complexity") if isinstance(self.extensions, dict) else None
        return cost if isinstance(cost, int) and 0 <= cost <= MOST_POINTS else 0

    @property
    def app_version(self) -> str:
        """Return the version of Centra that answered, empty where it does not say."""
        found = self.extensions.get("appVersion") if isinstance(self.extensions, dict) else None
        return found if isinstance(found, str) else ""


_decode = msgspec.json.Decoder(Envelope).decode


def envelope_of(response: httpx.Response, *, is_known: bool) -> Envelope:
    """Return an answer that holds data.

    Args:
        response: The whole answer.
        is_known: Whether this address has answered GraphQL before; if so, nonsense is a passing fault.

    Raises:
        RefusedError: token, permission or address are wrong.
        SchemaDriftError: Centra does not understand the query, or answers in another shape.
        PassingFaultError: an answer that may be right next time.
    """
    if response.status_code in _NOWHERE:
        raise RefusedError(WRONG_ADDRESS)
    try:
        envelope = _decode(response.content)
    except NOT_JSON as exc:
        is_json = isinstance(exc, msgspec.ValidationError)
        raise _unexplained(response, is_json=is_json, is_known=is_known) from exc
    if envelope.errors:
        raise _refusal(envelope.errors, response.status_code)
    if not response.is_success or bytes(envelope.data) == b"null":
        raise _unexplained(response, is_json=True, is_known=is_known)
    return envelope


def _unexplained(response: httpx.Response, *, is_json: bool, is_known: bool) -> Exception:
    """Return what an answer without data and without errors means."""
    if response.status_code in _DENIED:
        return RefusedError(TOKEN_REFUSED)
    if not response.is_success:
        return SchemaDriftError(f"Centra answered HTTP {response.status_code} without a reason.")
    if not is_known and (is_json or response.content.lstrip()[:1] == b"<"):
        return RefusedError(WRONG_ADDRESS)
    if is_json:
        return SchemaDriftError("Centra answered a query with neither data nor errors.")
    return PassingFaultError("something that is not JSON")


def _refusal(errors: Sequence[GraphQLFault], status: int) -> Exception:
    """Return what the errors mean, the most telling one first."""
    needed = {match[1] for error in errors if (match := _PERMISSION.search(error.text))}
    if needed:
        return MissingPermissionError(sorted(needed))
    unknown = next((m for error in errors if (m := _UNKNOWN.search(error.text))), None)
    if unknown is not None:
        return SchemaDriftError(f"Centra has no field {unknown[2]}.{unknown[1]}.")
    if status in _DENIED or any(_is_about_token(error) for error in errors):
        return RefusedError(TOKEN_REFUSED)
    if any(error.category == "internal" or _PASSING.search(error.text) for error in errors):
        return PassingFaultError("an internal error")
    category = next((error.category for error in errors if error.category), "none given")
    return SchemaDriftError(f"Centra refused a query (category: {category}).")


def _is_about_token(error: GraphQLFault) -> bool:
    if error.text.startswith("Syntax Error"):
        return False
    is_denied = error.category in ("authentication", "authorization")
    return is_denied or _TOKEN.search(error.text) is not None
