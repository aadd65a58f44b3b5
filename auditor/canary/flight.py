"""One flight of the canary: what is planted, which checks owe an answer, and which one kept silent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.canary.built_ins import broken_rows
from auditor.canary.plants import plants
from auditor.canary.sample import sample
from auditor.model.audit import Canary
from auditor.model.drift import DRIFT_TABLES
from auditor.model.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from auditor.canary.shadow import Shadow
    from auditor.expect.expectation import Expectation
    from auditor.model.finding import CheckResult
    from auditor.warehouse import Warehouse

    Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Flight:
    """A shadow warehouse and what its checks have to find.

    Attributes:
        copy: What was planted. Its terms are what the shadow is judged by: the brand's own, but for a
            setting that was planted.
        subjects: Subject key of the planted case, by drift check.
        built_ins: The built-ins for which broken rows are planted.
    """

    shadow: Warehouse
    copy: Shadow
    subjects: Mapping[str, str]
    built_ins: tuple[Expectation, ...]

    @property
    def owed(self) -> frozenset[str]:
        """Return the ids of the checks that owe an answer."""
        return frozenset((*self.subjects, *(e.check.id for e in self.built_ins)))

    def spoil(self) -> None:
        """Plant the broken rows; after reconcile, which they would disturb."""
        for expectation, rows in broken_rows(self.built_ins):
            _write(self.shadow, [(metadata.tables[expectation.table or ""], rows)])

    def answer(self, results: Iterable[CheckResult]) -> Canary:
        """Tell from the shadow's results which planted cases were found."""
        failed = {result.check.id for result in results if result.outcome == "fail"}
        owed, seen = self.owed, self._seen()
        found = {
            c for c in owed & failed if (c, self.subjects.get(c)) in seen or c not in self.subjects
        }
        return Canary(len(owed), len(found), tuple(sorted(owed - found)))

    def _seen(self) -> set[tuple[str, str | None]]:
        with self.shadow.engine.connect() as conn:
            return {
                (row.check_id, row.subject_key)
                for table in DRIFT_TABLES
                for row in conn.execute(sa.select(table.c.check_id, table.c.subject_key))
            }


def take_off(
    warehouse: Warehouse,
    shadow: Warehouse,
    copy: Shadow,
    shipped: Iterable[Expectation],
    silent: Collection[str],
) -> Flight:
    """Copy a sample into an empty shadow and plant a case of every check.

    Args:
        warehouse: The brand's own; only read.
        shadow: An empty warehouse, to be thrown away.
        copy: Takes the planted rows; it knows the terms that the brand's own are judged by.
        shipped: The expectations that ship: what is missing from a brand's own suites is silent too.
        silent: Ids of checks that owe no answer, as their streams were not read.
    """
    asked = [e for e in shipped if e.check.id not in silent]
    planted = {check: plant(copy) for check, plant in plants().items()}
    with warehouse.engine.connect() as conn:
        _write(shadow, sample(conn))
    _write(shadow, copy.rows.items())
    ids = {e.check.id for e in asked}
    return Flight(
        shadow,
        copy,
        {check: key for check, key in planted.items() if key is not None and check in ids},
        tuple(e for e, _ in broken_rows(e for e in asked if e.table is not None)),
    )


def take_off_alone(
    shadow: Warehouse, copy: Shadow, shipped: Iterable[Expectation], silent: Collection[str]
) -> Flight:
    """Plant, into an empty shadow, the cases that show only where no sample stands beside them.

    Args:
        shadow: An empty warehouse of its own, to be thrown away.
        copy: Takes the planted rows.
        shipped: The expectations that ship.
        silent: Ids of checks that owe no answer.
    """
    ids = {e.check.id for e in shipped} - set(silent)
    planted = {check: plant(copy) for check, plant in plants(alone=True).items() if check in ids}
    _write(shadow, copy.rows.items())
    return Flight(shadow, copy, {check: key for check, key in planted.items() if key}, ())


def together(flights: Iterable[Canary]) -> Canary:
    """Add up what several flights found."""
    told = list(flights)
    return Canary(
        sum(one.planted for one in told),
        sum(one.detected for one in told),
        tuple(sorted(check for one in told for check in one.missed)),
    )


def unforgiving(expectations: Iterable[Expectation]) -> list[Expectation]:
    """Return expectations that tolerate no row: one case has to be enough.

    A check that tolerates any share is switched off by it; it stays so, and is found silent.
    """
    return [
        replace(
            e,
            check=replace(
                e.check, max_rows=0, max_share=e.check.max_share if e.check.max_share >= 1 else 0.0
            ),
        )
        for e in expectations
    ]


def _write(shadow: Warehouse, tables: Iterable[tuple[Any, Rows]]) -> None:
    with shadow.engine.begin() as conn:
        for table, rows in tables:
            if rows:
                conn.execute(sa.insert(table), rows)
