from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.systems.plain_text import plain_text


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Tr&ouml;ja &amp; byxa", "Tröja & byxa"),
        ("&#84;&#x72;&#xF6;ja", "Tröja"),
        ("  Blue\u00a0 shirt\t", "Blue shirt"),
        ("Blue&nbsp;shirt", "Blue shirt"),
        ("https://x.example/?a=1&copy=2", "https://x.example/?a=1&copy=2"),
        ("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&b=2"),
        ("AT&T", "AT&T"),
        ("&nosuchentity;", "&nosuchentity;"),
    ],
)
def test_entities_are_decoded_and_white_space_is_folded(raw: str, plain: str):
    assert plain_text(raw) == plain


@pytest.mark.parametrize("raw", [None, "", " \t", "&nbsp;", "\0"])
def test_a_text_without_a_word_is_none(raw: str | None):
    assert plain_text(raw) is None


@given(st.text(st.characters(exclude_characters="&\0", codec="utf-8")))
def test_a_text_and_its_escaped_form_are_the_same(text: str):
    assert plain_text(html.escape(text)) == plain_text(text)


@given(st.text(st.characters(exclude_characters="&")))
def test_a_plain_text_is_plain_already(text: str):
    assert plain_text(plain_text(text)) == plain_text(text)
