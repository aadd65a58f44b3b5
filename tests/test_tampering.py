"""A file that was tampered with is refused, whichever byte was changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import AuditorError, ConfigError, StalePlanError
from auditor.model.plan import decoded, digest_of
from auditor.preflight.verdict import read_verdict
from tests.fuzz.targets import PLAN, as_file, signed

changes = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255))


def tampered(content: bytes, change: tuple[float, int]) -> bytes:
    place, flip = int(change[0] * len(content)), change[1]
    return content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :]


@settings(max_examples=60, deadline=None, database=None)
@given(changes)
def test_no_byte_of_a_plan_can_be_changed_under_its_digest(change: tuple[float, int]):
    assert digest_of(tampered(PLAN, change)) != digest_of(PLAN)


@settings(max_examples=60, deadline=None, database=None)
@given(changes)
def test_no_byte_of_a_verdict_can_be_changed(change: tuple[float, int]):
    with as_file(tampered(signed(), change)) as path, pytest.raises(ConfigError):
        read_verdict(path, "pepper", "b")


@pytest.mark.parametrize("more", [b" ", b"\n", b"{}"])
def test_nothing_can_be_added_to_a_verdict(more: bytes):
    with as_file(signed() + more) as path, pytest.raises(ConfigError):
        read_verdict(path, "pepper", "b")


def test_nothing_can_be_hidden_in_a_verdict():
    with (
        as_file(signed().replace(b'{"digest"', b'{"note":"go","digest"')) as path,
        pytest.raises(ConfigError, match="the verdict was changed"),
    ):
        read_verdict(path, "pepper", "b")


def test_nothing_can_be_hidden_in_a_plan():
    with pytest.raises(StalePlanError, match="not as `auditor plan` wrote it"):
        decoded(PLAN.replace(b'{"as_of"', b'{"a":1,"as_of"'))


def test_a_verdict_without_the_pepper_cannot_be_written():
    with as_file(signed()) as path, pytest.raises(ConfigError, match="another pepper"):
        read_verdict(path, "guessed", "b")


@pytest.mark.parametrize("content", [b'{"preflight":"\xff"}', b"[" * 100_000, b"\x00", b""])
def test_what_is_no_verdict_is_refused_with_a_sentence(content: bytes):
    with as_file(content) as path, pytest.raises(AuditorError, match="no verdict of a preflight"):
        read_verdict(path, "pepper", "b")


@pytest.mark.parametrize("content", [b'{"brand":"\xff"}', b"[" * 100_000, b"\x00", b""])
def test_what_is_no_plan_is_refused_with_a_sentence(content: bytes):
    with pytest.raises(StalePlanError, match="cannot be read"):
        decoded(content)
