from __future__ import annotations

import subprocess
import sys

NOTHING_TO_JUDGE = """
import sys
import sqlalchemy as sa
from datetime import UTC, datetime
from auditor.expect.judge import judge
from auditor.expect.suites import load_checks
from auditor.model.drift import drift_quality
from auditor.model.finding import Check
from auditor.model.snapshot import Snapshot
from auditor.expect.expectation import Expectation
engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
drift_quality.create(engine)
check = Check("a.b", "a", "B.", "info", "crm", ("orders",))
results = judge(engine, [Expectation(check)], Snapshot("r", datetime(2026, 1, 1, tzinfo=UTC), ()))
assert results[0].outcome == "skipped"
assert "great_expectations" not in sys.modules
"""


def test_great_expectations_is_imported_only_when_there_is_something_to_judge():
    subprocess.run([sys.executable, "-c", NOTHING_TO_JUDGE], check=True)


PUT_OFF = """
import sys
from auditor.expect.judge import _great_expectations
_great_expectations()
assert "scipy.stats._distn_infrastructure" not in sys.modules
from great_expectations.expectations.core import (
    expect_column_kl_divergence_to_be_less_than as rule,
)
assert abs(rule.stats.entropy([0.5, 0.5], [0.25, 0.75]) - 0.1438) < 0.0001
assert "scipy.stats._distn_infrastructure" in sys.modules
"""


def test_statistics_are_loaded_only_for_an_expectation_that_uses_them():
    subprocess.run([sys.executable, "-c", PUT_OFF], check=True)
