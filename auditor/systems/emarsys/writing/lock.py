"""The lock: the last thing that every request passes before the network, and it knows what may pass.

It sits below the HTTP client, so that it sees what is really sent: the method, the bytes of the path,
the host, the headers and the body, after signing, retries and whatever a caller came up with. It holds
no list of what is forbidden, but one of what is allowed; delete, merge, block list, launch, broadcast,
unsubscribe, list and filter deletion, and changes of fields, segments and campaigns are not on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from auditor.systems.emarsys.writing import bodies
from auditor.systems.emarsys.writing.bodies import require
from auditor.systems.gate import CheckedTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "authorization", "connection", "content-encoding"),
        *("content-length", "content-type", "host", "transfer-encoding", "user-agent", "x-wsse"),
    }
)
"""Nothing else is sent, above all no header that asks for another method, host or path."""

TOKEN_BODY = b"grant_type=client_credentials"


@dataclass(frozen=True, slots=True)
class Rule:
    """One request that may pass.

    Attributes:
        method: HTTP method, in capitals.
        path: The bytes of the path below the base address, without the query.
        query: The bytes of the whole query.
        check: Raises when the body holds what it may not.
    """

    method: bytes
    path: re.Pattern[bytes]
    query: bytes
    check: Callable[[httpx.Request], None]


def core_rules(quarantine_list: str | None) -> tuple[Rule, ...]:
    """Return what may be written over the core API.

    Args:
        quarantine_list: The only list that may be made; None allows none.

    Source:
        Emarsys reference 3.2, 3.3, 8, 9.1.
    """
    rules = [
        _rule(b"PUT", rb"contact/", bodies.check_update, b"create_if_not_exists=0"),
        _rule(b"PUT", rb"contact/", bodies.check_creation, b"create_if_not_exists=1"),
        _rule(b"POST", rb"event/[1-9][0-9]{0,17}/trigger", bodies.check_trigger),
    ]
    if quarantine_list is not None:
        members = rb"contactlist/[1-9][0-9]{0,17}/(add|delete)"
        new_list = partial(bodies.check_new_list, name=quarantine_list)
        rules += [
            _rule(b"POST", rb"contactlist", new_list),
            _rule(b"POST", members, bodies.check_members),
        ]
    return tuple(rules)


def _rule(
    method: bytes, path: bytes, check: Callable[[httpx.Request], None], query: bytes = b""
) -> Rule:
    return Rule(method, re.compile(path), query, check)


def _check_csv(request: httpx.Request) -> None:
    require(request.headers.get("content-type") == "text/csv", "an upload is no CSV file")


HAPI_RULES = (
    _rule(b"POST", rb"sales-data/api", _check_csv),
    _rule(b"POST", rb"catalog/api", _check_csv),
)
"""What may be uploaded. Source: Emarsys reference 5.1, 6."""


class Lock:
    """Lets through what its rules name, at one address, and the request for a token.

    Args:
        base: The address that all paths are below.
        rules: What may pass.
        token: Where tokens are fetched, None where none are.
    """

    def __init__(
        self, base: httpx.URL, rules: Sequence[Rule], token: httpx.URL | None = None
    ) -> None:
        self._base, self._rules, self._token = base, tuple(rules), token
        self._prefix = base.raw_path.rstrip(b"/") + b"/"

    def require(self, request: httpx.Request) -> None:
        """Return when the request may be sent.

        Raises:
            ForbiddenWriteError: it is not one of those that may.
        """
        require(set(request.headers) <= HEADERS, "a header of the request is not allowed")
        if self._is_for_a_token(request):
            return
        require(_place(request.url) == _place(self._base), "the request goes to another host")
        require(_host_header(request) == self._base.netloc, "the request names another host")
        path, _, query = request.url.raw_path.partition(b"?")
        require(path.startswith(self._prefix), "the path is not below the address in the settings")
        self._rule_of(request.method, path.removeprefix(self._prefix), query).check(request)

    def _rule_of(self, method: str, path: bytes, query: bytes) -> Rule:
        wanted = method.encode()
        for rule in self._rules:
            if rule.method == wanted and rule.path.fullmatch(path) and rule.query == query:
                return rule
        require(False, "this is no call that the auditor makes")
        raise AssertionError  # pragma: no cover - never reached

    def _is_for_a_token(self, request: httpx.Request) -> bool:
        return (
            self._token is not None
            and request.url == self._token
            and request.method == "POST"
            and _host_header(request) == self._token.netloc
            and request.content == TOKEN_BODY
        )


def _place(url: httpx.URL) -> tuple[str, bytes, int | None, bytes]:
    return url.scheme, url.raw_host, url.port, url.userinfo


def _host_header(request: httpx.Request) -> bytes:
    return str(request.headers.get("host", "")).encode()


class LockedTransport(CheckedTransport):
    """Carries requests through a lock; there is no way around it.

    Args:
        lock: Decides what may pass.
        inner: Carries what has passed.
    """

    def __init__(self, lock: Lock, inner: httpx.BaseTransport | None = None) -> None:
        super().__init__(lock.require, inner)
