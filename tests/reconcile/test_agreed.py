"""Which side moved is told from what both sides agreed on last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model.compared import BETWEEN_PARTS, NAMES, agreed_of
from auditor.model.drift import drift_consent, link_contact
from auditor.model.history import agreed_value
from auditor.model.tables import STREAM_TABLES
from auditor.reconcile import agreed
from auditor.reconcile.compared import Topic, contacts, of_table
from auditor.reconcile.topics import TOPICS
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, OLD, TERMS, Books
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.reconcile.terms import Terms

CONSENT = (Topic("consent", drift_consent, "contact", ("contacts",), contacts),)
DAY = timedelta(days=1)
AGREED = ("yes", 1)
Sides = tuple[str, int]


SUITES = frozenset({"consent", "sales"})


class Days:
    """Contacts as (consent, opt-in), compared day after day; those that do not fit drift."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.day = 0
        with warehouse.engine.begin() as conn:
            conn.execute(agreed_value.delete())

    def see(
        self, contacts: Mapping[str, Sides], *, usable: bool = True, again: bool = False
    ) -> dict[str, tuple[str, int | None]]:
        """Return, per drifted contact, who moved and the number of the day since when."""
        self.day += 0 if again else 1
        terms = _on(self.day)
        self._fill(contacts)
        run = f"run-{self.day}"
        read = {"contacts"} if usable else set()
        agreed.attribute(self.warehouse, terms, run, usable=read, topics=CONSENT)
        row = drift_consent.c
        with self.warehouse.engine.connect() as conn:
            rows = conn.execute(sa.select(row.subject_key, row.moved_by, row.since)).all()
        return {key: (moved, since and (since - NOW).days) for key, moved, since in rows}

    def _fill(self, contacts: Mapping[str, Sides]) -> None:
        links: list[dict[str, Any]] = [
            {"contact_id": key, "person": key, "consent": consent, "opt_in": opt_in,
             "evidence_at": OLD, "is_buyer": False}
            for key, (consent, opt_in) in contacts.items()
        ]  # fmt: skip
        drifts = [
            {"check_id": "consent.any", "subject_kind": "contact", "subject_key": key}
            for key, (consent, opt_in) in contacts.items()
            if (consent == "yes") != (opt_in == 1)
        ]
        with self.warehouse.engine.begin() as conn:
            for table, rows in ((link_contact, links), (drift_consent, drifts)):
                conn.execute(table.delete())
                if rows:
                    conn.execute(table.insert(), rows)


def _on(day: int) -> Terms:
    return replace(TERMS, as_of=NOW + day * DAY)


@pytest.fixture
def days(warehouse_url: str) -> Iterator[Days]:
    warehouse = Warehouse(warehouse_url)
    yield Days(warehouse)
    warehouse.close()


@pytest.fixture(scope="module")
def one_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse(warehouse_in(tmp_path_factory.mktemp("agreed")))
    yield warehouse
    warehouse.close()


def test_a_first_sight_tells_nothing(days: Days):
    assert days.see({"1": ("no", 1)}) == {"1": ("unknown", None)}


def test_the_first_run_judged_again_tells_nothing_either(days: Days):
    days.see({"1": ("no", 1)})
    assert days.see({"1": ("no", 1)}, again=True) == {"1": ("unknown", None)}


def test_what_was_seen_but_never_agreed_says_so(days: Days):
    days.see({"1": ("no", 1)})
    assert days.see({"1": ("no", 1)}) == {"1": ("never_agreed", None)}


def test_since_is_the_run_that_first_saw_the_side_moved(days: Days):
    days.see({"1": AGREED})
    days.see({"1": ("no", 1)})
    assert days.see({"1": ("no", 1)}) == {"1": ("centra", 2)}


def test_a_side_that_moves_on_moved_when_it_left(days: Days):
    for seen in (AGREED, ("no", 1)):
        days.see({"1": seen})
    assert days.see({"1": ("unknown", 1)}) == {"1": ("centra", 2)}


def test_both_are_named_once_the_other_side_leaves_too(days: Days):
    for seen in (("no", 2), ("yes", 2)):
        days.see({"1": seen})
    assert days.see({"1": ("yes", 0)}) == {"1": ("both", 2)}


def test_a_side_that_moved_back_has_not_moved(days: Days):
    for seen in (AGREED, ("no", 1), AGREED):
        days.see({"1": seen})
    assert days.see({"1": ("yes", 2)}) == {"1": ("emarsys", 4)}


def test_the_base_follows_a_change_that_both_sides_made(days: Days):
    for seen in (AGREED, ("no", 2)):
        days.see({"1": seen})
    assert days.see({"1": ("no", 1)}) == {"1": ("emarsys", 3)}


def test_a_run_that_read_too_little_teaches_nothing(days: Days):
    days.see({"1": AGREED}, usable=False)
    assert days.see({"1": ("no", 1)}) == {"1": ("unknown", None)}


def test_only_what_changed_is_written_again(days: Days):
    for _ in range(2):
        days.see({"1": AGREED})
    with days.warehouse.engine.connect() as conn:
        assert conn.execute(sa.select(agreed_value.c.agreed_run)).scalars().all() == ["run-1"]


def test_a_topic_may_compare_columns_of_a_link_table(days: Days):
    days.see({"1": AGREED})
    links = of_table(link_contact, "contact_id", ["consent"], ["opt_in"], "is_buyer")
    with days.warehouse.engine.connect() as conn:
        (link,) = conn.execute(links(TERMS)).all()
    assert link[:-1] == ("1", "yes", "1", False)


def test_both_sides_return_to_what_they_agreed_on(days: Days):
    days.see({"1": AGREED})
    days.see({"1": ("no", 1)})
    days.see({"1": AGREED})
    assert days.see({"1": ("no", 1)}) == {"1": ("centra", 4)}


@pytest.mark.parametrize("mark", [None, 5], ids=["an older auditor's", "another engine's"])
def test_a_base_without_its_mark_is_marked_anew(days: Days, mark: int | None):
    days.see({"1": AGREED})
    seen = sa.select(agreed_value)
    with days.warehouse.engine.begin() as conn:
        before = conn.execute(seen).all()
        conn.execute(agreed_value.update().values(mark=mark))
    days.see({"1": AGREED})
    with days.warehouse.engine.connect() as conn:
        assert conn.execute(seen).all() == before


CHANGES = {  # from yes and 1, each of them a drift
    ("no", 1): "centra",
    ("unknown", 1): "centra",
    ("yes", 2): "emarsys",
    ("yes", 0): "emarsys",
}
FROM_NO = {("yes", 2): "centra", ("no", 1): "emarsys", ("yes", 0): "both"}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_change_is_attributed_to_the_side_that_made_it(one_warehouse: Warehouse, data):
    days = Days(one_warehouse)
    starts = {AGREED: CHANGES, ("no", 2): FROM_NO}
    links: dict[str, Sides] = {}
    moved: dict[str, Sides] = {}
    expected: dict[str, str] = {}
    for key in map(str, range(data.draw(st.integers(1, 8)))):
        links[key] = data.draw(st.sampled_from(list(starts)))
        moved[key] = data.draw(st.sampled_from([links[key], *starts[links[key]]]))
        if moved[key] != links[key]:
            expected[key] = starts[links[key]][moved[key]]
    quiet = data.draw(st.integers(1, 3))
    for _ in range(quiet):
        days.see(links)
    assert days.see(moved) == {key: (side, quiet + 1) for key, side in expected.items()}


class Sold(NamedTuple):
    """Units of an item and what they cost, on both sides, after they were one for 10000; what is found of it."""

    ours: tuple[int, int]
    theirs: tuple[int, int]
    check: str
    moved_by: str


SOLD = {
    "100/sku": Sold((2, 20000), (1, 10000), "sales.quantity_mismatch", "centra"),
    "101/sku": Sold((1, 10000), (1, 9000), "sales.amount_mismatch", "emarsys"),
    "102": Sold((1, 10000), (2, 20000), "sales.duplicate_order", "emarsys"),
    "103/sku": Sold((2, 30000), (1, 9000), "sales.quantity_mismatch", "both"),
}
"""By what differs: lines, and an order."""


def test_orders_and_lines_are_attributed_by_what_counts(warehouse_url: str):
    warehouse = Warehouse(warehouse_url)
    every = {stream for topic in TOPICS for stream in topic.needs}
    for day in range(2):
        books = Books(warehouse, suites=SUITES)
        books.customer("1", "a@x.se")
        books.contact("1", "a@x.se", None, external_id="1")
        for subject, sold in SOLD.items():
            number = subject.partition("/")[0]
            ours, theirs = (sold.ours, sold.theirs) if day else ((1, 10000), (1, 10000))
            books.order(number, books.line("sku", *ours))
            books.sale(number, "sku", *theirs)
        _empty(warehouse)
        books.rows()
        agreed.attribute(warehouse, _on(day), f"run-{day}", usable=every)
    with warehouse.engine.connect() as conn:
        row = TOPICS[1].drift.c
        found = conn.execute(sa.select(row.subject_key, row.check_id, row.moved_by)).all()
    warehouse.close()
    assert sorted(found) == [(key, sold.check, sold.moved_by) for key, sold in SOLD.items()]


def _empty(warehouse: Warehouse) -> None:
    with warehouse.engine.begin() as conn:
        for tables in STREAM_TABLES.values():
            for table in tables:
                conn.execute(table.delete())


def agreed_with(days: Days) -> list[dict[str, Any] | None]:
    with days.warehouse.engine.connect() as conn:
        return [
            agreed_of(text) for text in conn.execute(sa.select(drift_consent.c.agreed)).scalars()
        ]


def test_what_both_held_when_they_agreed_last_stands_with_the_drift(days: Days):
    days.see({"1": AGREED})
    days.see({"1": ("no", 1)})
    (told,) = agreed_with(days)
    assert told is not None
    assert (told["run"], told["centra"]["consent"], told["emarsys"]) == (
        "run-1",
        "yes",
        {"opt_in": "1"},
    )


def test_where_they_never_agreed_nothing_stands_with_the_drift(days: Days):
    days.see({"1": ("no", 1)})
    assert agreed_with(days) == [None]


def test_a_value_may_hold_the_mark_between_values_where_it_is_the_last():
    text = BETWEEN_PARTS.join(("trigger", "run-1", "shipped|sent", "true|2"))
    assert agreed_of(text) == {
        "run": "run-1",
        "centra": {"event": "shipped|sent"},
        "emarsys": {"is_defined": "true", "usages": "2"},
    }


@pytest.mark.parametrize("topic", [t for t in TOPICS if t.name in NAMES], ids=lambda t: t.name)
def test_each_value_that_is_compared_has_a_name(topic: Topic):
    columns = topic.links(TERMS).subquery().element.selected_columns
    for side, names in NAMES[topic.name]._asdict().items():
        told = str(columns[side].compile(compile_kwargs={"literal_binds": True}))
        assert told.count("'|'") == len(names) - 1, side


def test_only_hashes_have_no_names():
    assert {topic.name for topic in TOPICS} - set(NAMES) == {"profile"}
