"""Each identity check as data: what fails it, what passes it, what tempts it and is clean."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.model import tables as t
from auditor.warehouse import Warehouse
from tests.reconcile.books import EARLIER, OLD, TERMS, YOUNG, Books

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms

MERGED_AT = EARLIER + timedelta(days=1)


SUITES = frozenset({"consent", "identity"})


def merge(books: Books, gone: str, *survivors: str) -> None:
    """Let an order of a customer go to each survivor, and the customer vanish, between two runs."""
    for place, _ in enumerate(survivors):
        books.order(f"{gone}{place}", books.line("S", 1, 100), customer_id=gone)
    books.remember()
    books.lose(t.centra_customer, customer_id=gone)
    for place, survivor in enumerate(survivors):
        key = {"order_number": f"{gone}{place}"}
        books.change(t.centra_order, key, customer_id=survivor, updated_at=MERGED_AT)


def pair(books: Books) -> None:
    """Write two customers, each with a contact."""
    books.customer("1", "a@x.se")
    books.customer("2", "b@x.se")
    books.contact("901", "a@x.se", 1, external_id="1")
    books.contact("902", "b@x.se", None, external_id="2")


# --- merges


def test_a_contact_of_a_merged_customer_is_orphaned_by_the_merge(books: Books):
    pair(books)
    merge(books, "1", "2")
    assert books.identity_drift() == {("identity.orphaned_by_merge", "901")}


def test_an_orphan_of_a_merge_is_no_unknown_person(books: Books):
    pair(books)
    merge(books, "1", "2")
    assert books.drift() & {("consent.opt_in_unknown_person", "901")} == set()


def test_a_merge_names_its_survivor(books: Books):
    pair(books)
    merge(books, "1", "2")
    (row,) = [r for r in books.rows() if r["check_id"] == "identity.orphaned_by_merge"]
    assert (row["customer_id"], row["centra_survivor_id"], row["is_ambiguous"]) == ("2", "2", False)


def test_two_plausible_survivors_are_told_and_leave_no_remedy(books: Books):
    pair(books)
    books.customer("3", "c@x.se")
    books.contact("903", "c@x.se", None, external_id="3")
    merge(books, "1", "2", "3")
    (row,) = [r for r in books.rows() if r["check_id"] == "identity.orphaned_by_merge"]
    assert (row["centra_customers"], row["centra_survivor_id"], row["is_ambiguous"]) == (
        2,
        None,
        True,
    )


def logged(*pairs: tuple[str, str]) -> Terms:
    return replace(TERMS, merges=pairs)


def orphans(books: Books, terms: Terms) -> dict[str, int]:
    """Return the orphans of merges, each with the number of plausible survivors."""
    rows = [r for r in books.rows(terms) if r["check_id"] == "identity.orphaned_by_merge"]
    return {row["subject_key"]: row["centra_customers"] for row in rows}


def test_a_merge_that_only_the_log_names_is_one(books: Books):
    pair(books)
    books.lose(t.centra_customer, customer_id="1")
    assert orphans(books, logged(("1", "2"))) == {"901": 1}


def test_the_log_is_looked_at_by_every_engine(warehouse_url: str):
    with closing(Warehouse(warehouse_url)) as warehouse:
        books = Books(warehouse, suites=SUITES)
        pair(books)
        books.lose(t.centra_customer, customer_id="1")
        assert orphans(books, logged(("1", "2"), ("7", "8"))) == {"901": 1}


def test_the_log_and_the_orders_may_name_the_same_survivor(books: Books):
    pair(books)
    merge(books, "1", "2")
    assert orphans(books, logged(("1", "2"))) == {"901": 1}


def test_the_log_and_the_orders_may_name_two_survivors(books: Books):
    pair(books)
    books.customer("3", "c@x.se")
    merge(books, "1", "2")
    assert orphans(books, logged(("1", "3"))) == {"901": 2}


def test_the_log_makes_nobody_gone_who_is_there(books: Books):
    pair(books)
    assert orphans(books, logged(("1", "2"))) == {}


def test_a_merge_of_a_moment_ago_is_young_by_its_survivor(books: Books):
    pair(books)
    books.lose(t.centra_customer, customer_id="1")
    books.change(t.centra_customer, {"customer_id": "2"}, updated_at=YOUNG)
    assert orphans(books, logged(("1", "2"))) == {}


def test_a_merge_of_a_merge_leads_to_the_last_survivor(books: Books):
    pair(books)
    books.customer("3", "c@x.se")
    books.contact("903", "c@x.se", None, external_id="3")
    merge(books, "1", "3")
    books.lose(t.centra_customer, customer_id="2")
    books.lose(t.emarsys_contact, contact_id="902")
    assert books.identity_drift() == {("identity.orphaned_by_merge", "901")}


def test_a_survivor_that_took_the_contact_over_is_clean(books: Books):
    pair(books)
    books.lose(t.emarsys_contact, contact_id="902")
    merge(books, "1", "2")
    books.change(t.emarsys_contact, {"contact_id": "901"}, external_id="2", email_key="b@x.se")
    assert books.identity_drift() == set()


def test_a_merge_into_a_survivor_without_a_contact_is_one_finding(books: Books):
    pair(books)
    books.lose(t.emarsys_contact, contact_id="902")
    merge(books, "1", "2")
    assert books.identity_drift() == {("identity.orphaned_by_merge", "901")}


def test_a_merge_of_twins_is_one_finding_beside_the_survivors_own_contact(books: Books):
    books.customer("1", "a@x.se")
    books.customer("2", "a@x.se")
    books.contact("901", "a@x.se", None, external_id="1")
    books.contact("902", "a@x.se", None, external_id="2")
    merge(books, "1", "2")
    assert books.identity_drift() == {("identity.orphaned_by_merge", "901")}


def test_a_merge_of_a_moment_ago_is_not_judged_yet(books: Books):
    pair(books)
    merge(books, "1", "2")
    books.change(t.centra_order, {"order_number": "10"}, updated_at=YOUNG)
    assert books.identity_drift() == set()


def test_an_order_handed_on_while_its_customer_lives_is_no_merge(books: Books):
    pair(books)
    books.order("10", books.line("S", 1, 100), customer_id="1")
    books.remember()
    books.change(t.centra_order, {"order_number": "10"}, customer_id="2", updated_at=MERGED_AT)
    assert books.identity_drift() == set()


def test_a_survivor_that_was_erased_is_none(books: Books):
    pair(books)
    merge(books, "1", "2")
    books.lose(t.emarsys_contact, contact_id="902")
    books.change(t.centra_customer, {"customer_id": "2"}, is_anonymized=True, email_key=None)
    assert books.identity_drift() == {("identity.orphaned_contact", "901")}


# --- sales on an orphan


def test_sales_on_the_orphan_of_a_merge_are_one_finding_per_order(books: Books):
    pair(books)
    merge(books, "1", "2")
    books.sale("10", "S", 1, 100, si_contact_id="si901")
    assert books.drift() - {("sales.missing_order", "10")} == {("identity.sales_on_orphan", "10")}


def test_sales_on_an_orphan_whom_a_newsletter_still_knows_hang_on_no_stranger(books: Books):
    pair(books)
    books.subscription("a@x.se")
    merge(books, "1", "2")
    books.sale("10", "S", 1, 100, si_contact_id="si901")
    assert books.drift() == {("identity.sales_on_orphan", "10")}


def test_sales_on_an_orphan_of_a_moment_ago_are_left_to_settle(books: Books):
    pair(books)
    books.sale("10", "S", 1, 100, si_contact_id="si901")
    merge(books, "1", "2")
    assert books.drift(replace(TERMS, contacts_before=MERGED_AT)) == set()


def test_sales_of_somebody_else_on_an_orphan_are_no_merge(books: Books):
    pair(books)
    books.customer("3", "c@x.se")
    books.contact("903", "c@x.se", None, external_id="3")
    books.subscription("a@x.se")
    merge(books, "1", "2")
    books.order("77", books.line("S", 1, 100), customer_id="3")
    books.sale("77", "S", 1, 100, si_contact_id="si901")
    books.sale("10", "S", 1, 100, si_contact_id="si902")
    assert books.drift() == {("sales.wrong_contact", "77")}


def test_sales_on_the_survivor_are_clean(books: Books):
    pair(books)
    books.subscription("a@x.se")
    merge(books, "1", "2")
    books.sale("10", "S", 1, 100, si_contact_id="si902")
    assert books.drift() == set()


# --- orphans without a merge


def test_a_key_that_centra_never_had_is_an_orphan(books: Books):
    books.contact("901", "a@x.se", None, external_id="404")
    assert books.identity_drift() == {("identity.orphaned_contact", "901")}


def test_a_customer_that_vanished_without_a_trace_leaves_an_orphan(books: Books):
    pair(books)
    books.remember()
    books.lose(t.centra_customer, customer_id="1")
    assert books.identity_drift() == {("identity.orphaned_contact", "901")}


def test_an_empty_key_is_no_orphan(books: Books):
    books.contact("901", "a@x.se", None)
    assert books.identity_drift() == set()


def test_an_erased_customers_contact_is_left_to_consent(books: Books):
    books.customer("1", None, is_anonymized=True)
    books.contact("901", "a@x.se", None, external_id="1")
    assert books.identity_drift() == set()


def test_a_buyers_contact_is_left_to_consent(books: Books):
    books.buyer("7", "a@x.se")
    books.contact("901", "a@x.se", None, external_id="404")
    assert books.identity_drift() == set()


# --- duplicates


@pytest.mark.parametrize("second", [{"external_id": "1"}, {"external_id": "2"}, {}])
def test_the_younger_of_two_contacts_with_one_key_or_email_is_a_duplicate(
    books: Books, second: dict[str, str]
):
    books.customer("1", "a@x.se")
    books.customer("2", "a@x.se")
    books.contact("99", "a@x.se", None, external_id="1")
    books.contact("100", "b@x.se" if second.get("external_id") == "1" else "a@x.se", None, **second)
    assert books.identity_drift() == {("identity.duplicate_contact", "100")}


def test_a_contact_without_key_and_email_is_nobodys_duplicate(books: Books):
    books.contact("901", None, None)
    books.contact("902", None, None)
    assert books.identity_drift() == set()


# --- missing contacts


def test_a_customer_without_a_contact_is_missing(books: Books):
    books.customer("1", "a@x.se")
    assert books.identity_drift() == {("identity.missing_contact", "centra:1")}


def test_a_person_of_two_rows_is_missing_once_by_the_oldest(books: Books):
    books.customer("10", "a@x.se", created_at=OLD + timedelta(days=1))
    books.customer("9", "a@x.se")
    assert books.identity_drift() == {("identity.missing_contact", "centra:9")}


@pytest.mark.parametrize("feed", ["all", "registered"])
def test_where_centra_tells_who_is_registered_the_registered_row_is_missing(
    books: Books, feed: str
):
    books.customer("9", "a@x.se")
    books.customer("10", "a@x.se", created_at=OLD + timedelta(days=1))
    books.flag("10", "a@x.se", receives=None, is_registered=True)
    told = replace(TERMS, feed_customers=feed, consent_keys=("newsletter",))
    assert books.identity_drift(told) == {("identity.missing_contact", "centra:10")}


def test_a_customer_of_a_moment_ago_is_not_missing_yet(books: Books):
    books.customer("1", "a@x.se", created_at=YOUNG, updated_at=YOUNG)
    assert books.identity_drift() == set()


def test_a_guest_whose_registered_row_has_the_contact_is_not_missing(books: Books):
    books.customer("1", "a@x.se")
    books.customer("2", "a@x.se")
    books.contact("901", "old@x.se", None, external_id="2")
    narrow = replace(TERMS, mapped_fields=())
    assert books.identity_drift(narrow) == set()


@pytest.mark.parametrize(
    ("feed", "missing"),
    [("all", {"1", "2", "3"}), ("subscribed", {"2"}), ("buyers", {"3"}), ("registered", set())],
)
def test_only_those_whom_the_feed_covers_are_missing(books: Books, feed: str, missing: set[str]):
    for number in ("1", "2", "3"):
        books.customer(number, f"{number}@x.se")
    books.subscription("2@x.se")
    books.order("100", customer_id="3")
    found = books.identity_drift(replace(TERMS, feed_customers=feed))
    assert found == {("identity.missing_contact", f"centra:{number}") for number in missing}
    assert books.checked()["identity.missing_contact"] == len(missing)


def test_whom_an_order_of_a_moment_ago_makes_a_buyer_is_not_missing_yet(books: Books):
    books.customer("1", "a@x.se")
    books.order("100", created_at=YOUNG)
    assert books.identity_drift(replace(TERMS, feed_customers="buyers")) == set()


# --- keys


@pytest.mark.parametrize("key", [None, "404"])
def test_a_key_that_names_nobody_beside_a_known_email_is_a_mismatch(books: Books, key: str | None):
    books.customer("1", "a@x.se")
    books.contact("901", "a@x.se", None, external_id=key)
    assert books.identity_drift() == {("identity.key_mismatch", "901")}


def test_key_and_email_of_two_customers_are_a_mismatch_that_a_person_decides(books: Books):
    books.customer("1", "a@x.se")
    books.customer("2", "b@x.se")
    books.contact("901", "b@x.se", None, external_id="1")
    (row,) = [r for r in books.rows() if r["check_id"].startswith("identity.")]
    assert (row["check_id"], row["is_ambiguous"]) == ("identity.key_mismatch", True)


@pytest.mark.parametrize("key", ["1", "2"])
def test_either_twin_may_be_the_key(books: Books, key: str):
    books.customer("1", "a@x.se")
    books.customer("2", "a@x.se")
    books.contact("901", "a@x.se", None, external_id=key)
    assert books.identity_drift() == set()


def test_a_mere_subscriber_has_no_customer_to_be_keyed_by(books: Books):
    books.subscription("a@x.se")
    books.contact("901", "a@x.se", 1)
    assert books.identity_drift() == set()


def test_a_subscriber_who_became_a_customer_a_moment_ago_is_keyed_later(books: Books):
    books.subscription("a@x.se")
    books.customer("1", "a@x.se", created_at=YOUNG)
    books.contact("901", "a@x.se", 1)
    assert books.identity_drift() == set()


def test_where_the_email_is_the_key_no_external_id_is_looked_at(books: Books):
    books.customer("1", "a@x.se")
    books.contact("901", "a@x.se", None, external_id="404")
    books.contact("902", "b@x.se", None, external_id="404")
    assert books.identity_drift(replace(TERMS, key="email")) == set()


# --- profiles

ASA = {"first_name": "Åsa", "last_name": "Berg"}


@pytest.mark.parametrize("field", ["first_name", "last_name"])
@pytest.mark.parametrize("value", [None, "Eva"])
def test_a_name_that_centra_knows_otherwise_is_a_mismatch(
    books: Books, field: str, value: str | None
):
    books.customer("1", "a@x.se", **ASA)
    books.contact("901", "a@x.se", None, external_id="1", **{**ASA, field: value})
    assert books.identity_drift() == {("identity.profile_mismatch", "901")}


def test_an_email_changed_in_centra_alone_is_a_mismatch(books: Books):
    books.customer("1", "new@x.se")
    books.contact("901", "old@x.se", None, external_id="1")
    assert books.identity_drift() == {("identity.profile_mismatch", "901")}


def test_an_email_changed_in_both_systems_is_clean(books: Books):
    books.customer("1", "old@x.se")
    books.contact("901", "old@x.se", None, external_id="1")
    books.remember()
    books.change(t.centra_customer, {"customer_id": "1"}, email_key="new@x.se")
    books.change(t.emarsys_contact, {"contact_id": "901"}, email_key="new@x.se")
    assert books.identity_drift() == set()


def test_all_fields_that_differ_are_one_finding_without_their_values(books: Books):
    books.customer("1", "a@x.se", **ASA)
    books.contact("901", "a@x.se", None, external_id="1")
    (row,) = [r for r in books.rows() if r["check_id"] == "identity.profile_mismatch"]
    assert row["emarsys_differs"] == "first_name last_name"
    assert "Åsa" not in str(dict(row))


def test_the_name_of_a_twin_is_right_too(books: Books):
    books.customer("1", "a@x.se", **ASA)
    books.customer("2", "a@x.se", first_name="Eva", last_name="Berg")
    books.contact("901", "a@x.se", None, external_id="1", first_name="Eva", last_name="Berg")
    assert books.identity_drift() == set()


def test_a_name_that_centra_leaves_empty_says_nothing(books: Books):
    books.customer("1", "a@x.se")
    books.contact("901", "a@x.se", None, external_id="1", **ASA)
    assert books.identity_drift() == set()


def test_a_field_that_is_not_mapped_is_not_compared(books: Books):
    books.customer("1", "a@x.se", **ASA)
    books.contact("901", "a@x.se", None, external_id="1", first_name="Åsa")
    assert books.identity_drift(replace(TERMS, mapped_fields=("first_name", "email"))) == set()


def test_a_customer_renamed_a_moment_ago_is_compared_later(books: Books):
    books.customer("1", "a@x.se", updated_at=YOUNG, **ASA)
    books.contact("901", "a@x.se", None, external_id="1")
    assert books.identity_drift() == set()


def test_each_check_tells_how_many_it_looked_at(books: Books):
    pair(books)
    books.contact("903", "c@x.se", None)
    books.drift()
    found = {k: n for k, n in books.checked().items() if k.startswith("identity.")}
    assert found == {
        "identity.orphaned_by_merge": 2,
        "identity.orphaned_contact": 2,
        "identity.duplicate_contact": 3,
        "identity.missing_contact": 2,
        "identity.key_mismatch": 2,
        "identity.profile_mismatch": 2,
        "identity.sales_on_orphan": 0,
    }


def test_a_key_that_is_an_email_is_not_shown(books: Books):
    books.contact("901", "a@x.se", None, external_id="b@x.se")
    (row,) = [r for r in books.rows() if r["check_id"] == "identity.orphaned_contact"]
    assert row["emarsys_key"] is None
