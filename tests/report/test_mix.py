"""Report and letters over every pair of states, as they were."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from auditor.mail.digest import digests, letters
from auditor.report.render import MAX_BYTES, render_html
from tests.mail.test_digest import LINK, MAIL, TEMPLATES
from tests.report import examples, mix
from tests.report.test_render import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

MIXES = mix.mixes()


def test_every_two_states_meet():
    for one, other in itertools.combinations(mix.STATES, 2):
        met = {(each[one], each[other]) for each in MIXES}
        assert met == set(itertools.product(mix.STATES[one], mix.STATES[other]))


def test_the_letters_are_as_they_were(assert_gold: Callable[[str, str], None]):
    told = []
    for each in MIXES:
        made = digests(mix.report_of(each), MAIL, LINK, {})
        told += [
            f"=== {mix.named(each)}\n--- {letter.subject}\n{letter.text}"
            for letter in letters(made, MAIL, TEMPLATES)
        ]
    assert_gold("digest_mix.txt", "\n".join(told))


def test_the_pages_say_what_they_said(assert_gold: Callable[[str, str], None]):
    pages = [
        f"=== {mix.named(each)}\n{text_of(render_html(mix.report_of(each), examples.TEMPLATES))}"
        for each in MIXES
    ]
    assert_gold("report_mix.txt", "\n\n".join(pages) + "\n")


@pytest.mark.parametrize("each", MIXES[:3], ids=mix.named)
def test_a_page_of_any_state_is_small(each: mix.Mix):
    assert len(render_html(mix.report_of(each), examples.TEMPLATES).encode()) < MAX_BYTES / 4
