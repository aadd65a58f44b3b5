"""Deletes what is older than the settings let it be, and keeps what is still needed however old it is."""

from __future__ import annotations

import logging
import shutil
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.correct.applying import expiry as plans
from auditor.findings import expiry as findings
from auditor.findings.ledger import Ledger, stored
from auditor.mail.sent import delete_sent, runs_owed
from auditor.pipeline.leased import leased
from auditor.pipeline.reporting import delete_reports, list_runs
from auditor.pipeline.unused import unused
from auditor.preflight.memory import delete_expired
from auditor.warehouse import Warehouse
from auditor.warehouse.compact import compact_file
from auditor.warehouse.expiry import delete_versions
from auditor.warehouse.publish import publish

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.pipeline.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was deleted.

    Attributes:
        runs: Of the ledger.
        findings: That are over.
        plans: Applied ones, with their receipts.
        rows: All rows of the ledger but these, and of the warehouse those that were deleted or emptied.
        reports: Of runs, with what they were made from.
        files: Files and folders that nobody used.
    """

    runs: int
    findings: int
    plans: int
    rows: int
    reports: int
    files: int

    def sentence(self) -> str:
        """Return what was deleted in words."""
        return (
            f"deleted {self.runs} runs, {self.findings} findings, {self.plans} plans, {self.rows} other "
            f"rows, {self.reports} reports and {self.files} files"
        )


def clean(run: Run) -> Cleaned:
    """Delete what is older than `privacy.retain` and `privacy.retain_files` let it be.

    The ledger goes first: a run that is not in it cannot be asked for any more, and only then are the
    versions deleted that it would be restored from. Broken off, it goes on the next time.

    Args:
        run: The brand and its surroundings.

    Raises:
        StoreError: a store cannot be opened, or a run is under way.
    """
    settings, now = run.settings, run.clock()
    brand, limit = settings.brand, now - settings.privacy.retain
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(settings.store.ledger)))
        run = stack.enter_context(leased(run, ledger))
        run.progress.stage("clean")
        with ledger.begin() as conn:
            over = findings.delete_over(conn, brand, limit, runs_owed(conn, brand))
            done = plans.delete_done(conn, brand, limit)
            rows = delete_sent(conn, brand, limit) + delete_expired(conn, brand, limit)
            applied = plans.applied(conn, brand)
        rows += over.history + over.incidents
        rows += _clean_warehouse(run, _earlier(limit, over.oldest))
        reports = delete_reports(brand, limit)
        if reports or over.runs:
            list_runs(run, ledger)
        files = 0
        for path in unused(settings, applied, now - settings.privacy.retain_files):
            log.info("Deleted %s", path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            files += 1
    return Cleaned(over.runs, over.findings, done, rows, reports, files)


def _earlier(limit: datetime, oldest: datetime | None) -> datetime:
    """Return when the last run began whose versions may go: every run that is left can be restored."""
    moment = stored(limit)
    return moment if oldest is None else min(moment, oldest)


def _clean_warehouse(run: Run, ended: datetime) -> int:
    url = run.settings.store.warehouse
    # A service that has to end does so here: once rows are gone, nobody knows that a copy has them still.
    run.progress.stage("compact")
    with closing(Warehouse(url)) as warehouse, warehouse.engine.begin() as conn:
        rows = delete_versions(conn, ended)
    if rows:
        try:
            compact_file(url)
        finally:  # where that finds no room, a copy of what is left may find it in the place of the old one
            publish(url)
    return rows
