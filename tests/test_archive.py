"""What a run leaves: read back as it was kept, whole or not at all, and gone when its time is over."""

from __future__ import annotations

import dataclasses
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pytest

from auditor.archive import Archive, delete_before
from auditor.errors import StoreError
from auditor.findings.standing import SCHEMA
from tests.report import examples
from tests.report.stored import stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RICH = examples.record(examples.rich_audit())


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive("nordlys", tmp_path / "runs")
    made.keep(RICH, examples.all_stored(RICH.audit), SCHEMA)
    return made


def broken() -> Iterator[pa.RecordBatch]:
    yield from stored(examples.rich_findings("sales.missing_order"))
    raise OSError("the disk is full")


def test_a_record_is_read_back_as_it_was_kept(archive: Archive):
    assert archive.record(examples.RUN) == RICH


def test_findings_are_read_back_in_their_order(archive: Archive):
    kept = pa.Table.from_batches(archive.findings(examples.RUN))
    assert kept.equals(pa.Table.from_batches(examples.all_stored(RICH.audit)))


def test_a_run_that_was_not_kept_is_told(archive: Archive):
    with pytest.raises(StoreError, match="Nothing is kept of the run 2026-01-01"):
        archive.record("2026-01-01T00:00:00Z-aaaa")


def test_a_record_that_is_broken_is_told(archive: Archive):
    (archive.folder / "2026-11-23T05-00-00Z-7f3a" / "record.json").write_bytes(b"{")
    with pytest.raises(StoreError, match="cannot be read"):
        archive.record(examples.RUN)


def test_findings_that_are_broken_are_told(archive: Archive):
    (archive.folder / "2026-11-23T05-00-00Z-7f3a" / "findings.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="cannot be read"):
        list(archive.findings(examples.RUN))


def test_a_run_whose_keeping_failed_is_not_there(archive: Archive):
    with pytest.raises(OSError, match="disk is full"):
        archive.keep(RICH, broken(), SCHEMA)
    with pytest.raises(StoreError, match="Nothing is kept"):
        archive.record(examples.RUN)


def test_what_is_kept_is_private(archive: Archive):
    modes = {stat.S_IMODE(path.stat().st_mode) for path in archive.folder.rglob("*.*")}
    assert modes == {0o600}


def test_a_record_holds_no_key_that_nobody_reads(archive: Archive):
    place = archive.folder / "2026-11-23T05-00-00Z-7f3a" / "record.json"
    raw = msgspec.json.decode(place.read_bytes())
    assert msgspec.json.decode(msgspec.json.encode(archive.record(examples.RUN))) == raw


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (datetime(2026, 11, 23, 5, tzinfo=UTC), {"2026-11-23T05-00-00Z-7f3a", "notes", "2026"}),
        (datetime(2026, 11, 23, 5, 0, 1, tzinfo=UTC), {"notes", "2026"}),
    ],
)
def test_only_runs_older_than_the_limit_are_deleted(
    archive: Archive, limit: datetime, left: set[str]
):
    for name in ("2026-11-22T05-00-00Z-22bb", "notes", "2026"):
        (archive.folder / name).mkdir()
    delete_before(archive.folder, limit)
    assert {place.name for place in archive.folder.iterdir()} == left


def test_the_waivers_that_ended_between_two_runs_are_counted(tmp_path: Path):
    made, check = Archive("nordlys", tmp_path / "runs"), "sales.missing_order"
    runs = {
        "2026-11-22T05:00:00Z-aaaa": ("accepted", "accepted", "accepted", "ongoing"),
        "2026-11-23T05:00:00Z-bbbb": ("ongoing", "accepted", "worse", "ongoing"),
    }
    for run, states in runs.items():
        audit = dataclasses.replace(RICH.audit, run=run)
        found = [
            dataclasses.replace(examples.finding(check, str(number)), state=state)  # type: ignore[arg-type]
            for number, state in enumerate(states)
        ]
        made.keep(dataclasses.replace(RICH, audit=audit), stored(found), SCHEMA)
    assert made.waivers_ended(*runs) == {check: 1}
