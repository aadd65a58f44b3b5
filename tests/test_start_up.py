"""Starting costs little: help and settings load nothing that takes long to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "adbc_driver_manager", "apscheduler", "duckdb", "great_expectations", "graphql", "httpx", "jinja2",
    "msgspec", "numpy", "pandas", "pyarrow", "rich", "sqlalchemy", "stamina", "starlette", "uvicorn", "yaml",
}  # fmt: skip
NEEDED_BY_SETTINGS = {"msgspec", "yaml"}
MORE_MODULES_THAN_BARE_PYTHON = 200
"""Twice what click and our own few take today; a heavy package brings hundreds."""


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has after running code."""
    program = f"{code}\nimport json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def heavy(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} & HEAVY


@pytest.fixture(scope="module")
def helped() -> set[str]:
    return modules_after("from auditor.cli import main; main(['--help'])")


def test_help_loads_nothing_heavy(helped):
    assert heavy(helped) == set()


def test_help_loads_few_modules(helped):
    assert len(helped - modules_after("pass")) < MORE_MODULES_THAN_BARE_PYTHON


def test_help_of_a_command_loads_nothing_heavy():
    assert heavy(modules_after("from auditor.cli import main; main(['init', '--help'])")) == set()


def test_the_settings_load_nothing_heavy_but_their_own_needs():
    assert heavy(modules_after("import auditor.config")) <= NEEDED_BY_SETTINGS


def test_finding_the_bundled_files_loads_nothing_heavy():
    assert heavy(modules_after("import auditor.resources")) == set()


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("auditor ")


def test_a_reader_that_left_early_gets_no_complaint():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "--help"],
            stdout=pipe, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "")
