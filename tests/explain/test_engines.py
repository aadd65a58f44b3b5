"""Rules are asked alike on every engine."""

from __future__ import annotations

from contextlib import closing

from auditor.explain.explanation import explain
from auditor.warehouse import Warehouse
from tests.reconcile.books import TERMS, Books


def test_every_kind_of_subject_has_its_rules_on_every_engine(warehouse_url: str):
    with closing(Warehouse(warehouse_url)) as warehouse:
        books = Books(warehouse)
        books.customer("1", "anna@x.se")
        books.contact("900", "anna@x.se", 1, external_id="1")
        books.order("100", books.line("SKU-1", 1, 100))
        books.event("e1", "900")
        books.sells("SKU-2")
        books.feed(None)
        books.rows()
        decided: set[str | None] = set()
        with warehouse.engine.connect() as conn:
            for key in ("900", "centra:1", "100", "SKU-2", "event:e1", "orders", "catalogue"):
                rules = explain(conn, key, terms=TERMS).rules
                assert rules, key
                decided |= {rule.check for rule in rules if rule.decides}
    assert decided - {None} == {
        "consent.opted_in_without_evidence",
        "sales.missing_order",
        "catalogue.missing_item",
    }
