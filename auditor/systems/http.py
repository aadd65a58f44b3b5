"""One HTTP client for both systems: what is retried, for how long, and what is never done.

Retries live here and nowhere else. A request is repeated only when it may be (reads, and writes whose
effect does not double), only on faults that may pass, and only for a bounded number of attempts and
seconds. Redirects are never followed, so credentials never leave the host the settings name; plain
HTTP is refused for anything but loopback. A proxy that the environment names is used for every host
but this machine itself; TLS then goes through it, end to end.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
from copy import copy
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import httpx
import stamina

from auditor.config.environment import proxy_for
from auditor.errors import ConfigError, RefusedError, TransientReadError
from auditor.systems.bounded import AS_FILE, BoundedTransport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

log = logging.getLogger(__name__)

Read = TypeVar("Read")

PASSING_STATUS = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retries:
    """How long a passing fault is waited out.

    Attributes:
        attempts: Requests at most, the first included.
        total_s: Seconds at most, over all attempts and waits.
        longest_wait_s: A server that asks for a longer pause than this is given up on.
        timeout_s: Seconds without a byte before an attempt is given up.
    """

    attempts: int = 6
    total_s: float = 180.0
    longest_wait_s: float = 120.0
    timeout_s: float = 60.0


class Parts(TypedDict, total=False):
    """What a request may carry beside its method and address, as httpx takes it."""

    json: object
    content: bytes | Iterable[bytes]
    data: Mapping[str, str]
    params: Mapping[str, str | int]
    headers: Mapping[str, str]


class PassingFaultError(Exception):
    """A fault worth another try: its HTTP status if it has one, and the pause the server asked for."""

    def __init__(self, reason: str, wait_s: float | None = None, status: int | None = None) -> None:
        super().__init__(reason)
        self.wait_s, self.status = wait_s, status


def require_safe_url(url: str, setting: str) -> httpx.URL:
    """Return the parsed URL, or refuse it: TLS is required for any host that is not loopback.

    Raises:
        ConfigError: not an absolute http(s) URL, or plain HTTP to another machine.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as exc:
        raise ConfigError(f"{setting}: not a URL; write one like https://host/path.") from exc
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigError(
            f"{setting}: not an absolute http(s) URL; write one like https://host/path."
        )
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        raise ConfigError(f"{setting}: plain http is refused for {parsed.host}; use https.")
    return parsed


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _certificates() -> ssl.SSLContext:
    """Return whom to trust, read from disk once: that takes longer than most requests."""
    return httpx.create_ssl_context()


def network() -> httpx.BaseTransport:
    """Return what carries requests over the network, with certificates verified."""
    return _Network()


def plain_client(system: str, timeout_s: float) -> httpx.Client:
    """Return a client for a single question, without credentials and retries, its answer bounded."""
    transport = BoundedTransport(system, network())
    return httpx.Client(
        timeout=timeout_s, follow_redirects=False, transport=transport, trust_env=False
    )


class _Network(httpx.BaseTransport):
    """The network: straight to this machine itself, through the proxy of the environment elsewhere."""

    def __init__(self) -> None:
        self._ways: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            ConfigError: the environment names a proxy that cannot be used.
        """
        return self._way_to(request.url).handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for way in self._ways.values():
            way.close()

    def _way_to(self, url: httpx.URL) -> httpx.HTTPTransport:
        proxy = None if is_loopback(url.host) else proxy_for(url.scheme, url.host)
        if proxy not in self._ways:
            try:
                way = httpx.HTTPTransport(verify=_certificates(), proxy=proxy)
            except (httpx.InvalidURL, ImportError, ValueError) as exc:
                raise ConfigError(
                    "HTTPS_PROXY names no proxy that can be used; write one like http://proxy:3128."
                ) from exc
            way = self._ways.setdefault(proxy, way)
        return self._ways[proxy]


def date_of(response: httpx.Response) -> datetime | None:
    """Return what time it was at the server, aware; None where it does not tell."""
    try:
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


class HttpClient:
    """A client for one system, counting its requests.

    Attributes:
        date: What time it was at the server at its newest answer; None where it does not tell.

    Args:
        system: The system's name in messages, e.g. `Centra`.
        setting: The setting that holds its address, named in errors, e.g. `centra.url`.
        auth: How requests are signed.
        wait_of: Seconds that a 429 or 503 answer asks to wait, None where it does not say.
        retries: How long passing faults are waited out.
        transport: Carries the requests instead of the network.
    """

    def __init__(
        self,
        *,
        system: str,
        setting: str,
        auth: httpx.Auth | None = None,
        wait_of: Callable[[httpx.Response], float | None] = lambda _: None,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.requests = 0
        self.date: datetime | None = None
        self._system, self._setting, self._wait_of = system, setting, wait_of
        self._retries = retries or Retries()
        self._has_answered = False
        self._http = httpx.Client(
            auth=auth,
            timeout=httpx.Timeout(self._retries.timeout_s, connect=15.0),
            follow_redirects=False,
            transport=BoundedTransport(system, transport or network()),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def branch(self) -> HttpClient:
        """Return a client for another thread: the same connections, and a count of its own."""
        branch = copy(self)
        branch.requests = 0
        return branch

    def request(
        self, method: str, url: str, *, repeatable: bool = True, **parts: Unpack[Parts]
    ) -> httpx.Response:
        """Send one request and return the whole answer, whatever its status but a passing fault.

        Args:
            method: HTTP method.
            url: Absolute URL.
            repeatable: Whether it may be sent again after a fault; False for what doubles.
            parts: Body, parameters and headers.

        Raises:
            TransientReadError: the fault did not pass within the retries.
            SchemaDriftError: the answer is larger than any answer of these systems.
            RefusedError: the host cannot be reached at all, or answers with a redirect.
        """
        return self.read(lambda response: response, method, url, repeatable=repeatable, **parts)

    def read(
        self,
        read: Callable[[httpx.Response], Read],
        method: str,
        url: str,
        *,
        repeatable: bool = True,
        **parts: Unpack[Parts],
    ) -> Read:
        """Send one request and return what `read` makes of its answer.

        An answer that `read` refuses with a `PassingFaultError` counts as a fault and is asked for
        again; that is the place to find out that a body is cut or garbled.

        Raises:
            ReadError: as for `request`, or what `read` raises.
        """
        for attempt in self._attempts(repeatable=repeatable):
            with attempt, self._faults_named():
                self.requests += 1
                response = self._http.request(method, url, **parts)
                self._judge(response)
                return read(response)
        raise AssertionError  # pragma: no cover - stamina raises or returns

    @contextlib.contextmanager
    def stream(self, method: str, url: str, **parts: Unpack[Parts]) -> Iterator[httpx.Response]:
        """Open one answer for reading piece by piece; only opening it is retried.

        Raises:
            SchemaDriftError: it is larger than any file of these systems.
            TransientReadError: it could not be opened, or broke off while being read.
            RefusedError: the host cannot be reached at all, or answers with a redirect.
        """
        response = self._open(method, url, parts)
        try:
            yield response
        except httpx.RequestError as exc:
            raise TransientReadError(f"{self._system}: the answer was cut short.") from exc
        finally:
            response.close()

    def _open(self, method: str, url: str, parts: Parts) -> httpx.Response:
        for attempt in self._attempts(repeatable=True):
            with attempt, self._faults_named():
                self.requests += 1
                response = self._http.send(
                    self._http.build_request(method, url, **parts, extensions=AS_FILE), stream=True
                )
                try:
                    self._judge(response)
                except BaseException:
                    response.close()
                    raise
                return response
        raise AssertionError  # pragma: no cover - stamina raises or returns

    def _attempts(self, *, repeatable: bool) -> Iterable[stamina.Attempt]:
        return stamina.retry_context(
            on=self._should_retry if repeatable else _never,
            attempts=self._retries.attempts,
            timeout=self._retries.total_s,
            wait_initial=0.5,
            wait_max=30.0,
        )

    def _should_retry(self, exc: Exception) -> bool | float:
        if not isinstance(exc, TransientReadError):
            return False
        cause = exc.__cause__
        if isinstance(cause, PassingFaultError) and cause.wait_s is not None:
            return cause.wait_s
        return cause is not None  # without a cause, it was given up on

    def _judge(self, response: httpx.Response) -> None:
        self._has_answered, self.date = True, date_of(response)
        if response.status_code in PASSING_STATUS:
            wait_s = self._wait_of(response) if response.status_code in (429, 503) else None
            if wait_s is not None and wait_s > self._retries.longest_wait_s:
                raise TransientReadError(
                    f"{self._system} asks for a pause of {wait_s:.0f} s; try again later."
                )
            raise PassingFaultError(f"HTTP {response.status_code}", wait_s, response.status_code)
        if response.is_redirect:
            raise RefusedError(
                f"{self._system} answered with a redirect; set {self._setting} to the final address."
            )

    @contextlib.contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except PassingFaultError as exc:
            raise TransientReadError(f"{self._system} keeps answering {exc}.") from exc
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise self._unreachable() from exc
        except httpx.TimeoutException as exc:
            raise TransientReadError(f"{self._system} does not answer in time.") from exc
        except httpx.RequestError as exc:
            raise TransientReadError(f"{self._system}: the answer was cut short.") from exc

    def _unreachable(self) -> TransientReadError | RefusedError:
        """Tell a wrong address from a host that is away for a while: that one has answered before."""
        if self._has_answered:
            return TransientReadError(f"{self._system} cannot be reached any more.")
        return RefusedError(
            f"{self._system} cannot be reached; check {self._setting} and the network."
        )


def _never(_exc: Exception) -> bool:
    return False
