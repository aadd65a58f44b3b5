"""Faults of the machine that the auditor runs on, each in one sentence: what it is about, and the next step.

A disk that is full or may not be written, a file that is damaged or held by another process, memory that ran
out. Whatever was written before stands, and whatever was being written is whole or not there: the next run
goes on from it.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NO_ROOM = 1 << 18
"""Bytes; less than that is left where a store could not be written."""

REBUILD = "`auditor snapshot --rebuild` sets it aside and reads both systems anew"
RESTORE = "put a backup in its place, or move it away and begin without a past"
MEND = {"store.warehouse": REBUILD, "store.ledger": RESTORE}
"""What to do about a store that is damaged, by its setting."""


class _Fault(NamedTuple):
    """A kind of fault: how drivers word it, what a person is told, and what to do; `{mend}` is the store's."""

    words: tuple[str, ...]
    told: str
    step: str


FULL = _Fault(
    (
        "no space left",
        "disk is full",
        "quota exceeded",
        "file too large",
        "max_temp_directory_size",
        "could not extend file",
    ),
    "the disk is full",
    "make room and run it again",
)
READ_ONLY = _Fault(
    ("read-only file system", "readonly database", "read-only mode"),
    "it is read-only",
    "let it be written, or choose another place",
)
FORBIDDEN = _Fault(
    ("permission denied", "unable to open database file", "not permitted"),
    "permission is denied",
    "give the user that runs the auditor the right to write it and its folder",
)
HELD = _Fault(
    ("could not set lock", "database is locked", "table is locked"),
    "it is in use by another process",
    "try again when it ends",
)
DAMAGED = _Fault(
    (
        "corrupt",
        "not a valid duckdb",
        "could not read enough bytes",
        "malformed",
        "not a database",
        "failed to deserialize",
        "failure while replaying wal",
    ),
    "it is damaged",
    "{mend}",
)
MEMORY = _Fault(
    ("out of memory", "outofmemory", "failed to allocate", "could not allocate"),
    "the memory that it may use did not suffice",
    "make room on its disk, where it puts what does not fit, or give the machine more memory",
)
BROKEN = _Fault(
    ("disk i/o error", "input/output error", "because of a previous fatal error"),
    "the disk does not work",
    "look at the machine's log, and run it again",
)
# The order counts: a full disk is also told as memory that cannot be moved there, and DuckDB adds to a lock
# that one could still open the file in read-only mode.
_STORE_FAULTS = (FULL, HELD, READ_ONLY, FORBIDDEN, DAMAGED, MEMORY, BROKEN)

_FILE_FAULTS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EIO: BROKEN,
    errno.ENOMEM: MEMORY,
}


def store_fault(setting: str, place: object, exc: BaseException) -> str | None:
    """Return what the machine did to a store as a sentence; None where the fault is another.

    Args:
        setting: The key that names it, such as `store.ledger`.
        place: Its file or database.
        exc: What its driver raised.
    """
    said = f"{type(exc).__name__} {exc}".lower()
    found = next((one for one in _STORE_FAULTS if any(word in said for word in one.words)), None)
    if found is None:
        return None
    if found is BROKEN and _has_no_room(place):
        found = FULL
    step = found.step.format(mend=MEND.get(setting, "check it"))
    return f"{setting}: {place} cannot be used: {found.told}; {step}."


def _has_no_room(place: object) -> bool:
    """Tell whether a file's disk is full: SQLite says no more than that the disk failed."""
    try:
        return shutil.disk_usage(Path(str(place)).parent).free < NO_ROOM
    except OSError:
        return False


def teller(setting: str, place: object) -> Callable[[Any], MachineError | None]:
    """Return what an engine calls on an error (SQLAlchemy's `handle_error`) to have it told in a sentence."""

    def tell(context: Any) -> MachineError | None:  # noqa: ANN401 - whatever SQLAlchemy hands over
        told = store_fault(setting, place, context.original_exception)
        return None if told is None else MachineError(told)

    return tell


def machine_fault(exc: BaseException) -> MachineError | None:
    """Return what the machine did where an exception is about that; None where it is about something else."""
    if isinstance(exc, MemoryError):
        return MachineError("The machine has no memory left; give it more, and run it again.")
    if type(exc).__module__.startswith("_duckdb"):  # where Arrow is read past SQLAlchemy
        told = store_fault("store.warehouse", "the database", exc)
        return None if told is None else MachineError(told)
    found = _FILE_FAULTS.get(exc.errno or 0) if isinstance(exc, OSError) else None
    if found is None:
        return None
    what = getattr(exc, "filename", None) or "What is printed"
    return MachineError(f"{what} cannot be written: {found.told}; {found.step}.")


@contextlib.contextmanager
def named() -> Iterator[None]:
    """Let what the machine does in the block be told in a sentence.

    Raises:
        MachineError: in place of what was raised.
    """
    try:
        yield
    except Exception as exc:
        fault = machine_fault(exc)
        if fault is None:
            raise
        raise fault from exc
