"""Who only reads the stores needs no credentials of the systems."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import auditor
from tests.correct.desk import read_settings
from tests.report import examples
from tests.test_overview import keep

if TYPE_CHECKING:
    from pathlib import Path

READING = [
    ("findings",),
    ("report",),
    ("overview",),
    ("uploads",),
    ("serve", "--status"),
]
TALKING = [("audit",), ("snapshot",), ("plan",), ("apply", "x.json"), ("serve",), ("doctor",)]


@pytest.fixture
def brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A brand that was audited, in the present folder, and whose only variable is not set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOKEN", raising=False)
    settings = read_settings(tmp_path)
    keep(settings, replace(examples.clean_audit(), brand=settings.brand))
    return tmp_path / "auditor.yaml"


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_the_stores_takes_no_secret(brand, call, words):
    assert call("--config", brand, *words).code == 0


@pytest.mark.parametrize("words", TALKING, ids=" ".join)
def test_talking_to_a_system_takes_all_of_them(brand, call, words):
    said = call("--config", brand, *words)
    assert said.code == 2
    assert "the environment variable TOKEN is not set" in said.out + said.err


def test_a_notebook_takes_no_secret(brand):
    assert len(auditor.open(brand).runs()) == 1


def test_a_hash_takes_the_pepper_it_was_made_with(brand, call):
    read_settings(brand.parent, lambda raw: raw.update(privacy={"pepper": "${TOKEN}"}))
    said = call("--config", brand, "explain", "100017")
    assert said.code == 2
    assert "privacy.pepper: the environment variable TOKEN is not set" in said.err
