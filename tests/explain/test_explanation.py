"""What an explanation holds, and what it veils."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from auditor.explain.explanation import as_dict, explain
from auditor.explain.trace import MEANINGS
from auditor.model.personal import Veil

if TYPE_CHECKING:
    import sqlalchemy as sa

PEPPER = "a pepper for tests"
SHOWN_BY_LABEL = {"contact_id", "order_number", "item"}


def told(conn: sa.Connection, key: str, **veil: Any) -> dict[str, Any]:
    return as_dict(explain(conn, key), Veil(PEPPER, **veil))


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
    assert set(table.columns.keys()) - set(MEANINGS[table]) <= SHOWN_BY_LABEL | {"email_key"}
