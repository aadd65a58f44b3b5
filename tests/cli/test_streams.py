"""Streams that are closed, or cannot write every letter, cost neither the result nor the exit code."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli.streams import mend_streams

ROOT = Path(__file__).parent.parent.parent

CLOSED_OUT, CLOSED_ERR = ">&-", "2>&-"


def auditor(words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the auditor through a shell, which alone can close a stream."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m auditor {words}'],
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("closed", [CLOSED_OUT, CLOSED_ERR, f"{CLOSED_OUT} {CLOSED_ERR}"])
def test_a_closed_stream_leaves_the_exit_code(closed: str):
    assert auditor(f"--config nope findings {closed}").returncode == 2


def test_without_a_place_to_print_to_nothing_is_wrong():
    said = auditor(f"--version {CLOSED_OUT}")
    assert (said.returncode, said.stderr) == (0, "")


def test_a_letter_that_a_stream_cannot_write_is_a_question_mark(monkeypatch: pytest.MonkeyPatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    mend_streams()
    print("Märta", flush=True)  # noqa: T201 - what rich does
    assert written.getvalue() == b"M?rta\n"
