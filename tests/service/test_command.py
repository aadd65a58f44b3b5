"""`auditor serve` as a process: it begins, and ends when it is asked to."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from auditor.config.environment import environment_with
from tests.correct.desk import read_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_asked_to(name: signal.Signals, tmp_path: Path):
    read_settings(tmp_path, lambda raw: raw.update(schedule={"audit": "0 5 * * *"}))
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", "serve"],
        cwd=tmp_path,
        env=environment_with({"TOKEN": "none"}),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "audit" in process.stderr.readline()
        process.send_signal(name)
        assert process.wait(timeout=20) == 0
