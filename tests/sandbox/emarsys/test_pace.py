"""The rate limit."""

from auditor.sandbox.emarsys.options import ApiUser
from auditor.sandbox.emarsys.pace import Pace
from tests.sandbox.emarsys.conftest import NOW

TEXT = "Too many requests for this account and resource within the last minute."


def test_answers_carry_the_limit(make_site):
    site = make_site(rate_limit=5)
    assert site.call("GET", "/filter").headers["x-ratelimit-limit"] == "5"


def test_answers_carry_what_remains(make_site):
    site = make_site(rate_limit=5)
    site.call("GET", "/filter")
    assert site.call("GET", "/filter").headers["x-ratelimit-remaining"] == "3"


def test_answers_carry_the_reset_as_unix_seconds(make_site):
    site = make_site(rate_limit=5)
    reset = site.call("GET", "/filter").headers["x-ratelimit-reset"]
    assert int(reset) == int(NOW.timestamp()) + 60


def test_the_headers_can_be_switched_off(make_site):
    site = make_site(rate_headers=False)
    assert "x-ratelimit-limit" not in site.call("GET", "/filter").headers


def test_one_request_too_many_is_refused(make_site):
    site = make_site(rate_limit=1)
    site.call("GET", "/filter")
    assert site.refused("GET", "/filter") == (429, 7003, TEXT)


def test_the_refusal_carries_the_headers(make_site):
    site = make_site(rate_limit=0)
    assert site.call("GET", "/filter").headers["x-ratelimit-remaining"] == "0"


def test_the_refusal_is_without_headers_when_they_are_off(make_site):
    site = make_site(rate_limit=0, rate_headers=False)
    assert "x-ratelimit-reset" not in site.call("GET", "/filter").headers


def test_the_next_minute_is_free_again(make_site):
    site = make_site(rate_limit=1)
    site.call("GET", "/filter")
    site.clock.advance(seconds=60)
    assert site.call("GET", "/filter").status_code == 200


def test_each_user_has_a_budget_of_its_own(make_site):
    second = ApiUser("second", "s2", "w2", "ws2")
    site = make_site(users=(ApiUser(), second), rate_limit=1)
    site.call("GET", "/filter")
    site.log_in(second)
    assert site.call("GET", "/filter").status_code == 200


def test_a_refused_request_counts_too():
    pace = Pace(1)
    passed = [pace.take("u", NOW)[0] for _ in range(3)]
    assert passed == [True, False, False]
