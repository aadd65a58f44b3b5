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


def refusals(send: Callable[[], list[Sending]], rows: int) -> list[Sending]:
    """Return what `send` returns, and a refusal of credentials or permissions as what it is."""
    try:
        return send()
    except RefusedError as exc:
        return [Sending("failed", str(exc), is_refusal=True)] * rows
