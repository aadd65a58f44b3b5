from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from auditor.clock import utc_now
from auditor.doctor.disabled import disabled_by
from auditor.doctor.probes.centra_access import quota_result
from auditor.doctor.probes.centra_scope import _Code, _judged, _Total, _Worth
from auditor.doctor.result import CENTRA_STREAMS
from auditor.expect.suites import load_checks
from auditor.resources import expectation_files
from auditor.sandbox.centra.options import CentraOptions, Token
from auditor.sandbox.centra.plans import ENTERPRISE
from auditor.sandbox.wire import Fault
from tests.doctor.clinic import clinic

if TYPE_CHECKING:
    from collections.abc import Callable


def options(**changes: Any) -> CentraOptions:
    return CentraOptions(rate_plan=ENTERPRISE, **changes)


def token(**changes: Any) -> CentraOptions:
    return options(tokens=(Token("sandbox", **changes),))


@pytest.fixture(scope="module")
def restricted(tmp_path_factory):
    permissions = frozenset({"Customer:read", "Store:read", "ProductVariant:read"})
    permissions |= {"ProductSize:read"}
    with clinic(
        tmp_path_factory.mktemp("clinic"), centra=token(permissions=permissions)
    ) as running:
        yield running.results("centra.token", "centra.stream", "centra.restriction")


def test_a_missing_permission_fails_its_stream(restricted):
    assert restricted["centra.stream.orders"].state == "fail"


def test_a_missing_permission_is_named_with_its_stream(restricted):
    assert restricted["centra.stream.newsletter_subscriptions"].detail == (
        "The token may not read newsletter_subscriptions: it lacks NewsletterSubscription:read."
    )


def test_the_step_is_to_grant_it(restricted):
    assert restricted["centra.stream.newsletter_subscriptions"].fix == (
        "Grant NewsletterSubscription:read to the token in Centra, System > API Tokens."
    )


def test_only_that_stream_is_lost(restricted):
    assert restricted["centra.stream.orders"].streams == ("orders",)


def test_a_permission_the_stream_can_do_without_is_a_warning(restricted):
    result = restricted["centra.stream.customers"]
    assert (result.state, "Customer.totalOrders:read" in result.detail) == ("warn", True)


def consumers_only(settings: dict[str, Any]) -> None:
    settings["centra"]["wholesale"] = False


def test_without_account_permission_a_restriction_cannot_be_seen(opened):
    permissions = frozenset({"Store:read"})
    centra = token(permissions=permissions, store_types=frozenset({"DIRECT_TO_CONSUMER"}))
    result = opened(consumers_only, centra=centra).result("centra.restriction")
    assert (result.state, result.fix) == (
        "warn",
        "Grant Account:read, or check the restriction by hand.",
    )


def test_a_token_that_sees_wholesale_only_fails(opened):
    centra = token(store_types=frozenset({"WHOLESALE"}))
    result = opened(centra=centra).result("centra.restriction")
    assert (result.state, "orders" in result.streams) == ("fail", True)


def test_a_token_without_wholesale_fails_where_there_are_accounts(opened, monkeypatch):
    # The sandbox hides accounts with their store; the reference does not promise that.
    monkeypatch.setattr("auditor.doctor.probes.centra_scope._has_accounts", lambda _: True)
    centra = token(store_types=frozenset({"DIRECT_TO_CONSUMER"}))
    result = opened(centra=centra).result("centra.restriction")
    assert (result.state, result.streams) == ("fail", ("wholesale_stores",))


def test_a_token_that_sees_no_wholesale_fails_unless_the_brand_has_none(opened):
    centra = token(store_types=frozenset({"DIRECT_TO_CONSUMER"}))
    result = opened(centra=centra).result("centra.restriction")
    assert (result.state, result.streams) == ("fail", ("wholesale_stores",))


def test_a_brand_without_wholesale_needs_no_wholesale_store(opened):
    centra = token(store_types=frozenset({"DIRECT_TO_CONSUMER"}))
    assert opened(consumers_only, centra=centra).result("centra.restriction").state == "ok"


def misspelt(settings: dict[str, Any]) -> None:
    settings["centra"]["marketplaces"]["stores"] = ["Zalandoo"]


def test_a_store_that_centra_does_not_have_is_named_with_those_it_has(opened):
    name = "centra.names.centra.marketplaces.stores"
    result = opened(misspelt).result(name, probe="centra.names")
    assert (result.state, result.suites, "Zalando" in str(result.fix)) == (
        "fail",
        ("channel",),
        True,
    )


def wholesale_alone(settings: dict[str, Any]) -> None:
    settings["consent"]["stores"] = ["Nordlys Wholesale"]


def test_a_wholesale_store_is_none_whose_sign_ups_count(opened):
    result = opened(wholesale_alone).result("centra.names.consent.stores", probe="centra.names")
    assert (result.state, result.suites, "Zalando" in str(result.fix)) == (
        "fail",
        ("consent",),
        True,
    )


def far_market(settings: dict[str, Any]) -> None:
    settings["centra"]["marketplaces"]["markets"] = ["Market 450"]


def test_a_market_behind_the_first_page_is_found(opened):
    clinic = opened(far_market)
    markets = clinic.running.world.centra.markets
    markets += [replace(markets[0], id=n, name=f"Market {n}") for n in range(100, 500)]
    assert {one.state for one in clinic.results("centra.names").values()} == {"ok"}


def test_a_refused_token_loses_every_stream(opened):
    clinic = opened(centra=token(expires_at=utc_now() - timedelta(days=1)))
    result = clinic.result("centra.token")
    assert (result.state, result.streams) == ("fail", CENTRA_STREAMS)


def test_what_needs_the_token_is_not_tried_without_it(opened):
    clinic = opened(centra=token(expires_at=utc_now() - timedelta(days=1)))
    assert clinic.results("centra.token", "centra.stream")["centra.stream"].state == "off"


def test_a_host_that_is_away_is_said_to_be(opened):
    clinic = opened(lambda s: s["centra"].update(url="http://127.0.0.1:9/graphql"))
    result = clinic.result("centra.reach")
    assert (result.state, result.detail) == ("fail", "Centra cannot be reached.")


def expiring(on: date) -> Callable[[dict[str, Any]], None]:
    def edit(settings: dict[str, Any]) -> None:
        settings["credentials"]["centra_token_expires"] = str(on)

    return edit


def test_an_expiry_within_two_weeks_is_a_warning(opened):
    clinic = opened(expiring(utc_now().date() + timedelta(days=13)))
    assert clinic.result("centra.token_expiry").state == "warn"


def test_an_expiry_that_has_passed_is_a_warning(opened):
    result = opened(expiring(date(2020, 1, 1))).result("centra.token_expiry")
    assert result.detail == "By the settings the token expired on 2020-01-01."


def test_no_expiry_is_a_warning(opened):
    clinic = opened(lambda settings: settings.pop("credentials"))
    assert "nobody said" in clinic.result("centra.token_expiry").detail


def test_a_field_the_tenant_lacks_is_named(opened):
    absent = options().absent | {"Customer.isAnonymized"}
    result = opened(centra=options(absent=absent)).result("centra.schema")
    assert (result.state, "Customer.isAnonymized" in result.detail) == ("warn", True)


def test_a_field_the_tenant_lacks_disables_what_has_to_be_told_it(opened):
    absent = options().absent | {"Customer.isAnonymized"}
    clinic = opened(centra=options(absent=absent))
    result = clinic.result("centra.stream.customers", "centra.stream")
    checks = [expectation.check for expectation in load_checks(expectation_files())]
    assert (result.detail, disabled_by(result, checks)) == (
        "Readable, but without Customer.isAnonymized.",
        ("consent.erased_but_contactable", "consent.erased_but_present"),
    )


def test_a_list_the_tenant_lacks_is_named(opened):
    absent = options().absent | {"Query.buyers"}
    result = opened(centra=options(absent=absent)).result("centra.schema")
    assert "Query.buyers" in result.detail


def test_a_list_the_tenant_lacks_switches_its_stream_off(opened):
    absent = options().absent | {"Query.buyers"}
    result = opened(centra=options(absent=absent)).result("centra.stream.buyers", "centra.stream")
    assert (result.state, result.streams) == ("off", ("buyers",))


def test_a_broken_answer_fails_its_stream_alone(opened):
    clinic = opened()
    clinic.running.faults.arm(Fault("centra", "garbage", match="returnConnection", times=None))
    states = {name: r.state for name, r in clinic.results("centra.stream").items()}
    assert [name for name, state in states.items() if state == "fail"] == ["centra.stream.returns"]


def test_the_rate_is_proved_where_the_tenant_gives_both_values(opened):
    clinic = opened(centra=options(base_value_field="valueInBaseCurrency"))
    assert clinic.result("centra.exchange_rate").state == "ok"


def test_limits_that_the_tenant_does_not_tell_are_no_fault(opened):
    clinic = opened(centra=options(absent=options().absent | {"Query.rateLimits"}))
    assert clinic.result("centra.quota").state == "off"


def test_a_rate_that_cannot_be_read_is_no_fault(opened):
    tokens = (Token("sandbox", permissions=frozenset({"Currency:read"})),)
    clinic = opened(centra=options(tokens=tokens, base_value_field="inBase"))
    assert clinic.result("centra.exchange_rate").detail.startswith("No order could be read")


def test_a_quota_that_others_use_up_is_a_warning():
    result = quota_result("REQUEST_COUNT", 4_000, 5_000, share=0.3)
    assert (result.state, result.detail) == (
        "warn",
        "80% of 5,000 per hour (request count) is used; the auditor may take 30% of what the "
        "others leave.",
    )


def test_a_quota_that_is_left_is_fine():
    assert quota_result("REQUEST_COUNT", 3_999, 5_000, share=0.3).state == "ok"


def total(value: str, rate: str, base: str) -> _Total:
    return _Total(Decimal(value), _Code("EUR"), Decimal(rate), _Worth(Decimal(base)))


def test_a_rate_that_divides_fails():
    result = _judged([total("100", "0.1", "1000")])
    assert (result.state, result.suites) == ("fail", ("sales",))


def test_a_rate_that_fits_neither_way_fails():
    assert "are not what Centra says" in _judged([total("100", "0.1", "55")]).detail


def test_without_a_foreign_order_nothing_is_said_about_rates():
    assert _judged([]).state == "off"


def test_an_order_api_that_answers_is_fine(tmp_path):
    with clinic(tmp_path, order_api=True) as running:
        assert running.result("centra.order_api").state == "ok"


def test_an_order_api_that_refuses_its_secret_disables_what_heeds_it(tmp_path):
    def forget(settings: dict[str, Any]) -> None:
        settings["centra"]["order_api"]["secret"] = "${HAPI_TOKEN}"  # noqa: S105 - a name

    with clinic(tmp_path, forget, order_api=True) as running:
        result = running.result("centra.order_api")
    disabled = disabled_by(result, [e.check for e in load_checks(expectation_files(tmp_path))])
    assert (result.state, "consent.withdrawn_but_opted_in" in disabled) == ("fail", True)


def test_an_order_api_that_is_not_configured_is_off(opened):
    assert opened().result("centra.order_api").state == "off"
