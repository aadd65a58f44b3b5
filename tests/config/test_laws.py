"""What holds for any settings file, found by trying many."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config.values import parse_duration
from auditor.errors import ConfigError
from tests.config.sample import ENVIRON, SAMPLE, plain

patient = settings(deadline=None)  # the first file that names an address imports httpx

OPEN = ("centra.marketplaces.attributes", "corrections.caps", "corrections.policy", "mail.to")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | scalars, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def steps(tree: object) -> list[tuple[str | int, ...]]:
    """Return the way to every value of a tree, as keys and indexes."""
    items: Any = ()
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list):
        items = enumerate(tree)
    return [(key, *rest) for key, value in items for rest in [(), *steps(value)]]


def at(tree: Any, way: tuple[str | int, ...]) -> Any:
    """Return the value at the end of a way."""
    for key in way:
        tree = tree[key]
    return tree


def dotted(way: tuple[str | int, ...]) -> str:
    """Write a way as messages name it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in way).lstrip(".")


ALL = steps(plain())
SECTIONS = [(), *(way for way in ALL if isinstance(at(plain(), way), dict))]
CLOSED = [way for way in SECTIONS if dotted(way) not in OPEN]


def refused_or_loaded(load, content: str | bytes) -> None:
    try:
        load(content)
    except ConfigError as exc:
        sentence = str(exc)
    else:
        return
    assert re.fullmatch(r"[^\n]+[.?]", sentence)


@patient
@given(st.text())
def test_any_text_is_settings_or_a_sentence(load, text):
    refused_or_loaded(load, text.encode("utf-8", "surrogatepass"))


@patient
@given(st.binary())
def test_any_bytes_are_settings_or_a_sentence(load, content):
    refused_or_loaded(load, content)


@patient
@given(st.text(alphabet="ab:-[]{}\"'#&*!|>%@`?,\\\n ${}<=0123456789.T+_xoe~", max_size=60))
def test_any_yaml_like_text_is_settings_or_a_sentence(load, text):
    refused_or_loaded(load, text)


@patient
@given(st.sampled_from(ALL), junk)
def test_any_value_anywhere_is_settings_or_a_sentence(load, way, value):
    tree = plain()
    at(tree, way[:-1])[way[-1]] = value
    refused_or_loaded(load, yaml.safe_dump(tree))


@patient
@given(st.integers(0, len(SAMPLE)), st.integers(0, 40))
def test_a_file_with_a_piece_cut_out_is_settings_or_a_sentence(load, start, length):
    refused_or_loaded(load, SAMPLE[:start] + SAMPLE[start + length :])


@pytest.mark.parametrize("section", CLOSED, ids=dotted)
def test_an_unknown_key_is_refused_with_its_path_at_any_depth(refusal, section):
    tree = plain()
    at(tree, section)["zz_unknown"] = 1
    assert refusal(tree).startswith(f"{dotted((*section, 'zz_unknown'))}: unknown setting;")


@given(st.integers(0, 999_999), st.sampled_from(sorted(UNITS)))
def test_a_duration_means_what_it_says(amount, unit):
    assert parse_duration(f"{amount}{unit}") == timedelta(**{UNITS[unit]: amount})


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text):
    try:
        parse_duration(text)
    except ValueError:
        return
    assert text[-1] in UNITS


@patient
@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_any_printable_secret_arrives_unchanged(load, value):
    assert load(SAMPLE, {**ENVIRON, "HAPI_TOKEN": value}).emarsys.sales.token.reveal() == value
