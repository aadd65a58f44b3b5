"""Which side moved: both sides' present values against those on which they agreed last.

The base of each link is kept in `agreed_value` and follows the values as long as they agree; once they
do not, it stays, as the common ancestor does in a merge. What is compared, per topic, is in
`compared.py`; everything here is a few statements over whole topics.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from auditor.model.compared import BETWEEN_PARTS
from auditor.model.history import agreed_value
from auditor.reconcile.again import rows, state
from auditor.reconcile.topics import TOPICS
from auditor.warehouse import part
from auditor.warehouse.stage import learn

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.compared import Topic
    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse


_present_value = sa.Table(
    "present_value",
    sa.MetaData(),
    sa.Column("topic", sa.Text),
    sa.Column("link_key", sa.Text),
    sa.Column("centra", sa.Text),
    sa.Column("emarsys", sa.Text),
    sa.Column("agrees", sa.Boolean),  # old enough to judge, and without drift
    prefixes=["TEMPORARY"],
)
"""What is compared, read three times below: the connection's own, for nothing of it is to last."""


def attribute(
    warehouse: Warehouse,
    terms: Terms,
    run: str,
    *,
    usable: Collection[str],
    topics: Sequence[Topic] = TOPICS,
) -> None:
    """Say of every drift row that a topic compares which side moved, and let the base follow.

    `unknown` is the first sight of a link, or drift without movement of what is compared (a rule
    changed); `never_agreed` is a link that was seen before, but never in agreement. Agreement is a
    settled link without drift. A topic one of whose streams was not read to its end learns nothing.

    Frame:
        drift tables: moved_by (str), since (naive UTC) and agreed (text) filled; NULL where no topic
            compares, agreed also where both sides never did.
        agreed_value: one row per topic and link that was ever seen.

    Args:
        warehouse: After `reconcile`.
        terms: Of this run.
        run: The run's id; judging its snapshot again gives the same answers.
        usable: The streams that were read to their end.
        topics: What is compared.
    """
    learning = [topic.name for topic in topics if set(topic.needs) <= set(usable)]
    with warehouse.engine.begin() as conn:
        judged = state.read(conn)
        if judged is not None and judged.run == run and judged.is_of_part:
            with part.first(conn):
                of_people = [topic for topic in topics if topic.is_of_people]
                _attribute(conn, terms, run, of_people, learning)
            rows.put_back_answers(conn)
            topics = [topic for topic in topics if topic not in of_people]
        _attribute(conn, terms, run, topics, learning)
        state.learned(conn, run)
    part.end(warehouse.engine)


def _attribute(
    conn: sa.Connection,
    terms: Terms,
    run: str,
    topics: Sequence[Topic],
    learning: Collection[str],
) -> None:
    into = [column.name for column in _present_value.columns]
    now = sa.select(_present_value).where(_present_value.c.topic.in_(learning)).subquery("now")
    _present_value.create(conn)
    for topic in topics:
        conn.execute(_present_value.insert().from_select(into, _present(topic, terms)))
        drift, answer = topic.drift, _answers(topic, terms.as_of, run).subquery("answer")
        conn.execute(
            drift.update()
            .where(topic.owns(drift), drift.c.subject_key == answer.c.link_key)
            .values(moved_by=answer.c.moved_by, since=answer.c.since, agreed=answer.c.agreed)
        )
    learn(conn, _present_value)
    conn.execute(_follow(now, run, terms.as_of))
    conn.execute(_meet(now, run))
    learn(conn, agreed_value)
    _present_value.drop(conn)


class _Moves(NamedTuple):
    """Whether each side differs from the base, and since when."""

    centra: ColumnElement[bool]
    emarsys: ColumnElement[bool]
    centra_at: ColumnElement[datetime]
    emarsys_at: ColumnElement[datetime]


def _moves(base: sa.FromClause, now: sa.FromClause, as_of: datetime) -> _Moves:
    has_base, moment = base.c.agreed_run.is_not(None), sa.literal(as_of, sa.DateTime)
    return _Moves(
        has_base & (now.c.centra != base.c.centra),
        has_base & (now.c.emarsys != base.c.emarsys),
        sa.func.coalesce(base.c.centra_moved_at, moment),
        sa.func.coalesce(base.c.emarsys_moved_at, moment),
    )


def _present(topic: Topic, terms: Terms) -> sa.Select[tuple[object, ...]]:
    links, drift = topic.links(terms).subquery("links"), topic.drift
    drifted = sa.select(drift.c.subject_key).where(topic.owns(drift)).distinct().subquery("drifted")
    agrees = sa.func.coalesce(links.c.is_settled, sa.false()) & drifted.c.subject_key.is_(None)
    return (
        sa.select(sa.literal(topic.name), links.c.link_key, links.c.centra, links.c.emarsys, agrees)
        .select_from(links.outerjoin(drifted, drifted.c.subject_key == links.c.link_key))
        .where(links.c.link_key.is_not(None))
    )


def _answers(topic: Topic, as_of: datetime, run: str) -> sa.Select[tuple[object, ...]]:
    drifted = sa.select(topic.drift.c.subject_key).where(topic.owns(topic.drift))
    now, base = (
        sa.select(table)
        .where(table.c.topic == topic.name, table.c.link_key.in_(drifted))
        .subquery(name)
        for table, name in ((_present_value, "now"), (agreed_value, "base"))
    )
    moves = _moves(base, now, as_of)
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
    parts: tuple[ColumnElement[str], ...] = (
        sa.literal(topic.name),
        base.c.agreed_run,
        base.c.centra,
        base.c.emarsys,
    )
    agreed = reduce(lambda text, part: text.concat(BETWEEN_PARTS).concat(part), parts)
    return sa.select(
        now.c.link_key, moved_by.label("moved_by"), since.label("since"), agreed.label("agreed")
    ).select_from(now.outerjoin(base, base.c.link_key == now.c.link_key))


def _follow(now: sa.Subquery, run: str, as_of: datetime) -> sa.Update:
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
        .where(base.topic == now.c.topic, base.link_key == now.c.link_key, changes)
        .values(
            centra=sa.case((agrees, now.c.centra), else_=base.centra),
            emarsys=sa.case((agrees, now.c.emarsys), else_=base.emarsys),
            agreed_run=sa.case((agrees, run), else_=base.agreed_run),
            centra_moved_at=sa.case((centra_left, moves.centra_at)),
            emarsys_moved_at=sa.case((emarsys_left, moves.emarsys_at)),
        )
    )


def _meet(now: sa.Subquery, run: str) -> sa.Insert:
    base = agreed_value.c
    fresh = (
        sa.select(
            now.c.topic,
            now.c.link_key,
            *[sa.case((now.c.agrees, value)) for value in (now.c.centra, now.c.emarsys, run)],
            sa.literal(run),
        )
        .select_from(
            now.outerjoin(
                agreed_value, (base.topic == now.c.topic) & (base.link_key == now.c.link_key)
            )
        )
        .where(base.link_key.is_(None))
    )
    into = ["topic", "link_key", "centra", "emarsys", "agreed_run", "seen_run"]
    return agreed_value.insert().from_select(into, fresh)
