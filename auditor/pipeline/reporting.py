"""From a finished audit to what people open: the archive of the run, its report, and the list of runs."""

from __future__ import annotations

import webbrowser
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.archive import Archive, delete_before
from auditor.errors import ConfigError
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.findings.lifecycle import tallies
from auditor.findings.standing import SCHEMA, standing
from auditor.mail.sent import Sent
from auditor.model.audit import Record, StreamLag
from auditor.model.drift import link_stream
from auditor.pipeline.run import REPORTS
from auditor.preflight.memory import last_of
from auditor.report.figures import Figures
from auditor.report.write import (
    Stands,
    brand_folder,
    write_index,
    write_overview,
    write_report,
)
from auditor.resources import bundled_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from auditor.config import Settings
    from auditor.model.audit import Audit, PastRun
    from auditor.pipeline.run import Run
    from auditor.warehouse import Warehouse

TEMPLATES = "reports/templates"


def keep(
    run: Run, ledger: Ledger, warehouse: Warehouse, audit: Audit, *, is_told: bool = False
) -> Record:
    """Keep what a run came to, so that its report can be made at any time; close the run.

    Args:
        run: The brand and its surroundings.
        ledger: After the findings were updated.
        warehouse: After `reconcile`.
        audit: What the run came to.
        is_told: Whether digests of it are to be sent, if not by this process then by the next one.
    """
    settings, sent = run.settings, Sent(ledger, audit.brand)
    record = Record(
        audit,
        history=tuple(_earlier(ledger, audit)),
        lags=tuple(_lags(warehouse, settings)),
        timezone=settings.timezone.key,
        locale=settings.locale,
        undelivered=sent.undelivered,
        changes=tallies(ledger, audit.brand, audit.run),
        preflight=last_of(ledger, audit.brand),
    )
    Archive(audit.brand).keep(record, standing(ledger, audit.brand), SCHEMA)
    if is_told and (settings.mail is not None or settings.chat is not None):
        sent.owe(audit.run)
    query.close_run(ledger, audit)
    return record


def publish(run: Run, ledger: Ledger, record: Record) -> Path:
    """Write the report of a run and the list of runs, delete what is too old; return the page's path."""
    audit, templates = record.audit, Path(str(bundled_folder(TEMPLATES)))
    archive = Archive(audit.brand)
    page = write_report(record, archive.findings(audit.run), REPORTS, templates)
    delete_reports(audit.brand, run.clock() - run.settings.privacy.retain)
    list_runs(run, ledger)
    return page


def delete_reports(brand: str, before: datetime) -> int:
    """Delete what is kept of runs that began before a moment (aware), and their reports; return how many."""
    kept = delete_before(Archive(brand).folder, before)
    return len({*kept, *delete_before(brand_folder(REPORTS, brand), before)})


def list_runs(run: Run, ledger: Ledger) -> None:
    """Write the list of a brand's runs anew."""
    brand, templates = run.settings.brand, Path(str(bundled_folder(TEMPLATES)))
    figures = Figures(run.settings.locale, run.settings.timezone)
    write_index(brand, _with_suites(brand, query.runs(ledger, brand)), figures, REPORTS, templates)


def report(run: Run, wanted: str | None = None) -> Path:
    """Write the report of a stored run again, byte for byte; return the page's path.

    Args:
        run: The brand and its surroundings.
        wanted: A run's id; None takes the last.

    Raises:
        ConfigError: there is no such run.
        StoreError: nothing is kept of it any more.
    """
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        name = wanted or _last(ledger, run.settings)
        if query.stored_snapshot(ledger, run.settings.brand, name) is None:
            raise ConfigError(
                f"There is no run {name}; {_index(run.settings)} lists those there are."
            )
        return publish(run, ledger, Archive(run.settings.brand).record(name))


def stored_runs(settings: Settings) -> list[PastRun]:
    """Return the newest runs of a brand, newest first."""
    with closing(Ledger(settings.store.ledger)) as ledger:
        return query.runs(ledger, settings.brand, limit=400)


_URGENCY = ("incomplete", "critical", "drift", "clean")

PATIENCE = timedelta(hours=6)
"""How long an audit may take, waits included, before the next one is missed."""


def overview(brands: Sequence[Settings], now: datetime) -> tuple[Path, list[Stands]]:
    """Write the page over all brands; return its path, and how they stand, the worst first."""
    stands = sorted((_stands(settings, now) for settings in brands), key=_urgency)
    return write_overview(stands, now, REPORTS, Path(str(bundled_folder(TEMPLATES)))), stands


def _stands(settings: Settings, now: datetime) -> Stands:
    with closing(Ledger(settings.store.ledger)) as ledger:
        newest = query.runs(ledger, settings.brand, limit=1)
        last = next(iter(_with_suites(settings.brand, newest)), None)
    index = brand_folder(REPORTS, settings.brand) / "index.html"
    figures = Figures(settings.locale, settings.timezone)
    as_of = now if last is None else last.as_of
    return Stands(
        settings.brand,
        last,
        "" if last is None else figures.moment(as_of),
        figures.age(as_of, now),
        _is_overdue(settings, as_of, now),
        index.relative_to(REPORTS).as_posix() if index.exists() else None,
    )


def _is_overdue(settings: Settings, as_of: datetime, now: datetime) -> bool:
    from auditor.cron import has_fired

    cron = settings.schedule.audit if settings.schedule else None
    return cron is not None and has_fired(cron, settings.timezone, as_of, now - PATIENCE)


def _urgency(one: Stands) -> tuple[int, str]:
    """Sort brands of which nothing is known first: never audited, then overdue or not read to the end."""
    if one.last is None:
        return -1, one.brand
    return 0 if one.is_overdue else _URGENCY.index(one.last.verdict), one.brand


def _with_suites(brand: str, runs: Sequence[PastRun]) -> list[PastRun]:
    """Return runs with the suites that were judged, which only what is kept of them tells."""
    archive = Archive(brand)
    return [replace(past, suites=archive.suites(past.run)) for past in runs]


def show(page: Path) -> bool:
    """Open a page in the reader's browser; tell whether there is one."""
    return webbrowser.open(page.resolve().as_uri())


def _last(ledger: Ledger, settings: Settings) -> str:
    found = query.runs(ledger, settings.brand, limit=1)
    if not found:
        raise ConfigError("Nothing was audited yet; run `auditor audit` first.")
    return found[0].run


def _index(settings: Settings) -> Path:
    return brand_folder(REPORTS, settings.brand) / "index.html"


def _earlier(ledger: Ledger, audit: Audit) -> list[PastRun]:
    known = query.runs(ledger, audit.brand)
    return _with_suites(audit.brand, [past for past in known if past.as_of < audit.as_of])


def _lags(warehouse: Warehouse, settings: Settings) -> list[StreamLag]:
    row, allowed = link_stream.c, settings.freshness.lag
    select = sa.select(
        row.stream, row.newest_at, row.waiting, row.samples, row.lag_p50_s, row.lag_p95_s
    ).order_by(row.stream)
    with warehouse.engine.connect() as conn:
        return [
            StreamLag(
                found.stream,
                None if found.newest_at is None else query.aware(found.newest_at),
                found.waiting or 0,
                found.samples or 0,
                found.lag_p50_s,
                found.lag_p95_s,
                int(getattr(allowed, found.stream).total_seconds()),
            )
            for found in conn.execute(select)
        ]
