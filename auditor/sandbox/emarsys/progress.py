"""How far something asynchronous is: it ends after some polls or some time, whichever is first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

Stage = Literal["waiting", "working", "finished"]
WAITING_SHARE = 0.5


@dataclass(slots=True)
class Progress:
    """The age of one job in polls and seconds; `polls_needed` None leaves it to the clock."""

    started_at: datetime
    polls_needed: int | None
    duration_s: float
    polls: int = 0

    def stage(self, now: datetime) -> Stage:
        """Tell how far the job is, without counting as a poll."""
        share = (now - self.started_at).total_seconds() / max(self.duration_s, 0.001)
        if self.polls_needed is not None:
            share = max(share, self.polls / self.polls_needed if self.polls_needed else 1.0)
        if share >= 1:
            return "finished"
        return "waiting" if share < WAITING_SHARE else "working"

    def poll(self, now: datetime) -> Stage:
        """Tell how far the job is and count this as a poll."""
        stage = self.stage(now)
        self.polls += 1
        return stage

    def is_finished(self, now: datetime) -> bool:
        """Tell whether the job has ended."""
        return self.stage(now) == "finished"
