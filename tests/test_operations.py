"""What docs/operations.md says is done here, command by command, and what it promises has its test."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.cli import main
from tests.played import Day, evening_of, morning

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "operations.md").read_text()
BLOCKS = dict(re.findall(r"<!-- run: ([\w-]+) -->\n```sh\n(.*?)```", TEXT, re.DOTALL))
PROOFS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)

OF_FILES = pytest.mark.embedded("a server's databases are copied and restored by its own means")


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with evening_of(tmp_path_factory.mktemp("evening")) as day:
        yield day


@pytest.fixture(scope="module")
def expected(evening: Day, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    day = morning(evening, tmp_path_factory.mktemp("whole") / "day")
    day.work()
    return day.outcome()


@pytest.fixture
def day(evening: Day, tmp_path: Path) -> Day:
    return morning(evening, tmp_path / "day")


def follow(name: str, day: Day) -> None:
    """Do what a block says, for this brand; the auditor's own commands run in this process."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    shell: list[str] = []
    for line in BLOCKS[name].replace("nordlys", "desk").splitlines():
        if line.startswith("auditor "):
            run_all(shell, day.folder, path)
            assert main(["--config", "auditor.yaml", *shlex.split(line)[1:]]) in (0, 1)
        else:
            shell.append(line)
    run_all(shell, day.folder, path)


def run_all(shell: list[str], folder: Path, path: str) -> None:
    subprocess.run(
        ["sh", "-euc", "\n".join(shell)],
        cwd=folder,
        check=True,
        env={"PATH": path, "TOKEN": "none"},
    )
    shell.clear()


def ledger_of(day: Day) -> Path:
    return day.folder / str(sa.make_url(day.store.ledger).database)


@OF_FILES
def test_a_restored_backup_goes_on_as_if_nothing_had_been(day: Day, expected: dict[str, Any]):
    follow("backup", day)
    assert (day.folder / "backup.tar.gz").stat().st_mode & 0o777 == 0o600
    for store in (day.folder / "var").glob("desk*"):
        store.write_bytes(b"lost")
    follow("restore", day)
    day.work()
    assert day.outcome() == expected


@OF_FILES
def test_a_ledger_is_copied_while_it_is_written_and_restored(day: Day, expected: dict[str, Any]):
    follow("ledger", day)
    assert (day.folder / "backup-ledger.sqlite").stat().st_mode & 0o777 == 0o600
    ledger_of(day).write_bytes(b"lost")
    follow("restore-ledger", day)
    assert ledger_of(day).stat().st_mode & 0o777 == 0o600
    day.work()
    assert day.outcome() == expected


@OF_FILES
def test_a_damaged_warehouse_is_read_anew(day: Day, expected: dict[str, Any]):
    (day.folder / "var" / "desk.duckdb").write_bytes(b"lost")
    follow("rebuild", day)
    day.work()
    assert day.outcome() == expected


def test_every_block_is_followed_here():
    source = Path(__file__).read_text()
    assert TEXT.count("```sh") == len(BLOCKS)
    assert [name for name in BLOCKS if f'follow("{name}", day)' not in source] == []


@pytest.mark.parametrize(("file", "test"), PROOFS)
def test_what_the_table_names_is_a_test(file: str, test: str):
    assert f"def {test}(" in (ROOT / file).read_text()


def test_every_row_of_the_failures_has_its_proof():
    table = TEXT.partition("| what happens |")[2].splitlines()[2:]
    rows = [line for line in table if line.startswith("| ")]
    assert len(rows) == len(PROOFS) > 10


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", TEXT))
def test_every_link_leads_somewhere(link: str):
    assert (ROOT / "docs" / link).exists()
