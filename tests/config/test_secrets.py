from __future__ import annotations

import pickle

import pytest

from auditor.config import Secret
from auditor.errors import ConfigError
from tests.config.sample import ENVIRON, SAMPLE, SECRETS, changed

PATHS = [
    "centra.token",
    "centra.order_api.secret",
    "emarsys.auth.client_secret",
    "emarsys.sales.token",
    "privacy.pepper",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_secret_in_the_file_is_refused(refusal, path):
    assert refusal(changed(path, "s3cr3t")) == (
        f"{path}: comes only from the environment: write ${{NAME}}."
    )


@pytest.mark.parametrize("value", ["abc${CENTRA_TOKEN}", 12345, ["${CENTRA_TOKEN}"], True])
def test_half_a_secret_in_the_file_is_refused(refusal, value):
    assert refusal(changed("centra.token", value)) == (
        "centra.token: comes only from the environment: write ${NAME}."
    )


def test_the_signing_secret_in_the_file_is_refused(refusal):
    auth = {"type": "wsse", "username": "nordlys001", "secret": "s3cr3t"}
    assert refusal(changed("emarsys.auth", auth)) == (
        "emarsys.auth.secret: comes only from the environment: write ${NAME}."
    )


@pytest.mark.parametrize("value", ["", "  ", "to ken", "to\nken", "to\x00ken"])
def test_an_empty_or_broken_secret_is_refused_without_showing_it(refusal, value):
    assert refusal(SAMPLE, {**ENVIRON, "CENTRA_TOKEN": value}) == (
        "centra.token: the environment variable CENTRA_TOKEN is empty or holds blanks; "
        "put the secret, and nothing else, in it."
    )


def test_a_line_break_after_a_secret_is_dropped(load):
    settings = load(SAMPLE, {**ENVIRON, "CENTRA_TOKEN": "t0ken\n"})
    assert settings.centra.token.reveal() == "t0ken"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "%s".__mod__])
def test_a_secret_shows_stars(show):
    assert show(Secret("s3cr3t")) == "***"


def test_secrets_are_equal_by_value():
    assert (Secret("a") == Secret("a"), Secret("a") == Secret("b")) == (True, False)


def test_equal_secrets_count_once():
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_the_settings_show_no_secret(load):
    shown = repr(load(SAMPLE))
    assert [name for name in SECRETS if ENVIRON[name] in shown] == []


@pytest.mark.parametrize("password", ["s3cr3t", "s3/cr3t", "s3@cr3t"])
def test_the_settings_show_no_password_of_an_address(load, password):
    url = "postgresql://auditor:${DB_PASSWORD}@db.example/audit"
    settings = load(changed("store.warehouse", url), {**ENVIRON, "DB_PASSWORD": password})
    assert "'postgresql://auditor:***@db.example/audit'" in repr(settings)


def test_the_settings_show_no_query_of_an_address(load):
    settings = load(changed("emarsys.catalogue.feed", "https://feeds.example/a.csv?key=s3cr3t"))
    assert "'https://feeds.example/a.csv?***'" in repr(settings)


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("store.ledger", "postgresql://auditor:s3cr3t@db.example/audit"),
        ("mail.smtp", "smtp://auditor:s3cr3t@mail.example:587"),
        ("emarsys.open_data.url", "postgresql://auditor:s3${CENTRA_TOKEN}@db.example/audit"),
        ("centra.url", "https://user:s3cr3t@nordlys.centra.com/graphql"),
    ],
)
def test_a_password_in_an_address_is_refused(refusal, path, url):
    assert refusal(changed(path, url)) == (
        f"{path}: the password comes only from the environment: write ${{NAME}} for it."
    )


@pytest.mark.parametrize(
    "path",
    ["sales.tax", "sales.since", "settle.sales", "emarsys.contacts", "mail.from", "centra.url"],
)
def test_a_secret_in_the_wrong_place_is_not_shown(refusal, path):
    assert "value-of" not in refusal(changed(path, "${CENTRA_TOKEN}"))


def test_settings_survive_a_copy_to_another_process(load):
    settings = load(SAMPLE)
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - our own bytes


def without(load, variable: str, text: object = SAMPLE):
    environ = {name: value for name, value in ENVIRON.items() if name != variable}
    return load(text, environ, needs_secrets=False)


def test_a_secret_that_is_not_set_is_missed_where_it_is_used(load):
    settings = without(load, "CENTRA_TOKEN")
    with pytest.raises(ConfigError, match=r"^centra\.token: .* CENTRA_TOKEN is not set"):
        settings.centra.token.reveal()


def test_the_name_of_a_client_that_is_not_set_is_missed_by_nobody(load):
    assert without(load, "EMARSYS_CLIENT_ID").emarsys.auth.client_id == "${EMARSYS_CLIENT_ID}"


def test_an_address_that_is_not_set_is_missed_at_once(load):
    text = changed("store.ledger", "postgresql://auditor:${LEDGER_PASSWORD}@db/auditor")
    with pytest.raises(ConfigError, match=r"store\.ledger: .* LEDGER_PASSWORD is not set"):
        without(load, "LEDGER_PASSWORD", text)
