"""The core API for reading: one call, repeated while its answer is not ready yet.

Faults that may pass are retried below, in `systems.http`, but for the circuit breaker of `breaker`;
here only answers that say "not yet" are asked for again, with growing pauses.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from auditor.clock import utc_now
from auditor.errors import IncompleteSnapshotError, RefusedError, TransientReadError
from auditor.systems.emarsys.auth import auth_of
from auditor.systems.emarsys.breaker import CoreHttp, once_more, request_id
from auditor.systems.emarsys.envelope import Blame, data_of, opened
from auditor.systems.http import require_safe_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from auditor.config.systems import Emarsys
    from auditor.systems.emarsys.envelope import Endpoint
    from auditor.systems.http import HttpClient, Parts

log = logging.getLogger(__name__)

HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
"""The content type is wanted on GET as well (2.3)."""

RATE_WINDOW_S = 60.0
KEPT_FOR_OTHERS = 0.02
"""The share of the rate that is left to whoever else has the same API user."""
PATIENCE_S = 600.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
GROWTH = 1.6


def pauses(patience_s: float) -> Iterator[float]:
    """Yield growing pauses that add up to about `patience_s`."""
    pause_s, left_s = FIRST_PAUSE_S, patience_s
    while left_s > 0:
        yield pause_s
        left_s -= pause_s
        pause_s = min(pause_s * GROWTH, LONGEST_PAUSE_S)


class CoreApi:
    """The core API, signed and paced.

    Args:
        http: Sends the requests.
        url: The API's address, with its version.
        sleep: Waits for that many seconds.
        versions: By permission, calls that have another version.
        clock: Tells how long the present rate window still lasts.
    """

    def __init__(
        self,
        http: HttpClient,
        url: str,
        sleep: Callable[[float], None],
        versions: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.http, self.sleep, self._clock = http, sleep, clock
        self._spare_s = 0.0
        self._url, self._versions = url.rstrip("/"), versions or {}

    @property
    def requests(self) -> int:
        """Return how many requests were sent so far."""
        return self.http.requests

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def call(
        self,
        endpoint: Endpoint,
        *ids: str | int,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str | int] | None = None,
        blame: Blame | None = None,
        patience_s: float = PATIENCE_S,
    ) -> object:
        """Return the data of one answer, waiting for it where Emarsys says "not yet".

        Args:
            endpoint: What to call.
            ids: For the placeholders of its path.
            body: JSON to send.
            params: Query parameters.
            blame: Sentences for answers that a setting is to blame for.
            patience_s: How long to go on asking.

        Raises:
            RefusedError: credentials, permission or address are wrong.
            ConfigError: a setting names what the account does not have.
            SchemaDriftError: an answer that is not of the agreed shape.
            TransientReadError: a fault that did not pass, or an answer that never got ready.
        """
        for pause_s in pauses(patience_s):
            response = self._send(endpoint, ids, body, params)
            reply = opened(response)
            if not reply.is_pending(endpoint):
                _log_unless_ok(endpoint, response)
                return data_of(reply, endpoint, blame or {})
            self.sleep(pause_s)
        raise TransientReadError(f"Emarsys: {endpoint.path} does not get ready.")

    @contextlib.contextmanager
    def download(self, endpoint: Endpoint, *ids: str | int) -> Iterator[Iterator[bytes]]:
        """Open a file for reading piece by piece, waiting until it is ready.

        Raises:
            ReadError: as for `call`.
        """
        for pause_s in pauses(PATIENCE_S):
            with self._opened(endpoint, ids) as response:
                if response.status_code == httpx.codes.OK:
                    yield response.iter_bytes()
                    return
                response.read()
                reply = opened(response)
                if not reply.is_pending(endpoint):
                    _log_unless_ok(endpoint, response)
                    data_of(reply, endpoint, {})
            self.sleep(pause_s)
        raise TransientReadError(f"Emarsys: {endpoint.path} does not get ready.")

    @contextlib.contextmanager
    def _opened(self, endpoint: Endpoint, ids: tuple[str | int, ...]) -> Iterator[httpx.Response]:
        address = self.address(endpoint, *ids)
        with contextlib.ExitStack() as stack:
            yield once_more(
                lambda: stack.enter_context(
                    self.http.stream(endpoint.method, address, headers=HEADERS)
                ),
                self.sleep,
            )

    def _send(
        self,
        endpoint: Endpoint,
        ids: tuple[str | int, ...],
        body: Mapping[str, Any] | None,
        params: Mapping[str, str | int] | None,
    ) -> httpx.Response:
        parts: Parts = {"headers": HEADERS}
        if body is not None:
            parts["json"] = body
        if params is not None:
            parts["params"] = params
        address = self.address(endpoint, *ids)
        response = self._request(endpoint.method, address, parts)
        if endpoint.has_v2_path and "/v3/" in address and opened(response).is_no_api():
            return self._request(endpoint.method, address.replace("/v3/", "/v2/", 1), parts)
        return response

    def _request(self, method: str, address: str, parts: Parts) -> httpx.Response:
        if self._spare_s:
            self.sleep(self._spare_s)
        response = once_more(lambda: self.http.request(method, address, **parts), self.sleep)
        self._spare_s = spare_wait_s(response, self._clock)
        return response

    def address(self, endpoint: Endpoint, *ids: str | int) -> str:
        """Return where a call is sent: nothing in an id can lead out of its place in the path."""
        path = endpoint.path.format(*(quote(str(one), safe="") for one in ids))
        version = self._versions.get(endpoint.permission)
        base = self._url if version is None else f"{self._url.rpartition('/')[0]}/{version}"
        return f"{base}/{path}"


def _log_unless_ok(endpoint: Endpoint, response: httpx.Response) -> None:
    if not response.is_success:
        log.warning(
            "Emarsys answered %s with HTTP %d, request id %s",
            endpoint.path,
            response.status_code,
            request_id(response),
        )


def rate_wait_s(response: httpx.Response, clock: Callable[[], datetime]) -> float | None:
    """Return how long a 429 asks to wait: until the reset it names, else a whole window.

    A reset that lies outside the next window is no statement about it (a clock is wrong).

    Source:
        Emarsys reference 2.1: `X-RateLimit-Reset` in Unix seconds, no `Retry-After`; else 60 s.
    """
    if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
        return None
    try:
        left_s = float(response.headers.get("x-ratelimit-reset", "")) - clock().timestamp()
    except ValueError:
        return RATE_WINDOW_S
    return left_s if 0 < left_s <= RATE_WINDOW_S else RATE_WINDOW_S


def spare_wait_s(response: httpx.Response, clock: Callable[[], datetime]) -> float:
    """Return how long to leave what remains of the rate to others, 0 while there is enough for all.

    The limit is one of the API user, and the brand's own integration may be the same.

    Source:
        Emarsys reference 2.1: the three headers; an answer may have none.
    """
    try:
        limit, remaining, reset_s = (
            float(response.headers.get(f"x-ratelimit-{name}", ""))
            for name in ("limit", "remaining", "reset")
        )
    except ValueError:
        return 0.0
    left_s = reset_s - clock().timestamp()
    is_scarce = remaining <= limit * KEPT_FOR_OTHERS
    return left_s if is_scarce and 0 < left_s <= RATE_WINDOW_S else 0.0


def unless_refused(count: Callable[[], int | None]) -> int | None:
    """Return a count, None where the API user may not take it: it only cross-checks what is read."""
    try:
        return count()
    except RefusedError:
        return None


def require_all(what: str, read: int, before: int | None, after: int | None) -> None:
    """Refuse fewer rows than were counted both before and after reading.

    People come and go meanwhile, and a count may be some minutes old, so more rows than counted prove
    nothing.

    Raises:
        IncompleteSnapshotError: rows are missing.
    """
    if before is None or after is None:
        return
    least = min(before, after)
    if read < least:
        raise IncompleteSnapshotError(f"Emarsys: {what} held {read} rows of {least}.")


def api_opener(
    settings: Emarsys, *, clock: Callable[[], datetime], sleep: Callable[[float], None]
) -> Callable[[], CoreApi]:
    """Return a function that opens the core API; all that it opens share one token.

    Raises:
        ConfigError: an address in the settings is not usable.
    """
    require_safe_url(settings.url, "emarsys.url")
    auth = auth_of(settings.auth, clock)

    def open_api() -> CoreApi:
        http = CoreHttp(
            system="Emarsys",
            setting="emarsys.url and emarsys.auth.token_url",
            auth=auth,
            wait_of=lambda response: rate_wait_s(response, clock),
        )
        return CoreApi(http, settings.url, sleep, settings.versions, clock)

    return open_api
