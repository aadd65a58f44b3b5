"""A stored run can be judged again, a run compared with an earlier one, and every check be proved to work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.world import Scale
from tests.brand import Brand, brand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPT_IN = 31


@pytest.fixture
def drifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Brand]:
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=150)) as running:
        yield running


def told(brand: Brand, *words: str) -> dict[str, Any]:
    brand.auditor("--format", "json", "audit", *words)
    answer: dict[str, Any] = json.loads(brand.out)
    return answer


def opted_in_since(brand: Brand) -> str:
    """Opt somebody in whom nothing vouches for, and return the contact."""
    subject = next(s for c, s in brand.planted if c == "consent.erased_but_present")
    contact = next(c for c in brand.running.world.emarsys.contacts if str(c.id) == subject)
    contact.values[OPT_IN] = "1"
    return subject


def test_an_earlier_run_is_judged_as_it_was(drifted: Brand):
    first = told(drifted)["run"]
    contact = opted_in_since(drifted)
    second = told(drifted, "--since", first)
    changed = {(row["check"], row["subject"]["key"]) for row in second["since"]["gained"]}
    assert changed == {("consent.erased_but_contactable", contact)}
    again = told(drifted, "--run", first)
    assert (again["gained"], again["lost"]) == ([], [])


def test_other_terms_find_something_else_in_the_same_run(drifted: Brand):
    first = told(drifted)["run"]
    drifted.change_settings(lambda s: s["centra"].update(marketplaces={}))
    again = told(drifted, "--run", first)
    assert "channel.marketplace_in_sales" in {row["check"] for row in again["lost"]}


def test_the_canary_detects_a_case_of_every_check(drifted: Brand):
    canary = told(drifted, "--canary")["canary"]
    assert (canary["missed"], canary["detected"]) == ([], canary["planted"])


def test_a_run_that_is_not_there_is_one_sentence(drifted: Brand):
    assert drifted.auditor("audit", "--run", "2020") == 2
    assert drifted.err.splitlines()[-1] == (
        "auditor: --run 2020: there is no such run; the report's index lists them."
    )
