"""What one run is given, what it leaves, and how it is watched."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from auditor.correct.applying.engine import Watcher
from auditor.snapshot.take import Progress as SnapshotProgress
from auditor.verdict import exit_code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from auditor.config import Settings
    from auditor.model.audit import Audit
    from auditor.model.finding import Severity

REPORTS = Path("reports/out")


class Progress(SnapshotProgress, Watcher, Protocol):
    """Whoever wants to watch an audit, or a plan being applied."""

    def stage(self, name: str) -> None:
        """Hear which stage begins."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run needs beside its options.

    Attributes:
        folder: The folder of the settings file; a brand's own suites stand beside it.
        clock: Tells the present moment, aware and in UTC.
    """

    settings: Settings
    folder: Path
    clock: Callable[[], datetime]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Done:
    """A finished audit.

    Attributes:
        json: The audit as others may rely on it.
        report: Where the report stands.
        severities: Of the findings that count for the verdict.
    """

    audit: Audit
    json: bytes
    report: Path
    severities: frozenset[Severity]

    def exit_code(self, fail_on: Severity) -> int:
        """Return the exit code of `auditor audit`."""
        return exit_code_of(self.audit.verdict, self.severities, fail_on)


class Stages:
    """Announces each stage and keeps its wall seconds."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self._progress.stage(name)
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 3)
