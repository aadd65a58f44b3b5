"""Reads both systems: what to read, how, and what of it to believe."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING

from auditor.errors import ConfigError, ReadError, RefusedError
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.logs import name_run
from auditor.model.keyed_hash import keyed_hash
from auditor.model.tables import STREAM_TABLES
from auditor.pipeline.leased import leased
from auditor.snapshot.course import Terms as ReadingTerms
from auditor.snapshot.take import Reading, take, unread
from auditor.systems.connect import connected
from auditor.warehouse import Warehouse
from auditor.warehouse.aside import set_aside

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from auditor.config import Settings
    from auditor.model.snapshot import Coverage, Snapshot
    from auditor.pipeline.run import Run

log = logging.getLogger(__name__)


def snapshot(run: Run, *, full: bool = False, rebuild: bool = False) -> Snapshot:
    """Read both systems, what changed where that is enough, and store what was read.

    Args:
        run: The brand and its surroundings.
        full: Whether to read every stream whole.
        rebuild: Whether to set the warehouse aside and read everything into a new one; the ledger, with
            its findings, stays.

    Raises:
        ConfigError: the settings name something that is not there.
        RefusedError: a system refuses the credentials.
    """
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(run.settings.store.ledger)))
        run = stack.enter_context(leased(run, ledger))
        if rebuild:
            _set_aside(run)
        warehouse = stack.enter_context(closing(Warehouse(run.settings.store.warehouse)))
        run.progress.stage("snapshot")
        return take_snapshot(run, ledger, warehouse, full=full)


def _set_aside(run: Run) -> None:
    aside = set_aside(run.settings.store.warehouse, run.clock())
    if aside is not None:
        log.warning(
            "The warehouse was set aside as %s; it holds personal data: delete it once it is not needed.",
            aside,
        )


def take_snapshot(
    run: Run,
    ledger: Ledger,
    warehouse: Warehouse,
    *,
    full: bool = False,
    only: Collection[str] | None = None,
) -> Snapshot:
    """Read both systems into the warehouse and write the run down; `only` these streams.

    Raises:
        ConfigError: the settings name something that is not there.
        RefusedError: a system refuses the credentials.
    """
    settings = run.settings
    reading = reading_of(run, warehouse, ledger, full=full)
    taken = _take(run, reading, set(STREAM_TABLES) if only is None else only)
    query.record_run(ledger, settings.brand, taken)
    return taken


def reading_of(run: Run, warehouse: Warehouse, ledger: Ledger, *, full: bool = False) -> Reading:
    """Return what reading needs under a new run's name.

    Args:
        run: The brand and its surroundings.
        warehouse: Where rows go.
        ledger: Knows how large streams usually are, for the guard.
        full: Whether to read every stream whole.
    """
    settings, name = run.settings, f"{run.clock():%Y-%m-%dT%H:%M:%SZ}-{token_hex(2)}"
    name_run(name)
    return Reading(
        name,
        warehouse,
        run.progress,
        run.clock,
        time.perf_counter,
        terms=_reading_terms(settings, full=full),
        guard=lambda line: _guarded(line, settings, ledger),
        pepper=_pepper(settings),
    )


def _take(run: Run, reading: Reading, names: Collection[str]) -> Snapshot:
    try:
        with connected(run.settings, run.clock, reading.halt.sleep, reading.warehouse) as systems:
            taken = take([s for s in systems.streams if s.name in names], reading)
    except RefusedError:
        raise
    except ReadError as exc:
        return unread(names, reading, str(exc))
    if any(line.system == "centra" and not line.complete for line in taken.coverage):
        # What was remembered of the API may be why; the next run asks again.
        reading.warehouse.forget_schemas()
    return taken


def _reading_terms(settings: Settings, *, full: bool) -> ReadingTerms:
    # Whatever may shape a row; secrets show no content here.
    proof = keyed_hash("pepper", _pepper(settings))
    basis = repr((settings.centra, settings.emarsys, settings.sales, settings.catalogue, proof))
    sweep = settings.schedule.sweep if settings.schedule else None
    if sweep is None:
        return ReadingTerms(full, basis)

    def is_due(last: datetime, now: datetime) -> bool:
        from auditor.cron import has_fired

        return has_fired(sweep, settings.timezone, last, now)

    return ReadingTerms(full, basis, is_due)


def _pepper(settings: Settings) -> str | None:
    return settings.privacy.pepper.reveal() if settings.privacy.pepper else None


def last_snapshot(run: Run, ledger: Ledger) -> Snapshot:
    """Return the newest snapshot.

    Raises:
        ConfigError: there is none yet.
    """
    snapshot = query.last_snapshot(ledger, run.settings.brand)
    if snapshot is None:
        raise ConfigError(
            "--no-snapshot: there is no snapshot yet; run `auditor audit` without it."
        )
    return snapshot


def _guarded(line: Coverage, settings: Settings, ledger: Ledger) -> Coverage:
    """Disbelieve a stream that shrank below its guard: half the rows gone is a fault, not a fact."""
    usual = query.usual_rows(ledger, settings.brand, line.stream) if line.is_usable else None
    if usual is None or line.rows >= usual * settings.coverage.shrink_guard:
        return line
    reason = (
        f"It shrank to {line.rows} rows from usually {usual}; if that is right, lower "
        "coverage.shrink_guard until that is usual: for four runs."
    )
    return replace(line, complete=False, reason=reason)
