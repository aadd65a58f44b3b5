"""Corrections that nobody watches: planned, applied as far as they are of class auto, and told by mail."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.correct.applying.rails import class_now
from auditor.findings.ledger import Ledger
from auditor.mail.corrections import Night, letters
from auditor.mail.post import Post
from auditor.pipeline.applying import Applied, apply
from auditor.pipeline.planning import plan
from auditor.resources import bundled_folder

if TYPE_CHECKING:
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
        posted: What became of the letters; None where there is nobody to tell, or nothing.
    """

    planned: Planned
    applied: Applied | None = None
    posted: Posted | None = None


def correct(run: Run) -> Corrected:
    """Plan the corrections of the last audit, make those of class auto, and tell their owners.

    The rails are those of any plan. What is of another class stays in the plan, for a person to approve.

    Raises:
        ConfigError, StalePlanError: as for `plan`.
        UnsafePlanError: a rail does not let the plan through; nothing was sent.
    """
    planned = plan(run)
    chosen = tuple(c for c in planned.plan.changes if class_now(c, run.settings) == "auto")
    if not chosen:
        return Corrected(planned)
    applied = apply(run, planned.path, planned.digest, only_auto=True)
    return Corrected(planned, applied, _told(run, planned, chosen, applied))


def _told(
    run: Run, planned: Planned, chosen: tuple[Change, ...], applied: Applied
) -> Posted | None:
    mail = run.settings.mail
    if mail is None:
        return None
    undo = applied.undo
    night = Night(
        planned.plan,
        planned.digest,
        chosen,
        applied.receipts,
        None if applied.stopped is None else str(applied.stopped),
        None if undo is None else f"auditor apply {undo.path} --digest {undo.digest}",
    )
    now = run.clock()
    written = letters(night, mail, Path(str(bundled_folder(TEMPLATES))), now)
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        return Post(mail, run.settings.brand, ledger).send(written, now)
