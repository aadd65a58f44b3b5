"""What audiences and the bridge select is the same on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from auditor.config.audiences import (
    Audience,
    Category,
    LastOrder,
    LifetimeValue,
    OrderCount,
    Rule,
    SkuCount,
)
from auditor.model.bridge import VerifiedShare
from auditor.reconcile.bridge import read_bridge, read_verified
from tests.reconcile.books import OLD, TERMS, Books

RULES = (
    Rule(lifetime_value=LifetimeValue(over=500)),
    Rule(order_count=OrderCount(at_least=2)),
    Rule(sku_count=SkuCount(sku="A", at_least=2)),
    Rule(category=Category(name="Knitwear", at_least=2)),
    Rule(last_order=LastOrder(after=OLD.date() - timedelta(days=5))),
    Rule(last_order=LastOrder(before=OLD.date() + timedelta(days=5))),
)
MANY = replace(
    TERMS,
    audiences=tuple(
        Audience(segment=number, name="x", rule=rule) for number, rule in enumerate(RULES, start=1)
    ),
    zone="Europe/Stockholm",
)


def test_every_rule_a_turnover_and_a_bridge(books: Books):
    books.customer("1", "a@x.se", total_orders=4)
    books.contact("1", "a@x.se", None, external_id="1")
    books.contact("2", "b@x.se", None)
    books.shown_in("Knitwear", "A")
    for order, is_on_hold in (("100", False), ("101", False), ("102", True)):
        books.order(order, books.line("A", 1, 30000), is_on_hold=is_on_hold)
        books.sale(order, "A", 1, 30000, loaded_at=OLD + timedelta(hours=20))
    books.order("103", books.line("A", 1, 30000))
    for number in range(1, len(RULES) + 1):
        books.segment(number, "2")
    missing = {("sales.missing_order", "103"), ("audience.inflated_value", "1")}
    members = {
        ("audience.membership_mismatch", f"{number}/{contact}")
        for number in range(1, len(RULES) + 1)
        for contact in "12"
    }
    assert books.drift(MANY) == missing | members
    with books.warehouse.engine.connect() as conn:
        (bridge,), (within_a_day, *_) = read_bridge(conn), read_verified(conn)
    assert {step: minor for step, minor in bridge.amounts.items() if minor} == {
        "centra": 120000,
        "missing": -30000,
        "emarsys": 90000,
    }
    assert within_a_day == VerifiedShare(1, "SEK", 60000, 90000)
