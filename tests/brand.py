"""A brand to audit: a sandbox on loopback and the command line as a user runs it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import yaml

from auditor.cli import main
from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.sandbox.centra.options import CentraOptions
from auditor.sandbox.centra.plans import UNLIMITED
from auditor.sandbox.start import Plan, Sandbox, sandbox
from auditor.sandbox.world import EARLIER
from auditor.warehouse import Warehouse
from auditor.warehouse.connect import file_of
from tests.direct import write_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import pytest

    from auditor.sandbox.world import Scale

FAST = CentraOptions(rate_plan=UNLIMITED)
SPARE = timedelta(hours=1)
"""How long an earlier look of one test serves others: what is planted counts on one `EARLIER` ago or after."""


@dataclass
class Brand:
    """One brand's folder, its two systems, and what the command line answered last.

    Attributes:
        began: From when its world is told; with the moment until which it lived, that tells it again.
    """

    folder: Path
    running: Sandbox
    capsys: pytest.CaptureFixture[str]
    began: datetime
    out: str = ""
    err: str = ""

    def auditor(self, *words: str) -> int:
        """Run the auditor and keep what it printed."""
        self.capsys.readouterr()
        code = main(["--config", str(self.running.settings), *words])
        self.out, self.err = self.capsys.readouterr()
        return code

    def audit(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Audit and return the exit code and the JSON."""
        code = self.auditor("--format", "json", "audit", *words)
        assert self.out, self.err
        return code, json.loads(self.out)

    def findings(self) -> set[tuple[str, str]]:
        """Return every open finding as (check, subject)."""
        self.auditor("--format", "json", "findings")
        rows = [json.loads(line) for line in self.out.splitlines()]
        return {(row["check"], row["subject"]["key"]) for row in rows}

    @property
    def planted(self) -> set[tuple[str, str]]:
        """Return the answer key as (check, subject)."""
        return {(row.check, row.subject) for row in self.running.key}

    def change_settings(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Rewrite the settings file."""
        settings = yaml.safe_load(self.running.settings.read_text())
        change(settings)
        self.running.settings.write_text(yaml.safe_dump(settings))


@contextlib.contextmanager
def brand(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    scale: Scale,
    *,
    stores: Mapping[str, str] | None = None,
    **plan: Any,
) -> Iterator[Brand]:
    """Start a brand's systems; the process works in its folder, with its secrets, until the end.

    The brand was read before, some days ago and without drift: written directly, that costs little, and
    less when this process did so before. Its stores are files in the folder unless given; `plan` says
    what else the sandbox is like.
    """
    wanted = {"centra": FAST, "lives": EARLIER - SPARE, **plan}
    plan_of_it = Plan(folder, utc_now, scale, **wanted)
    began = _begun(plan_of_it)
    with sandbox(replace(plan_of_it, clock=_clock(began))) as running:
        monkeypatch.chdir(folder)
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        started = Brand(folder, running, capsys, began)
        if running.is_past:
            _look(running, began, stores)
            running.live_on()
        if stores:
            started.change_settings(lambda settings: settings.update(store=dict(stores)))
        yield started


@dataclass(frozen=True)
class _Looked:
    """A warehouse file after a look at a world, the moment from which that world was told, and the world."""

    began: datetime
    world: bytes
    warehouse: bytes


_looked: dict[tuple[Any, ...], _Looked] = {}
"""The looks of this process, by what makes a world what it is, unless a test changes it."""


def _world_of(plan: Plan) -> tuple[Any, ...]:
    return plan.scale, plan.seed, plan.lives


def _begun(plan: Plan) -> datetime:
    """Return from when a world is told: from the same moment it is the same as another test's."""
    now, known = utc_now(), _looked.get(_world_of(plan))
    return known.began if known and timedelta() <= now - known.began < SPARE else now


def _clock(began: datetime) -> Callable[[], datetime]:
    """Answer with one moment first, then with the time."""
    first = iter([began])
    return lambda: next(first, None) or utc_now()


def _look(running: Sandbox, began: datetime, stores: Mapping[str, str] | None) -> None:
    """Look at a world, or take the file of a look at the same."""
    file = None
    if stores is None:
        file = file_of(load_settings(running.settings, running.environ).store.warehouse)
    if file is None:
        look(running, stores=stores)
        return
    key, world = _world_of(running.plan), hashlib.sha256(repr(running.world).encode()).digest()
    known = _looked.get(key)
    if known is None or known.world != world:
        look(running)
        _looked[key] = _Looked(began, world, file.read_bytes())
        return
    file.parent.mkdir(mode=0o700, parents=True)
    file.write_bytes(known.warehouse)


def look(
    running: Sandbox, *, as_of: datetime | None = None, stores: Mapping[str, str] | None = None
) -> None:
    """Write a world as it stands into the brand's warehouse, as an earlier run would have.

    Args:
        running: Whose world; the process works in its folder.
        as_of: When that run was; the moment of the world unless given.
        stores: As for `brand`.
    """
    url = (stores or {}).get("warehouse")
    known = url or str(load_settings(running.settings, running.environ).store.warehouse)
    pepper = running.environ["AUDITOR_PEPPER"]
    with closing(Warehouse(known)) as warehouse:
        write_world(running.world, warehouse, "earlier", as_of=as_of, pepper=pepper)
