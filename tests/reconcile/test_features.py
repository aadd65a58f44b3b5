"""What drifted subjects share is counted against the population that their check looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from auditor.findings.causes import find_causes
from auditor.model import tables as t
from auditor.model.drift import DRIFT_TABLES, drift_sales
from auditor.reconcile.featured import FEATURED
from auditor.reconcile.features import DriftFeatures
from auditor.reconcile.populations import everyone
from tests.reconcile.books import NOW, OLD, TERMS, Books

CHECK = "sales.missing_order"
HOURS = timedelta(hours=5)


def orders(books: Books, *, missing: range, market: str, others: int = 40) -> None:
    """Write healthy orders of one market, and orders of a market without sales."""
    books.customer("1", "a@x.se")
    books.contact("1", "a@x.se", None, external_id="1")
    for number in range(others):
        created = OLD - timedelta(hours=7 * number)
        books.order(f"{number}", books.line("sku", 1, 100), created_at=created)
        books.sale(f"{number}", "sku", 1, 100, purchased_on=created.date())
    for number in missing:
        created = OLD - timedelta(hours=5 * number)
        lines = (books.line("sku", 1, 100), books.line("sku-2", 1, 100))
        books.order(f"m{number}", *lines, market_id=market, created_at=created)


def test_what_is_shared_is_counted_once_per_subject(books: Books):
    orders(books, missing=range(6), market="3")
    books.market("3", "Norway")
    books.rows()
    found = {
        (c.feature, c.value): (c.hits, c.drifted, c.looked_at_hits, c.looked_at)
        for c in DriftFeatures(books.warehouse, TERMS).candidates({CHECK}, 5, 0.8)
        if c.check == CHECK
    }
    assert found["market", "Norway"] == (6, 6, 6, 46)
    assert found["store", "Retail"] == (6, 6, 46, 46)


def test_the_rows_of_a_cause_belong_to_its_incident(books: Books):
    orders(books, missing=range(6), market="3")
    books.market("3", "Norway")
    books.rows()
    causes = find_causes(DriftFeatures(books.warehouse, TERMS), [CHECK], brand="nordlys")
    row = drift_sales.c
    with books.warehouse.engine.connect() as conn:
        incidents = set(conn.execute(sa.select(row.incident)).scalars())
    assert [(cause.words, {cause.incident} == incidents) for cause in causes] == [
        ("in the market Norway", True),
        (None, False),
    ]


def test_a_pattern_that_explains_the_amounts_is_a_cause(books: Books):
    orders(books, missing=range(0), market="1")
    for number in range(6):
        created = NOW - timedelta(days=3, hours=9 * number)
        books.order(f"p{number}", books.line("sku", 2, 1000), created_at=created)
        books.sale(f"p{number}", "sku", 2, 500, purchased_on=created.date())
    books.rows()
    causes = find_causes(
        DriftFeatures(books.warehouse, TERMS), ["sales.amount_mismatch"], brand="nordlys"
    )
    assert causes[0].words == "by one pattern: unit price sent as line total"


def causes_of(books: Books, check: str) -> list[str | None]:
    books.rows()
    found = find_causes(DriftFeatures(books.warehouse, TERMS), [check], brand="nordlys")
    return [cause.words for cause in found]


def test_merges_of_one_hour_are_one_batch(books: Books):
    for number in range(6):
        books.customer(f"1{number}", f"heir{number}@x.se")
        books.customer(f"2{number}", f"gone{number}@x.se")
        books.contact(f"2{number}", f"gone{number}@x.se", None, external_id=f"2{number}")
        books.order(str(number), customer_id=f"2{number}", status="PENDING")
    for number in range(40):
        books.customer(f"3{number}", f"p{number}@x.se", created_at=OLD - number * HOURS)
        books.contact(f"3{number}", f"p{number}@x.se", None, external_id=f"3{number}")
    books.remember()
    for number in range(6):
        books.lose(t.centra_customer, customer_id=f"2{number}")
        books.change(t.centra_order, {"order_number": str(number)}, customer_id=f"1{number}")
    (words, rest) = causes_of(books, "identity.orphaned_by_merge")
    assert (words, rest) == ("merged in the hour from 2026-11-19 05:00:00 UTC", None)


def test_items_of_one_category_share_their_cause(books: Books):
    for number in range(46):
        category = "Men>Boots" if number < 6 else f"Women>{number}"
        changed = OLD - number * HOURS
        books.sells(f"i{number}", category=category, updated_at=changed)
        price = 9_000 if number < 6 else 10_000
        books.lists(f"i{number}", price, msrp_minor=10_000, category=category)
    assert causes_of(books, "catalogue.price_mismatch") == ["in the category Men>Boots", None]


def test_events_that_fire_for_one_channel_share_their_cause(books: Books):
    for number in range(46):
        store = "3" if number < 6 else "1"
        person, at = f"{number}", OLD + number * HOURS
        books.customer(person, f"p{number}@x.se", total_orders=1)
        books.contact(person, f"p{number}@x.se", None, external_id=person)
        books.order(person, customer_id=person, store_id=store, status="PENDING")
        books.event(person, person, "order_confirmation", at)
    assert causes_of(books, "channel.event_for_non_consumer") == ["for wholesale orders", None]


def test_every_feature_and_population_is_a_column_of_its_select():
    for topic in FEATURED:
        columns = set(topic.population(TERMS, everyone).selected_columns.keys())
        assert {"key", *topic.features, *topic.checks.values()} <= columns


@pytest.mark.parametrize("table", DRIFT_TABLES, ids=lambda table: table.name)
def test_every_row_gets_an_incident_whether_its_features_are_known_or_not(
    books: Books, table: sa.Table
):
    with books.warehouse.engine.begin() as conn:
        conn.execute(table.insert().values(check_id="a.check", subject_key="1"))
    DriftFeatures(books.warehouse, TERMS).claim_rest({"a.check": "incident"})
    with books.warehouse.engine.connect() as conn:
        assert conn.execute(sa.select(table.c.incident)).scalars().all() == ["incident"]
