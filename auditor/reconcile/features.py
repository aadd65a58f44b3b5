"""What drifted subjects might have in common: their features, and how common these are elsewhere.

One select per topic gives the population that its checks look at, with a text column per feature and
a flag per population. Counting is two statements a topic: the features that drifted subjects share,
and how often the population has them. Whether that makes a cause is decided by whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.drift import DRIFT_TABLES
from auditor.model.incident import Candidate
from auditor.reconcile.featured import FEATURED
from auditor.reconcile.populations import everyone, only
from auditor.reconcile.sql import count_if

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from auditor.reconcile.populations import Featured, Narrowing
    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse

PATTERN = "pattern"
"""The feature that only drifted rows have: the `cause` that their select already named."""


class DriftFeatures:
    """The features of the drift that stands in a warehouse.

    Args:
        warehouse: After `reconcile`.
        terms: Of this run.
        topics: The drift whose features are known.
    """

    def __init__(
        self, warehouse: Warehouse, terms: Terms, topics: Sequence[Featured] = FEATURED
    ) -> None:
        self._engine = warehouse.engine
        self._terms = terms
        self._topics = topics

    def candidates(self, checks: Collection[str], least: int, share: float) -> list[Candidate]:
        """Count what the rows that belong to no incident yet have in common, per check.

        Args:
            checks: Only of these; populations are read where one of them has enough drifted subjects.
            least: Drifted subjects of a check that have it, at least.
            share: Of the drifted subjects of that check, at least.
        """
        found: list[Candidate] = []
        with self._engine.connect() as conn:
            for topic in self._topics:
                wanted = conn.scalars(_frequent(topic, checks, least)).all()
                if not wanted:
                    continue
                rows = conn.execute(self._shared(topic, wanted, least, share)).mappings()
                shared = [_Shared.of(row) for row in rows]
                found += self._compared(conn, topic, shared)
        return found

    def claim(self, candidate: Candidate, incident: str) -> None:
        """Let the rows with this feature belong to an incident."""
        (topic,) = (topic for topic in self._topics if candidate.check in topic.checks)
        drift = topic.drift
        if candidate.feature == PATTERN:
            has_it = drift.c.cause == candidate.value
        else:
            subjects = topic.population(self._terms, _drifted(topic, [candidate.check])).subquery()
            same = sa.select(subjects.c.key).where(subjects.c[candidate.feature] == candidate.value)
            has_it = topic.key(drift).in_(same)
        free = (drift.c.check_id == candidate.check) & drift.c.incident.is_(None)
        with self._engine.begin() as conn:
            conn.execute(drift.update().where(free, has_it).values(incident=incident))

    def claim_rest(self, incidents: Mapping[str, str]) -> None:
        """Let all other rows belong to the incident of their check."""
        if not incidents:
            return
        with self._engine.begin() as conn:
            for drift in DRIFT_TABLES:
                conn.execute(
                    drift.update()
                    .where(drift.c.incident.is_(None))
                    .values(incident=sa.case(incidents, value=drift.c.check_id))
                )

    def _shared(
        self, topic: Featured, checks: Sequence[str], least: int, share: float
    ) -> sa.Select[Any]:
        """Select, per check and feature, the value that enough drifted subjects have."""
        drift = topic.drift.c
        rows = (
            sa.select(drift.check_id, topic.key(topic.drift).label("key"), drift.cause)
            .where(drift.check_id.in_(checks), drift.incident.is_(None))
            .subquery("rows")
        )
        subjects = (
            sa.select(
                rows.c.check_id,
                rows.c.key,
                sa.func.max(rows.c.cause).label(PATTERN),
                sa.func.count().over(partition_by=rows.c.check_id).label("drifted"),
            )
            .group_by(rows.c.check_id, rows.c.key)
            .subquery("subjects")
        )
        people = topic.population(self._terms, _drifted(topic, checks)).subquery("population")
        features = [people.c[name] for name in topic.features] + [subjects.c[PATTERN]]
        check = (subjects.c.check_id, subjects.c.drifted)
        sets = [sa.tuple_(*check, feature) for feature in features]
        return (
            sa.select(*check, sa.func.count().label("hits"), *features)
            .select_from(subjects.join(people, subjects.c.key == people.c.key))
            .group_by(sa.func.grouping_sets(*sets))
            .having(sa.func.count() >= least, sa.func.count() >= subjects.c.drifted * share)
        )

    def _compared(
        self, conn: sa.Connection, topic: Featured, shared: Sequence[_Shared]
    ) -> list[Candidate]:
        """Add how common each is in the population, in one pass over it."""
        shared = [one for one in shared if one.feature]
        if not shared:
            return []
        people = topic.population(self._terms, everyone).subquery("population")
        counts: list[sa.ColumnElement[int]] = []
        for one in shared:
            looked_at = people.c[topic.checks[one.check]]
            has_it = sa.false() if one.feature == PATTERN else people.c[one.feature] == one.value
            counts += [count_if(looked_at & has_it), count_if(looked_at)]
        totals = conn.execute(sa.select(*counts).select_from(people)).one()
        return [
            Candidate(
                one.check,
                one.feature,
                one.value,
                _words(topic, one),
                one.hits,
                one.drifted,
                one.hits if one.feature == PATTERN else totals[2 * i],
                totals[2 * i + 1],
            )
            for i, one in enumerate(shared)
        ]


def _drifted(topic: Featured, checks: Sequence[str]) -> Narrowing:
    """Take only the drifted subjects of some checks: all else of a population is never computed."""
    drift = topic.drift.c
    keys = sa.select(topic.key(topic.drift).label("key")).where(
        drift.check_id.in_(checks), drift.incident.is_(None)
    )
    return only(keys.distinct().subquery("drifted"))


def _frequent(topic: Featured, checks: Collection[str], least: int) -> sa.Select[Any]:
    """Select the checks of a topic with enough drifted subjects for a cause."""
    drift = topic.drift.c
    subjects = sa.func.count(sa.distinct(topic.key(topic.drift)))
    return (
        sa.select(drift.check_id)
        .where(
            drift.check_id.in_(sorted(set(topic.checks) & set(checks))), drift.incident.is_(None)
        )
        .group_by(drift.check_id)
        .having(subjects >= least)
        .order_by(drift.check_id)
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    check: str
    feature: str  # empty where the value itself is unknown, which explains nothing
    value: str
    hits: int
    drifted: int

    @classmethod
    def of(cls, row: sa.RowMapping) -> _Shared:
        counted = {"check_id", "drifted", "hits"}
        named = ((n, v) for n, v in row.items() if n not in counted and v is not None)
        feature, value = next(named, ("", ""))
        return cls(row["check_id"], feature, value, row["hits"], row["drifted"])


def _words(topic: Featured, one: _Shared) -> str:
    if one.feature == PATTERN:
        return f"by one pattern: {one.value}"
    return topic.features[one.feature].format(one.value)
