"""Each consent check as data: what fails it, what passes it, what tempts it and is clean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auditor.model import tables as t
from tests.reconcile.books import EARLIER, NOW, OLD, TERMS, YOUNG, Books

SUITES = frozenset({"consent"})


def test_a_withdrawal_with_opt_in_is_critical_drift(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", active=False)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


def test_an_active_row_after_an_inactive_one_is_consent(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", active=False, created_at=OLD)
    books.subscription("a@x.se", active=True, created_at=OLD + timedelta(days=1))
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == set()


def test_an_inactive_row_after_an_active_one_is_a_withdrawal(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", active=True, created_at=OLD)
    books.subscription("a@x.se", active=False, created_at=OLD + timedelta(days=1))
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


def test_a_withdrawal_wins_a_tie(books: Books):
    books.subscription("a@x.se", active=True)
    books.subscription("a@x.se", active=False)
    books.contact("900", "a@x.se", 1)
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


def test_a_withdrawal_younger_than_its_settle_time_is_clean(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", active=False, created_at=YOUNG)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == set()


def test_a_withdrawal_exactly_at_the_settle_time_is_not_judged_yet(books: Books):
    books.subscription("a@x.se", active=False, created_at=NOW - timedelta(hours=2))
    books.contact("900", "a@x.se", 1)
    assert books.drift() == set()


def test_a_customer_who_shopped_a_moment_ago_is_judged_by_the_age_of_the_withdrawal(books: Books):
    books.customer("1", "a@x.se", updated_at=YOUNG)
    books.subscription("a@x.se", active=False)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


def test_an_opt_in_without_any_row_is_without_evidence(books: Books):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == {("consent.opted_in_without_evidence", "900")}


def test_a_back_in_stock_request_is_no_evidence(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", is_product_bound=True)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == {("consent.opted_in_without_evidence", "900")}


def test_a_configured_emarsys_source_is_evidence(books: Books):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", 1, external_id="1", source_id="777")
    assert books.drift() == set()


def test_the_evidence_of_a_guest_twin_counts_for_the_registered_row(books: Books):
    books.customer("1", "a@x.se")
    books.customer("2", "a@x.se")
    books.subscription("a@x.se")
    books.contact("900", "other@x.se", 1, external_id="2")
    assert books.drift() == set()


def test_consent_of_a_store_that_is_not_configured_is_no_evidence(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", store_id="2")
    books.contact("900", "a@x.se", 1, external_id="1")
    narrow = replace(TERMS, consent_stores=("Retail",))
    assert books.drift(narrow) == {("consent.opted_in_without_evidence", "900")}


def test_an_erased_customer_who_can_be_mailed_is_drift(books: Books):
    books.customer("1", None, is_anonymized=True)
    books.contact("900", "a@x.se", None, external_id="1")
    assert books.drift() == {("consent.erased_but_contactable", "900")}


def test_an_erased_customer_who_is_opted_out_is_still_present(books: Books):
    books.customer("1", None, is_anonymized=True)
    books.contact("900", "a@x.se", 2, external_id="1")
    assert books.drift() == {("consent.erased_but_present", "900")}


def test_an_erasure_of_a_moment_ago_is_clean(books: Books):
    books.customer("1", None, is_anonymized=True, updated_at=YOUNG)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == set()


def test_a_buyer_who_is_no_consumer_must_not_be_opted_in(books: Books):
    books.buyer("7", "a@x.se")
    books.contact("900", "a@x.se", 1)
    assert books.drift() == {("consent.buyer_opted_in", "900")}


def test_a_buyer_who_is_a_consumer_with_consent_is_clean(books: Books):
    books.buyer("7", "a@x.se")
    books.customer("1", "a@x.se")
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == set()


def test_a_sign_up_without_opt_in_is_lost(books: Books):
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", None)
    assert books.drift() == {("consent.opt_in_lost", "900")}


def test_a_sign_up_of_someone_who_ever_unsubscribed_is_not_lost(books: Books):
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", None)
    books.unsubscribe("900", OLD - timedelta(days=5))
    assert books.drift() == {("consent.unsubscribed_but_active_in_centra", "900")}


def test_an_opt_out_at_emarsys_must_reach_centra(books: Books):
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", 2)
    assert books.drift() == {("consent.unsubscribed_but_active_in_centra", "900")}


def test_an_unsubscribe_after_the_sign_up_counts_although_opted_in(books: Books):
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", 1)
    books.unsubscribe("900", OLD + timedelta(days=1))
    assert books.drift() == {("consent.unsubscribed_but_active_in_centra", "900")}


@pytest.mark.parametrize("opt_in", [1, 2, None])
def test_an_unsubscribe_of_a_moment_ago_may_still_be_on_its_way(books: Books, opt_in: int | None):
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", opt_in)
    books.unsubscribe("900", YOUNG)
    assert books.drift() == set()


def test_a_sign_up_after_an_unsubscribe_is_clean(books: Books):
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", 1)
    books.unsubscribe("900", OLD - timedelta(days=1))
    assert books.drift() == set()


def test_an_opted_in_contact_nobody_knows_is_reported(books: Books):
    books.contact("900", "a@x.se", 1, external_id="404")
    assert books.drift() == {("consent.opt_in_unknown_person", "900")}


def test_a_contact_nobody_knows_without_opt_in_is_left_alone(books: Books):
    books.contact("900", "a@x.se", None)
    assert books.drift() == set()


def test_a_quarantined_contact_is_marked_contained(books: Books):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", 1, external_id="1")
    books.quarantine("900")
    assert [row["contained"] for row in books.rows()] == [True]


def test_a_check_tells_how_many_contacts_it_looked_at(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", active=False)
    books.contact("900", "a@x.se", 2, external_id="1")
    books.drift()
    assert books.checked()["consent.withdrawn_but_opted_in"] == 1


def test_linking_by_email_ignores_the_external_id(books: Books):
    books.customer("1", "a@x.se")
    books.customer("2", "b@x.se")
    books.subscription("b@x.se")
    books.contact("900", "b@x.se", 1, external_id="1")
    assert books.drift(replace(TERMS, key="email")) == set()


def test_the_key_decides_before_the_email(books: Books):
    books.customer("1", "a@x.se")
    books.customer("2", "b@x.se")
    books.subscription("b@x.se")
    books.contact("900", "b@x.se", 1, external_id="1")
    assert books.drift() == {("consent.opted_in_without_evidence", "900")}


LEGACY = replace(TERMS, consent_keys=("newsletter",))


def one_opted_in(books: Books) -> None:
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", 1, external_id="1")


def test_a_customer_flag_that_is_true_is_evidence(books: Books):
    one_opted_in(books)
    books.flag("1", "a@x.se", receives=True)
    assert books.drift(LEGACY) == set()


def test_a_customer_flag_that_is_false_wins_over_an_active_row(books: Books):
    one_opted_in(books)
    books.subscription("a@x.se")
    books.flag("1", "a@x.se", receives=False)
    (row,) = books.rows(LEGACY)
    assert (row["check_id"], row["centra_evidence"], row["centra_evidence_at"]) == (
        "consent.withdrawn_but_opted_in",
        "customer flag",
        None,
    )


def test_an_inactive_row_wins_over_a_flag_that_is_true(books: Books):
    one_opted_in(books)
    books.subscription("a@x.se", active=False)
    books.flag("1", "a@x.se", receives=True)
    assert books.drift(LEGACY) == {("consent.withdrawn_but_opted_in", "900")}


def test_a_flag_that_the_tenant_does_not_tell_says_nothing(books: Books):
    one_opted_in(books)
    books.flag("1", "a@x.se", receives=None)
    assert books.drift(LEGACY) == {("consent.opted_in_without_evidence", "900")}


def test_of_twins_the_flag_that_is_false_counts(books: Books):
    one_opted_in(books)
    books.customer("2", "a@x.se")
    books.flag("1", "a@x.se", receives=True)
    books.flag("2", "a@x.se", receives=False)
    assert books.drift(LEGACY) == {("consent.withdrawn_but_opted_in", "900")}


def test_a_keyed_consent_is_evidence(books: Books):
    one_opted_in(books)
    books.keyed("1", "a@x.se", given=True)
    assert books.drift(LEGACY) == set()


def test_a_keyed_consent_to_something_else_is_no_evidence(books: Books):
    one_opted_in(books)
    books.keyed("1", "a@x.se", given=True, key="terms")
    assert books.drift(LEGACY) == {("consent.opted_in_without_evidence", "900")}


def test_a_keyed_consent_taken_back_later_is_a_withdrawal(books: Books):
    one_opted_in(books)
    books.subscription("a@x.se")
    books.keyed("1", "a@x.se", given=False, updated_at=OLD + timedelta(days=1))
    (row,) = books.rows(LEGACY)
    assert (row["check_id"], row["centra_evidence"]) == (
        "consent.withdrawn_but_opted_in",
        "keyed consent",
    )


def test_a_sign_up_after_a_refused_keyed_consent_is_consent(books: Books):
    one_opted_in(books)
    books.keyed("1", "a@x.se", given=False)
    books.subscription("a@x.se", created_at=OLD + timedelta(days=1))
    assert books.drift(LEGACY) == set()


@pytest.mark.parametrize(
    ("given", "active", "drift"),
    [
        (False, True, {("consent.withdrawn_but_opted_in", "900")}),
        (True, False, {("consent.withdrawn_but_opted_in", "900")}),
        (True, None, set()),
    ],
    ids=["a refusal wins", "an agreement does not", "an agreement alone is evidence"],
)
def test_a_keyed_consent_without_a_time_counts_as_a_flag_does(
    books: Books, given: bool, active: bool | None, drift: set[tuple[str, str]]
):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", 1, external_id="1")
    books.keyed("1", "a@x.se", given=given, created_at=None)
    if active is not None:
        books.subscription("a@x.se", active=active)
    assert books.drift(LEGACY) == drift


def test_what_the_order_api_said_before_it_was_removed_from_the_settings_is_ignored(books: Books):
    one_opted_in(books)
    books.subscription("a@x.se")
    books.flag("1", "a@x.se", receives=False)
    books.keyed("1", "a@x.se", given=False, updated_at=OLD + timedelta(days=1))
    assert books.drift() == set()


def test_a_flag_of_a_store_that_does_not_count_is_ignored(books: Books):
    one_opted_in(books)
    books.subscription("a@x.se")
    books.customer("2", "a@x.se", store_id="2")
    books.flag("2", "a@x.se", receives=False)
    assert books.drift(replace(LEGACY, consent_stores=("Retail",))) == set()


def test_an_opt_in_by_flag_alone_that_emarsys_lacks_is_lost(books: Books):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", None, external_id="1")
    books.flag("1", "a@x.se", receives=True)
    assert books.drift(LEGACY) == {("consent.opt_in_lost", "900")}


# --- what earlier snapshots tell


def signed_up(books: Books) -> None:
    """Let an earlier run have seen a customer who is subscribed and opted in."""
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", subscription_id="s1")
    books.contact("900", "a@x.se", 1, external_id="1")
    books.remember()


def test_a_sign_up_that_is_gone_is_a_withdrawal(books: Books):
    signed_up(books)
    books.lose(t.centra_subscription, subscription_id="s1")
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


def test_the_only_row_of_a_mere_subscriber_that_is_gone_is_a_withdrawal(books: Books):
    books.subscription("a@x.se", subscription_id="s1")
    books.contact("900", "a@x.se", 1)
    books.remember()
    books.lose(t.centra_subscription, subscription_id="s1")
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


def test_a_sign_up_that_was_replaced_by_a_newer_one_is_consent(books: Books):
    signed_up(books)
    books.lose(t.centra_subscription, subscription_id="s1")
    books.subscription("a@x.se", subscription_id="s2", created_at=EARLIER + timedelta(days=1))
    assert books.drift() == set()


def test_a_sign_up_that_is_gone_wins_over_an_older_one(books: Books):
    books.subscription("a@x.se", store_id="2", created_at=OLD - timedelta(days=300))
    signed_up(books)
    books.lose(t.centra_subscription, subscription_id="s1")
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


def test_a_sign_up_that_is_gone_wins_over_an_undated_flag(books: Books):
    books.flag("1", "a@x.se", receives=True)
    signed_up(books)
    books.lose(t.centra_subscription, subscription_id="s1")
    (row,) = [row for row in books.rows(LEGACY) if row["check_id"].startswith("consent.")]
    assert (row["check_id"], row["centra_evidence"]) == (
        "consent.withdrawn_but_opted_in",
        "newsletter subscription that is gone",
    )


def test_an_old_refusal_that_is_gone_leaves_a_newer_sign_up_alone(books: Books):
    signed_up(books)
    before = OLD - timedelta(days=300)
    books.subscription("a@x.se", active=False, subscription_id="s0", created_at=before)
    books.remember()
    books.lose(t.centra_subscription, subscription_id="s0")
    assert books.drift() == set()


def test_a_refusal_that_is_gone_is_still_one(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", active=False, subscription_id="s1")
    books.contact("900", "a@x.se", 1, external_id="1")
    books.remember()
    books.lose(t.centra_subscription, subscription_id="s1")
    assert books.drift() == {("consent.withdrawn_but_opted_in", "900")}


# --- whose word it is


def keyed_and_mailed(books: Books, **customer: Any) -> None:
    """Let a contact have the key of one customer and the e-mail of another, who signed up."""
    books.customer("1", "a@x.se", **customer)
    books.customer("2", "b@x.se")
    books.subscription("b@x.se")
    books.contact("900", "b@x.se", 1, external_id="1")


def test_the_evidence_of_a_keyed_contact_is_not_that_of_whoever_has_the_email(books: Books):
    keyed_and_mailed(books)
    (row,) = [row for row in books.rows() if row["check_id"].startswith("consent.")]
    assert (row["check_id"], row["centra_evidence"]) == (
        "consent.opted_in_without_evidence",
        None,
    )


def test_a_keyed_contact_settles_with_its_own_customer(books: Books):
    keyed_and_mailed(books, created_at=YOUNG, updated_at=YOUNG)
    assert books.drift() == set()


def test_a_keyed_contact_does_not_wait_for_whoever_has_the_email(books: Books):
    books.customer("1", "a@x.se")
    books.customer("2", "b@x.se")
    books.subscription("b@x.se", created_at=YOUNG)
    books.contact("900", "b@x.se", 1, external_id="1")
    assert books.drift() == {("consent.opted_in_without_evidence", "900")}


def test_a_contact_of_a_customer_without_an_email_is_known(books: Books):
    books.customer("1", None)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == set()


# --- when it settles


def test_an_erasure_of_a_moment_ago_settles_though_the_newsletter_row_went_with_it(books: Books):
    books.customer("1", "a@x.se", email_hash="h")
    books.subscription("a@x.se", subscription_id="s1")
    books.contact("900", "a@x.se", 1, external_id="1", email_hash="h")
    books.remember()
    books.lose(t.centra_subscription, subscription_id="s1")
    erased = {"email_key": "gone@x.invalid", "email_hash": "o", "is_anonymized": True}
    books.change(t.centra_customer, {"customer_id": "1"}, updated_at=YOUNG, **erased)
    assert books.drift() == set()


def test_an_erasure_of_long_ago_does_not_wait_for_a_new_word_of_the_address(books: Books):
    books.customer("1", None, is_anonymized=True)
    books.subscription("a@x.se", created_at=YOUNG)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == {("consent.erased_but_contactable", "900")}


# --- withdrawals at Emarsys, sign-ups at Emarsys


def test_an_unsubscribe_wins_over_an_undated_flag(books: Books):
    books.customer("1", "a@x.se")
    books.flag("1", "a@x.se", receives=True)
    books.contact("900", "a@x.se", 1, external_id="1")
    books.unsubscribe("900", NOW - timedelta(days=2))
    assert books.drift(LEGACY) == {("consent.unsubscribed_but_active_in_centra", "900")}


def test_an_unsubscribe_at_the_very_moment_of_the_sign_up_wins(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", created_at=OLD)
    books.contact("900", "a@x.se", 1, external_id="1")
    books.unsubscribe("900", OLD)
    assert books.drift() == {("consent.unsubscribed_but_active_in_centra", "900")}


@pytest.mark.parametrize("opt_in", [2, None])
def test_a_sign_up_made_at_emarsys_is_no_yes_of_centra(books: Books, opt_in: int | None):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", opt_in, external_id="1", source_id="777")
    assert books.drift() == set()


# --- a tenant that does not tell the store of a customer


def test_a_flag_counts_where_the_store_is_not_told(books: Books):
    books.customer("1", "a@x.se", store_id=None)
    books.flag("1", "a@x.se", receives=True)
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift(LEGACY) == set()


@pytest.mark.parametrize("stores", [None, ("Retail",)], ids=["all stores", "some stores"])
def test_a_refusal_counts_where_the_store_is_not_told(books: Books, stores: tuple[str, ...] | None):
    books.customer("1", "a@x.se", store_id=None)
    books.subscription("a@x.se")
    books.flag("1", "a@x.se", receives=False)
    books.contact("900", "a@x.se", 1, external_id="1")
    terms = replace(LEGACY, consent_stores=stores)
    assert books.drift(terms) == {("consent.withdrawn_but_opted_in", "900")}


def test_an_agreement_of_an_untold_store_is_none_of_the_stores_that_count(books: Books):
    books.customer("1", "a@x.se", store_id=None)
    books.flag("1", "a@x.se", receives=True)
    books.contact("900", "a@x.se", 1, external_id="1")
    terms = replace(LEGACY, consent_stores=("Retail",))
    assert books.drift(terms) == {("consent.opted_in_without_evidence", "900")}


# --- what earlier snapshots tell of contacts


def test_a_sign_up_that_moved_to_a_new_email_is_gone_from_nobody(books: Books):
    signed_up(books)
    for table, key in (
        (t.centra_subscription, {"subscription_id": "s1"}),
        (t.centra_customer, {"customer_id": "1"}),
        (t.emarsys_contact, {"contact_id": "900"}),
    ):
        books.change(table, key, email_key="b@x.se")
    assert books.drift() == set()


def test_a_back_in_stock_request_that_is_gone_withdraws_nothing(books: Books):
    books.customer("1", "a@x.se")
    books.subscription("a@x.se", subscription_id="s1", is_product_bound=True)
    books.contact("900", "a@x.se", 1, external_id="1")
    books.remember()
    books.lose(t.centra_subscription, subscription_id="s1")
    assert books.drift() == {("consent.opted_in_without_evidence", "900")}


def ordered(books: Books, **order: Any) -> None:
    """Let an order, and an opt-in without a sign-up, come between two runs."""
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", None, external_id="1")
    books.remember()
    row = {"created_at": EARLIER + timedelta(days=1), "status": "PENDING", **order}
    books.order("100", customer_id="1", **row)
    books.change(t.emarsys_contact, {"contact_id": "900"}, opt_in=1)


def test_an_opt_in_that_came_with_an_order_is_the_orders_fault(books: Books):
    ordered(books)
    assert books.drift() == {("consent.opted_in_by_order", "900")}


def test_a_contact_that_came_opted_in_with_an_order_is_the_orders_fault(books: Books):
    books.customer("1", "a@x.se")
    books.remember()
    books.order("100", customer_id="1", created_at=EARLIER + timedelta(days=1), status="PENDING")
    books.contact("900", "a@x.se", 1, external_id="1")
    assert books.drift() == {("consent.opted_in_by_order", "900")}


@pytest.mark.parametrize(
    "order", [{"created_at": EARLIER - timedelta(days=1)}, {"store_id": "2"}, {"is_internal": True}]
)
def test_an_opt_in_without_a_consumer_order_between_is_without_evidence(
    books: Books, order: dict[str, Any]
):
    ordered(books, **order)
    assert books.drift() == {("consent.opted_in_without_evidence", "900")}


def test_an_opt_in_older_than_the_order_is_without_evidence(books: Books):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", 1, external_id="1")
    books.remember()
    books.order("100", customer_id="1", created_at=EARLIER + timedelta(days=1), status="PENDING")
    assert books.drift() == {("consent.opted_in_without_evidence", "900")}


def test_an_opt_in_with_an_order_and_a_sign_up_is_clean(books: Books):
    ordered(books)
    books.subscription("a@x.se")
    assert books.drift() == set()


def test_an_opt_out_of_an_earlier_snapshot_is_no_lost_opt_in(books: Books):
    books.subscription("a@x.se")
    books.contact("900", "a@x.se", 2)
    books.remember()
    books.change(t.emarsys_contact, {"contact_id": "900"}, opt_in=None)
    assert books.drift() == set()


def erased(books: Books, **contact: Any) -> None:
    """Let a customer be erased whose contact is known by the hash of its e-mail alone."""
    books.customer("1", "a@x.se", email_hash="h")
    books.contact("900", "a@x.se", 1, email_hash="h", **contact)
    books.remember()
    gone = {"email_key": "gone-1@x.invalid", "email_hash": "other", "is_anonymized": True}
    books.change(
        t.centra_customer, {"customer_id": "1"}, updated_at=NOW - timedelta(days=1), **gone
    )


def test_an_erased_customer_is_remembered_by_the_hash_of_the_email(books: Books):
    erased(books)
    assert books.drift() == {("consent.erased_but_contactable", "900")}


def test_an_erased_customer_who_is_back_under_the_same_email_is_no_longer_erased(books: Books):
    erased(books)
    books.customer("2", "a@x.se", email_hash="h")
    books.subscription("a@x.se")
    assert books.drift() == set()


def test_without_hashes_only_the_key_tells_who_was_erased(books: Books):
    books.customer("1", "a@x.se")
    books.contact("900", "a@x.se", 1)
    books.remember()
    books.change(t.centra_customer, {"customer_id": "1"}, email_key=None, is_anonymized=True)
    assert books.drift() == {("consent.opt_in_unknown_person", "900")}
