"""A second look corrects what both sides hold now; one that fails corrects nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.errors import TransientReadError
from auditor.model import tables as t
from auditor.model.history import HISTORY, snapshot_run, stream_position
from auditor.reconcile.run import reconcile
from auditor.snapshot.concerned import left_behind, suspects
from auditor.snapshot.reread import MOST_CALLS, SPENT, Again, Seen, read_customers, reread
from auditor.systems.arrow import arrow_table
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, TERMS, Books

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

CHECKS = (
    "consent.withdrawn_but_opted_in",
    "consent.opted_in_without_evidence",
    "consent.erased_but_contactable",
    "sales.missing_order",
)
COLUMNS = {"sales": "order_number", "returns": "order_number", "orders": "order_number"}


@dataclass
class Fakes:
    """Both systems as they are now: the rows of the books, but for what a test changes.

    Attributes:
        cost: Calls that each reading takes.
        breaks: The stream that cannot be read.
    """

    rows: dict[str, list[dict[str, Any]]]
    cost: int = 1
    breaks: str = ""
    requests: int = 0
    asked: list[str] = field(default_factory=list)
    streams: frozenset[str] = frozenset(t.STREAM_TABLES)

    def read(
        self, stream: str, keys: Sequence[str], emails: Sequence[str] = ()
    ) -> Mapping[str, pa.Table]:
        self.requests += self.cost
        self.asked.append(stream)
        if stream == self.breaks:
            raise TransientReadError(f"{stream} cannot be read.")
        return {
            table.name: self._of(table, COLUMNS.get(stream, table.columns.keys()[0]), keys, emails)
            for table in t.STREAM_TABLES[stream]
        }

    def _of(
        self, table: sa.Table, column: str, keys: Sequence[str], emails: Sequence[str]
    ) -> pa.Table:
        rows = [
            row
            for row in self.rows.get(table.name, [])
            if row.get(column) in keys or row.get("email") in (*emails, ())
        ]
        names = [c.name for c in table.columns]
        return arrow_table(table, {name: [row[name] for row in rows] for name in names})


class Looked:
    """Books that were reconciled in one suite, and the systems as they are now."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.books, self.warehouse = Books(warehouse), warehouse
        self.now = Fakes({})
        self.suites: set[str] = set()

    def write(self, suite: str | None = None) -> None:
        """Write the books, and reconcile a suite of them; the systems hold the same for now."""
        self.books.write()
        if suite:
            self.suites = {suite}
            reconcile(self.warehouse, TERMS, suites=self.suites)
        self.now.rows = {
            table.name: [dict(row) for row in rows] for table, rows in self.books._rows.items()
        }

    def change(self, table: sa.Table, **values: Any) -> None:
        """Change every row of a table in the systems."""
        for row in self.now.rows[table.name]:
            row.update(values)

    def reread(self, calls: int = 200, usable: Sequence[str] = tuple(t.STREAM_TABLES)) -> Seen:
        again = Again("now", self.warehouse, usable, calls)
        return reread(self.now, again, suspects(self.warehouse.engine, CHECKS))

    def stands(self) -> set[str]:
        """Return the subjects that drift by what is stored."""
        reconcile(self.warehouse, TERMS, suites=self.suites)
        return {one.key for one in suspects(self.warehouse.engine, CHECKS)}


@pytest.fixture
def looked(warehouse_url: str) -> Iterator[Looked]:
    warehouse = Warehouse(warehouse_url)
    yield Looked(warehouse)
    warehouse.close()


@pytest.fixture
def withdrawn(looked: Looked) -> Looked:
    """Somebody who withdrew in Centra and is opted in at Emarsys."""
    looked.books.customer("1", "a@x.se")
    looked.books.subscription("a@x.se", active=False)
    looked.books.contact("900", "a@x.se", 1, external_id="1")
    looked.write("consent")
    return looked


def test_who_opted_out_meanwhile_is_no_finding(withdrawn: Looked):
    withdrawn.change(t.emarsys_contact, opt_in=2)
    assert (withdrawn.reread().changed, withdrawn.stands()) == (True, set())


def test_who_signed_up_meanwhile_is_no_finding(withdrawn: Looked):
    fresh = {**withdrawn.now.rows["centra_subscription"][0], "subscription_id": "t"}
    fresh |= {"is_active": True, "created_at": NOW}
    withdrawn.now.rows["centra_subscription"].append(fresh)
    assert (withdrawn.reread().changed, withdrawn.stands()) == (True, set())


def test_a_contact_that_is_gone_is_no_finding(withdrawn: Looked):
    withdrawn.now.rows["emarsys_contact"] = []
    assert (withdrawn.reread().changed, withdrawn.stands()) == (True, set())


def test_what_stands_changes_nothing(withdrawn: Looked):
    seen = withdrawn.reread()
    assert (seen.changed, len(seen.suspects), withdrawn.stands()) == (False, 1, {"900"})


def test_emarsys_is_read_before_centra(withdrawn: Looked):
    withdrawn.reread()
    known = ["contacts", "unsubscribes", "customers", "newsletter_subscriptions"]
    assert withdrawn.now.asked == known


@pytest.mark.parametrize("stream", ["contacts", "newsletter_subscriptions"])
def test_a_reading_that_fails_drops_no_finding(withdrawn: Looked, stream: str):
    withdrawn.change(t.emarsys_contact, opt_in=2)
    withdrawn.now.breaks = stream
    seen = withdrawn.reread()
    assert (seen.reason, seen.suspects) == (f"{stream} cannot be read.", set())
    assert withdrawn.stands() == {"900"}


@pytest.mark.parametrize("calls", [0, MOST_CALLS, MOST_CALLS + 2])
def test_what_the_calls_do_not_suffice_for_stays_a_finding(withdrawn: Looked, calls: int):
    withdrawn.change(t.emarsys_contact, opt_in=2)
    seen = withdrawn.reread(calls)
    assert (seen.reason, withdrawn.now.requests <= calls) == (SPENT, True)
    assert withdrawn.stands() == {"900"}


def test_a_stream_that_was_not_read_to_its_end_is_not_read_again(withdrawn: Looked):
    withdrawn.reread(usable=("contacts", "customers", "newsletter_subscriptions"))
    assert "unsubscribes" not in withdrawn.now.asked


def test_a_contained_contact_is_not_read_again(looked: Looked):
    looked.books.subscription("a@x.se", active=False)
    looked.books.contact("900", "a@x.se", 1)
    looked.books.quarantine("900")
    looked.write("consent")
    assert (looked.reread().suspects, looked.now.asked) == (set(), [])


def test_a_sale_that_was_loaded_meanwhile_is_no_finding(looked: Looked):
    looked.books.customer("1", "a@x.se")
    looked.books.order("100", looked.books.line("A", 1, 10000))
    looked.write("sales")
    assert looked.stands() == {"100"}
    sale: dict[str, Any] = {c.name: None for c in t.emarsys_sale.columns}
    sale |= {"order_number": "100", "item": "A", "purchased_on": NOW.date()}
    sale |= {"quantity_milli": 1000, "amount_minor": 10000}
    looked.now.rows["emarsys_sale"] = [sale]
    assert (looked.reread().changed, looked.stands()) == (True, set())


def test_what_changed_has_its_version(withdrawn: Looked):
    withdrawn.change(t.emarsys_contact, opt_in=2)
    withdrawn.reread()
    past = HISTORY["emarsys_contact"].c
    with withdrawn.warehouse.engine.connect() as conn:
        found = conn.execute(sa.select(past.opt_in, past.valid_from_run, past.valid_to_run)).all()
    assert [tuple(row) for row in found] == [(2, "now", None)]


def test_evidence_that_vanished_since_it_was_read_is_too_young_to_judge(looked: Looked):
    """Both refusals are gone: what they said is not older than the reading that had them."""
    looked.books.customer("2", "b@x.se")
    looked.books.subscription("b@x.se", active=False, subscription_id="r")
    looked.books.subscription("b@x.se", subscription_id="s", active=False)
    looked.books.contact("900", "b@x.se", 1, external_id="2")
    looked.books.remember()
    looked.write("consent")
    looked.now.rows["centra_subscription"] = []
    assert (looked.reread().changed, looked.stands()) == (True, set())


# --- customers who may be gone --------------------------------------------------------------------


def looked_up(looked: Looked, *ids: str, calls: int = 200) -> list[str]:
    """Look customers up, and return those who are known to be there."""
    read_customers(looked.now, Again("now", looked.warehouse, {"customers"}, calls), ids)
    with looked.warehouse.engine.connect() as conn:
        return sorted(conn.scalars(sa.select(t.centra_customer.c.customer_id)))


@pytest.fixture
def two(looked: Looked) -> Looked:
    looked.books.customer("1", "a@x.se")
    looked.books.customer("2", "b@x.se")
    looked.write()
    return looked


def test_a_customer_that_is_looked_up_in_vain_is_gone(two: Looked):
    del two.now.rows["centra_customer"][0]
    assert looked_up(two, "1", "2") == ["2"]


def test_an_inactive_customer_is_there(two: Looked):
    two.change(t.centra_customer, status="INACTIVE")
    assert looked_up(two, "1", "2") == ["1", "2"]


def test_a_look_that_fails_proves_nobody_gone(two: Looked):
    two.now.rows["centra_customer"].clear()
    two.now.breaks = "customers"
    assert looked_up(two, "1", "2") == ["1", "2"]


def test_nobody_is_looked_up_beyond_the_calls_that_are_allowed(two: Looked):
    two.now.rows["centra_customer"].clear()
    assert looked_up(two, "1", "2", calls=MOST_CALLS - 1) == ["1", "2"]


def order_of(looked: Looked, before: str, after: str, run: str = "now") -> list[str]:
    """Let an order move between customers, and return whom the run has to look up."""
    looked.books.order("100", customer_id=after)
    looked.write()
    past = {"order_number": "100", "customer_id": before, "row_hash": "", "valid_from_run": "first"}
    with looked.warehouse.engine.begin() as conn:
        conn.execute(HISTORY["centra_order"].insert(), [{**past, "valid_to_run": run}])
        for table in (snapshot_run, stream_position):
            conn.execute(table.delete())
        for number, name in enumerate(("before", "sweep", "between", "now")):
            conn.execute(snapshot_run.insert().values(number=number, run=name))
            mode = "full" if name in ("before", "sweep") else "incremental"
            at = {"number": number, "run": name, "stream": "customers", "mode": mode}
            conn.execute(stream_position.insert().values(at))
        return left_behind(conn)


def test_a_customer_who_lost_an_order_may_be_gone(two: Looked):
    assert order_of(two, "1", "2") == ["1"]


def test_a_customer_who_kept_the_order_is_not_asked_for(two: Looked):
    assert order_of(two, "2", "2") == []


@pytest.mark.parametrize(
    ("run", "asked"), [("before", []), ("sweep", ["1"]), ("between", ["1"]), ("now", ["1"])]
)
def test_what_moved_since_the_last_sweep_is_asked_for_until_the_next(
    two: Looked, run: str, asked: list[str]
):
    assert order_of(two, "1", "2", run=run) == asked


def test_a_customer_who_is_known_to_be_gone_is_not_asked_for(two: Looked):
    assert order_of(two, "9", "2") == []
