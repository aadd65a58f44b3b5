"""An audit that is killed in the middle of any stage: the next one ends as if nothing had been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.config.environment import environment_with
from auditor.sandbox.world import Scale
from tests.brand import brand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.brand import Brand

ROOT = Path(__file__).parent.parent
STAGES = ("snapshot", "reconcile", "expect", "findings", "report")
FEW = ("findings",)

DIES = """
import os, signal, sys, time
from auditor.pipeline.run import Stages

begun = Stages.stage

def stage(self, name):
    if name == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return begun(self, name)

Stages.stage = stage
from auditor.cli import main
sys.exit(main(["audit"]))
"""
"""Audits, and dies as a stage begins, when all before it is written: `python -c DIES STAGE`."""


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Brand]:
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=150)) as started:
        yield started


def test_killed_as_a_stage_begins_the_next_audit_finds_exactly_what_was_planted(
    shop: Brand, *, is_proof: bool
):
    where = {"AUDITOR_CONFIG": str(shop.running.settings), "PYTHONPATH": str(ROOT)}
    for stage in STAGES if is_proof else FEW:
        done = subprocess.run(
            [sys.executable, "-c", DIES, stage],
            cwd=shop.folder,
            env=environment_with({**shop.running.environ, **where}),
            capture_output=True,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
    code, audit = shop.audit()
    assert (code, audit["verdict"], shop.findings()) == (1, "critical", shop.planted)
    assert audit["findings"]["total"] == audit["findings"]["new"] + audit["findings"]["ongoing"]
    drafts = [path for path in Path(shop.folder).rglob(".*.tmp") if os.access(path, os.R_OK)]
    assert drafts == []
