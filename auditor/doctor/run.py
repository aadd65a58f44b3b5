"""Run every probe, in order, whatever the ones before it said."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from auditor.doctor import probes
from auditor.doctor.result import AREAS, Probe, Result, step_of
from auditor.errors import AuditorError, SchemaDriftError, TransientReadError
from auditor.hostile import printable
from auditor.logs import redact
from auditor.systems.centra.answers import MissingPermissionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from auditor.doctor.visit import Visit

log = logging.getLogger(__name__)


def all_probes() -> tuple[Probe, ...]:
    """Return the probes that stand in the modules of `probes`, those that others wait for first."""
    names = sorted(module.name for module in iter_modules(probes.__path__))
    modules = [import_module(f"{probes.__name__}.{name}") for name in names]
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Probe)]
    return tuple(sorted(found, key=lambda one: (AREAS.index(one.system), one.after is not None)))


def examine(
    visit: Visit, watch: Callable[[str], None], asked: Iterable[Probe] | None = None
) -> Iterator[Result]:
    """Yield one result after the other; no fault of a probe ends the examination.

    Args:
        visit: Whom to examine; closed at the end.
        watch: Hears which probe begins.
        asked: The probes; all of them unless given.
    """
    failed: set[str] = set()
    with closing(visit):
        for probe in all_probes() if asked is None else asked:
            watch(probe.id)
            for result in _skipped(probe) if probe.after in failed else _results(probe, visit):
                named = f"{probe.id}.{result.id}" if result.id else probe.id
                if result.state == "fail" or probe.after in failed:
                    failed.add(probe.id)
                yield _clean(replace(result, id=named, system=probe.system))


def _skipped(probe: Probe) -> Iterator[Result]:
    yield Result("off", f"Not looked at, because {probe.after} failed.")


def _results(probe: Probe, visit: Visit) -> Iterator[Result]:
    try:
        yield from probe.examine(visit)
    except AuditorError as exc:
        yield failure(exc, streams=probe.streams)
    except Exception as exc:
        log.debug("probe %s failed", probe.id, exc_info=exc)
        detail = f"The probe itself broke ({type(exc).__name__}), so nothing was proved."
        yield Result("fail", detail, "Run with --verbose and report what it says.", probe.streams)


def failure(exc: AuditorError, *, streams: tuple[str, ...] = (), part: str = "") -> Result:
    """Return the result that an error of the auditor amounts to."""
    if isinstance(exc, MissingPermissionError):
        needed = " and ".join(sorted(exc.permissions))
        return Result("fail", f"The token lacks {needed}.", grant(needed), streams, id=part)
    detail, fix = step_of(str(exc))
    return Result("fail", detail, fix or _usual_step(exc), streams, id=part)


def _usual_step(exc: AuditorError) -> str:
    if isinstance(exc, TransientReadError):
        return "Try again in some minutes."
    if isinstance(exc, SchemaDriftError):
        return "Report it: the system answers in a way that this version does not know."
    return "Correct it and run again; --verbose shows more."


def grant(permission: str) -> str:
    """Return the step that gives the Centra token a permission."""
    return f"Grant {permission} to the token in Centra, System > API Tokens."


def _clean(result: Result) -> Result:
    fix = None if result.fix is None else _line(result.fix)
    return replace(result, detail=_line(result.detail), fix=fix)


def _line(text: str) -> str:
    """Return text as one printable line without credentials and addresses of people."""
    return redact(" ".join(printable(text, " ").split()))
