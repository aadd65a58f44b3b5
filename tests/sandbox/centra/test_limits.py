"""Buckets, and what an answer over the limit looks like."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra import (
    ENHANCED,
    ENTERPRISE,
    GROWTH,
    HIGH_VOLUME,
    CentraOptions,
    RatePlan,
    Token,
)
from auditor.sandbox.centra.limits import Limits
from tests.sandbox.centra.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]

QUERY = "{ stores(limit: 10) { id } }"
TIGHT = RatePlan(requests=(2, 100), mutations=(1, 1), complexity=(1_000, 10_000))
COSTLY = RatePlan(requests=(99, 99), mutations=(1, 1), complexity=(15, 1_000))


def statuses(shop: Shop, count: int) -> list[int]:
    return [shop.post(QUERY).status_code for _ in range(count)]


def limited(shop: Shop) -> Any:
    statuses(shop, 2)
    return shop.post(QUERY)


def test_requests_beyond_the_bucket_are_refused(open_shop: Opener):
    assert statuses(open_shop(rate_plan=TIGHT), 3) == [200, 200, 429]


def test_complexity_beyond_the_bucket_is_refused(open_shop: Opener):
    assert statuses(open_shop(rate_plan=COSTLY), 2) == [200, 429]


def test_all_tokens_share_the_buckets(open_shop: Opener):
    shop = open_shop(rate_plan=TIGHT, tokens=[Token("other")])
    statuses(shop, 2)
    assert shop.as_("other").post(QUERY).status_code == 429


def test_a_bucket_refills_with_time(open_shop: Opener):
    shop = open_shop(rate_plan=TIGHT)
    statuses(shop, 3)
    shop.clock.advance(5)
    assert statuses(shop, 2) == [200, 429]


def test_a_bucket_never_holds_more_than_its_quota(open_shop: Opener):
    shop = open_shop(rate_plan=TIGHT)
    shop.clock.advance(3_600)
    assert statuses(shop, 3) == [200, 200, 429]


def test_the_hour_binds_behind_the_ten_seconds(open_shop: Opener):
    plan = RatePlan(requests=(2, 3), mutations=(1, 1), complexity=(1_000, 10_000))
    shop = open_shop(rate_plan=plan)
    statuses(shop, 2)
    shop.clock.advance(10)
    assert statuses(shop, 2) == [200, 429]


def test_a_refused_request_costs_nothing(open_shop: Opener):
    shop = open_shop(rate_plan=TIGHT)
    statuses(shop, 20)
    shop.clock.advance(5)
    assert shop.post(QUERY).status_code == 200


def test_asking_at_the_told_time_succeeds(open_shop: Opener):
    shop = open_shop(rate_plan=TIGHT)
    ready = int(limited(shop).headers["Retry-After"])
    shop.clock.now = datetime.fromtimestamp(ready, UTC)
    assert shop.post(QUERY).status_code == 200


def test_asking_earlier_is_refused_again(open_shop: Opener):
    shop = open_shop(rate_plan=TIGHT)
    ready = int(limited(shop).headers["Retry-After"])
    shop.clock.now = datetime.fromtimestamp(ready - 1, UTC)
    assert shop.post(QUERY).status_code == 429


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("epoch", lambda text: int(text) - NOW.timestamp()),
        ("seconds", int),
        ("http_date", lambda text: (parsedate_to_datetime(text) - NOW).total_seconds()),
    ],
)
def test_retry_after_has_the_chosen_format(
    open_shop: Opener, form: str, read: Callable[[str], float]
):
    shop = open_shop(rate_plan=TIGHT, retry_after=form)
    assert read(limited(shop).headers["Retry-After"]) == 5


def test_the_body_over_the_limit_is_graphql_where_so_chosen(open_shop: Opener):
    answer = limited(open_shop(rate_plan=TIGHT, limited_body="json"))
    assert answer.json() == {"errors": [{"message": "Too Many Requests"}]}


def test_the_body_over_the_limit_is_text_where_so_chosen(open_shop: Opener):
    answer = limited(open_shop(rate_plan=TIGHT, limited_body="text"))
    assert (answer.headers["Content-Type"], answer.text) == (
        "text/plain; charset=utf-8",
        "Too Many Requests",
    )


def test_the_live_limits_have_six_rows_that_add_up(open_shop: Opener):
    query = "{ rateLimits { type intervalSeconds quota usedQuota remainingQuota } }"
    rows = open_shop(rate_plan=GROWTH).data(query)["rateLimits"]
    assert [(row["type"], row["intervalSeconds"], row["quota"]) for row in rows] == [
        ("REQUEST_COUNT", "TEN_SECONDS", 60),
        ("REQUEST_COUNT", "ONE_HOUR", 5_000),
        ("QUERY_COMPLEXITY", "TEN_SECONDS", 250_000),
        ("QUERY_COMPLEXITY", "ONE_HOUR", 30_000_000),
        ("MUTATION_COUNT", "TEN_SECONDS", 20),
        ("MUTATION_COUNT", "ONE_HOUR", 1_800),
    ]
    assert all(row["quota"] == row["usedQuota"] + row["remainingQuota"] for row in rows)


def test_the_live_limits_show_what_was_used(open_shop: Opener):
    shop = open_shop(rate_plan=GROWTH)
    shop.post(QUERY)
    rows = shop.data("{ rateLimits { usedQuota } }")["rateLimits"]
    assert [row["usedQuota"] for row in rows] == [2, 2, 20, 20, 0, 0]


@pytest.mark.parametrize(
    ("plan", "requests"),
    [(GROWTH, 60), (ENHANCED, 150), (HIGH_VOLUME, 450), (ENTERPRISE, 1_500)],
)
def test_a_plan_sets_the_quota(plan: RatePlan, requests: int):
    assert Limits(plan, NOW).rows(NOW)[0]["quota"] == requests


def test_the_default_plan_is_the_smallest():
    assert CentraOptions().rate_plan == GROWTH


def test_a_price_above_the_quota_is_never_paid():
    limits = Limits(COSTLY, NOW)
    assert limits.take({"QUERY_COMPLEXITY": 16}, NOW) == NOW
