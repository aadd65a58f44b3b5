"""Findings about a setting are explained as those about a record are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import ConfigError
from auditor.explain.explanation import as_dict, explain
from auditor.model.personal import Veil
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, OLD, TERMS, Books
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

DEAD = "emarsys.events.shipped"
PATTERN = "emarsys.events.confirmed:payment_method=Invoice"
TOKEN = "credentials.centra_token_expires"  # noqa: S105 - a key of the settings
ENDING = replace(TERMS, token_expires=(NOW + timedelta(days=3)).date())


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Connection]:
    """A brand with a dead event, a payment method that is never confirmed, and a token that ends."""
    folder = tmp_path_factory.mktemp("settings")
    warehouse = Warehouse(warehouse_in(folder))
    books = Books(warehouse)
    books.definition("order_shipped", usages=0)
    for who, orders in (("7", 6), ("8", 5)):
        books.customer(who, f"{who}@x.se", total_orders=orders)
        books.contact(who, f"{who}@x.se", None, external_id=who)
    for name in ("order_shipped", "order_confirmation"):
        books.event(
            f"first {name}", "7", name, OLD - timedelta(days=10)
        )  # how far back events reach
    for place in range(11):
        at = OLD + timedelta(hours=6 * place)
        is_paid = place % 2 == 1
        who, method = ("8", "Card") if is_paid else ("7", "Invoice")
        bought = {"customer_id": who, "created_at": at, "updated_at": at}
        books.order(f"9{place}", books.line("A", 1, 100), payment_method=method, **bought)
        if is_paid:
            books.event(f"e{place}", who, "order_confirmation", at + timedelta(minutes=5))
    books.rows(ENDING)
    with warehouse.engine.connect() as conn:
        yield conn
    warehouse.close()


def told(conn: sa.Connection, key: str) -> dict[str, Any]:
    return as_dict(explain(conn, key, terms=ENDING), Veil("pepper"))


@pytest.mark.parametrize(
    ("key", "check"),
    [
        (DEAD, "fulfilment.dead_event"),
        (PATTERN, "fulfilment.trigger_status_mismatch"),
        (TOKEN, "freshness.token_expiry"),
    ],
)
def test_the_rule_that_decided_is_named(ill: sa.Connection, key: str, check: str):
    decided = [rule["check"] for rule in told(ill, key)["rules"] if rule["decides"]]
    assert decided == [check]


def test_a_setting_is_a_subject_of_its_own_kind(ill: sa.Connection):
    assert told(ill, DEAD)["subject"] == {"kind": "config", "key": DEAD}


def test_the_event_that_it_names_is_shown(ill: sa.Connection):
    (row,) = told(ill, DEAD)["emarsys"]["event definition"]["rows"]
    assert (row["name"], row["usages"]) == ("order_shipped", 0)


def test_a_pattern_shows_how_many_it_explains(ill: sa.Connection):
    trace = {term["term"]: term["value"] for term in told(ill, PATTERN)["trace"]}
    assert (trace["centra_orders"], trace["emarsys_missing"]) == (6, 6)


def test_a_token_shows_its_day(ill: sa.Connection):
    (term,) = told(ill, TOKEN)["trace"]
    assert (term["term"], term["value"]) == ("centra_expires_on", "2026-11-26")


def test_a_setting_without_a_finding_is_not_there(ill: sa.Connection):
    with pytest.raises(ConfigError, match=r"^emarsys\.auth: no record with this key was read"):
        explain(ill, "emarsys.auth", terms=ENDING)
