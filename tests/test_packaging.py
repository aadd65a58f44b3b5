"""The wheel carries what runs, and nothing that a brand wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    stray = ROOT / "reports" / "out" / f"test-packaging-{os.getpid()}" / "index.html"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("a brand's report")
    try:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    finally:
        stray.unlink()
        stray.parent.rmdir()
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_carries_the_suites(names: set[str]):
    suites = {f"auditor/_bundled/expectations/{p.name}" for p in (ROOT / "expectations").iterdir()}
    assert suites <= names


def test_the_wheel_carries_the_templates(names: set[str]):
    assert "auditor/_bundled/reports/templates/report.html" in names


def test_the_wheel_carries_the_schema_of_the_sandbox(names: set[str]):
    assert "auditor/sandbox/centra/schema.graphql" in names


def test_the_wheel_carries_the_migrations_of_the_ledger(names: set[str]):
    migrations = ROOT / "auditor" / "findings" / "migrations"
    assert {p.relative_to(ROOT).as_posix() for p in migrations.rglob("*.py")} <= names


def test_the_wheel_carries_no_report(names: set[str]):
    assert [name for name in names if "reports/out" in name or "test-packaging" in name] == []


def test_an_installed_wheel_writes_settings_and_finds_its_suites(wheel: Path, tmp_path: Path):
    home = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(home)
    code = (
        "from pathlib import Path; from auditor.resources import expectation_files, bundled_folder;"
        "from auditor.expect.suites import load_checks; import auditor;"
        "assert '_bundled' in str(bundled_folder('expectations')), auditor.__file__;"
        "print(len(load_checks(expectation_files(Path('.')))))"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(
        run, cwd=home, env={"PYTHONPATH": str(home)}, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 50
