"""Each audience check as data: what fails it, what passes it, what tempts it and is clean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config.audiences import (
    Audience,
    Category,
    LastOrder,
    LifetimeValue,
    OrderCount,
    Rule,
    SkuCount,
)
from tests.reconcile.books import OLD, TERMS, YOUNG, Books

if TYPE_CHECKING:
    import sqlalchemy as sa

    from auditor.reconcile.terms import Terms


SEGMENT = 200001
MISMATCH = "audience.membership_mismatch"
INFLATED = "audience.inflated_value"
RICH = Rule(lifetime_value=LifetimeValue(over=500))
BEFORE = OLD - timedelta(days=70)


SUITES = frozenset({"audience"})


def following(rule: Rule) -> Terms:
    return replace(TERMS, audiences=(Audience(segment=SEGMENT, name="Loyal", rule=rule),))


def found(books: Books, rule: Rule = RICH) -> set[str]:
    """Return who is in the segment wrongly, or out of it."""
    rows = books.rows(following(rule))
    return {row["subject_key"] for row in rows if row["check_id"] == MISMATCH}


def row_of(books: Books, check: str, rule: Rule = RICH) -> sa.RowMapping:
    (row,) = [row for row in books.rows(following(rule)) if row["check_id"] == check]
    return row


def bought(books: Books, number: str, minor: int, *, item: str = "A", **values: Any) -> None:
    """Place an order and count it."""
    books.order(number, books.line(item, 1, minor), **values)
    books.sale(number, item, 1, minor)


@pytest.fixture(autouse=True)
def _buyer(books: Books) -> None:
    books.customer("1", "a@x.se", total_orders=1)
    books.contact("1", "a@x.se", None, external_id="1")


def test_a_member_whom_the_rule_describes_is_clean(books: Books):
    bought(books, "100", 60000)
    books.segment(SEGMENT, "1")
    assert found(books) == set()


def test_somebody_whom_the_rule_leaves_out_and_who_is_no_member_is_clean(books: Books):
    bought(books, "100", 40000)
    assert found(books) == set()


def test_a_member_whom_the_rule_leaves_out_is_a_mismatch(books: Books):
    bought(books, "100", 40000)
    books.segment(SEGMENT, "1")
    assert found(books) == {f"{SEGMENT}/1"}


def test_somebody_whom_the_rule_describes_and_who_is_no_member_is_a_mismatch(books: Books):
    bought(books, "100", 60000)
    assert found(books) == {f"{SEGMENT}/1"}


def test_a_mismatch_shows_both_sides(books: Books):
    bought(books, "100", 60000)
    row = row_of(books, MISMATCH)
    assert (row["centra_rule"], row["centra_is_member"], row["centra_amount_minor"]) == (
        "lifetime_value over=500",
        True,
        60000,
    )
    assert (row["emarsys_is_member"], row["emarsys_amount_minor"]) == (False, 60000)


def test_a_mismatch_is_about_the_contact_and_reaches_one_person(books: Books):
    bought(books, "100", 60000)
    row = row_of(books, MISMATCH)
    assert (row["subject_kind"], row["contact_id"], row["customer_id"], row["people"]) == (
        "audience",
        "1",
        "1",
        1,
    )


def test_only_segments_that_are_declared_are_judged(books: Books):
    books.segment(100001, "1")
    assert found(books) == set()


RULES = [
    (Rule(order_count=OrderCount(at_least=2)), {"A": 1, "B": 1}, {"A": 2}),
    (Rule(sku_count=SkuCount(sku="A", at_least=2)), {"A": 2}, {"A": 1, "B": 2}),
    (Rule(category=Category(name="Knitwear", at_least=2)), {"A": 1, "K": 1}, {"A": 1, "B": 1}),
]


def buys(books: Books, basket: dict[str, int]) -> None:
    books.customer("1b", "a@x.se", total_orders=len(basket) - 1)  # two rows, one person
    books.shown_in("Knitwear", "A")
    books.shown_in("Knitwear", "K")
    books.shown_in("Dresses", "B")
    for place, (item, units) in enumerate(basket.items()):
        books.order(f"{100 + place}", books.line(item, units, 1000 * units))
        books.sale(f"{100 + place}", item, units, 1000 * units)


@pytest.mark.parametrize(("rule", "enough", "_"), RULES, ids=["orders", "sku", "category"])
def test_who_bought_enough_belongs_into_the_segment(
    books: Books, rule: Rule, enough: dict[str, int], _: object
):
    buys(books, enough)
    assert found(books, rule) == {f"{SEGMENT}/1"}


@pytest.mark.parametrize(("rule", "_", "too_few"), RULES, ids=["orders", "sku", "category"])
def test_who_bought_too_few_does_not_belong_into_the_segment(
    books: Books, rule: Rule, _: object, too_few: dict[str, int]
):
    buys(books, too_few)
    books.segment(SEGMENT, "1")
    assert found(books, rule) == {f"{SEGMENT}/1"}


@pytest.mark.parametrize(
    ("rule", "belongs"),
    [
        (LastOrder(after=OLD.date() - timedelta(days=2)), True),
        (LastOrder(after=OLD.date() + timedelta(days=2)), False),
        (LastOrder(before=OLD.date() + timedelta(days=2)), True),
        (LastOrder(before=OLD.date() - timedelta(days=2)), False),
        (LastOrder(after=OLD.date()), None),
        (LastOrder(before=OLD.date()), None),
        (LastOrder(before=OLD.date() + timedelta(days=1)), None),
    ],
)
@pytest.mark.parametrize("is_member", [True, False])
def test_the_last_order_decides_unless_a_time_zone_could(
    books: Books, rule: LastOrder, belongs: bool | None, is_member: bool
):
    bought(books, "100", 1000)
    if is_member:
        books.segment(SEGMENT, "1")
    is_wrong = belongs is not None and belongs is not is_member
    assert found(books, Rule(last_order=rule)) == ({f"{SEGMENT}/1"} if is_wrong else set())


@pytest.mark.parametrize("is_member", [True, False])
@pytest.mark.parametrize(
    "what", [{"created_at": YOUNG, "updated_at": YOUNG}, {"updated_at": YOUNG}]
)
def test_a_young_order_may_be_in_or_not(books: Books, what: dict[str, Any], is_member: bool):
    bought(books, "100", 60000, **what)
    if is_member:
        books.segment(SEGMENT, "1")
    assert found(books) == set()


@pytest.mark.parametrize("is_member", [True, False])
def test_a_young_return_may_be_in_or_not(books: Books, is_member: bool):
    line = books.line("A", 2, 60000)
    books.order("100", line)
    books.sale("100", "A", 2, 60000)
    books.returned(line, 1, created_at=YOUNG)
    if is_member:
        books.segment(SEGMENT, "1")
    assert found(books) == set()


@pytest.mark.parametrize("is_member", [True, False])
def test_one_minor_unit_decides_nothing(books: Books, is_member: bool):
    bought(books, "100", 50001)
    if is_member:
        books.segment(SEGMENT, "1")
    assert found(books) == set()


def test_a_settled_return_counts(books: Books):
    line = books.line("A", 2, 60000)
    books.order("100", line)
    books.sale("100", "A", 2, 60000)
    books.sale("100", "A", -1, -30000)
    books.returned(line, 1)
    books.segment(SEGMENT, "1")
    assert found(books) == {f"{SEGMENT}/1"}


def test_one_member_among_the_contacts_of_a_person_is_enough(books: Books):
    bought(books, "100", 60000)
    books.contact("2", "a@x.se", None)
    books.segment(SEGMENT, "2")
    assert found(books) == set()


def test_of_several_contacts_none_of_them_a_member_one_is_named(books: Books):
    bought(books, "100", 60000)
    books.contact("2", "a@x.se", None)
    assert found(books) == {f"{SEGMENT}/1"}


def test_a_person_without_a_contact_cannot_be_a_member(books: Books):
    books.customer("2", "b@x.se", total_orders=1)
    books.order("100", books.line("A", 1, 60000), customer_id="2")
    assert found(books) == set()


def test_orders_from_before_the_first_day_may_explain_a_member(books: Books):
    bought(books, "100", 40000)
    books.customer("1c", "a@x.se", total_orders=1)
    books.segment(SEGMENT, "1")
    assert found(books) == set()


def test_the_contact_of_an_erased_customer_is_left_to_consent(books: Books):
    books.customer("9", None, is_anonymized=True)
    books.contact("9", "old@x.se", 2, external_id="9")
    books.segment(SEGMENT, "9")
    assert found(books) == set()


def test_who_may_be_in_or_out_is_not_counted_as_checked(books: Books):
    bought(books, "100", 60000, updated_at=YOUNG)
    books.contact("2", "b@x.se", None)
    found(books)
    assert books.checked()[MISMATCH] == 1


def missing(books: Books) -> None:
    books.order("100", books.line("A", 1, 60000))


def duplicated(books: Books) -> None:
    bought(books, "100", 40000)
    books.sale("100", "A", 1, 40000)
    books.segment(SEGMENT, "1")


def of_no_consumer(books: Books) -> None:
    bought(books, "100", 60000, is_internal=True)
    books.segment(SEGMENT, "1")


def on_another_contact(books: Books) -> None:
    books.contact("2", "b@x.se", None)
    books.order("100", books.line("A", 1, 60000))
    books.sale("100", "A", 1, 60000, si_contact_id="si2")


def not_netted(books: Books) -> None:
    line = books.line("A", 2, 60000)
    books.order("100", line)
    books.sale("100", "A", 2, 60000)
    books.returned(line, 1)
    books.segment(SEGMENT, "1")


def for_no_reason(books: Books) -> None:
    bought(books, "100", 60000)


def for_another_reason(books: Books) -> None:
    """A missing order, which the segment outvotes: the sales that are there are enough."""
    books.order("100", books.line("A", 1, 1000))
    bought(books, "101", 60000)


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        (missing, "missing order"),
        (duplicated, "duplicated order"),
        (of_no_consumer, "non-consumer order"),
        (on_another_contact, "orphan"),
        (not_netted, "return not netted"),
        (for_no_reason, "unexplained"),
        (for_another_reason, "unexplained"),
    ],
)
def test_a_mismatch_names_its_cause(books: Books, case: Any, cause: str):
    case(books)
    causes = {
        row["cause"]
        for row in books.rows(following(RICH))
        if row["subject_key"] == f"{SEGMENT}/1" and row["check_id"] == MISMATCH
    }
    assert causes == {cause}


def test_who_holds_the_sales_of_another_is_a_member_for_an_orphan(books: Books):
    on_another_contact(books)
    books.segment(SEGMENT, "1", "2")
    assert row_of(books, MISMATCH)["cause"] == "orphan"


def test_a_missing_order_explains_who_seems_asleep(books: Books):
    bought(books, "100", 1000, created_at=OLD - timedelta(days=20))
    books.order("101", books.line("A", 1, 60000))
    books.customer("1b", "a@x.se", total_orders=1)
    books.segment(SEGMENT, "1")
    asleep = Rule(last_order=LastOrder(before=OLD.date() - timedelta(days=2)))
    assert row_of(books, MISMATCH, asleep)["cause"] == "unexplained"


EARLY: list[dict[str, Any]] = [
    {"is_on_hold": True},
    {"is_waiting_for_payment": True},
    {"status": "PENDING"},
]


@pytest.mark.parametrize("state", EARLY)
def test_turnover_of_an_order_that_is_not_due_inflates_a_contact(
    books: Books, state: dict[str, Any]
):
    bought(books, "100", 60000, **state)
    assert books.drift() == {("audience.inflated_value", "1")}


def test_an_inflated_contact_shows_its_sum(books: Books):
    bought(books, "100", 60000, is_on_hold=True)
    bought(books, "101", 20000)
    bought(books, "102", 5000)
    books.sale("102", "A", 1, 5000)
    row = row_of(books, INFLATED)
    assert (row["money_minor"], row["emarsys_amount_minor"]) == (60000, 90000)
    assert (row["centra_amount_minor"], row["emarsys_explained_minor"]) == (25000, 5000)


def test_a_return_that_was_netted_on_another_contact_inflates_the_first(books: Books):
    line = books.line("A", 2, 60000)
    books.order("100", line)
    books.returned(line, 2)
    books.sale("100", "A", 2, 60000)
    books.contact("2", "nobody@x.se", None, external_id="999")  # whom the identity suite tells
    books.sale("100", "A", -2, -60000, si_contact_id="si2")
    assert books.drift() == {("audience.inflated_value", "1")}


def test_a_return_that_was_netted_on_a_strangers_contact_is_a_sale_on_the_wrong_one(books: Books):
    line = books.line("A", 2, 60000)
    books.order("100", line)
    books.returned(line, 2)
    books.sale("100", "A", 2, 60000)
    books.contact("2", "nobody@x.se", None)
    books.sale("100", "A", -2, -60000, si_contact_id="si2")
    assert books.drift() == {("sales.wrong_contact", "100")}


@pytest.mark.parametrize("state", EARLY)
def test_a_young_order_that_is_not_due_inflates_nobody_yet(books: Books, state: dict[str, Any]):
    bought(books, "100", 60000, updated_at=YOUNG, **state)
    assert books.drift() == set()


@pytest.mark.parametrize("case", [duplicated, of_no_consumer, not_netted, on_another_contact])
def test_what_another_finding_explains_inflates_nobody(books: Books, case: Any):
    case(books)
    assert INFLATED not in {check for check, _ in books.drift()}


def test_cancelled_and_unknown_orders_are_explained_by_their_findings(books: Books):
    bought(books, "100", 60000, status="CANCELLED")
    books.sale("999", "A", 1, 70000)
    assert books.drift() == {("sales.cancelled_but_counted", "100"), ("sales.unknown_order", "999")}


def test_sales_from_before_the_first_day_inflate_nobody(books: Books):
    books.order("100", books.line("A", 1, 60000), created_at=BEFORE, is_on_hold=True)
    books.sale("100", "A", 1, 60000, purchased_on=BEFORE.date())
    assert books.drift() == set()


def test_a_contact_whom_centra_does_not_know_is_left_to_identity(books: Books):
    books.contact("2", "nobody@x.se", None)
    books.order("100", books.line("A", 1, 60000), is_on_hold=True)
    books.sale("100", "A", 1, 60000, si_contact_id="si2")
    assert INFLATED not in {check for check, _ in books.drift()}


def test_contacts_with_sales_are_counted_as_checked(books: Books):
    bought(books, "100", 60000)
    books.contact("2", "b@x.se", None)
    books.drift()
    assert books.checked()[INFLATED] == 1


@pytest.mark.parametrize(("category", "wrong"), [("Dresses", {f"{SEGMENT}/1"}), (None, set())])
def test_nobody_is_out_by_a_category_where_the_tenant_tells_none(
    books: Books, category: str | None, wrong: set[str]
):
    bought(books, "100", 1000)
    books.shown_in(category, "A")
    books.segment(SEGMENT, "1")
    assert found(books, Rule(category=Category(name="Knitwear", at_least=1))) == wrong
