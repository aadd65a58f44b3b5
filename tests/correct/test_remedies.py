"""Each remedy as data: what it would send for a finding, what it expects there, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.correct.applying.journal import FIRINGS
from auditor.correct.applying.writers.sales import _lines_of
from auditor.correct.applying.writers.writer import request_of
from auditor.correct.deciding import Word, decide
from auditor.correct.remedies.identity import GIVE_KEY, INHERITED
from auditor.correct.remedies.sales import UNDATED
from auditor.correct.uploads import Line, UploadLedger
from auditor.model import tables as t
from auditor.model.known_consent import KnownConsent
from auditor.model.plan import (
    CatalogueCells,
    ContactFields,
    CountedItem,
    EventFiring,
    ListMember,
    NewContact,
    NewsletterFlag,
    SaleLine,
    SalesLines,
)
from auditor.systems.emarsys.writing.sales import sales_file
from tests.correct.desk import read_settings
from tests.reconcile.books import NOW, OLD, TERMS

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.correct.desk import Desk

HOUR = timedelta(hours=1)
WITHDRAWN = "consent.withdrawn_but_opted_in"


def known(desk: Desk, opt_in: int | None = None, **contact: object) -> None:
    """Let customer 1 have contact 11."""
    desk.books.customer("1", "a@x.se", total_orders=1, first_name="Ann", last_name="Ek")
    row = {"external_id": "1", "first_name": "Ann", "last_name": "Ek", **contact}
    desk.books.contact("11", "a@x.se", opt_in, **row)


def withdrawn(desk: Desk) -> None:
    known(desk, 1)
    desk.books.subscription("a@x.se", active=False)
    desk.audit("consent")


# --- consent ----------------------------------------------------------------------------------------


def test_a_withdrawal_opts_out_and_sends_nothing_else(desk):
    withdrawn(desk)
    (change,) = desk.changes(WITHDRAWN)
    asked = change.request
    assert (asked.contact_id, asked.set) == ("11", {"31": 2})
    assert asked.expect == {"31": "1", "3": "a@x.se", "4711": "1"}


def test_an_opt_out_for_want_of_a_consent_tells_what_centra_said(desk):
    desk.books.subscription("a@x.se", subscription_id="r", created_at=OLD - HOUR)
    desk.books.subscription("a@x.se", subscription_id="p", is_product_bound=True)
    desk.books.customer("2", "a@x.se")
    withdrawn(desk)
    (change,) = desk.changes(WITHDRAWN)
    known = KnownConsent("a@x.se", "1", ("1", "2"), ("r", "s"), ("r",), ("1", "2"))
    assert change.request.consent == known


def test_of_a_contact_that_its_e_mail_links_no_customer_is_named(desk):
    known(desk, 1, external_id=None)
    desk.books.subscription("a@x.se", active=False)
    desk.audit("consent")
    (change,) = desk.changes(WITHDRAWN)
    assert (change.request.consent.person, change.request.consent.customer) == ("a@x.se", None)


def test_the_consent_that_is_wanting_is_that_of_the_brands_stores(desk):
    withdrawn(desk)
    desk.terms = replace(TERMS, consent_stores=("Retail",))
    (change,) = desk.changes(WITHDRAWN)
    assert change.request.consent.stores == ("1",)


def test_whoever_was_erased_is_opted_out_whatever_centra_says(desk):
    known(desk, 1)
    desk.books.change(t.centra_customer, {"customer_id": "1"}, is_anonymized=True, email_key=None)
    desk.audit("consent")
    (change,) = desk.changes("consent.erased_but_contactable")
    assert (change.request.set, change.request.consent) == ({"31": 2}, None)


def test_a_withdrawal_may_be_applied_unattended(desk):
    withdrawn(desk)
    assert [change.kind for change in desk.changes(WITHDRAWN)] == ["auto"]


def test_an_opt_out_has_no_way_back(desk):
    withdrawn(desk)
    (change,) = desk.changes(WITHDRAWN)
    assert change.undo is None
    assert change.why_no_undo


def unproven(desk: Desk) -> str:
    known(desk, 1)
    desk.audit("consent")
    return "consent.opted_in_without_evidence"


def test_an_unproven_opt_in_is_held_back_where_there_is_a_list(desk):
    (change,) = desk.changes(unproven(desk))
    assert change.request == ListMember("11", "audit-quarantine")


def test_holding_back_is_undone_by_taking_off(desk):
    (change,) = desk.changes(unproven(desk))
    assert change.undo == ListMember("11", "audit-quarantine", is_on=False)


def test_an_unproven_opt_in_is_opted_out_where_there_is_no_list(desk, tmp_path: Path):
    check = unproven(desk)
    settings = read_settings(tmp_path, lambda raw: raw["emarsys"].update(quarantine_list=None))
    (change,) = desk.with_settings(settings).changes(check)
    assert change.request.set == {"31": 2}


def test_a_stranger_is_left_where_there_is_no_list(desk, tmp_path: Path):
    desk.books.contact("12", "b@x.se", 1)
    desk.audit("consent")
    settings = read_settings(tmp_path, lambda raw: raw["emarsys"].update(quarantine_list=None))
    reasons = desk.with_settings(settings).reasons("consent.opt_in_unknown_person")
    assert reasons == ["emarsys.quarantine_list names no list"]


def test_a_lost_opt_in_is_only_ever_proposed(desk):
    known(desk, None)
    desk.books.subscription("a@x.se")
    desk.audit("consent")
    assert desk.changes("consent.opt_in_lost") == []
    (row,) = desk.proposals("consent.opt_in_lost")
    assert row["evidence"]


def test_an_opt_out_is_told_to_every_customer_of_the_person(desk):
    known(desk, 2)
    desk.books.customer("2", "a@x.se")
    desk.books.subscription("a@x.se")
    desk.audit("consent")
    changes = desk.changes("consent.unsubscribed_but_active_in_centra")
    (request,) = [change.request for change in changes]
    assert isinstance(request, NewsletterFlag)
    assert (request.customers, request.email, request.contact_id) == (("1", "2"), "a@x.se", "11")
    assert len(request.subscriptions) == 1


def test_an_opt_out_is_told_in_the_stores_of_the_consent_alone(desk, tmp_path: Path):
    known(desk, 2)
    desk.books.customer("2", "a@x.se", store_id="2")
    desk.books.subscription("a@x.se")
    desk.audit("consent")
    settings = read_settings(tmp_path, lambda raw: raw.update(consent={"stores": ["Retail"]}))
    changes = desk.with_settings(settings).changes("consent.unsubscribed_but_active_in_centra")
    assert [change.request.customers for change in changes] == [("1",)]


def test_a_subscriber_without_a_customer_is_for_a_person_to_end(desk):
    desk.books.contact("12", "b@x.se", 2)
    desk.books.subscription("b@x.se")
    desk.audit("consent")
    check = "consent.unsubscribed_but_active_in_centra"
    assert desk.changes(check) == []
    assert [row["contact_id"] for row in desk.proposals(check)] == ["12"]


# --- identity ---------------------------------------------------------------------------------------


def test_a_missing_contact_is_created_without_an_opt_in(desk):
    desk.books.customer("1", "a@x.se", first_name="Ann", last_name=None)
    desk.audit("identity")
    (change,) = desk.changes("identity.missing_contact")
    assert change.request == NewContact("4711", "1", "3", {"3": "a@x.se", "1": "Ann"})


def test_a_contact_that_is_matched_by_its_email_says_whose_it_is(desk, tmp_path):
    desk.books.customer("1", "a@x.se", first_name="Ann", last_name=None)
    desk.audit("identity")
    settings = read_settings(tmp_path, lambda raw: raw["emarsys"].update(key="email"))
    (change,) = desk.with_settings(settings).changes("identity.missing_contact")
    assert change.request == NewContact("3", "a@x.se", "3", {"1": "Ann"}, "1")


def test_a_field_that_differs_is_set_alone_and_can_be_set_back(desk):
    known(desk, None, first_name="Anna")
    desk.audit("identity")
    (change,) = desk.changes("identity.profile_mismatch")
    assert change.request == ContactFields(
        "11", {"1": "Ann"}, {"1": "Anna", "3": "a@x.se", "4711": "1"}
    )
    assert change.undo == ContactFields(
        "11", {"1": "Anna"}, {"1": "Ann", "3": "a@x.se", "4711": "1"}
    )


def moved(desk: Desk, opt_in: int | None, **contact: object) -> str:
    """Let customer 1 have another address in Centra than the contact was signed up with."""
    desk.books.customer("1", "new@x.se", first_name="Ann")
    row = {"external_id": "1", "first_name": "Ann", **contact}
    desk.books.contact("11", "old@x.se", opt_in, **row)
    desk.books.subscription("old@x.se")
    return "identity.profile_mismatch"


@pytest.mark.parametrize("opt_in", [None, 2])
def test_an_address_is_set_of_somebody_who_is_mailed_nothing(desk, opt_in: int | None):
    check = moved(desk, opt_in)
    desk.audit("identity")
    (change,) = desk.changes(check)
    told = None if opt_in is None else str(opt_in)
    assert change.request == ContactFields(
        "11", {"3": "new@x.se"}, {"3": "old@x.se", "31": told, "4711": "1"}
    )


def test_an_address_that_signed_up_is_set_of_somebody_who_is_mailed(desk):
    check = moved(desk, 1)
    desk.books.subscription("new@x.se", subscription_id="s2")
    desk.audit("identity")
    (change,) = desk.changes(check)
    assert change.request.set == {"3": "new@x.se"}


@pytest.mark.parametrize("withdraws", [False, True])
def test_no_address_inherits_an_opt_in_that_it_did_not_give(desk, withdraws: bool):
    check = moved(desk, 1, first_name="Anna")
    if withdraws:
        desk.books.subscription("new@x.se", active=False, subscription_id="s2")
    desk.audit("identity")
    (change,) = desk.changes(check)
    assert change.request.set == {"1": "Ann"}
    assert desk.reasons(check) == [INHERITED.reason]


def test_a_contact_without_a_key_gets_its_customers(desk):
    known(desk, None, external_id=None)
    desk.audit("identity")
    (change,) = desk.changes("identity.key_mismatch")
    assert change.request == ContactFields("11", {"4711": "1"}, {"4711": None, "3": "a@x.se"})


def test_a_key_that_names_somebody_else_is_for_a_person_to_decide(desk):
    known(desk, None)
    desk.books.customer("2", "b@x.se")
    desk.books.contact("12", "a@x.se", None, external_id="2")
    desk.books.lose(t.emarsys_contact, contact_id="11")
    desk.audit("identity")
    check = "identity.key_mismatch"
    assert desk.changes(check) == []
    assert [row["contact_id"] for row in desk.proposals(check)] == ["12"]


def merged(desk: Desk) -> str:
    """Let customer 1, who has bought, be merged into 2."""
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.books.remember()
    desk.books.lose(t.centra_customer, customer_id="1")
    desk.books.change(t.centra_order, {"order_number": "100"}, customer_id="2")
    desk.audit("identity")
    return "identity.orphaned_by_merge"


def orphaned(desk: Desk, **heir: object) -> str:
    """Let customer 1 be merged into 2, with a contact left behind."""
    known(desk, 1)
    desk.books.customer("2", "b@x.se", first_name="Ann", last_name="Ek", total_orders=1)
    row = {"external_id": "2", "first_name": "Ann", "last_name": "Ek", **heir}
    desk.books.contact("12", "b@x.se", None, **row)
    return merged(desk)


def test_an_orphan_is_opted_out_before_it_is_held_back(desk):
    requests = [change.request for change in desk.changes(orphaned(desk))]
    assert isinstance(requests[0], ContactFields)
    assert requests[0].set == {"31": 2}
    assert requests[1:] == [ListMember("11", "audit-quarantine")]


def test_an_orphan_hands_on_what_its_heir_lacks(desk):
    changes = desk.changes(orphaned(desk, first_name=None))
    handed = [c.request.set for c in changes if getattr(c.request, "contact_id", "") == "12"]
    assert handed == [{"1": "Ann"}]


def test_merging_or_deleting_an_orphan_is_only_proposed(desk):
    assert [row["contact_id"] for row in desk.proposals(orphaned(desk))] == ["11"]


def left_alone(desk: Desk, *, signed_up: bool = True, contacts: int = 1) -> str:
    """Let a guest be merged into the customer that she registered as, with the e-mail that both have."""
    known(desk, 1)
    desk.books.customer("2", "a@x.se", first_name="Ann", last_name="Ek", total_orders=1)
    if signed_up:
        desk.books.subscription("a@x.se")
    if contacts > 1:
        desk.books.contact("12", "a@x.se", None, external_id="2")
    return merged(desk)


def test_the_only_contact_of_somebody_who_signed_up_is_not_opted_out(desk):
    assert desk.changes(left_alone(desk)) == []


def test_the_only_contact_of_somebody_who_signed_up_is_listed_with_its_new_key(desk):
    (row,) = desk.proposals(left_alone(desk))
    assert (row["contact_id"], row["customer_id"], row["do"]) == ("11", "2", GIVE_KEY)


@pytest.mark.parametrize("change", [{"signed_up": False}, {"contacts": 2}])
def test_an_orphan_of_whom_nobody_signed_up_or_that_is_not_alone_is_opted_out(desk, change):
    first, *_ = desk.changes(left_alone(desk, **change))
    assert first.request.set == {"31": 2}


def test_the_only_contact_of_somebody_is_opted_out_only_while_they_have_not_signed_up(desk):
    first, *_ = desk.changes(left_alone(desk, signed_up=False))
    assert (first.request.consent.person, first.request.consent.agreed) == ("a@x.se", ())


def test_an_orphan_that_is_not_alone_is_opted_out_whatever_its_person_says(desk):
    first, *_ = desk.changes(left_alone(desk, contacts=2))
    assert first.request.consent is None


def test_a_duplicate_is_listed_with_the_contact_to_keep(desk):
    known(desk, None)
    desk.books.contact("12", "a@x.se", None, external_id="1")
    desk.audit("identity")
    (row,) = desk.proposals("identity.duplicate_contact")
    assert (row["contact_id"], row["keep"]) == ("12", "11")


# --- sales ------------------------------------------------------------------------------------------


def test_a_missing_order_is_uploaded_line_by_line(desk):
    known(desk)
    desk.books.order("100", desk.books.line("A", 2, 300), desk.books.line("B", 1, 50))
    desk.audit("sales")
    (change,) = desk.changes("sales.missing_order")
    assert change.request == SalesLines(
        "100",
        OLD.replace(tzinfo=UTC),
        "1",
        "4711",
        "SEK",
        (SaleLine("A", "sale", 2000, 300), SaleLine("B", "sale", 1000, 50)),
        (CountedItem("A", 0, 0), CountedItem("B", 0, 0)),
        OLD.replace(tzinfo=UTC),
    )


def test_an_order_of_a_guest_is_uploaded_for_the_contact_of_the_person(desk):
    known(desk)
    desk.books.customer("2", "a@x.se")
    desk.books.order("100", desk.books.line("A", 1, 100), customer_id="2")
    desk.audit("sales")
    (change,) = desk.changes("sales.missing_order")
    assert (change.request.key_field, change.request.customer) == ("4711", "1")


def test_an_order_of_somebody_without_a_contact_waits_for_it(desk):
    desk.books.customer("1", "a@x.se", total_orders=1)
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.audit("sales")
    assert desk.changes("sales.missing_order") == []
    assert "no contact yet" in desk.reasons("sales.missing_order")[0]


def test_an_order_is_uploaded_by_e_mail_where_the_file_has_that_column(desk, tmp_path: Path):
    known(desk)
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.audit("sales")
    columns = ["item", "price", "order", "timestamp", "email", "quantity"]
    settings = read_settings(tmp_path, lambda raw: raw["emarsys"]["sales"].update(columns=columns))
    (change,) = desk.with_settings(settings).changes("sales.missing_order")
    assert (change.request.key_field, change.request.customer) == ("3", "a@x.se")


@pytest.mark.parametrize(("sent_in", "currency"), [("base", "SEK"), ("order", "EUR")])
def test_an_order_is_uploaded_in_the_currency_of_the_account(
    desk, tmp_path: Path, sent_in: str, currency: str
):
    known(desk)
    desk.books.order("100", desk.books.line("A", 1, 100, base_minor=100), currency="EUR")
    desk.audit("sales")
    settings = read_settings(tmp_path, lambda raw: raw.update(sales={"currency": sent_in}))
    (change,) = desk.with_settings(settings).changes("sales.missing_order")
    assert change.request.currency == currency


def test_only_the_missing_line_is_uploaded(desk):
    known(desk)
    desk.books.order("100", desk.books.line("A", 2, 300), desk.books.line("B", 1, 50))
    desk.books.sale("100", "A", 2, 300, si_contact_id="si11")
    desk.audit("sales")
    (change,) = desk.changes("sales.missing_line")
    assert [line.item for line in change.request.lines] == ["B"]


def test_beside_rows_that_name_no_item_no_line_is_uploaded(desk):
    known(desk)
    desk.books.order("100", desk.books.line("A", 2, 300), desk.books.line("B", 1, 50))
    desk.books.sale("100", "A", 2, 300, si_contact_id="si11")
    desk.books.sale("100", None, 1, 50, si_contact_id="si11")
    desk.audit("sales")
    assert desk.changes("sales.missing_line") == []
    assert "name no item" in desk.reasons("sales.missing_line")[0]


def test_an_order_with_a_stroke_in_its_number_is_taken_back_whole(desk):
    known(desk)
    desk.books.sale("2026/1234", "A", 2, 300, si_contact_id="si11")
    desk.audit("sales")
    (row,) = desk.proposals("sales.unknown_order")
    assert (row["order"], row["item"], row["quantity"]) == ("2026/1234", "A", "-2")


def test_what_was_returned_already_is_not_uploaded(desk):
    known(desk)
    line = desk.books.line("A", 3, 300)
    desk.books.order("100", line)
    desk.books.returned(line, 1)
    desk.audit("sales")
    (change,) = desk.changes("sales.missing_order")
    assert change.request.lines == (SaleLine("A", "sale", 2000, 200),)


def test_a_line_that_was_sent_is_not_sent_again(desk):
    known(desk)
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.audit("sales")
    desk.sent = frozenset({("100", "A", "sale")})
    assert desk.changes("sales.missing_order") == []
    assert len(desk.reasons("sales.missing_order")) == 1


def test_a_line_that_waits_names_the_command_that_decides_it(desk):
    known(desk)
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.audit("sales")
    desk.sent = frozenset({("100", "A", "sale")})
    assert "`auditor uploads`" in desk.reasons("sales.missing_order")[0]


@pytest.mark.parametrize(("arrived", "changes"), [(False, 1), (True, 0)])
def test_a_line_that_waits_is_planned_anew_only_if_a_person_says_that_it_did_not_arrive(
    desk, arrived: bool, changes: int
):
    known(desk)
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.audit("sales")
    uploads = UploadLedger(desk.ledger, "desk")
    line = Line("100", "A", "sale", 1000, 100, "SEK")
    uploads.claim([line], at=OLD.replace(tzinfo=UTC), digest_of=lambda _: "d")
    waiting = replace(desk, sent=uploads.closed()).changes("sales.missing_order")
    word = Word(arrived, ("100",))
    decide(desk.ledger, "desk", word, settle=timedelta(), clock=lambda: NOW.replace(tzinfo=UTC))
    decided = replace(desk, sent=uploads.closed()).changes("sales.missing_order")
    assert (len(waiting), len(decided)) == (0, changes)


def test_a_missing_order_may_go_unattended_where_a_repetition_replaces(desk, tmp_path: Path):
    known(desk)
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.audit("sales")
    settings = read_settings(
        tmp_path, lambda raw: raw["emarsys"]["sales"].update(semantics="replace")
    )
    (change,) = desk.with_settings(settings).changes("sales.missing_order")
    assert change.kind == "auto"


def test_a_return_is_uploaded_as_a_negative_line_of_its_own(desk):
    known(desk)
    line = desk.books.line("A", 3, 300)
    desk.books.order("100", line)
    desk.books.returned(line, 1)
    desk.books.sale("100", "A", 3, 300, si_contact_id="si11")
    desk.audit("sales")
    (change,) = desk.changes("sales.return_not_reflected")
    (sent,) = change.request.lines
    assert (sent.quantity_milli, sent.amount_minor) == (-1000, -100)
    assert sent.cause.startswith("return:")


@pytest.fixture
def in_its_own(desk: Desk, tmp_path: Path) -> Desk:
    """Return a desk whose account keeps amounts in the currency of each order, with two decimals."""
    settings = read_settings(tmp_path, lambda raw: raw.update(sales={"currency": "order"}))
    return replace(desk, settings=settings, terms=replace(TERMS, in_base_currency=False))


def prices(desk: Desk, check: str) -> list[str]:
    """Return the amounts that a file of the planned lines would have."""
    desk.audit("sales")
    (change,) = desk.changes(check)
    content = sales_file(_lines_of(request_of(change, SalesLines)), ("price",)).content.decode()
    return content.split()[1:]


@pytest.fixture(params=[("JPY", 0, 1299), ("KWD", 3, 1299000), ("EUR", 2, 129900)])
def bought(in_its_own: Desk, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the line of an order over 1299 of some currency."""
    currency, digits, value = request.param
    known(in_its_own)
    line: dict[str, Any] = in_its_own.books.line("A", 1, value, currency=currency, digits=digits)
    in_its_own.books.order("100", line, currency=currency)
    return line


@pytest.mark.usefixtures("bought")
def test_a_sale_is_uploaded_with_the_decimals_of_the_account(in_its_own: Desk):
    assert prices(in_its_own, "sales.missing_order") == ["1299.00"]


def test_a_return_is_uploaded_with_the_decimals_of_the_account(
    in_its_own: Desk, bought: dict[str, Any]
):
    in_its_own.books.returned(bought, 1)
    in_its_own.books.sale("100", "A", 1, 129900, si_contact_id="si11")
    assert prices(in_its_own, "sales.return_not_reflected") == ["-1299.00"]


def test_of_two_returns_only_the_one_that_is_missing_is_uploaded(desk):
    known(desk)
    line = desk.books.line("A", 5, 500)
    desk.books.order("100", line)
    desk.books.returned(line, 1)
    desk.books.returned(line, 2, created_at=OLD + HOUR)
    desk.books.sale("100", "A", 5, 500, si_contact_id="si11")
    desk.books.sale("100", "A", -1, -100, si_contact_id="si11")
    desk.audit("sales")
    (change,) = desk.changes("sales.return_not_reflected")
    assert [one.quantity_milli for one in change.request.lines] == [-2000]


def returned(desk: Desk, *times: datetime | None, counted: int = 0, first: int = 99) -> str:
    """Let one unit each of an order come back at these times, of which Emarsys counts so many.

    Returns are numbered from the first on, as Centra does.
    """
    known(desk)
    line = desk.books.line("A", 5, 500)
    desk.books.order("100", line)
    desk.books.sale("100", "A", 5, 500, si_contact_id="si11")
    for number, at in enumerate(times, start=first):
        desk.books.returned(line, 1, created_at=at, return_id=str(number))
    for _ in range(counted):
        desk.books.sale("100", "A", -1, -100, si_contact_id="si11")
    desk.audit("sales")
    return "sales.return_not_reflected"


def causes(desk: Desk, check: str) -> list[str]:
    """Return the causes of the lines that a plan of one check uploads."""
    requests = [change.request for change in desk.changes(check)]
    return [line.cause for one in requests if isinstance(one, SalesLines) for line in one.lines]


def of_return(number: int) -> frozenset[tuple[str, str, str]]:
    """Return what the upload ledger keeps of a return."""
    return frozenset({("100", "A", f"return:{number}")})


def test_the_newest_return_is_the_one_that_is_missing(desk):
    assert causes(desk, returned(desk, OLD, OLD + HOUR, counted=1)) == ["return:100"]


def test_of_returns_of_one_moment_the_greater_number_is_the_newer(desk):
    assert causes(desk, returned(desk, OLD, OLD, counted=1)) == ["return:100"]


@pytest.mark.parametrize("young", [NOW - HOUR, NOW - 26 * HOUR])
def test_a_return_that_has_not_settled_is_not_uploaded(desk, young: datetime):
    assert causes(desk, returned(desk, OLD, young, first=101)) == ["return:101"]


def test_a_return_that_was_completed_lately_is_not_uploaded_however_old_it_is(desk):
    known(desk)
    line = desk.books.line("A", 5, 500)
    desk.books.order("100", line)
    desk.books.sale("100", "A", 5, 500, si_contact_id="si11")
    desk.books.returned(line, 1, return_id="1", status="PENDING")
    desk.books.returned(line, 1, return_id="2", created_at=OLD + HOUR)
    desk.books.remember()
    desk.books.change(t.centra_return, {"return_id": "1"}, status="COMPLETED")
    desk.audit("sales")
    assert causes(desk, "sales.return_not_reflected") == ["return:2"]


def test_a_return_is_uploaded_once_it_has_settled(desk):
    settled = NOW - 26 * HOUR - timedelta(seconds=1)
    assert causes(desk, returned(desk, OLD, settled, counted=1)) == ["return:100"]


def test_a_return_without_a_time_is_not_uploaded(desk):
    assert causes(desk, returned(desk, OLD, None)) == ["return:99"]


@pytest.mark.parametrize(("sent", "other"), [(99, 100), (100, 99)])
def test_a_return_that_was_sent_does_not_block_another_of_its_item(desk, sent: int, other: int):
    check = returned(desk, OLD, OLD + HOUR, counted=1)
    desk.sent = of_return(sent)
    assert causes(desk, check) == [f"return:{other}"]


def test_a_return_on_its_way_does_not_block_another_of_its_item(desk):
    check = returned(desk, OLD, OLD + HOUR)
    desk.sent = desk.in_flight = of_return(100)
    assert causes(desk, check) == ["return:99"]


def test_a_return_on_its_way_is_waited_for(desk):
    """The brand's own load has brought the other: to send that would take it back twice."""
    check = returned(desk, OLD, OLD + HOUR, counted=1)
    desk.sent = desk.in_flight = of_return(100)
    assert (desk.changes(check), len(desk.reasons(check))) == ([], 1)


def test_a_difference_that_no_return_explains_is_left(desk):
    check = returned(desk, OLD, OLD + HOUR)
    desk.sent = of_return(99)
    assert (desk.changes(check), len(desk.reasons(check))) == ([], 1)


def test_a_wholesale_order_is_compensated_by_a_person(desk):
    check = sold_wholesale(desk, external_id="1")
    assert desk.changes(check) == []
    (row,) = desk.proposals(check)
    assert (row["order"], row["quantity"], row["price"]) == ("100", "-2", "-3.00")


def test_of_an_order_that_counts_twice_one_half_is_compensated(desk):
    known(desk)
    desk.books.order("100", desk.books.line("A", 2, 300))
    desk.books.sale("100", "A", 2, 300, si_contact_id="si11")
    desk.books.sale("100", "A", 2, 300, si_contact_id="si11")
    desk.books.change(t.emarsys_si_contact, {"si_contact_id": "si11"}, external_id="1")
    desk.audit("sales")
    (row,) = desk.proposals("sales.duplicate_order")
    assert (row["quantity"], row["price"]) == ("-2", "-3.00")


def sold_wholesale(desk: Desk, **si_contact: str | None) -> str:
    """Let Emarsys count a wholesale order, at a contact that it names like this."""
    known(desk)
    desk.books.order("100", desk.books.line("A", 2, 300), kind="WholesaleOrder", store_id="3")
    desk.books.sale("100", "A", 2, 300, si_contact_id="si11")
    desk.books.change(t.emarsys_si_contact, {"si_contact_id": "si11"}, **si_contact)
    desk.audit("channel")
    return "channel.wholesale_in_sales"


def test_a_compensation_names_the_contact_that_has_the_sale(desk):
    (row,) = desk.proposals(sold_wholesale(desk, external_id="8"))
    assert row["customer"] == "8"


def test_a_compensation_names_an_e_mail_where_the_file_has_that_column(desk, tmp_path: Path):
    check = sold_wholesale(desk, external_id="8")
    columns = ["item", "price", "order", "timestamp", "email", "quantity"]
    settings = read_settings(tmp_path, lambda raw: raw["emarsys"]["sales"].update(columns=columns))
    (row,) = desk.with_settings(settings).proposals(check)
    assert row["email"] == "a@x.se"


def test_lines_of_nobody_are_not_put_into_a_file(desk):
    check = sold_wholesale(desk, external_id=None, contact_id=None)
    assert desk.proposals(check) == []
    assert len(desk.reasons(check)) == 1


def test_lines_that_have_no_day_are_not_put_into_a_file(desk):
    known(desk)
    desk.books.sale("100", "A", 1, 100, si_contact_id="si11")
    desk.books.sale("100", "B", 1, 100, si_contact_id="si11", purchased_on=None)
    desk.audit("sales")
    check = "sales.unknown_order"
    assert [row["item"] for row in desk.proposals(check)] == ["A"]
    assert desk.reasons(check) == [UNDATED.reason]


def test_a_sale_on_the_wrong_contact_is_taken_off_and_put_on(desk):
    known(desk)
    desk.books.customer("2", "b@x.se")
    desk.books.contact("12", "b@x.se", None, external_id="2", first_name=None)
    desk.books.change(t.emarsys_si_contact, {"si_contact_id": "si12"}, external_id="2")
    desk.books.order("100", desk.books.line("A", 1, 300))
    desk.books.sale("100", "A", 1, 300, si_contact_id="si12")
    desk.audit("sales")
    rows = desk.proposals("sales.wrong_contact")
    assert [(row["customer"], row["quantity"], row["price"]) for row in rows] == [
        ("2", "-1", "-3.00"),
        ("1", "1", "3.00"),
    ]


# --- fulfilment -------------------------------------------------------------------------------------


def unannounced(desk: Desk, age_h: int, event: str = "77") -> str:
    known(desk)
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.books.sale("100", "A", 1, 100, si_contact_id="si11")
    desk.books.shipment("100-1", NOW - age_h * HOUR)
    desk.books.contact("8", "b@x.se", None)
    desk.books.event("first", "8", happened_at=OLD - 240 * HOUR)
    named = {"event_type_id": "order_shipped"}
    desk.books.change(t.emarsys_event_definition, named, event_type_id=event)
    desk.books.change(t.emarsys_event, named, event_type_id=event)
    desk.audit("fulfilment")
    return "fulfilment.missing_shipped_event"


def test_a_parcel_without_its_mail_fires_the_event_by_its_number(desk):
    (change,) = desk.changes(unannounced(desk, 20))
    assert change.request == EventFiring(
        77,
        "order_shipped",
        "11",
        "4711",
        "1",
        "shipped:100:100-1",
        (NOW - 20 * HOUR).replace(tzinfo=UTC),
        (NOW + 28 * HOUR).replace(tzinfo=UTC),
        {"order": "100", "shipment": "100-1"},
    )


def test_the_remedy_that_fires_events_is_known_as_such(desk):
    (change,) = desk.changes(unannounced(desk, 20))
    assert {change.remedy} == FIRINGS


@pytest.mark.parametrize(("age_h", "count"), [(47, 1), (48, 0), (49, 0)])
def test_old_news_is_not_told(desk, age_h: int, count: int):
    assert len(desk.changes(unannounced(desk, age_h))) == count


def test_an_event_without_a_number_is_not_fired(desk):
    check = unannounced(desk, 20, event="x")
    assert desk.changes(check) == []
    assert "emarsys.events.shipped" in desk.reasons(check)[0]


def pushed(desk: Desk, tmp_path: Path) -> Desk:
    """Let the brand's catalogue be pushed."""
    catalogue = {"feed": "feed.csv", "push": True}
    return desk.with_settings(
        read_settings(tmp_path, lambda raw: raw["emarsys"].update(catalogue=catalogue))
    )


def test_a_wrong_price_is_set_where_the_catalogue_is_pushed(desk, tmp_path: Path):
    desk.books.sells("A")
    desk.books.lists("A", price_minor=1)
    desk.audit("catalogue")
    (change,) = pushed(desk, tmp_path).changes("catalogue.price_mismatch")
    assert isinstance(change.request, CatalogueCells)
    assert change.request.expect == {"price": "0.01"}
    now = dict[str, str | None](change.request.set)
    assert change.undo == CatalogueCells("A", {"price": "0.01"}, now)


def test_where_it_is_not_pushed_the_cell_is_for_people(desk):
    desk.books.sells("A")
    desk.books.lists("A", price_minor=1)
    desk.audit("catalogue")
    assert desk.changes("catalogue.price_mismatch") == []
    (row,) = desk.proposals("catalogue.price_mismatch")
    assert (row["item"], row["column"]) == ("A", "price")


def test_an_item_that_sold_out_is_made_unavailable(desk, tmp_path: Path):
    desk.books.sells("A", free_to_allocate=0)
    desk.books.lists("A")
    desk.audit("catalogue")
    (change,) = pushed(desk, tmp_path).changes("catalogue.out_of_stock_but_available")
    assert change.request == CatalogueCells("A", {"available": "false"}, {"available": "true"})


def test_of_an_items_texts_only_those_that_are_wrong_are_set(desk, tmp_path: Path):
    desk.books.sells("A")
    desk.books.lists("A", title="Wrong", category="Home > Women > Coats|Sale > Coats")
    desk.audit("catalogue")
    (change,) = pushed(desk, tmp_path).changes("catalogue.attribute_mismatch")
    assert change.request == CatalogueCells("A", {"title": "Coat A"}, {"title": "Wrong"})


def test_a_category_that_leads_elsewhere_is_set(desk, tmp_path: Path):
    desk.books.sells("A")
    desk.books.lists("A", category="Sale")
    desk.audit("catalogue")
    (change,) = pushed(desk, tmp_path).changes("catalogue.attribute_mismatch")
    assert change.request == CatalogueCells("A", {"category": "Women>Coats"}, {"category": "Sale"})


def test_a_link_that_is_wrong_is_for_the_feeds_makers(desk, tmp_path: Path):
    desk.books.sells("A")
    desk.books.lists("A", link="https://shop.example/other", category="Home > Women > Coats")
    desk.audit("catalogue")
    desk = pushed(desk, tmp_path)
    assert desk.changes("catalogue.attribute_mismatch") == []
    assert len(desk.reasons("catalogue.attribute_mismatch")) == 1


def test_a_missing_item_is_for_people_even_where_the_catalogue_is_pushed(desk, tmp_path: Path):
    desk.books.sells("A")
    desk.audit("catalogue")
    desk = pushed(desk, tmp_path)
    assert desk.changes("catalogue.missing_item") == []
    assert [row["do"] for row in desk.proposals("catalogue.missing_item")] == ["add this item"]


def test_lines_of_an_order_that_emarsys_counts_are_not_sent_again_where_they_would_replace_it(
    desk, tmp_path: Path
):
    known(desk)
    lines = (desk.books.line("A", 1, 100), desk.books.line("B", 1, 200))
    desk.books.order("100", *lines, customer_id="1")
    desk.books.sale("100", "A", 1, 100, si_contact_id="si11")
    desk.audit("sales")
    check = "sales.missing_line"
    assert len(desk.changes(check)) == 1
    replacing = desk.with_settings(
        read_settings(tmp_path, lambda raw: raw["emarsys"]["sales"].update(semantics="replace"))
    )
    assert replacing.changes(check) == []
