"""The structure that DESIGN promises, read off the imports of the code itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "auditor"
STAGES = ("snapshot", "reconcile", "expect", "findings", "report")


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} | {f"{node.module}.{a.name}" for a in node.names}
    return found


def reaches(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in imports(path))


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_another(stage: str):
    others = [f"auditor.{other}" for other in STAGES if other != stage]
    offenders = [
        (path.name, other)
        for path in modules(ROOT / stage)
        for other in others
        if reaches(path, other)
    ]
    assert offenders == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_a_system_or_the_pipeline(stage: str):
    banned = ("auditor.systems", "auditor.pipeline", "auditor.cli", "auditor.sandbox")
    assert [p.name for p in modules(ROOT / stage) if any(reaches(p, b) for b in banned)] == []


def test_only_the_pipeline_knows_the_order_of_the_stages():
    knowing = [
        path.relative_to(ROOT).as_posix()
        for path in modules(ROOT)
        if "cli" not in path.relative_to(ROOT).parts  # a command may list and render, in no order
        and sum(reaches(path, f"auditor.{stage}") for stage in STAGES) > 1
    ]
    assert {name.partition("/")[0] for name in knowing} == {"pipeline"}


def test_the_model_imports_nothing_but_itself_and_errors():
    allowed = ("auditor.model", "auditor.errors")
    strays = {
        name
        for path in modules(ROOT / "model")
        for name in imports(path)
        if name.startswith("auditor.") and not name.startswith(allowed)
    }
    assert strays == set()


def test_the_sandbox_knows_nothing_of_the_auditor():
    strays = {
        name
        for path in modules(ROOT / "sandbox")
        for name in imports(path)
        if name.startswith("auditor") and not name.startswith("auditor.sandbox")
    }
    assert strays == set()


def test_the_auditor_knows_nothing_of_the_sandbox():
    knowing = [
        path.relative_to(ROOT).as_posix()
        for path in modules(ROOT)
        if "sandbox" not in path.relative_to(ROOT).parts and reaches(path, "auditor.sandbox")
    ]
    assert knowing == ["cli/demo.py", "cli/sandbox.py"]


def test_each_system_stands_alone():
    assert not any(
        reaches(path, "auditor.systems.emarsys") for path in modules(ROOT / "systems" / "centra")
    )
    assert not any(
        reaches(path, "auditor.systems.centra") for path in modules(ROOT / "systems" / "emarsys")
    )


def test_only_the_settings_read_the_environment():
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in modules(ROOT)
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    assert {r for r in readers if not r.startswith("config")} <= {"cli/demo.py"}


def test_no_file_is_longer_than_it_may_be():
    long = {p.name for p in modules(ROOT) if len(p.read_text().splitlines()) > 350}
    assert long <= {"tables.py", "drift.py"}  # declarations, one after the other
