"""Log lines for people or machines, on stderr, without tokens and personal data."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from auditor.hostile import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

LogFormat = Literal["text", "json"]

_REDACTIONS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}"), r"\1 ***"),
    (re.compile(r"\beyJ[\w.-]{8,}"), "***"),
    (re.compile(r'(?i)\b((?:PasswordDigest|Nonce)=")[^"]*'), r"\1***"),
    (re.compile(r"(://[^/\s:@]{0,200}:)[^/\s@]{1,200}(?=@)"), r"\1***"),
    (
        re.compile(
            r"(?i)((?:token|secret|password|pepper|api_?key)[\"']?\s{0,3}[=:]\s{0,3}[\"']?)[^\s\"'&,;]+"
        ),
        r"\1***",
    ),
    # `/ = ?` may stand in an address, but mostly stand before one: only the last of them is hidden.
    (
        re.compile(
            r"(?i)[\w.!#$%&'*+^`{|}~-]{0,63}[\w.!#$%&'*+^`{|}~/=?-](?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+"
        ),
        "***",
    ),
)


_WORK: ContextVar[tuple[str, str]] = ContextVar("work", default=("", ""))
_RUN: ContextVar[str] = ContextVar("run", default="")


@contextlib.contextmanager
def working_on(brand: str, kind: str) -> Iterator[None]:
    """Name the brand and the kind of work on every line that is logged meanwhile."""
    token = _WORK.set((brand, kind))
    run = _RUN.set("")
    try:
        yield
    finally:
        _RUN.reset(run)
        _WORK.reset(token)


def name_run(run: str) -> None:
    """Name the run on every line that is logged from here on, in this thread and those it begins."""
    _RUN.set(run)


def redact(text: str) -> str:
    """Return the text with anything like a credential or an e-mail address replaced by `***`."""
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return text


def configure(log_format: LogFormat = "text", *, verbose: bool = False) -> None:
    """Send log lines to stderr, replacing whatever was configured before.

    Args:
        log_format: Lines for people, or one JSON object each.
        verbose: Show what the auditor does; without it, only warnings.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if log_format == "json" else _TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("auditor").setLevel(logging.DEBUG if verbose else logging.WARNING)
    # That something is tried again says nothing to who waits; what is waited for is said by who waits.
    logging.getLogger("stamina").setLevel(logging.WARNING if verbose else logging.ERROR)


class _TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the message on one line: a text from a system cannot begin a line of its own."""
        return " ".join(super().formatMessage(record).splitlines())

    def format(self, record: logging.LogRecord) -> str:
        named = " ".join(part for part in (*_WORK.get(), _RUN.get()) if part)
        line = visible(redact(super().format(record)))
        return f"{line} [{named}]" if named else line


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": visible(redact(super().format(record))),
        }
        brand, kind = _WORK.get()
        known = {"brand": brand, "work": kind, "run": _RUN.get()}
        line |= {name: value for name, value in known.items() if value}
        return json.dumps(line, ensure_ascii=False)
