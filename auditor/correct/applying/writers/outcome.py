"""What the rows of a call became, in the words of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.applying.writers.writer import SENT, Sending
from auditor.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.systems.emarsys.writing.results import RowResult

NOTES = {
    "not_found": "Emarsys does not find the contact",
    "ambiguous": "several contacts carry the key",
    "exists": "Emarsys says that the contact exists already",
    "invalid": "Emarsys refuses the value",
    "idle": "nothing in Emarsys listens to the event",
    "failed": "Emarsys refuses the row",
    "not_taken": "the request did not reach Emarsys",
}
UPLOADS = {
    "refused": "Emarsys refuses the file",
    "unauthorised": "emarsys.sales.token was refused; nothing of the file was taken",
    "not_taken": "the file did not reach Emarsys",
    "unknown": "no answer tells whether the file was taken",
}
UNKNOWN = Sending("unknown", "no answer tells whether it was taken")


def fate_of_rows(results: Iterable[RowResult]) -> list[Sending]:
    """Return what became of each row."""
    return [_fate(result) for result in results]


def _fate(result: RowResult) -> Sending:
    if result.state == "done":
        return SENT
    if result.state == "unknown":
        return UNKNOWN
    code = "" if result.code is None else f" (code {result.code})"
    return Sending("failed", f"{NOTES[result.state]}{code}")


def fate_of_upload(outcome: str) -> Sending:
    """Return what became of a file."""
    if outcome == "accepted":
        return SENT
    if outcome == "unknown":
        return Sending("unknown", UPLOADS[outcome])
    return Sending("failed", UPLOADS[outcome], is_refusal=outcome == "unauthorised")


def refusals(send: Callable[[], list[Sending]], rows: int) -> list[Sending]:
    """Return what `send` returns, and a refusal of credentials or permissions as what it is."""
    try:
        return send()
    except RefusedError as exc:
        return [Sending("failed", str(exc), is_refusal=True)] * rows
