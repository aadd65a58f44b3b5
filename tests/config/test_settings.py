from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditor.config import OAuth2, Wsse
from tests.config.sample import ENVIRON, MINIMAL, SAMPLE, changed, plain, without


@pytest.fixture(scope="module")
def sample(load):
    return load(SAMPLE)


@pytest.fixture(scope="module")
def minimal(load):
    return load(MINIMAL)


def test_durations_are_timedeltas(sample):
    assert sample.freshness.lag.contacts == timedelta(hours=4)


def test_dates_are_dates(sample):
    assert sample.sales.since == date(2026, 1, 1)


def test_the_time_zone_is_a_zone(sample):
    assert sample.timezone == ZoneInfo("Europe/Stockholm")


def test_webhooks_off_is_false(sample):
    assert sample.centra.webhooks is False


def test_a_cron_line_stays_text(sample):
    assert sample.schedule.audit == "0 5 * * *"


def test_a_null_cron_line_stays_none(sample):
    assert sample.schedule.correct is None


def test_fields_are_read_by_our_names(sample):
    assert sample.emarsys.fields["external_id"] == 4711


def test_a_key_that_is_a_word_of_python_has_an_underscore(sample):
    assert sample.mail.from_ == "auditor@nordlys.example"


def test_audiences_carry_their_rule(sample):
    assert [audience.rule.sku_count for audience in sample.audiences][1].at_least == 2


@pytest.mark.parametrize(
    "rule",
    [
        {"order_count": {"at_least": 3}},
        {"category": {"name": "Knitwear", "at_least": 2}},
        {"last_order": {"before": date(2026, 6, 1)}},
        {"last_order": {"after": date(2026, 6, 1)}},
    ],
    ids=str,
)
def test_an_audience_may_follow_any_rule(load, rule):
    tree = plain()
    tree["audiences"][0]["rule"] = rule
    ((name, asked),) = rule.items()
    read = getattr(load(tree).audiences[0].rule, name)
    assert {key: getattr(read, key) for key in asked} == asked


def test_client_credentials_are_oauth2(sample):
    assert isinstance(sample.emarsys.auth, OAuth2)


def test_a_user_name_and_a_secret_are_wsse(minimal):
    assert isinstance(minimal.emarsys.auth, Wsse)


def test_a_variable_is_read_within_braces(sample):
    assert sample.emarsys.auth.client_id == "value-of-EMARSYS_CLIENT_ID"


@pytest.mark.parametrize("source", ["open_data", "sales", "catalogue"])
def test_an_absent_emarsys_source_is_none(minimal, source):
    assert getattr(minimal.emarsys, source) is None


@pytest.mark.parametrize("section", ["mail", "audiences", "schedule"])
def test_an_absent_optional_section_is_none(minimal, section):
    assert getattr(minimal, section) is None


def test_an_absent_order_api_is_none(minimal):
    assert minimal.centra.order_api is None


def test_field_ids_that_every_account_shares_need_no_mention(minimal):
    assert minimal.emarsys.fields["opt_in"] == 31


def test_a_mentioned_field_id_wins_over_the_shared_one(load):
    assert load(changed("emarsys.fields.first_name", 500)).emarsys.fields["first_name"] == 500


def test_matching_by_email_needs_no_field_of_its_own(load):
    text = MINIMAL.replace("fields: {external_id: 4711}", "key: email")
    assert "external_id" not in load(text).emarsys.fields


@pytest.mark.embedded("what is not said is the server of the tests there")
def test_stores_are_named_after_the_brand(minimal):
    assert minimal.store.warehouse == "duckdb:///var/nordlys.duckdb"


def test_one_store_may_be_set_alone(load):
    settings = load(changed("store", {"warehouse": "postgresql+psycopg://host/audit"}))
    assert settings.store.ledger == "sqlite:///var/nordlys-ledger.sqlite"


def test_a_section_of_which_all_lines_are_commented_out_is_its_default(load, minimal):
    assert load(MINIMAL + "freshness:\n  # stall: {}\n").freshness == minimal.freshness


def test_half_a_section_keeps_the_other_half_s_defaults(load):
    assert load(changed("settle", {"sales": "3d"})).settle.contacts == timedelta(hours=2)


def test_a_remedy_s_own_cap_keeps_the_default_cap(load):
    settings = load(changed("corrections.caps", {"opt_out": {"count": 10}}))
    assert settings.corrections.caps["default"].count == 500


def test_consent_stores_may_be_named(load):
    assert load(changed("consent.stores", ["Nordlys"])).consent.stores == ("Nordlys",)


def test_consent_sources_may_be_ids_and_names(load):
    settings = load(changed("consent.emarsys_sources", [5, "landing"]))
    assert settings.consent.emarsys_sources == (5, "landing")


@pytest.mark.parametrize("values", ["zalando", ["zalando", "amazon"]])
def test_a_marketplace_attribute_has_one_value_or_several(load, values):
    settings = load(changed("centra.marketplaces.attributes", {"channel": values}))
    expected = values if isinstance(values, str) else tuple(values)
    assert settings.centra.marketplaces.attributes == {"channel": expected}


def test_a_number_may_come_from_the_environment(load):
    settings = load(changed("emarsys.contacts", {"list": "${LIST}"}), {**ENVIRON, "LIST": "77"})
    assert settings.emarsys.contacts.list == 77


def test_a_variable_may_stand_inside_a_text(load):
    url = "postgresql://auditor:${DB_PASSWORD}@db.example/audit"
    settings = load(changed("store.ledger", url), {**ENVIRON, "DB_PASSWORD": "s3cr3t"})
    assert settings.store.ledger == "postgresql://auditor:s3cr3t@db.example/audit"


def test_a_feed_may_be_a_file(load):
    settings = load(changed("emarsys.catalogue.feed", "feeds/emarsys.csv"))
    assert settings.emarsys.catalogue.feed == "feeds/emarsys.csv"


def test_plain_http_is_fine_on_loopback(load):
    settings = load(changed("centra.url", "http://127.0.0.1:8800/graphql"))
    assert settings.centra.url == "http://127.0.0.1:8800/graphql"


def test_a_byte_order_mark_is_no_part_of_the_file(load):
    assert load(b"\xef\xbb\xbf" + MINIMAL.encode()).brand == "nordlys"


def test_the_quarantine_list_may_be_switched_off(load):
    assert load(changed("emarsys.quarantine_list", None)).emarsys.quarantine_list is None


def test_the_quarantine_list_has_a_usual_name(load):
    settings = load(without("emarsys.quarantine_list"))
    assert settings.emarsys.quarantine_list == "audit-quarantine"
