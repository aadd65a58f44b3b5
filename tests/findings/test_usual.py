"""How large a stream usually is: by what was read to its end, however long ago."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from auditor.findings.query import record_run, usual_rows
from auditor.model.snapshot import Coverage, Snapshot
from tests.findings.days import START

if TYPE_CHECKING:
    from tests.findings.days import Days


def read(days: Days, *sizes: int, complete: bool = True) -> None:
    """Read the orders once a day."""
    for rows in sizes:
        days.day += 1
        at = (START + timedelta(days=days.day)).replace(tzinfo=UTC)
        line = Coverage("centra", "orders", rows, complete, "full", at)
        record_run(days.ledger, "nordlys", Snapshot(f"run-{days.day}", at, (line,)))


def usual(days: Days) -> int | None:
    return usual_rows(days.ledger, "nordlys", "orders")


def test_it_is_the_median_of_the_newest_readings(days: Days):
    read(days, 1, 10, 20, 30, 40, 50, 60, 70)
    assert usual(days) == 40


def test_what_was_never_read_to_its_end_has_none(days: Days):
    read(days, 10, complete=False)
    assert usual(days) is None


def test_readings_that_were_not_believed_do_not_make_it_forgotten(days: Days):
    read(days, 100)
    read(days, *[40] * 8, complete=False)
    assert usual(days) == 100
