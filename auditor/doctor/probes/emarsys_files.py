"""Emarsys: the catalogue feed by its first kilobytes, and the host that takes sales files."""

from __future__ import annotations

import codecs
import io
from contextlib import closing
from typing import TYPE_CHECKING

import httpx

from auditor.doctor.result import Result, probe, shown
from auditor.doctor.visit import RETRIES
from auditor.errors import ConfigError, IncompleteSnapshotError
from auditor.systems.emarsys.feed import feed_client, feed_head
from auditor.systems.emarsys.feed_file import FeedFile
from auditor.systems.http import plain_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.doctor.visit import Visit

GOOGLE = (b"id", b"title", b"link")
"""A Google product feed is accepted as well; it names its columns otherwise. Source: Emarsys reference 6."""

STREAMS = ("catalogue",)
TIMEOUT_S = 20.0
UPLOAD = "sales-data/api"


@probe("emarsys.feed", "emarsys", streams=STREAMS)
def feed(visit: Visit) -> Iterator[Result]:
    """Read the first kilobytes of the catalogue feed and look at its header."""
    catalogue = visit.settings.emarsys.catalogue
    if catalogue is None:
        yield Result("off", "emarsys.catalogue.feed is not configured.", streams=STREAMS)
        return
    with closing(feed_client(RETRIES)) as http:
        head = feed_head(catalogue.feed, http).read()
    yield header_result(head, visit.settings.catalogue.own_columns)


def header_result(head: bytes, own: Mapping[str, str]) -> Result:
    """Return what the beginning of a feed says about it, read as an audit reads it."""
    fix = "Correct the feed at its source: UTF-8, commas, a header row."
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # its end may be cut in a letter
        found = FeedFile(io.BytesIO(head), own)
    except UnicodeDecodeError:
        return Result("fail", "The catalogue feed is not UTF-8.", fix, STREAMS)
    except (ConfigError, IncompleteSnapshotError) as exc:
        header = head.partition(b"\n")[0]
        if b"item" not in header.split(b",") and all(name in header for name in GOOGLE):
            detail = "The catalogue feed is a Google product feed."
            return Result("warn", detail, "Check catalogue.item.")
        return Result("fail", str(exc), fix, STREAMS)
    return Result("ok", f"The catalogue feed answers and has {found.width} columns.")


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
        with plain_client("Emarsys", TIMEOUT_S) as http:
            status = http.request("OPTIONS", address).status_code
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
