"""The promise in one place: exactly the planted drift is found, and a clean world is clean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra.options import CentraOptions
from auditor.sandbox.centra.plans import UNLIMITED
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.world import Scale
from tests.brand import brand

if TYPE_CHECKING:
    from pathlib import Path

    from tests.brand import Brand

SEEDS, FEW = range(1, 11), range(1, 2)
"""Worlds that `make worlds` proves, and those that every run of the tests does."""

FEWER = Scale.of(customers=150)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        is_proof = metafunc.config.getoption("--large-worlds") > 1
        metafunc.parametrize("seed", SEEDS if is_proof else FEW)


@pytest.fixture
def scale(*, is_proof: bool) -> Scale:
    """Return the demo's own scale, or fewer: what the demo finds has tests of its own."""
    return Scale.S if is_proof else FEWER


def test_a_clean_world_is_clean(
    seed: int,
    scale: Scale,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    with brand(tmp_path, monkeypatch, capsys, scale, seed=seed, drift=False) as clean:
        code, audit = clean.audit("--fail-on", "info")
        assert (code, audit["verdict"], clean.findings()) == (0, "clean", set())


def test_exactly_the_planted_drift_is_found(
    seed: int,
    scale: Scale,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    with brand(tmp_path, monkeypatch, capsys, scale, seed=seed) as drifted:
        assert_planted(drifted)


def assert_planted(drifted: Brand) -> None:
    """Audit; where something else is found than was planted, say which world that was."""
    code, audit = drifted.audit()
    assert (code, audit["verdict"]) == (1, "critical")
    span = (drifted.began.isoformat(), drifted.running.world.now.isoformat())
    assert drifted.findings() == drifted.planted, span


UNKNOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "deleted-and-exports": (
        {"cancelled_status": "DELETED"},
        {"export_user_id": True, "json_as_html": True, "rate_headers": False},
    ),
    "hidden-and-loose-types": (
        {"hides_held_orders": True, "hides_archived_orders": True},
        {"error_codes": "number", "contact_ids": "number", "empty_values": "text"},
    ),
    "bounds-and-lists": (
        {"date_bounds": "exclusive", "over_limit": "error"},
        {"contact_ids_wrapped": False, "list_page_size": 1, "multiple_ids": "all"},
    ),
    "plain-lists": (
        {"absent": frozenset({"Query.customerConnection", "Query.orderConnection"})},
        {},
    ),
}
"""What the reference leaves unknown of Centra, each beside something it leaves unknown of Emarsys."""


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_the_reference_leaves_unknown_changes_no_finding(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    of_centra, of_emarsys = UNKNOWN[name]
    centra = CentraOptions(rate_plan=UNLIMITED, **of_centra)
    options: dict[str, Any] = {"centra": centra, "emarsys": EmarsysOptions(**of_emarsys)}
    with brand(tmp_path, monkeypatch, capsys, FEWER, **options) as drifted:
        assert_planted(drifted)
