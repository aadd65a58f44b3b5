"""What the service does when its time has come: one function, by which the job store names it.

A job reads the settings anew, so that what changed since the service began holds from the next run on.
Whatever goes wrong is logged, told to those who read `default`, and ends this run alone.
"""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, cast

from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.cron import trigger_of
from auditor.errors import (
    ApplyError,
    AuditorError,
    ConfigError,
    EndedError,
    ForbiddenWriteError,
    IncompleteSnapshotError,
    MissedError,
    StalePlanError,
    StoppedError,
    UnsafePlanError,
)
from auditor.faults import named
from auditor.findings.ledger import Ledger
from auditor.logs import working_on
from auditor.pipeline import Run, audit, clean, correct, snapshot, tell
from auditor.pipeline.preflight import Asked, preflight
from auditor.pipeline.telling import tell_failure, tell_preflight
from auditor.service.planned import KINDS_OF_SCHEDULE, crons_of, preflights_of
from auditor.service.quiet import Quiet
from auditor.service.record import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from auditor.config import Settings
    from auditor.config.audiences import PlannedPreflight
    from auditor.preflight.verdict import Kind

log = logging.getLogger(__name__)

ENDING = Event()
"""Set once the service has to end: whatever is being done ends at its next step."""

NO_MORE = "it is planned no more"

READ: dict[str, Settings] = {}
"""The settings of each file as they were read last: once they are broken, these say whom to tell."""


def _audit(run: Run, about: str) -> str:
    del about
    done = audit(run, is_told=True)
    _warn(tell(run, done).sentences())
    return f"verdict {done.audit.verdict}, report {done.report}"


def _sweep(run: Run, about: str) -> str:
    """Read everything.

    Raises:
        IncompleteSnapshotError: some streams were not read to their end, which no audit tells.
    """
    del about
    taken = snapshot(run, full=True)
    broken = [one for one in taken.coverage if one.is_broken]
    if broken:
        which = ", ".join(
            f"{one.stream} ({(one.reason or 'unknown').rstrip('.')})" for one in broken
        )
        raise IncompleteSnapshotError(f"Not read to the end in run {taken.run}: {which}.")
    return f"run {taken.run}"


def _correct(run: Run, about: str) -> str:
    """Correct what is of class auto.

    Raises:
        ConfigError: nobody could be told of what was made, which the sentence says.
        EndedError: the service has to end, and there is more to be made.
        StalePlanError, ForbiddenWriteError: there was no plan that may be applied.
        ApplyError: a fault, or changes that failed, stopped it before its end.
    """
    del about
    try:
        corrected = correct(run)
    except (StalePlanError, ForbiddenWriteError):
        raise  # nobody decided that: the last audit is too old, say, and so it is every night
    except UnsafePlanError as exc:
        # A freeze, the kill switch or a cap is somebody's decision, and no failure.
        return f"nothing was corrected: {exc}"
    applied = corrected.applied
    if applied is None:
        said = "nothing of class auto was corrected"
    else:
        told = ", ".join(f"{count} {name}" for name, count in applied.outcomes.items())
        said = f"{told}, {applied.left} left, plan {applied.path}"
        if applied.stopped is not None:
            said = _stopped(applied.stopped, said)
    if corrected.untold is not None:
        # As of an audit: settings that let nobody be told are a failure, beside what was done.
        raise ConfigError(f"{said}. {' '.join(corrected.sentences())}")
    _warn(corrected.sentences())
    return said


def _stopped(by: AuditorError, said: str) -> str:
    """Say what stopped corrections before their end, where somebody decided that; else it is no success."""
    if isinstance(by, EndedError):
        raise by
    said = f"{said}. {by}"
    if not isinstance(by, StoppedError):
        raise ApplyError(said) from by
    return said


def _clean(run: Run, about: str) -> str:
    del about
    return clean(run).sentence()


def _preflight(run: Run, about: str) -> str:
    """Judge a planned audience; `about` is its name, as `segment:200001`.

    Raises:
        MissedError: its launch is over.
    """
    one = preflights_of(run.settings).get(about)
    if one is None:
        return NO_MORE
    kind, _, number = one.about.partition(":")
    # Whoever asks for the verdict as the launch begins still finds it.
    until = _launch(run, one) + timedelta(minutes=1)
    flown = preflight(run, Asked(cast("Kind", kind), int(number), one.items, until))
    _warn(tell_preflight(run, flown))
    return f"{flown.preflight.verdict}, verdict {flown.path}"


def _launch(run: Run, one: PlannedPreflight) -> datetime:
    """Return when what is judged now goes out: of several launches that are close, the last."""
    now, zone, ahead = run.clock(), run.settings.timezone, run.settings.preflight.ahead
    launches = trigger_of(str(one.at), zone)
    launch: datetime = launches.get_next_fire_time(None, now.astimezone(zone))
    if launch - now > ahead:
        raise MissedError(
            f"{one.about} was not judged before its last launch, for the service was away; the next is at "
            f"{launch:%Y-%m-%d %H:%M %Z}. `auditor preflight` judges it now."
        )
    after = launches.get_next_fire_time(launch, launch)
    while after is not None and after - now <= ahead:
        launch, after = after, launches.get_next_fire_time(after, after)
    return launch


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        log.warning("%s", sentence)


KINDS: Mapping[str, Callable[[Run, str], str]] = {
    "audit": _audit,
    "sweep": _sweep,
    "correct": _correct,
    "clean": _clean,
    "preflight": _preflight,
}
"""What can be scheduled, by its key in `schedule`, and what is planned in `preflight`."""


def work(kind: str, config: str, about: str = "") -> None:
    """Do one kind of work for one brand; the scheduler calls it in a thread of the brand's own.

    Args:
        kind: One of `KINDS`.
        config: The brand's settings file.
        about: What of several of a kind is meant; empty where there is one.
    """
    name = f"{kind}-{about}" if about else kind
    try:
        settings = load_settings(Path(config))
    except AuditorError as exc:
        log.error("%s of %s: %s", name, config, exc)  # noqa: TRY400 - the sentence says it all
        _unread(config, name, str(exc))
        return
    READ[config] = settings
    with working_on(settings.brand, name):
        try:
            _recorded(settings, Path(config), kind, about, name)
        except EndedError as exc:
            log.warning("%s: %s", name, exc)
        except AuditorError as exc:
            log.error("%s: %s", name, exc)  # noqa: TRY400 - the sentence says it all
            _tell_failure(settings, name, str(exc))
        except Exception:
            log.exception("%s: internal error", name)
            _tell_failure(settings, name, "an internal error; the log of the service has it")


def _recorded(settings: Settings, config: Path, kind: str, about: str, name: str) -> None:
    """Do the work, and keep how it went: what was cut off is known to have been begun."""
    with closing(Ledger(settings.store.ledger)) as ledger:
        kept = Log(ledger, settings.brand)
        kept.begins(name, utc_now())
        log.info("%s begins", name)
        try:
            with named():
                said = _said(settings, config, kind, about)
        except EndedError:
            raise
        except AuditorError as exc:
            kept.ends(name, utc_now(), str(exc), is_failure=True)
            raise
        except Exception:
            kept.ends(name, utc_now(), "internal error", is_failure=True)
            raise
        kept.ends(name, utc_now(), said, is_failure=False)
        log.info("%s: %s", name, said)


def _said(settings: Settings, config: Path, kind: str, about: str) -> str:
    """Do the work and return what it came to; what was switched off since the service began is not done."""
    if kind in KINDS_OF_SCHEDULE and kind not in crons_of(settings):
        return NO_MORE
    return KINDS[kind](Run(settings, config.resolve().parent, utc_now, Quiet(ENDING)), about)


def _unread(config: str, name: str, why: str) -> None:
    """Keep and tell that the settings cannot be read, by those that could be read last."""
    settings = READ.get(config)
    if settings is None:
        return
    with working_on(settings.brand, name):
        try:
            with named(), closing(Ledger(settings.store.ledger)) as ledger:
                kept = Log(ledger, settings.brand)
                kept.begins(name, utc_now())
                kept.ends(name, utc_now(), why, is_failure=True)
        except AuditorError as exc:
            log.error("%s", exc)  # noqa: TRY400 - the sentence says it all
        _tell_failure(settings, name, why)


def _tell_failure(settings: Settings, name: str, why: str) -> None:
    """Say that the auditor failed: silence would look like health."""
    try:
        with named():
            _warn(tell_failure(settings, name, why, utc_now()))
    except AuditorError as exc:
        log.error("%s", exc)  # noqa: TRY400 - the sentence says it all
