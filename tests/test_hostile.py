"""Text from the systems: made visible, short, safe as a name, and no formula."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.hostile import clipped, defused, in_a_line, safe_name, visible


@pytest.mark.parametrize("code", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200F])
def test_every_bidi_control_is_made_visible(code: int):
    assert visible(f"a{chr(code)}b") == f"a[U+{code:04X}]b"


@pytest.mark.parametrize("text", ["\x00", "\x1b[2J", "\x85", "\u200b", "\ufeff", "\ud800"])
def test_what_hides_or_breaks_text_is_made_visible(text: str):
    assert visible(text).startswith("[U+")


@pytest.mark.parametrize("text", ["Åsa", "tab\tand\nline", "👩\u200d🚀", "مرحبا", "a\u00a0b"])
def test_honest_text_stays(text: str):
    assert visible(text) == text


def test_no_text_begins_a_line_of_its_own():
    assert in_a_line("a\n\nVerdict:\tclean\r") == "a Verdict: clean[U+000D]"


@given(st.text())
def test_visible_text_can_always_be_encoded(text: str):
    assert len(visible(text).encode()) >= len(text)


def test_a_long_text_says_how_long_it_was():
    assert clipped("x" * 1_000, 10) == "xxxxxxxxxx… (1000 characters in all)"


def test_a_text_at_the_limit_stays():
    assert clipped("x" * 10, 10) == "x" * 10


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("consent.withdrawn_but_opted_in", "consent.withdrawn_but_opted_in"),
        ("..", "~2e."),
        ("../../etc", "~2e.~2f..~2fetc"),
        ("", "~"),
        ('a"b', "a~22b"),
    ],
)
def test_names(text: str, name: str):
    assert safe_name(text) == name


@given(st.text())
def test_a_name_stays_in_its_folder_and_needs_no_quoting(text: str):
    assert re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*", safe_name(text))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_a_formula_is_defused(first: str):
    assert defused(f"{first}cmd()") == f"'{first}cmd()"


@pytest.mark.parametrize("text", ["", "a=b", "100017", "'=x"])
def test_a_plain_text_is_not_touched(text: str):
    assert defused(text) == text
