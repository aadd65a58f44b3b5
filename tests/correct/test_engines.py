"""The same books give the same plan, whichever engine holds them."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.correct.facts import Facts
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model import tables as t
from auditor.model.plan import digest_of, encoded
from auditor.warehouse import Warehouse
from tests.correct.desk import Desk, read_settings
from tests.reconcile.books import NOW, OLD, Books
from tests.stores import ledger_in

if TYPE_CHECKING:
    from pathlib import Path

HOUR = timedelta(hours=1)


def filled(desk: Desk) -> None:
    """Let something be wrong that asks for every kind of fact."""
    books = desk.books
    for number in range(1, 6):
        email = f"p{number}@x.se"
        books.customer(str(number), email, first_name="Ann", total_orders=1)
        books.contact(f"1{number}", email, None, external_id=str(number), first_name="Ann")
    books.change(t.emarsys_contact, {"contact_id": "11"}, opt_in=1)
    books.subscription("p1@x.se", active=False)
    books.change(t.emarsys_contact, {"contact_id": "12"}, first_name="Anna")
    books.change(t.emarsys_contact, {"contact_id": "13"}, external_id=None)
    books.customer("9", "new@x.se")
    line = books.line("A", 3, 300)
    books.order("100", line, customer_id="4")
    books.returned(line, 1)
    books.sale("100", "A", 3, 300, si_contact_id="si14")
    books.order("101", books.line("B", 2, 250), customer_id="5")
    books.event("first", "12", happened_at=OLD - 240 * HOUR)
    books.shipment("100-1", NOW - 20 * HOUR)
    for table in (t.emarsys_event_definition, t.emarsys_event):
        books.change(table, {"event_type_id": "order_shipped"}, event_type_id="77")
    desk.audit()


def test_the_plan_is_the_same_on_every_engine(
    books: Books, warehouse_url: str, ledger_url: str, tmp_path: Path
):
    settings = read_settings(tmp_path)
    plans = []
    with (
        closing(Warehouse(warehouse_url)) as warehouse,
        closing(Ledger(ledger_url)) as ledger,
        closing(Ledger(ledger_in(tmp_path, "other"))) as other,
    ):
        for one in (Desk(Books(warehouse), ledger, settings), Desk(books, other, settings)):
            filled(one)
            plans.append(one.plan()[0])
    assert {c.remedy for c in plans[0].changes} == {
        *("opt_out", "update_field", "set_key", "create_contact"),
        *("upload_sale", "upload_return", "trigger_event"),
    }
    assert digest_of(encoded(plans[0])) == digest_of(encoded(plans[1]))


def test_facts_of_no_findings_are_empty(desk: Desk):
    with desk.books.warehouse.engine.connect() as conn:
        facts = Facts(conn, list(query.findings(desk.ledger, "desk")), desk.terms)
        found = (facts.contacts, facts.contacts_by_key, facts.customers, facts.orders)
    assert [len(one) for one in found] == [0, 0, 0, 0]
