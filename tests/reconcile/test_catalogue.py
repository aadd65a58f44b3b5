"""Each catalogue check as data: what fails it, what passes it, what tempts it and is clean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import ConfigError
from auditor.model import tables as t
from tests.reconcile.books import EARLIER, NOW, OLD, TERMS, YOUNG, Books

if TYPE_CHECKING:
    from datetime import datetime

WARM = NOW - timedelta(hours=3)


SUITES = frozenset({"catalogue"})


def drifted(check: str, item: str = "A") -> set[tuple[str, str]]:
    return {(check, item)}


def test_an_item_that_is_listed_as_it_is_sold_is_clean(books: Books):
    books.sells("A")
    books.lists("A")
    assert books.drift() == set()


# --- missing, retired, duplicated ------------------------------------------------------------------


def test_a_sellable_item_that_is_not_listed_is_missing_and_nothing_else(books: Books):
    books.sells("A", free_to_allocate=0)
    assert books.drift() == {("catalogue.missing_item", "A")}


NOT_SELLABLE: list[dict[str, Any]] = [
    {"status": "INACTIVE"},
    {"variant_status": "INACTIVE"},
    {"display_status": "INACTIVE"},
    {"is_active": False},
    {"market_id": "2"},
    {"store_id": "3"},
    {"minor": None},
    {"pricelist_id": "9"},
]


def test_an_item_that_is_not_sellable_may_be_absent_or_unavailable(books: Books):
    for number, why in enumerate(NOT_SELLABLE):
        books.sells(f"absent {number}", **why)
        books.sells(f"unavailable {number}", **why)
        books.lists(f"unavailable {number}", price_minor=1, available=False)
    assert books.drift() == set()


def test_an_item_that_is_not_sellable_and_still_available_is_retired_and_nothing_else(
    books: Books,
):
    for number, why in enumerate(NOT_SELLABLE):
        books.sells(str(number), **why)
        books.lists(str(number), price_minor=1, stock=99, title="Another")
    expected = {("catalogue.retired_item", str(number)) for number in range(len(NOT_SELLABLE))}
    assert books.drift() == expected


def test_an_available_item_that_centra_does_not_know_is_retired(books: Books):
    books.lists("A")
    (row,) = books.rows()
    assert (row["check_id"], row["cause"]) == ("catalogue.retired_item", "unknown to Centra")


def test_an_unknown_item_is_not_judged_when_the_feed_is_younger_than_the_reading(books: Books):
    books.feed(NOW + timedelta(minutes=5))
    books.lists("A")
    assert books.drift() == set()


@pytest.mark.parametrize(
    ("settles_at", "found"),
    [(EARLIER - timedelta(hours=1), set()), (NOW, drifted("catalogue.retired_item"))],
    ids=["a moment ago", "long ago"],
)
@pytest.mark.parametrize("is_renamed", [True, False])
def test_an_item_that_centra_has_no_more_is_judged_once_it_went_long_ago(
    books: Books, settles_at: datetime, found: set[tuple[str, str]], *, is_renamed: bool
):
    books.sells("A", status="INACTIVE")
    books.lists("A")
    books.remember()
    if is_renamed:
        books.change(t.centra_size, {"size_id": "A"}, item="B")
    else:
        books.lose(t.centra_size, size_id="A")
    assert books.drift(replace(TERMS, catalogue_before=settles_at)) == found


@pytest.mark.parametrize(
    ("settles_at", "found"),
    [(EARLIER - timedelta(hours=1), set()), (NOW, drifted("catalogue.retired_item"))],
    ids=["a moment ago", "long ago"],
)
def test_an_item_whose_display_is_gone_is_retired_once_that_went_long_ago(
    books: Books, settles_at: datetime, found: set[tuple[str, str]]
):
    books.sells("A")
    books.lists("A")
    books.remember()
    books.lose(t.centra_display, display_id="A")
    assert books.drift(replace(TERMS, catalogue_before=settles_at)) == found


def test_an_item_that_stands_twice_raises_nothing_else(books: Books):
    books.sells("A")
    books.lists("A")
    books.lists("A", price_minor=1)
    assert books.drift() == {("catalogue.duplicate_item", "A")}


def test_a_retired_item_that_stands_twice_is_retired_all_the_same(books: Books):
    books.sells("A", status="INACTIVE")
    books.lists("A", available=False)
    books.lists("A")
    expected = {("catalogue.duplicate_item", "A"), ("catalogue.retired_item", "A")}
    assert books.drift() == expected


def test_an_item_that_changed_lately_is_not_judged(books: Books):
    wrong: list[dict[str, Any]] = [{"available": False}, {"price_minor": 1}, {"title": "Another"}]
    for number, listed in enumerate(wrong):
        books.sells(str(number), updated_at=YOUNG)
        books.lists(str(number), **listed)
    books.sells("missing", updated_at=YOUNG)
    books.sells("retired", updated_at=YOUNG, status="INACTIVE")
    books.lists("retired")
    assert books.drift() == set()


def reprice(books: Books) -> None:
    """Let an earlier run have read another price of an item than this one does."""
    books.sells("A")
    books.sells("B")
    books.lists("A")
    books.lists("B", price_minor=1, msrp_minor=10000)
    books.remember()
    books.change(t.centra_price, {"price_id": "A"}, value_minor=8000)


def test_a_price_that_may_have_changed_a_moment_ago_is_not_judged(books: Books):
    reprice(books)
    terms = replace(TERMS, catalogue_before=EARLIER - timedelta(hours=1))
    assert books.drift(terms) == drifted("catalogue.price_mismatch", "B")


def test_a_price_that_may_have_changed_a_moment_ago_is_judged_ahead_of_a_launch(books: Books):
    reprice(books)
    terms = replace(TERMS, catalogue_before=EARLIER - timedelta(hours=1), is_launch=True)
    assert ("catalogue.price_mismatch", "A") in books.drift(terms)


def test_a_price_that_has_settled_since_another_was_read_is_judged(books: Books):
    reprice(books)
    assert ("catalogue.price_mismatch", "A") in books.drift()


def withdraw(books: Books) -> None:
    """Let an earlier run have read prices of two items that are there no more, one over another price."""
    books.sells("A")
    books.lists("A")
    books.sells("B")
    books.lists("B", 8000)
    books.price(8000, price_id="of B alone", variant_id="B")
    books.remember()
    books.lose(t.centra_price, price_id="A")
    books.lose(t.centra_price, price_id="of B alone")


def test_a_price_that_may_have_gone_a_moment_ago_is_not_judged(books: Books):
    withdraw(books)
    assert books.drift(replace(TERMS, catalogue_before=EARLIER - timedelta(hours=1))) == set()


def test_a_price_that_went_long_ago_is_judged(books: Books):
    withdraw(books)
    found = books.drift()
    assert {("catalogue.retired_item", "A"), ("catalogue.price_mismatch", "B")} <= found


@pytest.mark.parametrize("wrong", [{"market": "Swede"}, {"warehouses": ("Main", "Mian")}], ids=str)
def test_a_name_that_centra_does_not_have_is_refused(books: Books, wrong: dict[str, Any]):
    books.lists("A")
    with pytest.raises(ConfigError, match="Centra has none named"):
        books.drift(replace(TERMS, **wrong))


# --- prices ----------------------------------------------------------------------------------------


def test_another_price_is_drift(books: Books):
    books.sells("A", 10000)
    books.lists("A", 9900, msrp_minor=10000)
    (row,) = books.rows()
    assert row["check_id"] == "catalogue.price_mismatch"
    assert (row["centra_price_minor"], row["emarsys_price_minor"]) == (10000, 9900)


def test_one_minor_unit_is_no_other_price(books: Books):
    books.sells("A", 10000)
    books.lists("A", 10001)
    assert books.drift() == set()


def test_a_variant_inherits_the_price_of_its_product(books: Books):
    books.sells("A", None)
    books.price(8000, product_id="A")
    books.lists("A", 8000)
    assert books.drift() == set()


def test_a_price_of_its_own_comes_before_an_inherited_one(books: Books):
    books.sells("A", 10000)
    books.price(8000, product_id="A")
    books.lists("A", 8000)
    assert books.drift() == drifted("catalogue.price_mismatch") | drifted(
        "catalogue.reference_price_mismatch"
    )


def test_the_price_of_another_list_does_not_count(books: Books):
    books.sells("A", 10000)
    books.price(1, product_id="A", variant_id="A", pricelist_id="2")
    books.lists("A", 10000)
    assert books.drift() == set()


def test_while_a_campaign_runs_its_price_is_right_and_the_list_price_is_compared_with(books: Books):
    books.sells("A", 10000)
    books.campaign("A", 7000)
    books.lists("A", 7000, msrp_minor=10000)
    assert books.drift() == set()


def test_the_list_price_is_wrong_while_a_campaign_runs(books: Books):
    books.sells("A", 10000)
    books.campaign("A", 7000)
    books.lists("A", 10000)
    assert books.drift() == drifted("catalogue.price_mismatch")


def test_a_campaign_that_does_not_run_here_and_now_changes_no_price(books: Books):
    idle: dict[str, dict[str, Any]] = {
        "over": {"stops_at": NOW - timedelta(days=3)},
        "to come": {"starts_at": NOW + timedelta(days=3)},
        "paused": {"status": "INACTIVE"},
        "elsewhere": {"market_id": "2"},
        "on another list": {"pricelist_id": "2"},
    }
    for item, why in idle.items():
        books.sells(item)
        books.campaign(item, 7000, **{"campaign_id": item, **why})
        books.lists(item)
    assert books.drift() == set()


def test_either_price_is_right_shortly_after_a_campaign_began_or_ended(books: Books):
    for edge in ("starts_at", "stops_at"):
        for minor in (7000, 10000):
            item = f"{edge} {minor}"
            books.sells(item)
            when: dict[str, Any] = {edge: WARM}
            books.campaign(item, 7000, campaign_id=item, **when)
            books.lists(item, minor, msrp_minor=10000)
    assert books.drift() == set()


def test_the_original_price_is_what_the_reference_price_is_compared_with(books: Books):
    books.sells("A", 10000)
    books.campaign("A", 7000)
    books.lowest("A", 8000)
    books.lowest("A", 9000, started_at=OLD - timedelta(days=40))
    books.lowest("A", 1, market_id=None)
    books.lowest("A", 2, market_id="2")
    books.lists("A", 7000, msrp_minor=10000)
    assert books.drift() == drifted("catalogue.reference_price_mismatch")


def test_an_original_price_of_a_moment_ago_is_not_compared_with_yet(books: Books):
    books.sells("A")
    books.lists("A")
    books.lowest("A", 12000, started_at=YOUNG)
    assert books.drift() == set()


def test_a_feed_without_reference_prices_is_clean(books: Books):
    books.sells("A")
    books.lists("A", msrp_minor=None)
    assert books.drift() == set()


def test_prices_are_compared_with_the_decimals_of_their_currency(books: Books):
    for currency, minor, shown in (("JPY", 1990, 199000), ("KWD", 10125, 1013), ("EUR", 995, 995)):
        books.sells(currency, minor, currency=currency)
        books.lists(currency, shown)
    assert books.drift() == set()


# --- stock -----------------------------------------------------------------------------------------


def test_what_the_threshold_keeps_back_is_not_available(books: Books):
    for free in (2, 1, 0, -3):
        books.sells(f"told {free}", free_to_allocate=free)
        books.lists(f"told {free}", stock=0, available=False)
        books.sells(f"kept {free}", free_to_allocate=free)
        books.lists(f"kept {free}", stock=free)
    kept = {("catalogue.out_of_stock_but_available", f"kept {free}") for free in (2, 1, 0, -3)}
    assert books.drift() == kept


def test_an_offset_above_zero_replaces_the_threshold(books: Books):
    for offset, left in ((0, 10), (1, 11), (5, 7)):
        books.sells(str(offset), stock_offset=offset)
        books.lists(str(offset), stock=left)
    assert books.drift() == set()


def test_an_item_in_stock_that_is_unavailable_is_drift(books: Books):
    books.sells("A")
    books.lists("A", available=False, stock=0)
    assert books.drift() == drifted("catalogue.in_stock_but_unavailable")


def test_only_the_configured_warehouses_count(books: Books):
    books.sells("A")
    books.stock("A", 500, "2")
    books.lists("A")
    assert books.drift() == set()


def test_without_configured_warehouses_all_count(books: Books):
    books.sells("A", free_to_allocate=1)
    books.stock("A", 500, "2")
    books.lists("A", stock=500)
    assert books.drift(replace(TERMS, warehouses=())) == set()


def test_a_size_without_a_row_of_stock_has_none(books: Books):
    books.sells("A", warehouse_id="2")
    books.lists("A", stock=0)
    assert books.drift() == drifted("catalogue.out_of_stock_but_available")


def test_another_number_in_the_stock_column_is_drift(books: Books):
    books.sells("A")
    books.lists("A", stock=12)
    assert books.drift() == drifted("catalogue.stock_mismatch")


def test_a_difference_within_the_tolerance_is_clean(books: Books):
    books.sells("A")
    books.lists("A", stock=12)
    assert books.drift(replace(TERMS, stock_tolerance=2)) == set()


def test_without_a_stock_column_only_the_availability_is_compared(books: Books):
    books.sells("A")
    books.lists("A", stock=None)
    assert books.drift() == set()


def test_an_item_ordered_since_the_feed_was_written_is_not_judged_on_its_stock(books: Books):
    books.feed(WARM)
    for item, wrong in (("A", {"stock": 12}), ("B", {"available": False})):
        books.sells(item)
        books.lists(item, **wrong)
    lines = books.line("A", 1, 100), books.line("B", 1, 100)
    books.order("100", *lines, created_at=YOUNG, updated_at=YOUNG)
    assert books.drift() == set()


def test_an_item_ordered_before_the_feed_was_written_is_judged(books: Books):
    books.feed(YOUNG)
    books.sells("A")
    books.lists("A", stock=12)
    books.order("100", books.line("A", 1, 100), created_at=WARM, updated_at=WARM)
    assert books.drift() == drifted("catalogue.stock_mismatch")


def test_an_item_ordered_longer_ago_than_settle_is_judged_however_old_the_feed_is(books: Books):
    books.feed(NOW - timedelta(days=9))
    books.sells("A")
    books.lists("A", stock=12)
    books.order("100", books.line("A", 1, 100), customer_id=None, is_on_hold=True)
    assert ("catalogue.stock_mismatch", "A") in books.drift()


def test_the_stock_of_a_bundle_is_not_judged(books: Books):
    books.sells("A", is_bundle=True, free_to_allocate=0)
    books.lists("A", stock=4)
    assert books.drift() == set()


# --- texts -----------------------------------------------------------------------------------------


def test_another_text_is_drift_and_named(books: Books):
    wrong: dict[str, tuple[str, dict[str, Any]]] = {
        "a": ("title", {"title": "Another"}),
        "b": ("title", {"title": None}),
        "c": ("link", {"link": "https://shop.example/sv/other-coat-c"}),
        "d": ("link", {"link": None}),
        "e": ("category", {"category": "Women>Coats>Wool"}),
        "f": ("title, category", {"title": "Another", "category": None}),
    }
    for item, (_, listed) in wrong.items():
        books.sells(item)
        books.lists(item, **listed)
    found = {(row["check_id"], row["subject_key"], row["cause"]) for row in books.rows()}
    assert found == {("catalogue.attribute_mismatch", i, cause) for i, (cause, _) in wrong.items()}


IMAGES = "https://shop.example/front.jpg\nhttps://shop.example/coat.jpg"


@pytest.mark.parametrize(
    ("sold", "listed", "cause"),
    [
        ({"images": IMAGES}, {"image": "https://shop.example/front.jpg?v=1"}, "image"),
        ({"images": IMAGES}, {"image": None}, "image"),
        ({"images": IMAGES}, {"image": "coat.jpg"}, "image"),
        ({"collection": "Core"}, {"collection": "Core 25"}, "collection"),
    ],
)
def test_another_image_or_collection_is_drift_and_named(
    books: Books, sold: dict[str, Any], listed: dict[str, Any], cause: str
):
    books.sells("A", **sold)
    books.lists("A", **listed)
    assert [row["cause"] for row in books.rows()] == [cause]


@pytest.mark.parametrize(
    ("sold", "listed"),
    [
        ({"images": IMAGES}, {"image": "https://shop.example/front.jpg"}),
        ({"images": IMAGES}, {}),
        ({}, {"image": "https://shop.example/another.jpg"}),
        ({"collection": "Core"}, {"collection": "Core"}),
        ({"collection": "Core"}, {}),
        ({}, {"collection": "Core"}),
    ],
    ids=["one-of-two", "the-other", "no-size-set", "same", "no-column-set", "not-told"],
)
def test_an_image_or_collection_that_agrees_or_is_not_told_is_clean(
    books: Books, sold: dict[str, Any], listed: dict[str, Any]
):
    books.sells("A", **sold)
    books.lists("A", **listed)
    assert books.drift() == set()


def test_what_only_looks_different_is_clean(books: Books):
    same: list[dict[str, Any]] = [
        {"link": "https://shop.example/coat-0/"},
        {"link": "https://shop.example/a/b/coat-1#top"},
        {"link": "/coat-2"},
        {"link": "https://shop.example/sk%C3%B6n-coat"},
        {"category": "Sale|Women > Coats"},
        {"category": "Shop>Women>Coats"},
    ]
    for item, listed in enumerate(same):
        books.sells(str(item))
        books.lists(str(item), **listed)
    assert books.drift() == set()


def test_texts_that_centra_does_not_tell_are_not_compared(books: Books):
    books.sells("A", name=None, uri=None, category=None)
    books.lists("A")
    assert books.drift() == set()


def test_the_title_may_come_from_another_field(books: Books):
    books.sells("A")
    books.lists("A", title="Black")
    assert books.drift(replace(TERMS, title="variant.name")) == set()


def test_titles_may_be_left_alone(books: Books):
    books.sells("A")
    books.lists("A", title="Anything")
    assert books.drift(replace(TERMS, title=None)) == set()


# --- items of several sizes ------------------------------------------------------------------------


def test_sizes_that_share_an_item_are_one_item_with_their_stock_together(books: Books):
    books.sells("A", item="V", name="Coat", uri="coat")
    books.sells("B", item="V", name="Coat", uri="coat")
    books.sells("C", item="V", is_active=False, name="Coat", uri="coat")
    books.lists("V", title="Coat", link="https://shop.example/coat", stock=20)
    assert books.drift() == set()


@pytest.mark.parametrize("short", [{"free_to_allocate": -5}, {"free_to_allocate": 1}], ids=str)
def test_what_one_size_of_an_item_is_short_of_takes_nothing_from_another(
    books: Books, short: dict[str, int]
):
    books.sells("A", item="V", name="Coat", uri="coat", stock_offset=4, **short)
    books.sells("B", item="V", name="Coat", uri="coat", stock_offset=4, free_to_allocate=6)
    books.lists("V", title="Coat", link="https://shop.example/coat", stock=2)
    assert books.drift() == set()


def test_what_the_sizes_of_an_item_do_not_agree_on_is_not_compared(books: Books):
    books.sells("A", 10000, item="V")
    books.sells("B", 12000, item="V")
    books.lists("V", 11000, stock=20)
    assert books.drift() == set()


# --- how many --------------------------------------------------------------------------------------


def test_the_populations_are_the_items_that_could_differ(books: Books):
    books.sells("A")
    books.lists("A")
    books.sells("B")
    books.lists("B", stock=None, msrp_minor=None)
    books.sells("C", is_bundle=True)
    books.lists("C")
    books.sells("D", status="INACTIVE")
    books.sells("E", updated_at=YOUNG)
    books.lists("E")
    books.rows()
    checked = books.checked()
    assert {
        name.removeprefix("catalogue."): n for name, n in checked.items() if "catal" in name
    } == {
        "duplicate_item": 4,
        "missing_item": 3,
        "retired_item": 3,
        "price_mismatch": 3,
        "reference_price_mismatch": 2,
        "out_of_stock_but_available": 2,
        "in_stock_but_unavailable": 2,
        "stock_mismatch": 1,
        "attribute_mismatch": 3,
    }
