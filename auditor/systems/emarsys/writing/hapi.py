"""The upload address ("HAPI"), behind the same lock: CSV in, plain text out, and no rows to judge.

Source:
    Emarsys reference 5.1, 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import httpx

from auditor.errors import RefusedError, TransientReadError
from auditor.systems.emarsys.writing.api import NEVER_TAKEN, fate_of
from auditor.systems.emarsys.writing.lock import HAPI_RULES, Lock, LockedTransport
from auditor.systems.gate import GatedTransport, always_open
from auditor.systems.http import HttpClient, require_safe_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.config.systems import SalesUpload
    from auditor.systems.gate import Gate

Outcome: TypeAlias = Literal["accepted", "refused", "unauthorised", "not_taken", "unknown"]

SALES, CATALOGUE = "sales-data/api", "catalog/api"
UNAUTHORISED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of a file.

    Attributes:
        outcome: `accepted` is not loaded yet. `refused` (400 and the like) and `unauthorised` (401):
            nothing of it was taken. `not_taken`: it did not get there. `unknown`: it may have been
            taken; for sales, only Open Data or a person can tell.
        digest: sha256 of the file before compression, in hex.
        rows: How many rows it has, the header not counted.
        status: HTTP status, None without an answer.
    """

    outcome: Outcome
    digest: str
    rows: int
    status: int | None = None


class Hapi:
    """The upload address of one merchant.

    Args:
        http: Sends the requests, over a `LockedTransport`.
        url: The merchant's address.
        token: The static token of its uploads.
    """

    def __init__(self, http: HttpClient, url: str, token: str) -> None:
        self.http = http
        self._url, self._token = url.rstrip("/"), token

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def send(
        self,
        path: str,
        content: bytes | Iterable[bytes],
        *,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Outcome, int | None]:
        """Send one file and return what became of it, and the status it was answered with.

        Raises:
            ForbiddenWriteError: the lock does not let it through.
        """
        sent = {
            "Authorization": f"bearer {self._token}",
            "Content-Type": "text/csv",
            "Accept": "text/plain",
            **(headers or {}),
        }
        try:
            response = self.http.request(
                "POST", f"{self._url}/{path}", content=content, headers=sent, repeatable=repeatable
            )
        except RefusedError as exc:  # unreachable from the start, or a redirect
            return "not_taken" if isinstance(exc.__cause__, NEVER_TAKEN) else "unknown", None
        except TransientReadError as exc:
            return "unknown" if repeatable or fate_of(exc) != "not_taken" else "not_taken", None
        return _outcome(response.status_code), response.status_code


def _outcome(status: int) -> Outcome:
    if status == httpx.codes.OK:
        return "accepted"
    if status in UNAUTHORISED:
        return "unauthorised"
    is_refusal = httpx.codes.is_client_error(status) and status != httpx.codes.REQUEST_TIMEOUT
    return "refused" if is_refusal else "unknown"


def open_hapi(settings: SalesUpload, gate: Gate = always_open) -> Hapi:
    """Open the upload address.

    Args:
        settings: Where it is.
        gate: Asked before every request; what it raises keeps the request from the network.

    Raises:
        ConfigError: the address in the settings is not usable.
    """
    base = require_safe_url(settings.url, "emarsys.sales.url")
    http = HttpClient(
        system="Emarsys uploads",
        setting="emarsys.sales.url",
        transport=GatedTransport(gate, LockedTransport(Lock(base, HAPI_RULES))),
    )
    return Hapi(http, settings.url, settings.token.reveal())
