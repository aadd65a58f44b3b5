"""Answers that end: no host can fill the memory or the disk, or keep a request open for ever.

What is counted are the bytes after decompression, while they arrive, so that a small answer cannot
unfold into a large one.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

import httpx

from auditor.errors import SchemaDriftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_BYTES = 128 * 1024**2
"""Of an answer that is read whole: a full page of orders with their lines has some 10 MB."""

MOST_FILE_BYTES = 8 * 1024**3
"""Of a file that is read piece by piece: five million contacts, or a feed of as many items."""

LONGEST_S = 300.0
"""Seconds that a whole answer may take, however steadily it drips."""

LONGEST_FILE_S = 3 * 3600.0
"""Seconds that a file may take: the largest one over a line of 1 MB/s."""

AS_FILE = {"auditor_file": True}
"""Extensions of a request whose answer is a file."""


class BoundedTransport(httpx.BaseTransport):
    """Carries requests whose answers are bounded in bytes and seconds.

    Args:
        system: The name of whoever answers, in messages.
        inner: Carries the requests.
        timer: Tells seconds that only grow.
    """

    def __init__(
        self,
        system: str,
        inner: httpx.BaseTransport,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system, self._inner, self._timer = system, inner, timer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            SchemaDriftError: the answer is announced to be too large, or is compressed twice.
        """
        began = self._timer()
        response = self._inner.handle_request(request)
        is_file = "auditor_file" in request.extensions
        body = _Body(self._system, response, is_file=is_file)
        body.give_up_at(self._timer, began + (LONGEST_FILE_S if is_file else LONGEST_S))
        try:
            body.require_honest()
        except SchemaDriftError:
            response.close()
            raise
        headers = [
            (name, value)
            for name, value in response.headers.multi_items()
            if name not in ("content-encoding", "content-length", "transfer-encoding")
        ]
        return httpx.Response(
            response.status_code, headers=headers, stream=body, extensions=response.extensions
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _Body(httpx.SyncByteStream):
    """The decompressed body of an answer, refused as soon as there is too much of it."""

    def __init__(self, system: str, response: httpx.Response, *, is_file: bool) -> None:
        self._system, self._response = system, response
        self._most = MOST_FILE_BYTES if is_file else MOST_BYTES

    def give_up_at(self, timer: Callable[[], float], moment: float) -> None:
        self._timer, self._moment = timer, moment

    def require_honest(self) -> None:
        encodings = self._response.headers.get("content-encoding", "").split(",")
        if len(encodings) > 1:  # each one multiplies what a single piece may unfold into
            raise SchemaDriftError(f"{self._system}: an answer is compressed more than once.")
        length = self._response.headers.get("content-length", "")
        if length.isdecimal() and len(length) < len(str(self._most)) + 2:
            self._require(int(length))
        elif length:
            self._require(self._most + 1)

    def _require(self, size: int) -> None:
        if size > self._most:
            raise SchemaDriftError(
                f"{self._system}: an answer is larger than {self._most // 1024**2} MB; "
                "it was not read to its end."
            )

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._pieces():
            size += len(piece)
            self._require(size)
            if self._timer() > self._moment:
                raise httpx.ReadTimeout("the answer does not come to its end")
            yield piece

    def _pieces(self) -> Iterator[bytes]:
        """Yield the body, and see that what is compressed comes to its own end.

        A file that was compressed beforehand may be cut and still as long as it says.
        """
        encoding = self._response.headers.get("content-encoding", "").strip().lower()
        if encoding != "gzip" or self._response.is_stream_consumed:
            yield from self._response.iter_bytes()
            return
        unpacked, is_empty = zlib.decompressobj(zlib.MAX_WBITS | 16), True
        for raw in self._response.iter_raw():
            is_empty = is_empty and not raw
            yield _unpacked(unpacked.decompress, raw)
        if not (is_empty or unpacked.eof):
            raise httpx.RemoteProtocolError("a compressed body is cut")

    def close(self) -> None:
        self._response.close()


def _unpacked(decompress: Callable[[bytes], bytes], raw: bytes) -> bytes:
    try:
        return decompress(raw)
    except zlib.error as exc:
        raise httpx.DecodingError(str(exc)) from exc
