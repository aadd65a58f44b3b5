"""Shows a snapshot being taken, or a plan being applied: bars on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from auditor.model.snapshot import Coverage
    from auditor.model.stream import Stream

CHANGES = "changes"


class Bars:
    """A bar per stream, for a person at a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def stage(self, name: str) -> None:
        """Say which stage begins."""
        self._progress.console.print(f"[bold]{name}[/bold]")

    def advanced(self, stream: Stream, rows: int, total: int | None) -> None:
        """Move a stream's bar."""
        task = self._tasks.get(stream.name)
        if task is None:
            task = self._progress.add_task(f"{stream.system} {stream.name}", total=total)
            self._tasks[stream.name] = task
        self._progress.update(task, completed=rows, total=total)

    def ended(self, coverage: Coverage) -> None:
        """Complete a stream's bar, or say why there is none."""
        task = self._tasks.get(coverage.stream)
        if task is not None and coverage.complete:
            self._progress.update(task, completed=coverage.rows, total=coverage.rows)
        if coverage.reason is not None:
            self._progress.console.print(_line(coverage), markup=False, highlight=False)

    def changes(self, done: int, of: int) -> None:
        """Move the bar of the changes."""
        task = self._tasks.get(CHANGES)
        if task is None:
            task = self._tasks[CHANGES] = self._progress.add_task(CHANGES, total=of)
        self._progress.update(task, completed=done, total=of)


class Lines:
    """One line per stage and stream, for logs and pipes."""

    def stage(self, name: str) -> None:
        """Say which stage begins."""
        click.echo(name, err=True)

    def advanced(self, stream: Stream, rows: int, total: int | None) -> None:
        """Stay silent: only the end of a stream is worth a line."""

    def ended(self, coverage: Coverage) -> None:
        """Say how a stream was read."""
        click.echo(_line(coverage), err=True)

    def changes(self, done: int, of: int) -> None:
        """Say how many changes are decided."""
        click.echo(f"  {done:,} of {of:,} changes", err=True)


def _line(coverage: Coverage) -> str:
    name = f"  {coverage.system} {coverage.stream}"
    if coverage.mode == "off":
        return f"{name}: off, {coverage.reason}"
    state = "complete" if coverage.complete else f"INCOMPLETE, {coverage.reason}"
    return f"{name}: {coverage.rows:,} rows in {coverage.seconds:.1f} s, {state}"


@contextlib.contextmanager
def shown_progress() -> Iterator[Bars | Lines]:
    """Yield what shows progress here: bars where stderr is a terminal, else lines."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bars(progress)
