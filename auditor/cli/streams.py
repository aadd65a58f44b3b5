"""The streams of the process, made such that writing to them never fails for what they are."""

from __future__ import annotations

import io
import os
import sys


def mend_streams() -> None:
    """Put something in the place of closed streams, and let a letter that one cannot write be a `?`.

    A number that is closed would be given to the next file that is opened, and a library that prints
    would write into a store.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    sys.stdout, sys.stderr = (_mended(stream) for stream in (sys.stdout, sys.stderr))


def _mended(stream: object) -> io.TextIOWrapper:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for as long as the process lives
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="replace")
    return stream  # type: ignore[return-value]  # whatever else a caller has put there
