"""What an explanation holds, and what it veils."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.explain.explanation import as_dict, explain, plain
from auditor.explain.trace import MEANINGS
from auditor.model.drift import (
    DRIFT_TABLES,
    drift_catalogue,
    drift_consent,
    drift_fulfilment,
    drift_identity,
    drift_sales,
)
from auditor.model.personal import Veil
from auditor.warehouse import Warehouse
from tests.reconcile.books import OLD, TERMS, Books
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEPPER = "a pepper for tests"
SHOWN_BY_LABEL = {"contact_id", "order_number", "item", "customer_id"}
SHOWN_BY_LABEL |= {"segment_id", "stream", "role", "subject", "event_id"}


def told(conn: sa.Connection, key: str, **veil: Any) -> dict[str, Any]:
    return as_dict(explain(conn, key, terms=TERMS), Veil(PEPPER, **veil))


def test_both_sides_stand_apart(conn: sa.Connection):
    order = told(conn, "100")
    assert order["emarsys"]["sale"]["rows"][0]["amount_minor"] == 20_000
    assert order["centra"]["order line"]["total"] == 2


def test_no_address_and_no_name_is_shown(conn: sa.Connection):
    text = json.dumps([told(conn, key) for key in ("900", "anna@x.se", "centra:1", "event:e1")])
    assert not any(personal in text for personal in ("anna", "Anna", "Berg"))


def test_the_same_address_has_the_same_hash(conn: sa.Connection):
    contact = told(conn, "900")
    hashes = {row["email_key"] for row in contact["centra"]["customer"]["rows"]}
    assert hashes == {contact["emarsys"]["contact"]["rows"][0]["email_key"]}


def test_another_pepper_gives_another_hash():
    assert Veil("one").hashed("anna@x.se") != Veil("two").hashed("anna@x.se")


def test_without_a_pepper_nothing_can_be_compared():
    assert Veil().shown("email", "anna@x.se") == "***"


def test_an_address_in_any_column_is_veiled():
    assert Veil(PEPPER).shown("reason", "to anna@x.se") != "to anna@x.se"


def test_a_person_may_lift_the_veil(conn: sa.Connection):
    row = told(conn, "900", is_lifted=True)["emarsys"]["contact"]["rows"][0]
    assert row["email"] == "anna@x.se"


def test_the_timeline_is_in_order(conn: sa.Connection):
    moments = [moment["at"] for moment in told(conn, "900")["timeline"]]
    assert moments == sorted(moments)


def test_the_timeline_tells_what_a_system_says(conn: sa.Connection):
    what = [(m["source"], m["what"]) for m in told(conn, "100")["timeline"]]
    assert ("centra", "order 100 created") in what


def test_the_timeline_tells_what_our_snapshots_saw_change(conn: sa.Connection):
    seen = [m for m in told(conn, "900")["timeline"] if m["changes"]]
    assert [(m["what"], m["changes"]) for m in seen] == [
        ("contact 900 seen changed", {"opt_in": [2, 1]})
    ]


def test_the_trace_tells_the_terms_that_decide(conn: sa.Connection):
    terms = {(t["about"], t["term"]): t["value"] for t in told(conn, "100")["trace"]}
    assert terms["order 100", "channel"] == "consumer"
    assert terms["item 100 SKU-1", "net_quantity"] == 1


@pytest.mark.parametrize("table", MEANINGS, ids=lambda table: table.name)
def test_every_term_has_a_meaning(table: sa.Table):
    of_every_finding = set.intersection(*(set(drift.columns.keys()) for drift in DRIFT_TABLES))
    own = set(table.columns.keys()) - (of_every_finding if table in DRIFT_TABLES else set())
    assert own - set(MEANINGS[table]) <= SHOWN_BY_LABEL | {"email_key"}


def deciding(conn: sa.Connection, key: str) -> set[tuple[str, str | None]]:
    return {(rule["about"], rule["check"]) for rule in told(conn, key)["rules"] if rule["decides"]}


@pytest.mark.parametrize(
    ("key", "about", "check"),
    [
        ("900", "contact 900", "consent.withdrawn_but_opted_in"),
        ("centra:77", "person centra:77", "identity.missing_contact"),
        ("555", "order 555", "sales.unknown_order"),
        ("100", "line 100/SKU-1", "sales.return_not_reflected"),
        ("100", "line 100/SKU-2", "sales.missing_line"),
        ("SKU-4", "item SKU-4", "catalogue.price_mismatch"),
        ("event:e1", "parcel event:e1", "fulfilment.event_without_shipment"),
    ],
)
def test_the_rules_tell_which_check_decides(conn: sa.Connection, key: str, about: str, check: str):
    assert (about, check) in deciding(conn, key)


def test_a_rule_that_raises_nothing_says_why(conn: sa.Connection):
    rules = told(conn, "100")["rules"]
    assert [
        rule["reason"] for rule in rules if rule["about"] == "order 100" and rule["holds"]
    ] == []
    assert all(rule["reason"] for rule in rules if rule["check"] is None)


def test_only_the_first_rule_that_holds_decides(conn: sa.Connection):
    of_contact = [r for r in told(conn, "900")["rules"] if r["about"] == "contact 900"]
    consent = [r for r in of_contact if (r["check"] or "consent.").startswith("consent.")]
    assert sum(rule["decides"] for rule in consent) == 1


def test_the_rules_say_what_the_drift_tables_say(conn: sa.Connection):
    """Whatever was raised about the subjects of this brand, its own rule decided."""
    raised = {
        (row.check_id, row.subject_key)
        for table in (drift_consent, drift_sales, drift_catalogue, drift_identity, drift_fulfilment)
        for row in conn.execute(sa.select(table.c.check_id, table.c.subject_key))
    }
    keys = ("900", "centra:77", "centra:78", "100", "555", "77/SKU-1", "SKU-4", "event:e1")
    decided = {
        (check, about.rpartition(" ")[2]) for key in keys for about, check in deciding(conn, key)
    }
    assert raised <= decided


def test_without_a_run_no_rule_is_asked(conn: sa.Connection):
    assert as_dict(explain(conn, "900"), Veil(PEPPER))["rules"] == []


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[sa.Connection]:
    """Give a contact of whom an event is known for each of sixty hours."""
    with closing(Warehouse(warehouse_in(tmp_path))) as warehouse:
        books = Books(warehouse)
        books.contact("900", "anna@x.se", 1)
        for hour in range(60):
            books.event(f"e{hour:02}", "900", happened_at=OLD + timedelta(hours=hour))
        books.rows()
        with warehouse.engine.connect() as conn:
            yield conn


def test_of_more_rows_than_there_is_room_for_the_newest_are_told(busy: sa.Connection):
    what = [moment["what"] for moment in told(busy, "900")["timeline"]]
    assert "event happened" in what[-1]
    assert plain(OLD + timedelta(hours=59)) == told(busy, "900")["timeline"][-1]["at"]


def test_the_timeline_says_what_it_leaves_out(busy: sa.Connection):
    what = [moment["what"] for moment in told(busy, "900")["timeline"]]
    assert what.count("event: 10 older rows are not told") == 1
