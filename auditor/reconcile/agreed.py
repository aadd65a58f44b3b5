"""Which side moved: both sides' present values against those on which they agreed last.

The base of each link is kept in `agreed_value` and follows the values as long as they agree; once they
do not, it stays, as the common ancestor does in a merge. What is compared, per topic, is in
`compared.py`; everything here is a few statements over whole topics.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

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


_OF_BASE = tuple(c for c in agreed_value.columns if c.name not in {"topic", "link_key"})
"""What is kept of a link, beside its name."""

_moving = sa.Table(
    "moving_link",
    sa.MetaData(),
    sa.Column("topic", sa.Text),
    sa.Column("link_key", sa.Text),
    sa.Column("centra", sa.Text),
    sa.Column("emarsys", sa.Text),
    sa.Column("agrees", sa.Boolean),  # old enough to judge, and without drift
    sa.Column("is_drifted", sa.Boolean),
    sa.Column("is_known", sa.Boolean),  # has a base, whose columns follow below
    sa.Column("changes", sa.Boolean),  # the base must be written
    sa.Column("mark", sa.BigInteger),  # of both sides' values, where they are those of the base
    *(sa.Column(f"base_{column.name}", column.type) for column in _OF_BASE),
    prefixes=["TEMPORARY"],
)
"""The links that drift, that are new, or whose base has to follow; most links agree on the same values
run after run, and of these nothing is written, or even read but their marks. The connection's own, for
nothing of it is to last."""


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
            rows.put_back_drift(conn)  # which now says who moved
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
    into = [column.name for column in _moving.columns]
    _moving.create(conn)
    for topic in topics:
        conn.execute(_moving.insert().from_select(into, _moved(topic, terms)))
        drift, answer = topic.drift, _answers(topic, terms.as_of, run).subquery("answer")
        conn.execute(
            drift.update()
            .where(topic.owns(drift), drift.c.subject_key == answer.c.link_key)
            .values(moved_by=answer.c.moved_by, since=answer.c.since, agreed=answer.c.agreed)
        )
    learn(conn, _moving)
    conn.execute(_outdated(learning))
    conn.execute(_follow(learning, run, terms.as_of))
    learn(conn, agreed_value)
    _moving.drop(conn)


class _Base(NamedTuple):
    """What a link's base holds, and what both sides hold now."""

    now_centra: ColumnElement[str]
    now_emarsys: ColumnElement[str]
    centra: ColumnElement[str]
    emarsys: ColumnElement[str]
    agreed_run: ColumnElement[str]
    centra_moved_at: ColumnElement[datetime]
    emarsys_moved_at: ColumnElement[datetime]

    @property
    def has_centra_moved(self) -> ColumnElement[bool]:
        """Tell whether Centra's side differs from the base."""
        return self.agreed_run.is_not(None) & (self.now_centra != self.centra)

    @property
    def has_emarsys_moved(self) -> ColumnElement[bool]:
        """Tell whether Emarsys's side differs from the base."""
        return self.agreed_run.is_not(None) & (self.now_emarsys != self.emarsys)

    def since(self, as_of: datetime) -> tuple[ColumnElement[datetime], ColumnElement[datetime]]:
        """Return since when each side differs, which is from now on where it did not before."""
        moment = sa.literal(as_of, sa.DateTime)
        centra = sa.func.coalesce(self.centra_moved_at, moment)
        return centra, sa.func.coalesce(self.emarsys_moved_at, moment)


_KEPT = _Base(
    _moving.c.centra,
    _moving.c.emarsys,
    _moving.c.base_centra,
    _moving.c.base_emarsys,
    _moving.c.base_agreed_run,
    _moving.c.base_centra_moved_at,
    _moving.c.base_emarsys_moved_at,
)


def _stirred(topic: Topic, terms: Terms) -> sa.Subquery:
    """Select the links but those at rest: without drift, and with the values that both agreed on last.

    Nearly all are, and the mark alone tells it: no text is written of their values, and none compared.
    """
    links, drift = topic.links(terms), topic.drift
    drifted = sa.select(drift.c.subject_key).where(topic.owns(drift)).distinct().subquery("drifted")
    is_drifted = drifted.c.subject_key.is_not(None)
    key, mark = (links.selected_columns[name].element for name in ("link_key", "mark"))
    row = agreed_value.c
    is_marked = (row.topic == topic.name) & row.mark.is_not(None)
    at_rest = sa.select(row.mark).where(is_marked).subquery("at_rest")
    return (
        links.add_columns(is_drifted.label("is_drifted"))
        .outerjoin(at_rest, at_rest.c.mark == mark)
        .outerjoin(drifted, drifted.c.subject_key == key)
        .where(at_rest.c.mark.is_(None) | is_drifted)
        .subquery("links")
    )


def _moved(topic: Topic, terms: Terms) -> sa.Select[tuple[object, ...]]:
    links = _stirred(topic, terms)
    base = sa.select(agreed_value).where(agreed_value.c.topic == topic.name).subquery("base")
    is_drifted, is_known = links.c.is_drifted, base.c.link_key.is_not(None)
    agrees = sa.func.coalesce(links.c.is_settled, sa.false()) & ~is_drifted
    moves = _Base(
        links.c.centra,
        links.c.emarsys,
        base.c.centra,
        base.c.emarsys,
        base.c.agreed_run,
        base.c.centra_moved_at,
        base.c.emarsys_moved_at,
    )
    has_moved, has_other_moved = moves.has_centra_moved, moves.has_emarsys_moved
    is_as_agreed = base.c.agreed_run.is_not(None) & ~has_moved & ~has_other_moved
    mark = sa.case((sa.func.coalesce(agrees | is_as_agreed, sa.false()), links.c.mark))
    changes = is_known & sa.or_(
        agrees & (base.c.agreed_run.is_(None) | has_moved | has_other_moved),
        (~agrees & has_moved) != base.c.centra_moved_at.is_not(None),
        (~agrees & has_other_moved) != base.c.emarsys_moved_at.is_not(None),
        # An older auditor kept none, and another version of the engine may hash otherwise.
        mark.is_distinct_from(base.c.mark),
    )
    present: tuple[ColumnElement[Any], ...] = (
        sa.literal(topic.name),
        links.c.link_key,
        links.c.centra,
        links.c.emarsys,
        agrees,
        is_drifted,
        is_known,
        changes,
        mark,
    )
    kept = [base.c[column.name] for column in _OF_BASE]
    return (
        sa.select(*present, *kept)
        .select_from(links.outerjoin(base, base.c.link_key == links.c.link_key))
        .where(links.c.link_key.is_not(None), ~is_known | is_drifted | changes)
    )


def _answers(topic: Topic, as_of: datetime, run: str) -> sa.Select[tuple[object, ...]]:
    row, never = _moving.c, _moving.c.base_agreed_run.is_(None)
    centra, emarsys = _KEPT.has_centra_moved, _KEPT.has_emarsys_moved
    centra_at, emarsys_at = _KEPT.since(as_of)
    moved_by = sa.case(
        (~row.is_known, "unknown"),
        (never & (row.base_seen_run == run), "unknown"),
        (never, "never_agreed"),
        (centra & emarsys, "both"),
        (centra, "centra"),
        (emarsys, "emarsys"),
        else_="unknown",
    )
    since = sa.case(
        (centra & emarsys, sa.func.least(centra_at, emarsys_at)),
        (centra, centra_at),
        (emarsys, emarsys_at),
    )
    parts: tuple[ColumnElement[str], ...] = (
        sa.literal(topic.name),
        row.base_agreed_run,
        row.base_centra,
        row.base_emarsys,
    )
    agreed = reduce(lambda text, part: text.concat(BETWEEN_PARTS).concat(part), parts)
    return sa.select(
        row.link_key, moved_by.label("moved_by"), since.label("since"), agreed.label("agreed")
    ).where(row.topic == topic.name, row.is_drifted)


def _outdated(learning: Collection[str]) -> sa.Delete:
    base, now = agreed_value.c, _moving.c
    changes = now.changes & now.topic.in_(learning)
    is_same = (now.topic == base.topic) & (now.link_key == base.link_key)
    return agreed_value.delete().where(
        # The same few keys once more: DuckDB takes ten times as long for the condition below alone.
        base.link_key.in_(sa.select(now.link_key).where(changes)),
        sa.exists().where(is_same, changes),
    )


def _follow(learning: Collection[str], run: str, as_of: datetime) -> sa.Insert:
    """Write the bases of new links, and those that changed, anew."""
    now = _moving.c
    centra_at, emarsys_at = _KEPT.since(as_of)
    has_moved = _KEPT.has_centra_moved | _KEPT.has_emarsys_moved
    is_met = now.agrees & (now.base_agreed_run.is_(None) | has_moved)
    kept = {
        "topic": now.topic,
        "link_key": now.link_key,
        "centra": sa.case((now.agrees, now.centra), else_=now.base_centra),
        "emarsys": sa.case((now.agrees, now.emarsys), else_=now.base_emarsys),
        "agreed_run": sa.case((is_met, run), else_=now.base_agreed_run),
        "seen_run": sa.func.coalesce(now.base_seen_run, run),
        "centra_moved_at": sa.case((~now.agrees & _KEPT.has_centra_moved, centra_at)),
        "emarsys_moved_at": sa.case((~now.agrees & _KEPT.has_emarsys_moved, emarsys_at)),
        "mark": now.mark,
    }
    is_to_write = now.changes | ~now.is_known
    fresh = sa.select(*kept.values()).where(is_to_write, now.topic.in_(learning))
    return agreed_value.insert().from_select(list(kept), fresh)
