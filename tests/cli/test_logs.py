from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.logs import configure, redact

log = logging.getLogger("auditor.test")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("authorization: bearer abcdef", "authorization: bearer ***"),
        ("Basic QWxhZGRpbjpvcGVu", "Basic ***"),
        ("got eyJhbGciOiJIUzI1NiJ9.e30.abc back", "got *** back"),
        ('UsernameToken Username="a", PasswordDigest="ZmE=", Nonce="1f"',
         'UsernameToken Username="a", PasswordDigest="***", Nonce="***"'),
        ("GET https://feeds.example/a.csv?token=abc&page=2", "GET https://feeds.example/a.csv?token=***&page=2"),
        ("postgresql://auditor:s3cr3t@db.example/x", "postgresql://auditor:***/x"),
        ("postgresql://auditor:s3cr3t@localhost/x", "postgresql://auditor:***@localhost/x"),
        ('{"client_secret": "abc", "x": 1}', '{"client_secret": "***", "x": 1}'),
        ("contact ann.b+c@shop.example is gone", "contact *** is gone"),
        ("GET /contact/?3=ann%40shop.example", "GET /contact/?3=***"),
        ("read 200 orders in 3 pages", "read 200 orders in 3 pages"),
    ],
)  # fmt: skip
def test_credentials_and_addresses_are_hidden(text, shown):
    assert redact(text) == shown


@pytest.mark.parametrize(("verbose", "is_said"), [(False, False), (True, True)])
def test_that_something_is_tried_again_is_said_to_who_asks(capsys, verbose, is_said):
    configure(verbose=verbose)
    logging.getLogger("stamina").warning("stamina.retry_scheduled")
    assert ("retry_scheduled" in capsys.readouterr().err) is is_said


@given(st.emails(), st.text(alphabet=" ,;()<>\n"), st.text(alphabet=" ,;()<>\n"))
def test_no_address_is_ever_shown_whole(address, before, after):
    assert address not in redact(f"{before} {address} {after}")


@given(st.text())
def test_what_was_hidden_stays_as_it_is(text):
    once = redact(text)
    assert redact(once) == once


def test_long_text_takes_no_quadratic_time():
    assert len(redact("a" * 300_000)) == 300_000


def test_lines_for_people_name_level_and_place(capsys):
    configure()
    log.warning("slow: %s", "ann@shop.example")
    assert capsys.readouterr().err == "WARNING auditor.test: slow: ***\n"


def test_lines_for_machines_are_objects(capsys):
    configure("json")
    log.warning("slow: %s", "ann@shop.example")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["logger"], line["message"]) == (
        "warning",
        "auditor.test",
        "slow: ***",
    )


def test_lines_for_machines_tell_the_time_in_utc(capsys):
    configure("json")
    log.warning("slow")
    assert json.loads(capsys.readouterr().err)["at"].endswith("+00:00")


def test_a_traceback_is_one_line_for_machines(capsys):
    configure("json")
    log.error("failed", exc_info=ValueError("Bearer abcdef"))
    assert "ValueError: Bearer ***" in json.loads(capsys.readouterr().err)["message"]


def test_only_warnings_are_shown_by_default(capsys):
    configure()
    log.info("detail")
    assert capsys.readouterr().err == ""


def test_details_are_shown_when_asked(capsys):
    configure(verbose=True)
    log.info("detail")
    assert capsys.readouterr().err == "INFO auditor.test: detail\n"


def test_libraries_stay_quiet_even_then(capsys):
    configure(verbose=True)
    logging.getLogger("httpx").info("GET")
    assert capsys.readouterr().err == ""


def test_configuring_twice_shows_a_line_once(capsys):
    configure()
    configure()
    log.warning("once")
    assert capsys.readouterr().err == "WARNING auditor.test: once\n"
