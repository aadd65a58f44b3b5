"""What drivers and the system say of our own machine becomes one sentence with the next step."""

from __future__ import annotations

import contextlib
import errno
import re
import resource
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
import sqlalchemy as sa

from auditor import faults
from auditor.errors import MachineError
from auditor.findings.ledger import Ledger
from auditor.private_file import unnamed, write_private
from auditor.warehouse import Warehouse
from auditor.warehouse.compact import compact_file

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITED = "40MB"
MUCH = "SELECT i, md5(i::text) AS m FROM range(600000) t(i) ORDER BY m"


@pytest.mark.parametrize(
    ("exc", "words"),
    [
        (sqlite3.OperationalError("database or disk is full"), "the disk is full; make room"),
        (sqlite3.OperationalError("database is locked"), "in use by another process; try again"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "it is read-only"),
        (sqlite3.OperationalError("unable to open database file"), "permission is denied; give"),
        (sqlite3.DatabaseError("database disk image is malformed"), "it is damaged; put a backup"),
        (sqlite3.DatabaseError("file is not a database"), "it is damaged; put a backup"),
        (sqlite3.OperationalError("disk I/O error"), "the disk does not work; look at"),
        (
            duckdb.OutOfMemoryException('Failure while replaying WAL file "w": Allocation failure'),
            "it is damaged",
        ),
        (duckdb.IOException("Could not write: No space left on device"), "the disk is full"),
        (duckdb.OutOfMemoryException("could not allocate block of size 256 KiB"), "the memory"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_fault_of_a_store_is_told(exc: Exception, words: str):
    told = faults.store_fault("store.ledger", "/nowhere/ledger.sqlite", exc) or ""
    assert told.startswith("store.ledger: /nowhere/ledger.sqlite cannot be used: ")
    assert words in told


@pytest.mark.parametrize(
    "exc",
    [
        sqlite3.OperationalError("no such table: run"),
        sqlite3.IntegrityError("UNIQUE constraint failed: run.run"),
        duckdb.BinderException("column x not found"),
    ],
)
def test_what_is_wrong_in_the_program_is_no_fault_of_the_machine(exc: Exception):
    assert faults.store_fault("store.ledger", "ledger.sqlite", exc) is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full; make room"),
        (errno.EROFS, "it is read-only; let it be written"),
        (errno.EACCES, "permission is denied; give the user"),
        (errno.EIO, "the disk does not work"),
    ],
)
def test_a_fault_of_a_file_names_the_file(number: int, words: str):
    fault = faults.machine_fault(OSError(number, "said by the system", "var/mail/one.eml"))
    assert str(fault).startswith("var/mail/one.eml cannot be written: ")
    assert words in str(fault)


@pytest.mark.parametrize("exc", [OSError(errno.ECONNREFUSED, "refused"), KeyError("x")])
def test_other_faults_stay_what_they_are(exc: Exception):
    with pytest.raises(type(exc)), faults.named():
        raise exc


def test_a_file_that_finds_no_room_is_named_and_the_one_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "page.html"
    write_private(file, b"before")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("auditor.private_file.os.fsync", full)
    told = pytest.raises(MachineError, match=r"page\.html cannot be written: the disk is full")
    with told, faults.named():
        write_private(file, b"after")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [
        ("page.html", b"before")
    ]


# --- while a store is in use ------------------------------------------------------------------------------


def test_a_ledger_that_is_held_in_the_middle_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("auditor.findings.ledger.BUSY_MS", 50)
    file = tmp_path / "ledger.sqlite"
    with closing(Ledger(f"sqlite:///{file}")) as ledger:
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN IMMEDIATE")
            held = pytest.raises(MachineError, match="in use by another process")
            with held, ledger.begin() as conn:
                conn.execute(sa.text("DELETE FROM run"))
        with ledger.begin() as conn:
            assert conn.execute(sa.text("SELECT count(*) FROM run")).scalar() == 0


def test_a_statement_that_is_wrong_is_not_taken_for_a_fault_of_the_machine(tmp_path: Path):
    url, wrong = f"sqlite:///{tmp_path / 'ledger.sqlite'}", pytest.raises(sa.exc.OperationalError)
    with closing(Ledger(url)) as ledger, wrong, ledger.begin() as conn:
        conn.execute(sa.text("SELECT * FROM nothing"))


@contextlib.contextmanager
def one_megabyte() -> Iterator[None]:
    """Let no file grow beyond a megabyte, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def large(duckdb_url: str) -> str:
    with closing(Warehouse(duckdb_url)) as warehouse, warehouse.engine.begin() as conn:
        conn.execute(sa.text(f"INSERT INTO unparsed_row SELECT 'r', 's', 'x', m FROM ({MUCH})"))
    return duckdb_url


def test_a_warehouse_that_finds_no_room_to_be_written_anew_stays_and_leaves_nothing(large: str):
    folder = Path(large.removeprefix("duckdb:///")).parent
    before = sorted(folder.iterdir())
    sentence = r"^store\.warehouse: .* the disk is full; make room"
    with one_megabyte(), pytest.raises(MachineError, match=sentence):
        compact_file(large)
    assert sorted(folder.iterdir()) == before


def test_a_download_that_finds_no_room_names_the_folder_where_it_waits():
    sentence = f"^{re.escape(tempfile.gettempdir())} cannot be written: the disk is full"
    with (
        one_megabyte(),
        pytest.raises(MachineError, match=sentence),
        faults.named(),
        unnamed() as file,
    ):
        file.writelines([b"x" * (2 << 20)])


# --- memory -----------------------------------------------------------------------------------------------


@pytest.fixture
def small(duckdb_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("auditor.warehouse.connect.MEMORY_LIMIT", LIMITED)
    return duckdb_url


def test_what_does_not_fit_into_memory_waits_in_a_private_folder_that_goes_again(
    small: str, tmp_path: Path
):
    spill = tmp_path / "warehouse.duckdb.spill"
    with closing(Warehouse(small)) as warehouse, warehouse.engine.connect() as conn:
        assert spill.stat().st_mode & 0o777 == 0o700
        found = conn.execute(sa.text(MUCH))
        first = found.fetchone()
        files = list(spill.iterdir())
    assert (first is not None, files != [], spill.exists()) == (True, True, False)


def test_what_a_killed_run_left_in_it_goes_with_the_next(small: str, tmp_path: Path):
    left = tmp_path / "warehouse.duckdb.spill" / "duckdb_temp_storage-0.tmp"
    left.parent.mkdir()
    left.write_text("somebody@nordlys.example")
    with closing(Warehouse(small)):
        assert not left.exists()


def test_where_it_finds_no_room_either_it_stops_with_a_sentence(small: str):
    with closing(Warehouse(small)) as warehouse, warehouse.engine.connect() as conn:
        conn.execute(sa.text("SET max_temp_directory_size = '1MB'"))
        with pytest.raises(MachineError, match=r"^store\.warehouse: .* make room"):
            conn.execute(sa.text(MUCH)).fetchall()


def test_the_warehouse_is_whole_after_that(small: str):
    with closing(Warehouse(small)) as warehouse:
        with warehouse.engine.connect() as conn:
            conn.execute(sa.text("SET max_temp_directory_size = '1MB'"))
            with pytest.raises(MachineError):
                conn.execute(sa.text(MUCH)).fetchall()
        with warehouse.engine.begin() as conn:
            assert conn.execute(sa.text("SELECT count(*) FROM centra_order")).scalar() == 0
