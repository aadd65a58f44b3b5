"""What the probes share: the settings, and both systems, opened once and patient for seconds only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from auditor.doctor.greet import Greeting, greet
from auditor.doctor.tiny import TinyClient
from auditor.errors import AuditorError, TransientReadError
from auditor.systems.centra.client import LIMITS
from auditor.systems.centra.pace import Timing
from auditor.systems.centra.schema import Schema, learn_schema
from auditor.systems.emarsys.auth import auth_of
from auditor.systems.emarsys.breaker import CoreHttp
from auditor.systems.emarsys.client import HEADERS, CoreApi, rate_wait_s
from auditor.systems.emarsys.envelope import Endpoint, Reply, opened
from auditor.systems.http import Retries, require_safe_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from auditor.config import Settings

RETRIES = Retries(attempts=2, total_s=20.0, longest_wait_s=10.0, timeout_s=20.0)
LONGEST_PAUSE_S = 15.0

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Moments:
    """Tells the time, and waits."""

    clock: Callable[[], datetime]
    sleep: Callable[[float], None]


class Visit:
    """One brand under examination.

    Args:
        settings: The brand's settings.
        moments: Tells the time, and waits.
        owners: Of the checks that are loaded.
    """

    def __init__(self, settings: Settings, moments: Moments, owners: Collection[str] = ()) -> None:
        self.settings, self.clock, self._moments = settings, moments.clock, moments
        self.owners = frozenset(owners)
        self._made: dict[str, Any] = {}

    def close(self) -> None:
        """Close what was opened."""
        for made in self._made.values():
            if isinstance(made, TinyClient | CoreApi):
                made.close()

    def centra(self) -> TinyClient:
        """Return the client of Centra, which reads one row of every list.

        Raises:
            ConfigError: address or token cannot be right.
        """
        centra = self.settings.centra
        return self._once(
            "centra",
            lambda: TinyClient(
                centra.url,
                centra.token.reveal(),
                Timing(self.clock, sleep=self._short_sleep),
                share=centra.rate_share,
                retries=RETRIES,
            ),
        )

    def schema(self) -> Schema:
        """Return what the tenant has.

        Raises:
            ReadError: it does not tell.
        """
        return self._once("schema", lambda: learn_schema(self.centra()))

    def centra_greeting(self) -> Greeting:
        """Return how Centra answers a query that needs no permission.

        Raises:
            AuditorError: it does not answer.
        """
        headers = {"Authorization": f"Bearer {self.settings.centra.token.reveal()}"}
        return self._once(
            "centra greeting",
            lambda: greet(
                "Centra", self.settings.centra.url, self.clock, headers, json={"query": LIMITS}
            ),
        )

    def emarsys_greeting(self) -> Greeting:
        """Return how Emarsys answers its health check, which takes no credentials.

        Raises:
            AuditorError: it does not answer.

        Source:
            Emarsys reference 1: `GET /healthcheck`.
        """
        parts = urlsplit(self.settings.emarsys.url)
        address = f"{parts.scheme}://{parts.netloc}/healthcheck"
        return self._once("emarsys greeting", lambda: greet("Emarsys", address, self.clock, {}))

    def emarsys(self) -> CoreApi:
        """Return the core API of Emarsys.

        Raises:
            ConfigError: an address is not usable.
        """
        return self._once("emarsys", self._open_emarsys)

    def knock(
        self, endpoint: Endpoint, *ids: str | int, body: Mapping[str, object] | None = None
    ) -> Reply:
        """Return how Emarsys answers one call, whatever it answers; the data is of no interest.

        Raises:
            ReadError: no answer, or no token to ask with.
        """
        api = self.emarsys()
        address = api.address(endpoint, *ids)
        parts: dict[str, Any] = {"headers": HEADERS} | ({} if body is None else {"json": body})
        reply = opened(api.http.request(endpoint.method, address, **parts))
        if endpoint.has_v2_path and "/v3/" in address and reply.is_no_api():
            older = address.replace("/v3/", "/v2/", 1)
            reply = opened(api.http.request(endpoint.method, older, **parts))
        return reply

    def _open_emarsys(self) -> CoreApi:
        emarsys = self.settings.emarsys
        require_safe_url(emarsys.url, "emarsys.url")
        http = CoreHttp(
            system="Emarsys",
            setting="emarsys.url and emarsys.auth.token_url",
            auth=auth_of(emarsys.auth, self.clock),
            wait_of=lambda response: rate_wait_s(response, self.clock),
            retries=RETRIES,
        )
        return CoreApi(http, emarsys.url, self._short_sleep, emarsys.versions, self.clock)

    def _short_sleep(self, seconds: float) -> None:
        """Wait, but never for long: a doctor who is kept waiting says so instead."""
        if seconds > LONGEST_PAUSE_S:
            raise TransientReadError("The quota is used up for now; try again in an hour.")
        self._moments.sleep(seconds)

    def _once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what `make` makes, or raise what it raised, the first time it was asked."""
        if name not in self._made:
            try:
                self._made[name] = make()
            except AuditorError as exc:
                self._made[name] = exc
        made: Made | AuditorError = self._made[name]
        if isinstance(made, AuditorError):
            raise made
        return made
