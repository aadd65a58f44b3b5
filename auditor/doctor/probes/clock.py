"""This machine's clock against those of both systems: windows and signatures depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.config import Wsse
from auditor.doctor.result import Result, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.greet import Greeting
    from auditor.doctor.visit import Visit

SKEW_S = 60.0
REFUSED_S = 300.0
"""Source: Emarsys reference 1.2: WSSE signatures older or newer than five minutes are refused."""


@probe("clock.centra", "centra", after="centra.reach")
def centra(visit: Visit) -> Iterator[Result]:
    """Compare with Centra's clock."""
    yield judged(visit.centra_greeting(), "Centra", refuses=False)


@probe("clock.emarsys", "emarsys", after="emarsys.reach")
def emarsys(visit: Visit) -> Iterator[Result]:
    """Compare with the clock of Emarsys."""
    refuses = isinstance(visit.settings.emarsys.auth, Wsse)
    yield judged(visit.emarsys_greeting(), "Emarsys", refuses=refuses)


def judged(greeting: Greeting, system: str, *, refuses: bool) -> Result:
    """Return what the difference of two clocks means.

    Args:
        greeting: The answer with the other clock's time.
        system: Whose clock it is.
        refuses: Whether it refuses requests whose time is too far off.
    """
    skew_s = greeting.skew_s
    if skew_s is None:
        return Result("off", f"{system} does not tell its time.")
    far = abs(skew_s)
    if far <= SKEW_S:
        return Result("ok", f"This machine's clock agrees with {system}'s to {far:.0f} s.")
    way = "ahead of" if skew_s > 0 else "behind"
    detail = f"This machine's clock is {far:.0f} s {way} {system}'s."
    fix = "Let the machine take its time from a time server (NTP)."
    return Result("fail" if refuses and far > REFUSED_S else "warn", detail, fix)
