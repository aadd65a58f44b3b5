"""The promise in one place: exactly the planted drift is found, and a clean world is clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.sandbox.centra.options import CentraOptions
from auditor.sandbox.centra.plans import UNLIMITED
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.world import Scale
from tests.brand import brand

if TYPE_CHECKING:
    from pathlib import Path

SEEDS, FEW = range(1, 11), range(1, 2)
"""Worlds that `make worlds` proves, and those that every run of the tests does."""

FEWER = Scale.of(customers=300)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        is_proof = metafunc.config.getoption("--large-worlds") > 1
        metafunc.parametrize("seed", SEEDS if is_proof else FEW)


@pytest.fixture
def scale(seed: int, *, is_proof: bool) -> Scale:
    """Return the demo's own scale for the first seed; `make worlds` has it for every one."""
    return Scale.S if is_proof or seed == SEEDS[0] else FEWER


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
        code, audit = drifted.audit()
        assert (code, audit["verdict"]) == (1, "critical")
        assert drifted.findings() == drifted.planted


def test_open_data_may_be_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    url = f"duckdb:///{tmp_path / 'open-data.duckdb'}"
    small = Scale.of(customers=150)
    with brand(tmp_path, monkeypatch, capsys, small, open_data_url=url) as drifted:
        drifted.audit()
        assert drifted.findings() == drifted.planted


@pytest.mark.parametrize(
    "options",
    [
        CentraOptions(rate_plan=UNLIMITED, cancelled_status="DELETED"),
        CentraOptions(rate_plan=UNLIMITED, hides_held_orders=True, hides_archived_orders=True),
        CentraOptions(rate_plan=UNLIMITED, date_bounds="exclusive", over_limit="error"),
        CentraOptions(
            rate_plan=UNLIMITED,
            absent=frozenset({"Query.customerConnection", "Query.orderConnection"}),
        ),
    ],
    ids=["deleted", "hidden", "bounds", "plain-lists"],
)
def test_what_the_reference_leaves_unknown_of_centra_changes_no_finding(
    options: CentraOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    small = Scale.of(customers=150)
    with brand(tmp_path, monkeypatch, capsys, small, centra=options) as drifted:
        drifted.audit()
        assert drifted.findings() == drifted.planted


@pytest.mark.parametrize(
    "options",
    [
        EmarsysOptions(export_user_id=True, json_as_html=True, rate_headers=False),
        EmarsysOptions(error_codes="number", contact_ids="number", empty_values="text"),
        EmarsysOptions(contact_ids_wrapped=False, list_page_size=1, multiple_ids="all"),
    ],
    ids=["exports", "loose-types", "lists"],
)
def test_what_the_reference_leaves_unknown_of_emarsys_changes_no_finding(
    options: EmarsysOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    small = Scale.of(customers=150)
    with brand(tmp_path, monkeypatch, capsys, small, emarsys=options) as drifted:
        drifted.audit()
        assert drifted.findings() == drifted.planted
