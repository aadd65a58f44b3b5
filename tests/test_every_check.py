"""What holds for every check that ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.expect.suites import load_checks
from auditor.model.finding import SEVERITIES
from auditor.model.tables import STREAM_TABLES
from auditor.resources import expectation_files

ROOT = Path(__file__).parent.parent
CHECKS = [e.check for e in load_checks(expectation_files(ROOT))]
DRIFT = [check for check in CHECKS if check.suite != "quality"]

WHOLE_STREAM = {"freshness.stream_stalled", "freshness.lag"}
"""Planted in worlds of their own (tests/reconcile/test_whole_streams.py): they spoil a whole stream."""

OF_THE_AUDITOR = {"freshness.correction_undone"}
"""No world has it: it is about what the auditor itself did (tests/correct/applying/test_fights.py)."""


def words(check: str) -> str:
    return check.split(".", 1)[1]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_its_id_is_well_formed(check):
    assert re.fullmatch(rf"{check.suite}\.[a-z0-9_.-]+", check.id)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_its_title_is_a_sentence(check):
    assert re.fullmatch(r"[A-Z].{10,118}\.", check.title)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_its_streams_exist(check):
    assert [stream for stream in check.needs if stream not in STREAM_TABLES] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_it_needs_at_least_one_stream(check):
    assert check.needs


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_its_severity_is_known(check):
    assert check.severity in SEVERITIES


@pytest.mark.parametrize("check", DRIFT, ids=lambda c: c.id)
def test_a_test_fails_it(check):
    """Some test over rows states a case that it must find."""
    examples = "".join(p.read_text() for p in (ROOT / "tests" / "reconcile").glob("test_*.py"))
    assert f'"{check.id}"' in examples


@pytest.mark.parametrize("check", DRIFT, ids=lambda c: c.id)
def test_the_sandbox_plants_it(check):
    if check.id in WHOLE_STREAM | OF_THE_AUDITOR:
        return
    world = ROOT / "auditor" / "sandbox" / "world"
    planters = "".join(p.read_text() for p in world.glob("plant_*.py"))
    assert f'"{check.id}"' in planters
