"""Pairing in one set-based select is the same as walking through the events one by one."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.reconcile.pairing import pairs
from auditor.warehouse import Warehouse
from tests.stores import on_one_thread

START = datetime(2026, 11, 1)
WINDOW = 4

metadata = sa.MetaData()
CAUSES = sa.Table(
    "test_cause",
    metadata,
    sa.Column("role", sa.Text),
    sa.Column("contact_id", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("caused_at", sa.DateTime),
    sa.Column("until_at", sa.DateTime),
    sa.Column("timely_by", sa.DateTime),
)
EVENTS = sa.Table(
    "test_event",
    metadata,
    sa.Column("role", sa.Text),
    sa.Column("contact_id", sa.Text),
    sa.Column("event_id", sa.Text),
    sa.Column("happened_at", sa.DateTime),
)


class Mark(NamedTuple):
    """A cause or an event: when, which, and whose."""

    hour: int
    key: str
    role: str
    contact: str


Pair = tuple[str | None, str | None, str | None]


def walked(causes: list[Mark], events: list[Mark]) -> set[Pair]:
    """The definition: every event in turn takes the earliest cause of its window that is left."""
    lines: dict[tuple[str, str], tuple[list[Mark], list[Mark]]] = defaultdict(lambda: ([], []))
    for place, marks in enumerate((causes, events)):
        for mark in sorted(marks):
            lines[mark.role, mark.contact][place].append(mark)
    found: set[Pair] = set()
    for come, fired in lines.values():
        left = list(come)
        for event in fired:
            in_window = [c for c in come if event.hour - WINDOW <= c.hour <= event.hour]
            takes = next((cause for cause in in_window if cause in left), None)
            if takes:
                left.remove(takes)
                found.add((takes.key, event.key, None))
            else:
                found.add((None, event.key, in_window[-1].key if in_window else None))
        found |= {(cause.key, None, None) for cause in left}
    return found


def rows(marks: list[Mark], key: str, at: str, **more: int) -> list[dict[str, Any]]:
    return [
        {
            "role": mark.role,
            "contact_id": mark.contact,
            key: mark.key,
            at: START + timedelta(hours=mark.hour),
            **{name: START + timedelta(hours=mark.hour + add) for name, add in more.items()},
        }
        for mark in marks
    ]


def selected(engine: sa.Engine, causes: list[Mark], events: list[Mark]) -> list[Pair]:
    with engine.begin() as conn:
        conn.execute(CAUSES.delete())
        conn.execute(EVENTS.delete())
        for table, values in (
            (CAUSES, rows(causes, "subject", "caused_at", until_at=WINDOW, timely_by=0)),
            (EVENTS, rows(events, "event_id", "happened_at")),
        ):
            if values:
                conn.execute(table.insert(), values)
        select = pairs(sa.select(CAUSES).cte("causes"), sa.select(EVENTS).cte("events"), ())
        return [(row.subject, row.event_id, row.nearest) for row in conn.execute(select)]


def marks(prefix: str) -> st.SearchStrategy[list[Mark]]:
    """Many in few hours, so that ties, queues and expiries all occur."""
    mark = st.tuples(
        st.integers(0, 20), st.sampled_from(("r1", "r1", "r2")), st.sampled_from("aab")
    )
    return st.lists(mark, max_size=14).map(
        lambda drawn: [
            Mark(hour, f"{prefix}{place:02}", role, contact)
            for place, (hour, role, contact) in enumerate(drawn)
        ]
    )


def check(engine: sa.Engine, causes: list[Mark], events: list[Mark]) -> None:
    found = selected(engine, causes, events)
    assert (len(found), set(found)) == (len(set(found)), walked(causes, events))


@pytest.fixture(scope="module")
def duckdb_engine() -> sa.Engine:
    warehouse = Warehouse("duckdb:///:memory:")
    on_one_thread(warehouse)
    # Once: to ask whether they are there takes longer than a walk.
    metadata.create_all(warehouse.engine)
    return warehouse.engine


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(marks("c"), marks("e"))
def test_it_is_the_walk(duckdb_engine: sa.Engine, causes: list[Mark], events: list[Mark]):
    check(duckdb_engine, causes, events)


def busy(count: int, every: int, prefix: str) -> list[Mark]:
    return [Mark(place * every % 17, f"{prefix}{place:02}", "r", "a") for place in range(count)]


@pytest.mark.parametrize(("causes", "events"), [(0, 3), (3, 0), (9, 5), (5, 9), (12, 12)])
def test_it_is_the_walk_on_either_engine(warehouse_url: str, causes: int, events: int):
    warehouse = Warehouse(warehouse_url)
    metadata.create_all(warehouse.engine)
    check(warehouse.engine, busy(causes, 3, "c"), busy(events, 5, "e"))
    warehouse.close()
