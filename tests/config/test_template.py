"""The file that `auditor init` writes tells every setting, and nothing but the truth."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, get_args

import msgspec
import pytest

from auditor.config import OAuth2, Settings, Wsse
from tests.config.sample import MINIMAL, TEMPLATE, TEMPLATE_ENVIRON

EVERYTHING = re.sub(r"(?m)^( *)#(?=[a-z-])", r"\1", TEMPLATE)
ALTERNATIVES = re.findall(r"(?m)^  # or (\w+): (.*)$", TEMPLATE)


def structs(kind: Any) -> set[Any]:
    """Return every section that a kind is made of."""
    below = (
        [field.type for field in msgspec.structs.fields(kind)]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        else get_args(kind)
    )
    own = {kind} if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else set()
    return own.union(*(structs(inner) for inner in below))


KEYS = sorted(
    {field.encode_name for kind in structs(Settings) for field in msgspec.structs.fields(kind)}
)


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_mentioned(key):
    assert re.search(rf"(?m)[#\s{{]{key}:", TEMPLATE)


def test_both_ways_to_sign_in_are_among_the_sections():
    assert {OAuth2, Wsse} <= structs(Settings)


def test_the_file_loads_as_it_is_written(load):
    assert load(TEMPLATE, TEMPLATE_ENVIRON).brand == "my-brand"


def test_every_commented_setting_is_valid(load):
    assert load(EVERYTHING, TEMPLATE_ENVIRON).mail.from_ == "auditor@my-brand.example"


@pytest.mark.parametrize(("key", "value"), ALTERNATIVES)
def test_every_alternative_is_valid(load, key, value):
    text = re.sub(rf"(?m)^  {key}: .*$", f"  {key}: {value}", TEMPLATE)
    assert load(text, TEMPLATE_ENVIRON) != load(TEMPLATE, TEMPLATE_ENVIRON)


def test_three_alternatives_are_offered():
    assert len(ALTERNATIVES) == 3


@pytest.mark.parametrize(
    "section",
    ["consent", "feed", "events", "catalogue", "freshness", "coverage", "sales", "settle", "corrections"],
)  # fmt: skip
def test_commented_defaults_are_the_defaults(load, section):
    assert getattr(load(EVERYTHING, TEMPLATE_ENVIRON), section) == getattr(load(MINIMAL), section)


@pytest.mark.embedded("what is not said is the server of the tests there")
def test_the_commented_stores_are_the_defaults(load):
    assert load(EVERYTHING, TEMPLATE_ENVIRON).store == load(TEMPLATE, TEMPLATE_ENVIRON).store


def test_every_setting_is_explained():
    lines = TEMPLATE.splitlines()
    setting = re.compile(r" *#?[a-z_]+:( |$)")
    bare = [
        line
        for before, line in pairwise(lines)
        if setting.match(line) and not before.lstrip().startswith("# ")
    ]
    assert bare == []
