"""Worlds of 100,000 customers and 300,000 orders: exactly the planted drift, in bounded memory.

`make worlds` looks at ten, and reads one over sockets; `make test` looks at a clean one of 2,500 customers
and reads one with drift over sockets, and writes drift directly into a small one alone.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import yaml

from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.config.environment import environment_with
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.pipeline import Run, audit
from auditor.sandbox.centra.options import CentraOptions
from auditor.sandbox.centra.plans import UNLIMITED
from auditor.sandbox.start import Plan, sandbox
from auditor.sandbox.world import (
    EARLIER,
    Scale,
    brand_settings,
    build_world,
    evolve,
    plant,
)
from auditor.warehouse import Warehouse
from tests.brand import look
from tests.direct import write_world
from tests.stores import ledger_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.config import Settings
    from auditor.sandbox.world import World

SMALL = Scale.of(customers=300)
PART = Scale.of(customers=2_500)
MOST_KIB = {Scale.M: 1_500_000, PART: 950_000}
"""How much memory an audit may take at its peak."""
MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A child's peak counts what its parent held when it was started, and a test that serves a world holds
more than any audit. So this small process stands between them."""
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class Silent:
    """Watches nothing."""

    def stage(self, name: str) -> None:
        """Ignore it."""

    def advanced(self, *_: object) -> None:
        """Ignore it."""

    def ended(self, _: object) -> None:
        """Ignore it."""

    def changes(self, *_: object) -> None:
        """Ignore it."""


def settings_of(world: World, folder: Path) -> Settings:
    known = brand_settings(world)
    known["centra"] |= {"url": "https://localhost/graphql", "token": "${TOKEN}"}
    auth = {"type": "oauth2", "token_url": "https://localhost", "client_id": "u"}
    auth |= {"client_secret": "${TOKEN}"}
    known["emarsys"] |= {"url": "https://localhost/api/v2", "auth": auth}
    file = folder / "auditor.yaml"
    file.write_text(yaml.safe_dump(known))
    return load_settings(file, {"TOKEN": "none"})


Found = set[tuple[str, str]]


def drift_of(
    world: World, seed: int, folder: Path, *, has_drift: bool = True
) -> tuple[Found, Found]:
    """Look at a clean world, let it live until now with drift or without, and audit it.

    A world that stands at the present already is said to have stood there before.

    Returns:
        What was found and what was planted, each as (check, subject).
    """
    settings = settings_of(world, folder)
    with closing(Warehouse(settings.store.warehouse)) as warehouse:
        write_world(world, warehouse, "earlier", as_of=NOW - EARLIER, pepper="pepper")
        evolve(world, seed, NOW)
        answers = plant(world, seed) if has_drift else []
        settings = settings_of(world, folder)
        snapshot = write_world(world, warehouse, "run", pepper="pepper")
    with closing(Ledger(settings.store.ledger)) as ledger:
        query.record_run(ledger, settings.brand, snapshot)
    audited = audit(Run(settings, folder, lambda: NOW, Silent()), take_snapshot=False)
    assert audited.audit.verdict == ("critical" if has_drift else "clean")
    with closing(Ledger(settings.store.ledger)) as ledger:
        found = {(f.check, f.subject_key) for f in query.findings(ledger, settings.brand)}
    return found, {(row.check, row.subject) for row in answers}


@pytest.fixture(autouse=True)
def _no_cycle_collection() -> Iterator[None]:
    """Keep the collector from walking millions of rows again and again; they form no cycles."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture(scope="session")
def scale(*, is_proof: bool) -> Scale:
    return Scale.M if is_proof else PART


def test_exactly_the_planted_drift_is_found(
    planted_seed: int,
    scale: Scale,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_large: bool,
):
    monkeypatch.chdir(tmp_path)
    size, began = (scale, NOW) if is_large else (SMALL, NOW - EARLIER)
    found, planted = drift_of(build_world(planted_seed, size, began), planted_seed, tmp_path)
    assert (found - planted, planted - found) == (set(), set())


def test_a_clean_world_is_clean(
    large_seed: int, scale: Scale, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    world = build_world(large_seed, scale, NOW)
    assert drift_of(world, large_seed, tmp_path, has_drift=False) == (set(), set())


def test_reading_and_auditing_one_over_sockets_finds_the_same_in_bounded_memory(
    scale: Scale, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    plan = Plan(
        tmp_path,
        utc_now,
        scale,
        seed=2,
        centra=CentraOptions(rate_plan=UNLIMITED),
        lives=timedelta(hours=1),
    )
    with sandbox(plan) as running:
        look(running, as_of=running.world.now - EARLIER)
        running.live_on()
        audit_of = [sys.executable, "-m", "auditor", "--config", str(running.settings), "audit"]
        measured = subprocess.run(
            [sys.executable, "-c", MEASURE, *audit_of],
            cwd=tmp_path, env=environment_with(running.environ), stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        planted = {(row.check, row.subject) for row in running.key}
    settings = load_settings(running.settings, running.environ)
    with closing(Ledger(ledger_in(tmp_path))) as ledger:
        found = {(f.check, f.subject_key) for f in query.findings(ledger, settings.brand)}
    assert (found - planted, planted - found) == (set(), set())
    code, peak_kib = map(int, measured.stdout.split())
    assert (code, peak_kib < MOST_KIB[scale]) == (1, True), f"{peak_kib:,} KiB"
