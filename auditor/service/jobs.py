"""What the service does when its time has come: one function, by which the job store names it.

A job reads the settings anew, so that what changed since the service began holds from the next run on.
Whatever goes wrong is logged and ends this run alone.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.errors import AuditorError
from auditor.pipeline import Run, audit, correct, snapshot, tell
from auditor.service.quiet import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


def _audit(run: Run) -> str:
    done = audit(run)
    for sentence in tell(run, done).sentences():  # an audit that is not told has still been made
        log.warning("%s", sentence)
    return f"verdict {done.audit.verdict}, report {done.report}"


def _sweep(run: Run) -> str:
    return f"run {snapshot(run, full=True).run}"


def _correct(run: Run) -> str:
    corrected = correct(run)
    if corrected.applied is None:
        return "nothing of class auto to correct"
    applied = corrected.applied
    told = ", ".join(f"{count} {name}" for name, count in applied.outcomes.items())
    return f"{told}, {applied.left} left, plan {applied.path}"


KINDS: Mapping[str, Callable[[Run], str]] = {
    "audit": _audit,
    "sweep": _sweep,
    "correct": _correct,
}
"""What can be scheduled, by its key in `schedule`."""


def work(kind: str, config: str) -> None:
    """Do one kind of work for one brand; the scheduler calls it in a thread of the brand's own.

    Args:
        kind: One of `KINDS`.
        config: The brand's settings file.
    """
    try:
        settings = load_settings(Path(config))
        log.info("%s of %s begins", kind, settings.brand)
        said = KINDS[kind](Run(settings, Path(config).resolve().parent, utc_now, Quiet()))
        log.info("%s of %s: %s", kind, settings.brand, said)
    except AuditorError as exc:
        log.error("%s of %s: %s", kind, config, exc)  # noqa: TRY400 - the sentence says it all
    except Exception:
        log.exception("%s of %s: internal error", kind, config)
