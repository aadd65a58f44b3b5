"""Send sales lines so that no crash, at whatever moment, makes Emarsys count one of them twice.

The order is fixed: claim and file digest are committed, the request goes out once, its outcome is
committed. Between the first and the last step the lines wait; they are never sent again by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

from auditor.errors import ForbiddenWriteError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from auditor.correct.uploads import Claim, Line, UploadLedger

Outcome: TypeAlias = Literal["accepted", "refused", "unauthorised", "not_taken", "unknown"]

STATE_OF: Mapping[Outcome, Literal["accepted", "unknown", "refused"]] = {
    "accepted": "accepted",
    "unknown": "unknown",
    "refused": "refused",
    "unauthorised": "refused",
    "not_taken": "refused",
}
"""What is written down. Where nothing of a file was taken, its lines may be claimed again."""


class File(Protocol):
    """What is sent."""

    @property
    def digest(self) -> str:
        """Return the file's sha256."""


SomeFile = TypeVar("SomeFile", bound=File)


def upload_once(
    ledger: UploadLedger,
    lines: Iterable[Line],
    *,
    file_of: Callable[[Sequence[Line]], SomeFile],
    send: Callable[[SomeFile], Outcome],
    clock: Callable[[], datetime],
) -> tuple[Claim, Outcome | None]:
    """Send the lines that were not sent yet; return them and what became of them.

    The outcome is None where there was nothing left to send. What `send` raises is passed on, and
    leaves the lines waiting, for it cannot be told whether they arrived; unless it was stopped before
    the network: then they may be claimed again.

    Raises:
        UnsafePlanError: as for `UploadLedger.claim`, or the request was stopped.
    """
    files: list[SomeFile] = []

    def digest_of(won: Sequence[Line]) -> str:
        files.append(file_of(won))
        return files[0].digest

    claim = ledger.claim(lines, at=clock(), digest_of=digest_of)
    if not claim.lines:
        return claim, None
    try:
        outcome = send(files[0])
    except (StoppedError, ForbiddenWriteError):
        ledger.settle(claim, "refused", at=clock())
        raise
    ledger.settle(claim, STATE_OF[outcome], at=clock())
    return claim, outcome
