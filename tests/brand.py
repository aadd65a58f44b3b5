"""A brand to audit: a sandbox on loopback and the command line as a user runs it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from auditor.cli import main
from auditor.clock import utc_now
from auditor.sandbox.centra.options import CentraOptions
from auditor.sandbox.centra.plans import UNLIMITED
from auditor.sandbox.start import Plan, Sandbox, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from auditor.sandbox.world import Scale

FAST = CentraOptions(rate_plan=UNLIMITED)


@dataclass
class Brand:
    """One brand's folder, its two systems, and what the command line answered last."""

    folder: Path
    running: Sandbox
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def auditor(self, *words: str) -> int:
        """Run the auditor and keep what it printed."""
        self.capsys.readouterr()
        code = main(["--config", str(self.running.settings), *words])
        self.out, self.err = self.capsys.readouterr()
        return code

    def audit(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Audit and return the exit code and the JSON."""
        code = self.auditor("--format", "json", "audit", *words)
        return code, json.loads(self.out)

    def findings(self) -> set[tuple[str, str]]:
        """Return every open finding as (check, subject)."""
        self.auditor("--format", "json", "findings")
        rows = [json.loads(line) for line in self.out.splitlines()]
        return {(row["check"], row["subject"]["key"]) for row in rows}

    @property
    def planted(self) -> set[tuple[str, str]]:
        """Return the answer key as (check, subject)."""
        return {(row.check, row.subject) for row in self.running.key}

    def change_settings(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Rewrite the settings file."""
        settings = yaml.safe_load(self.running.settings.read_text())
        change(settings)
        self.running.settings.write_text(yaml.safe_dump(settings))


@contextlib.contextmanager
def brand(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    scale: Scale,
    **plan: Any,
) -> Iterator[Brand]:
    """Start a brand's systems; the process works in its folder, with its secrets, until the end."""
    with sandbox(Plan(folder, utc_now, scale, **{"centra": FAST, **plan})) as running:
        monkeypatch.chdir(folder)
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        yield Brand(folder, running, capsys)
