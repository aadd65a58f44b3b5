"""Each fault of a settings file, and the one sentence that answers it."""

from __future__ import annotations

import re
from datetime import date

import pytest

from auditor.config import load_settings
from auditor.errors import ConfigError
from tests.config.sample import ENVIRON, MINIMAL, SAMPLE, changed, plain, without

WRONG_VALUES = [
    ("brand", "../evil", "must be a short name of letters, digits, - and _."),
    ("brand", 5, "must be a short name of letters, digits, - and _."),
    ("brand", "nordlys\n", "must be a short name of letters, digits, - and _."),
    ("timezone", "Europe/Atlantis", "must be a time zone such as Europe/Stockholm."),
    ("timezone", "Europe", "must be a time zone such as Europe/Stockholm."),
    ("timezone", "../../etc/passwd", "must be a time zone such as Europe/Stockholm."),
    ("store.ledger", "var/ledger", "must be a SQLAlchemy URL such as duckdb:///var/brand.duckdb."),
    *(
        ("store.warehouse", url, "a database in memory forgets what was read; name a file, like duckdb:///var/brand.duckdb.")
        for url in ("duckdb:///:memory:", "duckdb:///:memory:brand", "duckdb:///", "duckdb://", "duckdb:///?threads=1")
    ),
    ("centra.url", "http://shop.example/", "plain http is refused for shop.example; use https."),
    ("centra.url", "shop", "not an absolute http(s) URL; write one like https://host/path."),
    ("centra.url", 5, "must be an address like https://host/path."),
    ("centra.rate_share", 0, "must be a share above 0 and at most 1."),
    ("centra.rate_share", 30, "must be a share above 0 and at most 1."),
    ("centra.rate_share", True, "must be a share above 0 and at most 1."),
    ("centra.rate_share", float("nan"), "must be a share above 0 and at most 1."),
    ("centra.catalogue.item", "gtin", "must be sku, ean, variant or display_item."),
    ("centra.marketplaces.stores", "Zalando", "must be a list, such as [one, two]."),
    ("centra.webhooks", "maybe", "must be true or false."),
    ("emarsys.auth.type", "basic", "must be oauth2 or wsse."),
    ("emarsys.auth.type", ["oauth2"], "must be oauth2 or wsse."),
    ("emarsys.key", "phone", "must be external_id or email."),
    ("emarsys.fields.email", "three", "must be a whole number from 1 to 1,000,000,000,000."),
    ("emarsys.fields.email", 0, "must be a whole number from 1 to 1,000,000,000,000."),
    ("emarsys.contacts", {}, "must hold exactly one of segment, list and query: true."),
    ("emarsys.contacts", {"segment": 1, "list": 2}, "must hold exactly one of segment, list and query: true."),
    ("emarsys.contacts", {"query": False}, "must hold exactly one of segment, list and query: true."),
    ("emarsys.sales.semantics", "merge", "must be append or replace."),
    ("emarsys.sales.columns", ["item", "customer", "email"], "must name exactly one of customer and email."),
    ("emarsys.sales.columns", ["item", "item", "email"], "must name every column once."),
    ("emarsys.sales.columns", ["price", "customer"], "must name item, order, timestamp, too: no load goes without."),
    ("emarsys.fields.email", 4711, "is the field of external_id, too."),
    ("emarsys.events", {"shipped": "sent", "confirmed": "sent"}, "must name another event for each."),
    ("emarsys.catalogue.feed", "ftp://feeds.example/a.csv", "not an absolute http(s) URL; write one like https://host/path."),
    ("emarsys.catalogue.feed", " ", "must be an address like https://host/path, or the path of a file."),
    ("emarsys.open_data.dataset", "a; drop table b", "must be the name of a schema or dataset, or empty."),
    ("consent.stores", "some", "must be all or a list."),
    ("consent.stores", [], "must name at least one store, or be all."),
    ("feed.customers", "everyone", "must be all, registered, subscribed or buyers."),
    ("events.max_age", 48, "must be a duration such as 90m, 26h or 14d."),
    ("events.max_age", "2 hours", "must be a duration such as 90m, 26h or 14d."),
    ("settle.sales", "999999w", "must be at most 3650d."),
    ("privacy.retain", "3651d", "must be at most 3650d."),
    ("sales.since", "0001-01-01", "must be a day from 1900-01-01 to 2199-12-31."),
    ("sales.since", "9999-12-31", "must be a day from 1900-01-01 to 2199-12-31."),
    ("sales.tolerance_minor", 9 * 10**18, "must be a whole number from 0 to 1,000,000,000,000."),
    ("emarsys.contacts.segment", 10**30, "must be a whole number from 1 to 1,000,000,000,000."),
    ("centra.url", f"https://{'a' * 64}.example/graphql", "must be an address like https://host/path."),
    ("coverage.shrink_guard", 1.1, "must be a share from 0 to 1."),
    ("credentials.centra_token_expires", "soon", "must be a date such as 2026-01-31."),
    ("sales.tax", "vat", "must be included or excluded."),
    ("sales.currency", "SEK", "must be base or order."),
    ("sales.due_statuses", [], "must name at least one status."),
    ("sales.tolerance_minor", -1, "must be a whole number from 0 to 1,000,000,000,000."),
    ("sales.tolerance_minor", 0.5, "must be a whole number from 0 to 1,000,000,000,000."),
    ("corrections.caps.default.share", 2, "must be a share from 0 to 1."),
    ("corrections.window", "2-5", "must be a time of day to another, such as 22:00-05:00, or null."),
    ("corrections.window", "24:00-05:00", "must be a time of day to another, such as 22:00-05:00, or null."),
    ("corrections.window", "02:00-02:00", "must be a time of day to another, such as 22:00-05:00, or null."),
    ("corrections.stop_file", "", "must be text (in quotes where YAML reads a number or a yes/no)."),
    ("schedule.audit", "every day", "must be a cron line of five fields, such as 0 5 * * *, or null."),
    ("mail.smtp", "mail.example", "must be a mail server such as smtp://mail.example:587."),
    ("mail.smtp", "smtp://mail.example:abc", "must be a mail server such as smtp://mail.example:587."),
    ("mail.smtp", "smtp://mail.example:99999", "must be a mail server such as smtp://mail.example:587."),
    ("mail.smtp", "smtp://mail.example:0", "must be a mail server such as smtp://mail.example:587."),
    ("mail.smtp", "smtp://a..b:25", "must be a mail server such as smtp://mail.example:587."),
    ("mail.smtp", f"smtp://{'a' * 64}.example", "must be a mail server such as smtp://mail.example:587."),
    ("mail.from", "a@b.example\nBcc: all@b.example", "must be an address such as crm@brand.example."),
    ("centra", "nordlys", "must be a section of its own, with lines like key: value."),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "sentence"), WRONG_VALUES)
def test_a_wrong_value_is_named_with_what_it_must_be(refusal, path, value, sentence):
    assert refusal(changed(path, value)) == f"{path}: {sentence}"


def test_a_wrong_item_of_a_list_is_named_by_its_place(refusal):
    sentence = refusal(changed("sales.due_statuses", ["SHIPPED", "DONE"]))
    expected = "must be PENDING, CONFIRMED, PROCESSING, SHIPPED or ARCHIVED."
    assert sentence == f"sales.due_statuses[1]: {expected}"


def test_a_rule_of_two_kinds_is_refused(refusal):
    tree = plain()
    tree["audiences"][0]["rule"]["sku_count"] = {"sku": "A"}
    expected = (
        "must hold exactly one of lifetime_value, order_count, sku_count, category and last_order."
    )
    assert refusal(tree) == f"audiences[0].rule: {expected}"


@pytest.mark.parametrize(
    "hook", ["hush", "http://chat.example/hush", f"https://{'a' * 64}.example/hush"]
)
def test_a_webhook_that_nothing_can_be_sent_to_is_refused_and_not_told(refusal, hook):
    tree = plain() | {"chat": {"webhook": "${HOOK}"}}
    sentence = refusal(tree, ENVIRON | {"HOOK": hook})
    assert sentence == "chat.webhook: must be an address like https://host/path."


def test_a_freeze_that_ends_before_it_begins_is_refused(refusal):
    freeze = [{"from": date(2026, 11, 30), "to": date(2026, 11, 27)}]
    sentence = refusal(changed("corrections.freeze", freeze))
    assert sentence == "corrections.freeze[0].to: must not be before from."


@pytest.mark.parametrize("days", [{}, {"before": date(2026, 6, 1), "after": date(2026, 1, 1)}])
def test_a_last_order_is_before_or_after_a_day(refusal, days):
    tree = plain()
    tree["audiences"][0]["rule"] = {"last_order": days}
    expected = "audiences[0].rule.last_order: must hold exactly one of before and after."
    assert refusal(tree) == expected


@pytest.mark.parametrize(
    "path", ["brand", "centra.url", "centra.token", "emarsys.url", "emarsys.auth", "mail.smtp"]
)
def test_a_missing_setting_is_named(refusal, path):
    assert refusal(without(path)) == f"{path}: missing; add it to the settings file."


def test_a_missing_section_is_named_by_its_first_missing_setting(refusal):
    assert refusal(without("centra")) == "centra.url: missing; add it to the settings file."


def test_a_missing_key_field_is_named(refusal):
    assert refusal(without("emarsys.fields.external_id")) == (
        "emarsys.fields.external_id: missing; "
        "add the id of the field that holds the Centra customer id."
    )


def test_mail_without_a_default_reader_is_refused(refusal):
    assert refusal(without("mail.to.default")) == (
        "mail.to.default: missing; add at least one address."
    )


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("brnad", "brand"),
        ("centra.tokn", "centra.token"),
        ("centra.marketplaces.shops", "centra.marketplaces.stores"),
        ("emarsys.auth.client_secrets", "emarsys.auth.client_secret"),
        ("emarsys.fields.optin", "emarsys.fields.opt_in"),
        ("emarsys.events.shiped", "emarsys.events.shipped"),
        ("freshness.lag.contact", "freshness.lag.contacts"),
        ("corrections.caps.default.shares", "corrections.caps.default.share"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_one(refusal, path, nearest):
    assert refusal(changed(path, 1)) == f"{path}: unknown setting; did you mean {nearest}?"


def test_an_unknown_key_that_resembles_none_is_answered_with_all(refusal):
    assert refusal(changed("feed.qqq", 1)) == (
        "feed.qqq: unknown setting; valid here: feed.customers."
    )


def test_a_segment_has_one_rule(refusal):
    rules = "{segment: 7, name: a, rule: {order_count: {at_least: 2}}}"
    assert refusal(f"{MINIMAL}audiences: [{rules}, {rules}]\n") == (
        "audiences[1].segment: is the segment of audiences[0], too."
    )


@pytest.mark.parametrize("times", ["{ahead: 3h, ", "{expiry: 30m, "])
def test_a_planned_verdict_holds_until_the_launch(refusal, times):
    planned = 'planned: [{segment: 7, at: "0 9 * * 5"}]}'
    assert refusal(f"{MINIMAL}preflight: {times}{planned}\n") == (
        "preflight.ahead: must not be longer than expiry, else a verdict ends before its launch."
    )


def test_how_long_ahead_matters_only_where_an_audience_is_planned(load):
    assert load(f"{MINIMAL}preflight: {{expiry: 30m}}\n").preflight.planned == ()


def test_a_key_that_yaml_reads_as_something_else_is_named(refusal):
    assert refusal(MINIMAL + "on: 5\n") == "True: a key must be text; put it in quotes."


def test_a_hostile_key_is_shown_short_and_printable(refusal):
    sentence = refusal(MINIMAL + f'"\\e[31m{"x" * 100}": 5\n')
    assert sentence.startswith(f"?[31m{'x' * 55}...: unknown setting;")


def test_a_key_that_stands_twice_is_named_with_its_path(refusal):
    assert refusal(MINIMAL + "settle:\n  sales: 2h\n  sales: 3h\n") == (
        "settle.sales: stands twice (line 10); leave one of them out."
    )


def test_a_key_that_stands_twice_inside_a_list_is_found(refusal):
    assert refusal("audiences: [{name: a, name: b}]\n") == (
        "audiences[0].name: stands twice (line 1); leave one of them out."
    )


def test_a_file_that_is_missing(tmp_path):
    path = tmp_path / "absent.yaml"
    expected = f"{path}: no such file; write one with auditor init, or name another with --config."
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
        load_settings(path, ENVIRON)


def test_a_file_that_is_a_folder(tmp_path):
    expected = f"{tmp_path}: cannot be read; check that it is a file that you may read."
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
        load_settings(tmp_path, ENVIRON)


BROKEN_FILES = [
    ("", "holds no settings; write some, or get a commented file from auditor init."),
    ("- a\n- b\n", "holds no settings; write some, or get a commented file from auditor init."),
    ("brand: [a\n", "line 2: this is not YAML; check the indentation, quotes and brackets there."),
    ("a: 1\n---\nb: 2\n", "line 2: this is not YAML; check the indentation, quotes and brackets there."),
    ("brand: \x00\n", "this is not YAML; save the file as plain text."),
    (b"brand: \xff\xfe\n", "is not UTF-8 text; save it as UTF-8."),
    ("#" * (256 * 1024 + 1), "is larger than 256 kB; this is no settings file."),
    ("a: &x 1\nb: *x\n", "line 2: aliases (*name) are not read; write the value out."),
    ("a: !!python/object:os.system 1\n", "line 1: tags (!name) are not read; leave the tag out."),
    ("a: " + "[" * 5000, "is nested too deeply; write it flatter."),
    (
        "sales: {since: 2026-02-30}\n",
        "holds a date or number that does not exist; correct it or put it in quotes.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), BROKEN_FILES)
def test_a_file_that_is_no_settings_file(refusal, content, sentence):
    assert refusal(content) == sentence


def test_a_missing_variable_is_named(refusal):
    environ = {name: value for name, value in ENVIRON.items() if name != "HAPI_TOKEN"}
    assert refusal(SAMPLE, environ) == (
        "emarsys.sales.token: the environment variable HAPI_TOKEN is not set; set it and try again."
    )


@pytest.mark.parametrize("setting", ["sales.tax", "emarsys.quarantine_list", "emarsys.sales.token"])
def test_a_variable_that_is_no_text_is_named(refusal, setting):
    told = refusal(changed(setting, "${NO_TEXT}"), {**ENVIRON, "NO_TEXT": "caf\udce9"})
    assert told == (
        f"{setting}: the environment variable NO_TEXT is not UTF-8 text; set it to what it stands for."
    )


@pytest.mark.parametrize("text", ["${}", "${A-B}", "${NAME", "x ${1A}"])
def test_a_variable_that_is_written_wrong_is_refused(refusal, text):
    assert refusal(changed("centra.catalogue.market", text)) == (
        "centra.catalogue.market: a variable is written ${NAME}, with letters, digits and _ only."
    )
