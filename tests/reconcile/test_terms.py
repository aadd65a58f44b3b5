"""What the settings leave unsaid turns suites off, each with its reason."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
import yaml

from auditor.config import load_settings
from auditor.model.drift import link_stream
from auditor.reconcile.streams import learned_lags
from auditor.reconcile.terms import unconfigured, with_learned_lag
from tests.config.sample import ENVIRON, changed
from tests.reconcile.books import NOW, TERMS, Books

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("brand", "nordlys", None),
        ("centra.catalogue.pricelist", None, "centra.catalogue.pricelist is not configured"),
        ("centra.catalogue.market", None, "centra.catalogue.market is not configured"),
        (
            "centra.catalogue.item",
            "display_item",
            "Centra tells display items on order lines only; "
            "set centra.catalogue.item to another id",
        ),
    ],
)
def test_the_catalogue_is_judged_only_by_a_market_a_price_list_and_an_item_that_sizes_tell(
    tmp_path: Path, setting: str, value: str | None, reason: str | None
):
    file = tmp_path / "auditor.yaml"
    file.write_text(yaml.safe_dump(changed(setting, value)))
    assert (
        unconfigured(load_settings(file, ENVIRON), NOW.replace(tzinfo=UTC)).get("catalogue")
        == reason
    )


OF_SHIPPED = (
    "fulfilment.missing_shipped_event",
    "fulfilment.duplicate_shipped_event",
    "fulfilment.event_without_shipment",
    "fulfilment.late_shipped_event",
)
OF_CONFIRMED = ("fulfilment.missing_confirmation", "fulfilment.trigger_status_mismatch")
OF_ANY = ("fulfilment.dead_event", "channel.event_for_non_consumer")


@pytest.mark.parametrize(
    ("named", "off"),
    [
        (("shipped", "confirmed"), ()),
        (("shipped",), OF_CONFIRMED),
        (("confirmed",), OF_SHIPPED),
        ((), (*OF_SHIPPED, *OF_CONFIRMED, *OF_ANY)),
    ],
    ids=["both", "shipped", "confirmed", "none"],
)
def test_without_an_event_the_checks_that_look_for_it_do_not_apply(
    tmp_path: Path, named: tuple[str, ...], off: tuple[str, ...]
):
    file = tmp_path / "auditor.yaml"
    file.write_text(yaml.safe_dump(changed("emarsys.events", {role: role for role in named})))
    told = unconfigured(load_settings(file, ENVIRON), NOW.replace(tzinfo=UTC))
    assert set(told) == set(off)


@pytest.mark.parametrize(
    ("key", "off"),
    [
        ("external_id", set()),
        (
            "email",
            {
                "identity.orphaned_by_merge",
                "identity.orphaned_contact",
                "identity.sales_on_orphan",
                "identity.key_mismatch",
            },
        ),
    ],
)
def test_where_contacts_name_no_customer_the_checks_of_who_is_named_do_not_apply(
    tmp_path: Path, key: str, off: set[str]
):
    file = tmp_path / "auditor.yaml"
    file.write_text(yaml.safe_dump(changed("emarsys.key", key)))
    assert set(unconfigured(load_settings(file, ENVIRON), NOW.replace(tzinfo=UTC))) == off


@pytest.mark.parametrize(
    ("days", "off"),
    [
        (0, set()),
        (
            1,
            {
                *("sales", "channel", "audience", *OF_SHIPPED, *OF_CONFIRMED),
                "consent.opted_in_by_order",
                "identity.orphaned_by_merge",
                "identity.sales_on_orphan",
            },
        ),
    ],
    ids=["today", "to-come"],
)
def test_before_the_first_day_of_sales_nothing_that_goes_by_orders_applies(
    tmp_path: Path, days: int, off: set[str]
):
    file = tmp_path / "auditor.yaml"
    file.write_text(yaml.safe_dump(changed("sales.since", NOW.date() + timedelta(days=days))))
    assert set(unconfigured(load_settings(file, ENVIRON), NOW.replace(tzinfo=UTC))) == off


@pytest.mark.parametrize(
    ("setting", "value", "check", "is_off"),
    [
        ("feed.customers", "buyers", "identity.missing_contact", True),
        ("feed.customers", "all", "identity.missing_contact", False),
        ("centra.merges", "merges.csv", "identity.orphaned_by_merge", False),
    ],
)
def test_before_the_first_day_of_sales_nobody_is_a_buyer_and_a_log_alone_tells_of_merges(
    tmp_path: Path, setting: str, value: str, check: str, is_off: bool
):
    later = changed("sales.since", NOW.date() + timedelta(days=1))
    section, _, key = setting.partition(".")
    later.setdefault(section, {})[key] = value
    file = tmp_path / "auditor.yaml"
    file.write_text(yaml.safe_dump(later))
    told = unconfigured(load_settings(file, ENVIRON), NOW.replace(tzinfo=UTC))
    assert (check in told) == is_off


@pytest.mark.parametrize(("feed", "is_off"), [("registered", True), ("all", False)])
def test_who_is_registered_is_told_by_the_order_api_alone(tmp_path: Path, feed: str, is_off: bool):
    file, text = tmp_path / "auditor.yaml", changed("feed.customers", feed)
    del text["centra"]["order_api"]
    file.write_text(yaml.safe_dump(text))
    told = unconfigured(load_settings(file, ENVIRON), NOW.replace(tzinfo=UTC))
    assert ("identity.missing_contact" in told) == is_off


@pytest.mark.parametrize(
    ("lag_h", "age_h"), [(20, 26), (40, 40), (1000, 78)], ids=["below", "above", "far-above"]
)
def test_a_slow_stream_settles_as_late_as_it_is_but_no_later_than_three_times(
    lag_h: int, age_h: int
):
    learned = with_learned_lag(TERMS, {"orders": timedelta(hours=lag_h)})
    assert learned.as_of - learned.sales_before == timedelta(hours=age_h)


def test_without_a_measured_lag_the_settings_count():
    assert with_learned_lag(TERMS, {}) == TERMS


def test_the_lag_is_what_the_run_before_measured(books: Books):
    rows = [
        {"stream": "orders", "samples": 200, "lag_p95_s": 7200},
        {"stream": "events", "samples": 3, "lag_p95_s": None},
    ]
    with books.warehouse.engine.begin() as conn:
        conn.execute(link_stream.insert(), rows)
        assert learned_lags(conn) == {"orders": timedelta(hours=2)}
