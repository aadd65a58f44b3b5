"""The catalogue feed as a file: fetched from its address, or opened where it lies.

Source:
    Emarsys reference 6: Emarsys pulls the file from an address; the auditor reads the same one.
"""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import httpx
import stamina

from auditor.errors import ConfigError, IncompleteSnapshotError, RefusedError, TransientReadError
from auditor.private_file import unnamed
from auditor.systems.http import HttpClient, Retries

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "emarsys.catalogue.feed"
DOWNLOADS = 3
HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, open at its beginning; `written_at` is None where nobody says."""

    file: BinaryIO
    written_at: datetime | None


def feed_client(retries: Retries | None = None) -> HttpClient:
    """Return a client for the feed's server; it carries no credentials of Emarsys."""
    return HttpClient(system="The catalogue feed", setting=SETTING, retries=retries)


@contextlib.contextmanager
def opened_feed(source: str, http: HttpClient) -> Iterator[Feed]:
    """Open the feed for the length of a `with` block.

    Raises:
        ConfigError: there is no such file.
        RefusedError: the server does not give the file.
        IncompleteSnapshotError: the file was rewritten while it was read.
        TransientReadError: a fault that did not pass.
    """
    if "://" in source:
        with unnamed() as file:
            yield Feed(file, _downloaded(http, source, file))
    else:
        with _local(source) as file:
            written_ns = os.fstat(file.fileno()).st_mtime_ns
            yield Feed(file, datetime.fromtimestamp(written_ns / 1e9, UTC))
            if os.fstat(file.fileno()).st_mtime_ns != written_ns:
                raise IncompleteSnapshotError(
                    f"{SETTING}: the file was rewritten while it was read; read again."
                )


def feed_head(source: str, http: HttpClient) -> BinaryIO:
    """Return the beginning of the feed, far enough to hold its header.

    Raises:
        ConfigError: there is no such file.
        RefusedError: the server does not give the file.
        TransientReadError: a fault that did not pass.
    """
    if "://" not in source:
        with _local(source) as file:
            return io.BytesIO(file.read(HEAD_BYTES))
    head = b""
    with http.stream("GET", source) as response:
        _require_file(response)
        for piece in response.iter_bytes():
            head += piece
            if len(head) >= HEAD_BYTES:
                break
    return io.BytesIO(head)


def _local(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except OSError as exc:
        raise ConfigError(
            f"{SETTING}: the file cannot be opened ({exc.strerror}); check its path and rights."
        ) from exc


def _downloaded(http: HttpClient, url: str, file: BinaryIO) -> datetime | None:
    """Write the feed to a file and rewind it; a download that breaks off is begun anew."""
    written_at = None
    for attempt in stamina.retry_context(on=TransientReadError, attempts=DOWNLOADS, timeout=None):
        with attempt:
            file.seek(0)
            file.truncate()
            with http.stream("GET", url) as response:
                _require_file(response)
                file.writelines(response.iter_bytes())
                written_at = _moment(response.headers.get("last-modified"))
    file.seek(0)
    return written_at


def _require_file(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        raise RefusedError(
            f"{SETTING}: the server answers with HTTP {response.status_code} instead of a file; "
            "check the address and its access."
        )


def _moment(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
