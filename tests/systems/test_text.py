"""Text is normalised once, in one way."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.systems.text import email_key, name_or_none, text_or_none


def test_a_key_is_trimmed_and_lower_case():
    assert email_key("  Ann.Lee+News@Example.COM\n") == "ann.lee+news@example.com"


def test_composed_and_decomposed_letters_give_one_key():
    assert email_key("Jose\u0301@example.com") == email_key("JOS\u00c9@example.com")


@pytest.mark.parametrize("raw", [None, "", "  \t"])
def test_nothing_has_no_key(raw: str | None):
    assert email_key(raw) is None


@settings(deadline=None)
@given(st.text())
def test_a_key_is_its_own_key(raw: str):
    assert email_key(email_key(raw)) == email_key(raw)


@settings(deadline=None)
@given(st.text())
def test_a_key_is_in_normal_form(raw: str):
    key = email_key(raw) or ""
    assert unicodedata.is_normalized("NFC", key)


@settings(deadline=None)
@given(st.emails())
def test_case_never_decides_a_match(raw: str):
    assert email_key(raw.upper()) == email_key(raw.lower())


@pytest.mark.parametrize("raw", [None, "", " \n ", "\0", " \0 "])
def test_blank_text_is_none(raw: str | None):
    assert text_or_none(raw) is None


def test_text_keeps_its_spaces():
    assert text_or_none(" Ann ") == " Ann "


def test_text_loses_the_character_that_no_database_keeps():
    assert text_or_none("An\0n") == "Ann"


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("  Åsa ", "Åsa"),
        ("A\u030asa", "Åsa"),
        ("Anna\u00a0  Karin", "Anna Karin"),
        ("ÅSA", "ÅSA"),
        (" ", None),
        (None, None),
    ],
)
def test_a_name_is_stored_as_it_is_compared(raw: str | None, stored: str | None):
    assert name_or_none(raw) == stored
