"""Emarsys: the catalogue feed by its first kilobytes, and the host that takes sales files."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from auditor.doctor.result import Result, probe, shown
from auditor.errors import ReadError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit

REQUIRED = ("item", "title", "link", "image", "category", "available", "price")
"""Source: Emarsys reference 6."""

GOOGLE = ("id", "title", "link")
"""A Google product feed is accepted as well (6); it names its columns otherwise."""

STREAMS = ("catalogue",)
FIRST_BYTES = 16_384
TIMEOUT_S = 20.0
UPLOAD = "sales-data/api"


@probe("emarsys.feed", "emarsys", streams=STREAMS)
def feed(visit: Visit) -> Iterator[Result]:
    """Read the first kilobytes of the catalogue feed and look at its header."""
    catalogue = visit.settings.emarsys.catalogue
    if catalogue is None:
        yield Result("off", "emarsys.catalogue.feed is not configured.", streams=STREAMS)
        return
    yield header_result(_head(str(catalogue.feed)))


def header_result(head: bytes) -> Result:
    """Return what the beginning of a feed says about it."""
    fix = "Correct the feed at its source: UTF-8, commas, a header row."
    try:
        text = head.decode("utf-8-sig", errors="strict" if len(head) < FIRST_BYTES else "ignore")
    except UnicodeDecodeError:
        return Result("fail", "The catalogue feed is not UTF-8.", fix, STREAMS)
    rows = list(islice(csv.reader(text.splitlines()), 2))
    columns = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in REQUIRED if name not in columns]
    if not missing:
        return Result("ok", f"The catalogue feed answers and has {len(columns)} columns.")
    if all(name in columns for name in GOOGLE):
        return Result(
            "warn", "The catalogue feed is a Google product feed.", "Check catalogue.item."
        )
    names = ", ".join(missing)
    return Result("fail", f"The header of the catalogue feed lacks {names}.", fix, STREAMS)


def _head(feed: str) -> bytes:
    """Return the first bytes; an address may carry a key, so no message repeats it.

    Raises:
        ReadError: there is nothing to read.
    """
    if "://" not in feed:
        try:
            with Path(feed).open("rb") as file:
                return file.read(FIRST_BYTES)
        except OSError as exc:
            raise RefusedError(
                f"The catalogue feed cannot be opened ({exc.strerror}); check emarsys.catalogue.feed."
            ) from exc
    try:
        with httpx.stream("GET", feed, timeout=TIMEOUT_S) as response:
            if not response.is_success:
                raise RefusedError(
                    f"The catalogue feed answers HTTP {response.status_code}; "
                    "check emarsys.catalogue.feed."
                )
            return _first(response)
    except httpx.HTTPError as exc:
        raise ReadError(
            "The catalogue feed cannot be read; check emarsys.catalogue.feed and the network."
        ) from exc


def _first(response: httpx.Response) -> bytes:
    found = b""
    for piece in response.iter_bytes(FIRST_BYTES):
        found += piece
        if len(found) >= FIRST_BYTES:
            break
    return found[:FIRST_BYTES]


@probe("emarsys.sales_upload", "emarsys")
def sales_upload(visit: Visit) -> Iterator[Result]:
    """See whether the host that takes sales files answers, by a request that can carry none.

    Even a POST without rows may be kept as an upload, so the token stays unproved.

    Source:
        Emarsys reference 5.1: what is uploaded cannot be taken back.
    """
    sales = visit.settings.emarsys.sales
    if sales is None:
        yield Result("off", "emarsys.sales is not configured.")
        return
    try:
        address = f"{sales.url.rstrip('/')}/{UPLOAD}"
        status = httpx.request("OPTIONS", address, timeout=TIMEOUT_S).status_code
    except httpx.HTTPError:
        fix = "Check emarsys.sales.url and the network."
        yield Result("fail", "The host of emarsys.sales.url does not answer.", fix)
        return
    yield upload_result(status)


def upload_result(status: int) -> Result:
    """Return what the answer to a request without a file says."""
    if status == httpx.codes.NOT_FOUND or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        detail = f"The sales upload answers HTTP {shown(status)}."
        return Result("warn", detail, "Check emarsys.sales.url; it ends in the merchant id.")
    return Result("ok", "The sales upload answers; its token is proved by the first upload only.")
