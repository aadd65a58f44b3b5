"""Segment runs: one at a time, each leaving a contact list behind for some hours.

Source:
    Emarsys reference 9.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.fields import OPT_IN
from auditor.sandbox.emarsys.progress import Progress
from auditor.sandbox.world.model import ContactList

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.sandbox.emarsys.state import Emarsys
    from auditor.sandbox.world.model import Segment

FIRST_RESULT_LIST_ID = 900_000_001


@dataclass(slots=True)
class Run:
    """One run of a segment and the list it fills when it is done."""

    id: str
    progress: Progress
    result: ContactList
    opted_in: int

    def is_alive(self, now: datetime, lifetime_s: float) -> bool:
        """Tell whether the result list can still be read."""
        return self.progress.is_finished(now) and now - self.progress.started_at < timedelta(
            seconds=lifetime_s
        )


def start_run(state: Emarsys, segment: Segment) -> Run | None:
    """Start a run, or return None while another one is under way."""
    now = state.clock()
    if any(not run.progress.is_finished(now) for run in state.runs.values()):
        return None
    contacts = state.contacts.members(segment.contact_ids)
    number = len(state.runs)
    run = Run(
        id=f"run-{segment.id}-{number + 1}",
        progress=Progress(now, state.options.run_polls, state.options.run_duration_s),
        result=ContactList(
            FIRST_RESULT_LIST_ID + number,
            f"segment run {number + 1}",
            now,
            [c.id for c in contacts],
        ),
        opted_in=sum(contact.values.get(OPT_IN) == "1" for contact in contacts),
    )
    state.runs[run.id] = run
    return run


def result_list(state: Emarsys, number: int) -> ContactList | None:
    """Return the result list with this id while it lives."""
    now = state.clock()
    for run in state.runs.values():
        if run.result.id == number and run.is_alive(now, state.options.run_list_lifetime_s):
            return run.result
    return None
