"""What the present expectations find in a stored run that was not found then, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from auditor.model.drift import DRIFT_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.finding import CheckResult
    from auditor.warehouse import Warehouse


class Subject(NamedTuple):
    """One thing that a check finds wrong."""

    check: str
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two judgements of the same or of two runs.

    Attributes:
        run: The run that was compared with.
        gained: What is found now and was not then, in order of check and key.
        lost: What was found then and is not now.
        checks: How the checks judge now; those that could not are in neither list.
    """

    run: str
    gained: tuple[Subject, ...]
    lost: tuple[Subject, ...]
    checks: tuple[CheckResult, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether nothing was gained or lost."""
        return not self.gained and not self.lost

    @property
    def is_complete(self) -> bool:
        """Whether every check judged now that was not off."""
        return not any(result.could_not_judge for result in self.checks)


def compare(
    run: str, before: Iterable[Subject], now: Iterable[Subject], checks: Iterable[CheckResult]
) -> Comparison:
    """Compare what was found with what is found, for the checks that judged now."""
    results = tuple(checks)
    judged = {result.check.id for result in results if result.outcome in ("pass", "fail")}
    old = {subject for subject in before if subject.check in judged}
    new = {subject for subject in now if subject.check in judged}
    return Comparison(run, tuple(sorted(new - old)), tuple(sorted(old - new)), results)


def found_in(warehouse: Warehouse) -> set[Subject]:
    """Return everything that stands in the drift tables."""
    with warehouse.engine.connect() as conn:
        return {
            Subject(*row)
            for table in DRIFT_TABLES
            for row in conn.execute(
                sa.select(table.c.check_id, table.c.subject_kind, table.c.subject_key)
            )
        }
