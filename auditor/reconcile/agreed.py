"""Which side moved: both sides' present values against those on which they agreed last.

The base of each link is kept in `agreed_value` and follows the values as long as they agree; once they
do not, it stays, as the common ancestor does in a merge. What is compared, per topic, is in
`compared.py`; everything here is a few statements over whole topics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from auditor.model.history import agreed_value
from auditor.reconcile.compared import TOPICS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.compared import Topic
    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse


def attribute(
    warehouse: Warehouse, terms: Terms, run: str, *, topics: Iterable[Topic] = TOPICS
) -> None:
    """Say of every drift row that a topic compares which side moved, and since when.

    `unknown` is the first sight of a link, or drift without movement of what is compared (a rule
    changed); `never_agreed` is a link that was seen before, but never in agreement.

    Frame:
        drift tables: moved_by (str) and since (naive UTC) filled; NULL where no topic compares.

    Args:
        warehouse: After `reconcile`.
        terms: Of this run.
        run: The run's id; judging its snapshot again gives the same answers.
        topics: What is compared.
    """
    with warehouse.engine.begin() as conn:
        for topic in topics:
            drift = topic.drift
            answer = _answers(topic, terms, run).subquery("answer")
            conn.execute(
                drift.update()
                .where(topic.owns(drift), drift.c.subject_key == answer.c.link_key)
                .values(moved_by=answer.c.moved_by, since=answer.c.since)
            )


def remember(
    warehouse: Warehouse,
    terms: Terms,
    run: str,
    *,
    usable: Collection[str],
    topics: Iterable[Topic] = TOPICS,
) -> None:
    """Let the base follow where both sides agree, and note when a side left it.

    Agreement is a settled link without drift. A topic one of whose streams was not read to its end
    learns nothing from this run.

    Args:
        warehouse: After `attribute`.
        terms: Of this run.
        run: The run's id.
        usable: The streams that were read to their end.
        topics: What is compared.
    """
    with warehouse.engine.begin() as conn:
        for topic in topics:
            if set(topic.needs) <= set(usable):
                now = _now(topic, terms)
                conn.execute(_follow(topic, now, run, terms.as_of))
                conn.execute(_meet(topic, now, run))


class _Moves(NamedTuple):
    """Whether each side differs from the base, and since when."""

    centra: ColumnElement[bool]
    emarsys: ColumnElement[bool]
    centra_at: ColumnElement[datetime]
    emarsys_at: ColumnElement[datetime]


def _moves(base: sa.FromClause, now: sa.FromClause, as_of: datetime) -> _Moves:
    has_base, moment = base.c.agreed_run.is_not(None), sa.literal(as_of, sa.DateTime)
    return _Moves(
        has_base & now.c.centra.is_distinct_from(base.c.centra),
        has_base & now.c.emarsys.is_distinct_from(base.c.emarsys),
        sa.func.coalesce(base.c.centra_moved_at, moment),
        sa.func.coalesce(base.c.emarsys_moved_at, moment),
    )


def _answers(topic: Topic, terms: Terms, run: str) -> sa.Select[tuple[object, ...]]:
    drifted = sa.select(topic.drift.c.subject_key).where(topic.owns(topic.drift))
    links = topic.links(terms).subquery("links")
    now = sa.select(links).where(links.c.link_key.in_(drifted)).subquery("now")
    base = sa.select(agreed_value).where(agreed_value.c.topic == topic.name).subquery("base")
    moves = _moves(base, now, terms.as_of)
    never = base.c.agreed_run.is_(None)
    moved_by = sa.case(
        (base.c.link_key.is_(None), "unknown"),
        (never & (base.c.seen_run == run), "unknown"),
        (never, "never_agreed"),
        (moves.centra & moves.emarsys, "both"),
        (moves.centra, "centra"),
        (moves.emarsys, "emarsys"),
        else_="unknown",
    )
    since = sa.case(
        (moves.centra & moves.emarsys, sa.func.least(moves.centra_at, moves.emarsys_at)),
        (moves.centra, moves.centra_at),
        (moves.emarsys, moves.emarsys_at),
    )
    return sa.select(now.c.link_key, moved_by.label("moved_by"), since.label("since")).select_from(
        now.outerjoin(base, base.c.link_key == now.c.link_key)
    )


def _now(topic: Topic, terms: Terms) -> sa.Subquery:
    links, drift = topic.links(terms).subquery("links"), topic.drift
    drifts = sa.exists().where(topic.owns(drift), drift.c.subject_key == links.c.link_key)
    agrees = sa.func.coalesce(links.c.is_settled, sa.false()) & ~drifts.correlate(links)
    return sa.select(
        links.c.link_key, links.c.centra, links.c.emarsys, agrees.label("agrees")
    ).subquery("now")


def _follow(topic: Topic, now: sa.Subquery, run: str, as_of: datetime) -> sa.Update:
    base, agrees = agreed_value.c, now.c.agrees
    moves = _moves(agreed_value, now, as_of)
    centra_left, emarsys_left = ~agrees & moves.centra, ~agrees & moves.emarsys
    # Only what changes is written: most links agree on the same values run after run.
    changes = sa.or_(
        agrees & (base.agreed_run.is_(None) | moves.centra | moves.emarsys),
        centra_left != base.centra_moved_at.is_not(None),
        emarsys_left != base.emarsys_moved_at.is_not(None),
    )
    return (
        agreed_value.update()
        .where(base.topic == topic.name, base.link_key == now.c.link_key, changes)
        .values(
            centra=sa.case((agrees, now.c.centra), else_=base.centra),
            emarsys=sa.case((agrees, now.c.emarsys), else_=base.emarsys),
            agreed_run=sa.case((agrees, run), else_=base.agreed_run),
            centra_moved_at=sa.case((centra_left, moves.centra_at)),
            emarsys_moved_at=sa.case((emarsys_left, moves.emarsys_at)),
        )
    )


def _meet(topic: Topic, now: sa.Subquery, run: str) -> sa.Insert:
    base = agreed_value.c
    known = sa.exists().where(base.topic == topic.name, base.link_key == now.c.link_key)
    fresh = sa.select(
        sa.literal(topic.name),
        now.c.link_key,
        *[sa.case((now.c.agrees, value)) for value in (now.c.centra, now.c.emarsys, run)],
        sa.literal(run),
    ).where(~known.correlate(now))
    into = ["topic", "link_key", "centra", "emarsys", "agreed_run", "seen_run"]
    return agreed_value.insert().from_select(into, fresh)
