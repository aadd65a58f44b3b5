"""What a probe is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from auditor.hostile import printable
from auditor.model.tables import STREAM_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.doctor.visit import Visit

State = Literal["ok", "warn", "fail", "off"]
Area = Literal["auditor", "centra", "emarsys", "mail"]
AREAS: tuple[Area, ...] = ("auditor", "centra", "emarsys", "mail")

CENTRA_STREAMS = tuple(s for s, t in STREAM_TABLES.items() if t[0].name.startswith("centra_"))
EMARSYS_STREAMS = tuple(s for s in STREAM_TABLES if s not in CENTRA_STREAMS)


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the doctor.

    Attributes:
        state: `off` when there was nothing to look at.
        detail: What was looked at, or what is wrong, in one sentence.
        fix: The next step; None where there is none.
        streams: What cannot be read; every check that needs one of them is disabled.
        suites: Suites of which no check can be believed, whatever they need.
        checks: Checks that judge nothing, by their ids.
        columns: Canonical columns, as `table.column`, that stay empty; every check that has to be told
            one of them is disabled.
        id: Which probe says so; the probe itself only gives the part that tells its lines apart.
        system: Whose area it is.
    """

    state: State
    detail: str
    fix: str | None = None
    streams: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    id: str = ""
    system: Area = "auditor"


@dataclass(frozen=True, slots=True)
class Probe:
    """One examination.

    Attributes:
        id: Its name, e.g. `centra.token`.
        system: Whose area it is.
        examine: Yields its lines; may raise what the code that it calls raises.
        after: The probe without whose success this one is not tried.
        streams: What cannot be read when it fails.
    """

    id: str
    system: Area
    examine: Callable[[Visit], Iterable[Result]]
    after: str | None = None
    streams: tuple[str, ...] = ()


def probe(
    name: str, system: Area, *, after: str | None = None, streams: tuple[str, ...] = ()
) -> Callable[[Callable[[Visit], Iterable[Result]]], Probe]:
    """Make a probe of a function; one that stands in a module of `probes` is found by itself."""
    return lambda examine: Probe(name, system, examine, after, streams)


def step_of(message: str) -> tuple[str, str | None]:
    """Return the message of an error as what is wrong and what to do, which a semicolon parts."""
    detail, _, step = message.partition("; ")
    if not step:
        return message, None
    return f"{detail}.", f"{step[0].upper()}{step[1:]}"


def shown(text: object) -> str:
    """Return a name from a system as it may stand in a line: printable and short."""
    return printable(str(text), "")[:60]
