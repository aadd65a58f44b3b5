"""Faults of the machine itself: one sentence that names the place and the next step, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.cli import main
from auditor.findings.ledger import Ledger, run_table
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import publish
from tests import own_machine
from tests.held import held
from tests.played import Day, evening_of, morning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.embedded("a server has its own disk, and says itself what it does")

AUDIT = ["--config", "auditor.yaml", "audit", "--tell"]
FULL = ("the disk is full", "the disk does not work")
"""What is said where a limit on files stands for the disk: SQLite does not tell the two apart."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with evening_of(tmp_path_factory.mktemp("evening")) as day:
        yield day


@pytest.fixture(scope="module")
def expected(evening: Day, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what an undisturbed day leaves."""
    day = morning(evening, tmp_path_factory.mktemp("whole") / "day")
    day.work()
    return day.outcome()


@pytest.fixture
def day(evening: Day, tmp_path: Path) -> Day:
    return morning(evening, tmp_path / "day")


def file_of(day: Day, name: str) -> Path:
    return day.folder / str(sa.make_url(getattr(day.store, name)).database)


def audit(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = main(AUDIT)
    err = capsys.readouterr().err
    assert "Traceback" not in err
    told = [line for line in err.splitlines() if line.startswith("auditor: ")]
    return code, "\n".join(told)


@pytest.mark.parametrize("room", [0, 120_000, 400_000])
def test_on_a_full_disk_it_says_so_and_goes_on_once_there_is_room(
    evening: Day,
    expected: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
):
    began = len(evening.server.messages)
    ended = own_machine.on_small_disk(evening.folder, tmp_path / "day", AUDIT, room=room)
    assert ended.code in (2, 3), ended.err
    (sentence,) = ended.sentences
    assert any(word in sentence for word in FULL), sentence
    assert "run it again" in sentence
    assert "Traceback" not in ended.err
    day = Day(tmp_path / "day", evening.shop, evening.server, evening.subjects, began)
    with closing(sqlite3.connect(file_of(day, "ledger"))) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    monkeypatch.chdir(day.folder)
    day.work()
    assert day.outcome() == expected


def test_a_copy_that_finds_no_room_fails_no_audit(
    day: Day, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    copy = file_of(day, "warehouse").with_suffix(".published.duckdb")
    before = copy.read_bytes()
    monkeypatch.setattr("auditor.warehouse.publish.shutil.copyfileobj", full)
    publish(day.store.warehouse)
    assert copy.read_bytes() == before
    assert "published.duckdb cannot be written: the disk is full" in caplog.text


def test_on_a_read_only_disk_it_says_so(evening: Day, tmp_path: Path):
    ended = own_machine.on_read_only_disk(evening.folder, tmp_path / "day", AUDIT)
    assert (ended.code, "Traceback" in ended.err) == (2, False), ended.err
    (sentence,) = ended.sentences
    assert "store.ledger" in sentence
    assert any(word in sentence for word in ("read-only", "Read-only", "permission"))


def test_a_user_who_may_not_write_is_told_which_file_and_what_to_do(evening: Day):
    # Not under pytest's folder: that is closed to every other user.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        ended = own_machine.without_rights(evening.folder, Path(place) / "day", AUDIT)
    assert (ended.code, "Traceback" in ended.err) == (2, False), ended.err
    (sentence,) = ended.sentences
    assert "store.ledger" in sentence
    assert "ermission" in sentence


@pytest.mark.parametrize("part", ["first", "middle", "half", "empty", "text"])
def test_a_damaged_warehouse_names_the_way_out_and_the_ledger_stays(
    day: Day, capsys: pytest.CaptureFixture[str], part: str
):
    damage(file_of(day, "warehouse"), part)
    before = runs(day)
    code, sentence = audit(capsys)
    assert code in (2, 3)
    assert "it is damaged; `auditor snapshot --rebuild` sets it aside" in sentence
    assert runs(day) == before


def damage(file: Path, part: str) -> None:
    """Overwrite the first block or one in the middle of a file, cut it, or put something else there."""
    size = file.stat().st_size
    if part == "text":
        file.write_text("not a database\n" * 1000)
    elif part in ("half", "empty"):
        with file.open("r+b") as opened:
            opened.truncate(size // 2 if part == "half" else 0)
    else:
        with file.open("r+b") as opened:
            for at in range(0 if part == "first" else 3 * 4096, size, 1 << 16):
                opened.seek(at)
                opened.write(b"\xff" * 512)


def runs(day: Day) -> list[Any]:
    with closing(Ledger(day.store.ledger)) as ledger, ledger.begin() as conn:
        return list(conn.execute(sa.select(run_table.c.run, run_table.c.verdict)))


def test_a_rebuilt_warehouse_holds_everything_again_and_the_findings_go_on(
    day: Day, expected: dict[str, Any], capsys: pytest.CaptureFixture[str]
):
    file = file_of(day, "warehouse")
    damage(file, "first")
    log = file.with_name(file.name + ".wal")
    log.write_bytes(b"what was not yet written into it")
    assert main(["--config", "auditor.yaml", "snapshot", "--rebuild"]) == 0
    aside = sorted(file.parent.glob("*.broken-*"))
    assert [one.stat().st_mode & 0o777 for one in aside] == [0o600, 0o600]
    assert f"set aside as var/{aside[0].name}" in capsys.readouterr().err
    day.work()
    assert day.outcome() == expected


def test_a_warehouse_in_no_file_cannot_be_set_aside(
    day: Day, capsys: pytest.CaptureFixture[str], postgres_server: str
):
    day.config.write_text(day.config.read_text() + f"\nstore: {{warehouse: '{postgres_server}'}}\n")
    assert main(["--config", "auditor.yaml", "snapshot", "--rebuild"]) == 2
    assert "restore that database from its own backup" in capsys.readouterr().err


HOLDS = {
    "warehouse": "import duckdb; held = duckdb.connect(sys.argv[1], read_only=True)",
    "ledger": "import sqlite3; held = sqlite3.connect(sys.argv[1]); held.execute('BEGIN EXCLUSIVE')",
}


def hold(day: Day, store: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Let another process hold a store."""
    return held(file_of(day, store), HOLDS[store])


@pytest.mark.parametrize("store", HOLDS)
def test_a_store_that_another_process_holds_is_named_and_nothing_is_half_done(
    day: Day,
    expected: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    store: str,
):
    monkeypatch.setattr("auditor.warehouse.connect.HELD_S", 0.3)
    monkeypatch.setattr("auditor.findings.ledger.BUSY_MS", 100)
    with hold(day, store):
        code, sentence = audit(capsys)
    assert code == 2, "nothing was begun"
    assert f"store.{store}" in sentence
    assert "in use by another process; try again when it ends" in sentence
    day.work()
    assert day.outcome() == expected


@pytest.mark.parametrize(
    "words", [("halt",), ("halt", "--lift"), ("findings", "accept")], ids=" ".join
)
def test_what_only_writes_into_a_held_ledger_was_never_begun(
    day: Day,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
):
    monkeypatch.setattr("auditor.findings.ledger.BUSY_MS", 100)
    assert main(["--format", "json", "findings", "--limit", "1"]) == 0
    finding = json.loads(capsys.readouterr().out)["fingerprint"]
    waiver = (finding, "--until", "2999-01-31", "--reason", "known") if "accept" in words else ()
    with hold(day, "ledger"):
        assert main([*words, *waiver]) == 2
    assert "store.ledger" in capsys.readouterr().err


def test_a_notebook_that_lets_go_in_time_holds_nobody_up(
    day: Day, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []
    with hold(day, "warehouse") as other:

        def let_go(message: str, *args: object) -> None:
            told.append(message % args)
            other.communicate()

        monkeypatch.setattr("auditor.warehouse.connect.log.warning", let_go)
        assert audit(capsys) == (1, "")
    assert told == ["store.warehouse is in use by another process; waiting for it"]


def test_a_damaged_ledger_asks_for_its_backup(day: Day, capsys: pytest.CaptureFixture[str]):
    file_of(day, "ledger").write_text("not a database\n" * 1000)
    code, sentence = audit(capsys)
    assert code == 2
    assert "store.ledger" in sentence
    assert "put a backup in its place" in sentence


def test_output_that_has_no_room_is_said_to_have_none():
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "auditor", "--version"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert "What is printed cannot be written: the disk is full" in done.stderr


def test_what_a_database_makes_beside_its_file_is_private_too(tmp_path: Path):
    """DuckDB's log of what it has not yet written into its file holds personal data like the file itself."""
    os.umask(0o022)
    main(["--version"])
    with closing(Warehouse(f"duckdb:///{tmp_path / 'warehouse.duckdb'}")) as warehouse:
        with warehouse.engine.begin() as conn:
            conn.execute(sa.text("CREATE TABLE t AS SELECT 1"))
        modes = {one.name: one.stat().st_mode & 0o077 for one in tmp_path.iterdir()}
    assert "warehouse.duckdb.wal" in modes
    assert set(modes.values()) == {0}


def test_a_service_whose_spool_has_no_room_says_so_in_its_log(
    day: Day, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("auditor.mail.post.write_private", full)
    day.work()
    assert "Traceback" not in caplog.text
    assert ".eml cannot be written: the disk is full; make room" in caplog.text


def test_letters_that_found_no_room_are_sent_by_the_next_run(
    day: Day, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    def full(path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("auditor.mail.post.write_private", full)
        day.work()
    assert day.outcome()["letters"] == set()
    day.work()
    assert day.outcome() == expected
