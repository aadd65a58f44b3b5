"""Killed at any durable step of a day's work, the service that comes back ends as an undisturbed one does."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.service.watch import HEARTBEAT
from tests.correct.applying.fuse import KilledError
from tests.durable import DurableFuse
from tests.played import Day, evening_of, morning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS = 3
SAMPLE, SAMPLE_OF_SERVICE = 5, 3
"""How many moments are tried, the first and the last among them, where not all are asked for."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with evening_of(tmp_path_factory.mktemp("evening")) as day:
        yield day


@pytest.fixture(scope="module")
def undisturbed(
    evening: Day, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, dict[str, Any]]:
    """Do the day's work without a fault; return how many moments there were, and what it left."""
    day, whole = morning(evening, tmp_path_factory.mktemp("whole") / "day"), DurableFuse()
    with whole.burning():
        day.work()
    return whole.moments, day.outcome()


def sampled(moments: int, some: int, *, is_proof: bool) -> list[int]:
    if is_proof:
        return list(range(1, moments + 1))
    return sorted({1 + round(n * (moments - 1) / (some - 1)) for n in range(some)})


def test_the_day_brings_news_of_every_kind(undisturbed: Any):
    moments, outcome = undisturbed
    assert moments > 50
    assert outcome["history"] == [("a", "new"), ("b", "new"), ("b", "resolved"), ("c", "new")]
    assert outcome["orders"]["2"] == ("SHIPPED", 2)
    assert {subject for _, subject in outcome["letters"]} == {
        "[desk] Critical: 1 new, 1 resolved, 2 open (crm)"
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_any_moment_the_day_ends_as_if_it_were_not(
    evening: Day, undisturbed: Any, tmp_path: Path, part: int, *, is_proof: bool
):
    moments, expected = undisturbed
    for moment in sampled(moments, SAMPLE, is_proof=is_proof)[part::PARTS]:
        day, fuse = morning(evening, tmp_path / str(moment)), DurableFuse(moment)
        with fuse.burning(), contextlib.suppress(KilledError):
            day.work()
        assert fuse.is_burnt, moment
        day.come_back()
        assert day.outcome() == expected, moment
        # A letter that was taken and not written down yet is sent again, under the same Message-ID.
        assert day.doubled() <= 1, moment
        pages = day.pages()
        assert all(page.read_text().rstrip().endswith("</html>") for page in pages), moment
        drafts = [one for page in pages for one in page.parent.rglob(".*.tmp")]
        assert [*drafts, *day.folder.glob("var/.*.tmp")] == [], moment
        with closing(sqlite3.connect(sa.make_url(day.store.ledger).database or "")) as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture(scope="module")
def served(evening: Day, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any]]:
    """As `undisturbed`, by the service itself: its leases, its job store, its heartbeat."""
    day, whole = morning(evening, tmp_path_factory.mktemp("served") / "day"), DurableFuse()
    day.sleep()
    with whole.burning():
        day.serve()
    return whole.moments, day.outcome()


def test_the_service_does_what_is_due(served: Any, undisturbed: Any):
    assert served[0] > undisturbed[0]
    assert served[1] == undisturbed[1]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_service_that_is_killed_at_any_moment_does_what_was_due_when_it_is_back(
    evening: Day, served: Any, tmp_path: Path, part: int, *, is_proof: bool
):
    moments, expected = served
    for moment in sampled(moments, SAMPLE_OF_SERVICE, is_proof=is_proof)[part::PARTS]:
        day, fuse = morning(evening, tmp_path / str(moment)), DurableFuse(moment)
        day.sleep()
        with fuse.burning(), contextlib.suppress(KilledError):
            day.serve()
        assert fuse.is_burnt, moment
        day.serve()
        assert day.outcome() == expected, moment
        assert day.work_done() == ([True], True), moment
        assert (day.doubled() <= 1, (day.folder / HEARTBEAT).exists()) == (True, True), moment
