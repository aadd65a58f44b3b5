"""What speaks against mailing somebody: their own drift, and that of their orders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from auditor.expect.suites import load_checks
from auditor.preflight import rules
from auditor.resources import expectation_files
from tests.reconcile.books import TERMS, Books

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms


def offences(books: Books, terms: Terms = TERMS) -> list[rules.Offence]:
    """Return what speaks against mailing contact 1."""
    books.rows(terms)
    with books.warehouse.engine.begin() as conn:
        rules.audience_table.create(conn)
        conn.execute(rules.audience_table.insert(), [{"contact_id": "1"}])
        found = rules.offences(conn, None)
        rules.audience_table.drop(conn)
    return found


@pytest.mark.parametrize("placed_with", ["new@x.se", "old@x.se"])
def test_a_marketplace_order_counts_whatever_address_it_was_placed_with(
    books: Books, placed_with: str
):
    books.customer("1", "new@x.se", total_orders=1)
    books.subscription("new@x.se")
    books.contact("1", "new@x.se", 1, external_id="1")
    books.order("100", books.line("A", 1, 1000), store_id="2", email_key=placed_with)
    books.sale("100", "A", 1, 1000)
    assert ("channel.marketplace_in_sales", "1", False) in offences(books)


@pytest.mark.parametrize("is_configured", [True, False])
def test_who_stands_on_the_list_is_contained_while_the_settings_name_it(
    books: Books, *, is_configured: bool
):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", is_active=False)
    books.contact("1", "a@x.se", 1, external_id="1")
    books.quarantine("1")
    terms = replace(TERMS, has_quarantine_list=is_configured)
    assert offences(books, terms) == [("consent.withdrawn_but_opted_in", "1", is_configured)]


def test_no_check_needs_a_quarantine_list_to_judge():
    checks = [one.check for one in load_checks(expectation_files())]
    assert [check.id for check in checks if "quarantine" in check.needs] == []
