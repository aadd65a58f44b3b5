"""The one command of the README's first screen prints what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.model.plan import decoded

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("demo")
    run = [sys.executable, "-m", "tests.watched", "demo", "--dir", str(folder)]
    return subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)


def shown() -> list[str]:
    """Return the lines that the README shows, without those that hold what differs from day to day."""
    text = re.search(r"```text\n(check .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert text
    return [line for line in text[1].splitlines() if line and "..." not in line]


def test_the_demo_finds_all_that_was_planted_and_nothing_else(demo):
    assert demo.returncode == 0, demo.stderr


def test_the_demo_prints_what_the_readme_shows(demo):
    printed = demo.stdout.splitlines()
    assert [line for line in shown() if line not in printed] == []


def test_the_demo_leaves_a_report(demo):
    (path,) = re.findall(r"^Report:\s+(.*)$", demo.stdout, re.MULTILINE)
    assert "<!doctype html>" in Path(path).read_text().lower()


def test_the_demo_plans_the_corrections(demo):
    found = re.search(r"^Plan: .* for people\n\s+(.*)$", demo.stdout, re.MULTILINE)
    assert found
    assert decoded(Path(found[1]).read_bytes()).changes


def test_the_demo_applies_every_change(demo):
    (changes,) = re.findall(r"^Plan: +(\d+) changes", demo.stdout, re.MULTILINE)
    (verified,) = re.findall(r"^Later: +(\d+) verified, 0 pending", demo.stdout, re.MULTILINE)
    assert changes == verified


def test_after_the_demo_a_second_audit_finds_the_corrected_drift_gone_and_nothing_new(demo):
    assert re.search(r"^Audited again: \d+ .* 0 persist, 0 are new;", demo.stdout, re.MULTILINE)


def test_the_demo_tells_nothing_but_its_result_on_stdout(demo):
    assert demo.stdout.startswith("check ")


def test_the_auditor_never_reads_the_answer_key(demo):
    """The key stays in the demo's memory: no file of its folder holds a list of what was planted."""
    (path,) = re.findall(r"^Report:\s+(.*)$", demo.stdout, re.MULTILINE)
    folder = Path(path).parents[4]
    assert {p.name for p in folder.iterdir()} == {
        "auditor.yaml",
        "open-data.sqlite",
        "reports",
        "var",
    }
