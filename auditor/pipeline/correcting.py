"""Corrections that nobody watches: planned, applied as far as they are of class auto, and told by mail."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.correct.applying.rails import unattended
from auditor.errors import AuditorError
from auditor.faults import named
from auditor.findings.ledger import Ledger
from auditor.mail.corrections import Night, letters
from auditor.mail.post import Post
from auditor.pipeline.applying import Applied, apply
from auditor.pipeline.planning import plan
from auditor.prose import in_a_row
from auditor.resources import bundled_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.mail.sent import Posted
    from auditor.model.plan import Change
    from auditor.pipeline.planning import Planned
    from auditor.pipeline.run import Run

TEMPLATES = "reports/templates/mail"


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a run of corrections did.

    Attributes:
        planned: The whole plan, of which only the changes of class auto were made.
        applied: What became of them; None where there were none.
        held: Changes of class auto that were not tried, because there are more than their cap of them.
        posted: What became of the letters; None where there is nobody to tell, or nothing.
        untold: Why no letter could be written or sent at all; what was applied stands.
    """

    planned: Planned
    applied: Applied | None = None
    held: tuple[Change, ...] = ()
    posted: Posted | None = None
    untold: AuditorError | None = None

    def sentences(self) -> Iterator[str]:
        """Yield what a person who ran it should know beside what was made."""
        if self.waiting is not None:
            yield f"{self.waiting}."
        if self.posted is not None and self.posted.reason is not None:
            yield f"{self.posted.waiting} mails wait: {self.posted.reason}."
        if self.untold is not None:
            yield f"Nobody was told by mail: {self.untold}"

    @property
    def waiting(self) -> str | None:
        """Return the sentence that says what waits for a person, None where nothing does."""
        if not self.held:
            return None
        remedies = in_a_row(sorted({change.remedy for change in self.held}))
        return (
            f"Of {remedies} there is more than corrections.caps lets one plan change, so nothing of it is "
            f"made while nobody watches; `auditor apply {self.planned.path}` shows what waits"
        )


def correct(run: Run) -> Corrected:
    """Plan the corrections of the last audit, make those of class auto, and tell their owners.

    The rails are those of any plan. What is of another class stays in the plan, for a person to approve.
    What was made is returned, whatever becomes of the letters.

    Raises:
        ConfigError, StalePlanError: as for `plan`.
        UnsafePlanError: a rail does not let the plan through; nothing was sent.
    """
    planned = plan(run)
    chosen, held = map(tuple, unattended(planned.plan, run.settings))
    applied = apply(run, planned.path, planned.digest, only_auto=True) if chosen else None
    corrected = Corrected(planned, applied, held)
    try:
        with named():
            return replace(corrected, posted=_told(run, corrected, chosen + held))
    except AuditorError as exc:
        return replace(corrected, untold=exc)


def _told(run: Run, corrected: Corrected, changes: tuple[Change, ...]) -> Posted | None:
    mail, applied, planned = run.settings.mail, corrected.applied, corrected.planned
    if mail is None or not changes:
        return None
    undo = None if applied is None else applied.undo
    night = Night(
        planned.plan,
        planned.digest,
        changes,
        {} if applied is None else applied.receipts,
        None if applied is None or applied.stopped is None else str(applied.stopped),
        None if undo is None else f"auditor apply {undo.path} --digest {undo.digest}",
        corrected.waiting,
    )
    now = run.clock()
    written = letters(night, mail, Path(str(bundled_folder(TEMPLATES))), now)
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        return Post(mail, run.settings.brand, ledger).send(written, now)
