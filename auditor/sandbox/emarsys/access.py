"""Who is calling: OAuth2 client credentials for v3, WSSE for v2, and what each user may do.

Source:
    Emarsys reference 1.1 and 1.2.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.replies import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.sandbox.emarsys.options import ApiUser, EmarsysOptions

_WSSE = re.compile(r'(Username|PasswordDigest|Nonce|Created)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class _Token:
    user: ApiUser
    dies_at: datetime


class Access:
    """Issues tokens, recognises callers and checks their permissions."""

    def __init__(self, options: EmarsysOptions) -> None:
        self._options = options
        self._tokens: dict[str, _Token] = {}

    def issue(self, authorization: str, now: datetime) -> str | None:
        """Return a new token for valid Basic credentials, else None."""
        for user in self._options.users:
            pair = f"{user.client_id}:{user.client_secret}".encode()
            if hmac.compare_digest(authorization.encode(), b"Basic " + base64.b64encode(pair)):
                token = secrets.token_urlsafe(24)
                self._tokens[token] = _Token(user, now + self._lifetime())
                return token
        return None

    def expire_tokens(self) -> None:
        """Make every token issued so far worthless."""
        self._tokens.clear()

    def caller(self, version: str, headers: Mapping[str, str], now: datetime) -> ApiUser:
        """Return the API user behind a request.

        Raises:
            Refusal: 401, nobody this account knows.
        """
        wsse = headers.get("x-wsse", "")
        if version == "v2" and wsse:
            user = self._wsse_user(wsse, now)
        else:
            user = self._token_user(headers.get("authorization", ""), now)
        if user is None:
            raise Refusal(401, 1, "Credentials are invalid")
        return user

    def _token_user(self, authorization: str, now: datetime) -> ApiUser | None:
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal(401, 1, "Unauthorized")
        token = self._tokens.get(value)
        return token.user if token is not None and now < token.dies_at else None

    def _wsse_user(self, header: str, now: datetime) -> ApiUser | None:
        sent = dict(_WSSE.findall(header))
        users = [u for u in self._options.users if u.wsse_username == sent.get("Username")]
        if not self._options.wsse or not users or not self._is_recent(sent.get("Created", ""), now):
            return None
        expected = wsse_digest(sent.get("Nonce", ""), sent["Created"], users[0].wsse_secret)
        return users[0] if hmac.compare_digest(expected, sent.get("PasswordDigest", "")) else None

    def _is_recent(self, created: str, now: datetime) -> bool:
        try:
            skew = datetime.fromisoformat(created) - now
        except (ValueError, TypeError):
            return False
        return abs(skew) <= timedelta(seconds=self._options.wsse_skew_s)

    def _lifetime(self) -> timedelta:
        claimed, real = self._options.token_expires_in, self._options.token_lifetime_s
        return timedelta(seconds=claimed if real is None else real)


def wsse_digest(nonce: str, created: str, secret: str) -> str:
    """Return the digest: base64 over the hex text of the hash, not over its bytes."""
    hexed = sha1((nonce + created + secret).encode()).hexdigest()  # noqa: S324 -- WSSE prescribes it
    return base64.b64encode(hexed.encode()).decode()


def demand(user: ApiUser, permission: str | None) -> None:
    """Refuse a caller without the permission; None needs none.

    Raises:
        Refusal: 403 with a null code.
    """
    if permission and user.permissions is not None and permission not in user.permissions:
        raise Refusal(403, None, "Forbidden")
