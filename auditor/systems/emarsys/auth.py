"""How a request to Emarsys is signed: OAuth2 client credentials, or WSSE until the end of 2026.

Neither the token nor the secret ever enters a message or a log line.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import msgspec

from auditor.config import Wsse
from auditor.errors import RefusedError
from auditor.model.not_json import NOT_JSON
from auditor.systems.http import PASSING_STATUS, PassingFaultError, require_safe_url

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from auditor.config import OAuth2

DEFAULT_LIFETIME_S = 3600.0
LONGEST_MARGIN_S = 60.0
LONGEST_LIFETIME_S = 7 * 86_400.0
"""A token that claims to live longer, or not at all, is renewed as one that does not say."""

SOUND = re.compile(r"[\x21-\x7e]{1,8192}")
"""What may stand in a header: a token cannot begin another one."""


class TokenAnswer(msgspec.Struct):
    """What the token endpoint answers."""

    access_token: str
    expires_in: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and the moment from which it is not used any more."""

    text: str
    renew_at: datetime


class BearerAuth(httpx.Auth):
    """Sign with a bearer token, fetched when needed and once more after a 401.

    One instance serves many threads: whoever finds the token stale fetches it, the others wait.

    Source:
        Emarsys reference 1.1: Basic header and form body; the lifetime is not promised, so it is
        taken from the answer, minus a margin.
    """

    def __init__(
        self, *, token_url: str, client_id: str, client_secret: str, clock: Callable[[], datetime]
    ) -> None:
        self._url = require_safe_url(token_url, "emarsys.auth.token_url")
        pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._basic = f"Basic {pair}"
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the request; when it is answered with 401, sign it once more with a new token."""
        token = yield from self._current()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            token = yield from self._current(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    def _current(self, refused: str | None = None) -> Generator[httpx.Request, httpx.Response, str]:
        with self._lock:
            token = self._token
            if token is None or token.text == refused or token.renew_at <= self._clock():
                response = yield self._token_request()
                response.read()
                token = self._token = _token_of(response, self._clock())
            return token.text

    def _token_request(self) -> httpx.Request:
        return httpx.Request(
            "POST",
            self._url,
            headers={"Authorization": self._basic},
            data={"grant_type": "client_credentials"},
        )


def _token_of(response: httpx.Response, now: datetime) -> Token:
    status = response.status_code
    if status in PASSING_STATUS:
        raise PassingFaultError(f"HTTP {status} to the request for a token")
    if status in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise RefusedError(
            "Emarsys refuses the API client; check client_id and client_secret in emarsys.auth."
        )
    try:
        if status != httpx.codes.OK:
            raise msgspec.ValidationError
        answer = msgspec.json.decode(response.content, type=TokenAnswer, strict=False)
        if not SOUND.fullmatch(answer.access_token):
            raise msgspec.ValidationError
    except NOT_JSON:
        # `from None`: the cause would carry the answer, and with it perhaps a token.
        raise RefusedError(
            f"emarsys.auth.token_url: no token in the answer (HTTP {status}); check the address."
        ) from None
    told_s = answer.expires_in or 0.0
    lifetime_s = told_s if 0 < told_s <= LONGEST_LIFETIME_S else DEFAULT_LIFETIME_S
    margin_s = min(LONGEST_MARGIN_S, lifetime_s / 10)
    return Token(answer.access_token, now + timedelta(seconds=lifetime_s - margin_s))


class WsseAuth(httpx.Auth):
    """Sign each request with a nonce, the time and a digest of both and the secret.

    Source:
        Emarsys reference 1.2; the scheme ends on 2026-12-31.
    """

    def __init__(self, *, username: str, secret: str, clock: Callable[[], datetime]) -> None:
        self._username, self._secret, self._clock = username, secret, clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the request with a nonce of its own."""
        request.headers["X-WSSE"] = wsse_header(
            self._username, self._secret, nonce=secrets.token_hex(16), created_at=self._clock()
        )
        yield request


def wsse_header(username: str, secret: str, *, nonce: str, created_at: datetime) -> str:
    """Return the value of `X-WSSE`.

    The digest is base64 over the 40 characters of the lower-case hex SHA-1, not over its 20 bytes.

    Source:
        Emarsys reference 1.2.
    """
    created = created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sha1 = hashlib.sha1(f"{nonce}{created}{secret}".encode(), usedforsecurity=False)
    digest = base64.b64encode(sha1.hexdigest().encode()).decode()
    return (
        f'UsernameToken Username="{username}", PasswordDigest="{digest}", '
        f'Nonce="{nonce}", Created="{created}"'
    )


def auth_of(settings: OAuth2 | Wsse, clock: Callable[[], datetime]) -> BearerAuth | WsseAuth:
    """Return the signing that `emarsys.auth` asks for."""
    if isinstance(settings, Wsse):
        return WsseAuth(username=settings.username, secret=settings.secret.reveal(), clock=clock)
    return BearerAuth(
        token_url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret.reveal(),
        clock=clock,
    )
