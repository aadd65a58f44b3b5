"""Two sandbox systems over real sockets, and one examination of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.doctor.run import all_probes, examine
from auditor.doctor.visit import Moments, Visit
from auditor.sandbox.start import Plan, sandbox
from auditor.sandbox.world import Scale
from tests.stores import stores_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from auditor.config import Settings
    from auditor.doctor.result import Result
    from auditor.sandbox.start import Sandbox

CUSTOMERS = 150
FAR_AHEAD = "2099-01-01"
"""So far ahead that the lines of a healthy brand hold no warning about it."""


def no_sleep(seconds: float) -> None:
    del seconds


@dataclass(frozen=True)
class Clinic:
    """Running systems and the settings that point at them."""

    running: Sandbox
    settings: Settings

    def visit(self) -> Visit:
        return Visit(self.settings, Moments(utc_now, no_sleep))

    def results(self, *ids: str) -> dict[str, Result]:
        """Examine by the probes with these ids, or by all, and return the results by id."""
        probes = [one for one in all_probes() if not ids or one.id in ids]
        return {r.id: r for r in examine(self.visit(), lambda _: None, probes)}

    def result(self, name: str, probe: str | None = None) -> Result:
        return self.results(probe or name)[name]


def changed(settings: dict[str, Any]) -> None:
    """Leave the settings as they are."""


@contextlib.contextmanager
def clinic(
    folder: Path, edit: Callable[[dict[str, Any]], None] = changed, **plan: Any
) -> Iterator[Clinic]:
    """Start a clean world; `edit` changes the settings before they are read."""
    scale = Scale.of(customers=CUSTOMERS)
    with sandbox(Plan(folder, utc_now, scale, drift=False, **plan)) as running:
        written = yaml.safe_load(running.settings.read_text())
        written["credentials"] = {"centra_token_expires": FAR_AHEAD}
        written["store"] = stores_in(folder)
        edit(written)
        running.settings.write_text(yaml.safe_dump(written))
        yield Clinic(running, load_settings(running.settings, running.environ))
