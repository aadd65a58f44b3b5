"""For those who watch the watcher: a heartbeat file, and metrics on a port of this machine."""

from __future__ import annotations

import json
import logging
import os
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily

from auditor.archive import Archive
from auditor.errors import AuditorError, StoreError
from auditor.findings.ledger import Ledger
from auditor.findings.query import open_severities, runs
from auditor.model.finding import SEVERITIES
from auditor.private_file import write_private
from auditor.service.planned import names_of
from auditor.service.record import Log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from prometheus_client.metrics_core import Metric

    from auditor.config import Settings
    from auditor.model.audit import PastRun
    from auditor.model.finding import Severity
    from auditor.service.record import Work

log = logging.getLogger(__name__)

HEARTBEAT = Path("var/service/heartbeat.json")
LOOPBACK = "127.0.0.1"

VERDICTS = {"clean": 0, "drift": 1, "critical": 2, "incomplete": 3}
"""The number that stands for each verdict in the metrics."""


def beat(brands: Iterable[str], at: datetime, place: Path = HEARTBEAT) -> None:
    """Write down that the service is alive: a file that is older than a minute says that it is not."""
    told = {"at": at.isoformat(), "pid": os.getpid(), "brands": sorted(brands)}
    write_private(place, json.dumps(told).encode() + b"\n")


def serve_metrics(brands: Sequence[Settings], port: int) -> int:
    """Serve metrics in Prometheus' text format on this machine alone; return the port.

    Args:
        brands: Whose metrics.
        port: 0 takes one that is free.

    Raises:
        OSError: the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(_Collector(brands))
    server, _ = start_http_server(port, addr=LOOPBACK, registry=registry)
    return int(server.server_port)


class _Collector:
    """Reads what it tells from the ledgers, when it is asked."""

    def __init__(self, brands: Sequence[Settings]) -> None:
        self._brands = brands

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of every brand."""
        verdict = _gauge("auditor_verdict", "0 clean, 1 drift, 2 critical, 3 incomplete", "brand")
        partial = _gauge("auditor_partial", "1 where some suites alone were judged", "brand")
        age = _gauge("auditor_last_audit_timestamp_seconds", "When the last audit began", "brand")
        open_ = _gauge("auditor_open_findings", "Findings to look at", "brand", "severity")
        worked = _gauge("auditor_worked_timestamp_seconds", "Last success", "brand", "kind")
        failures = _gauge("auditor_failures", "Failures in a row", "brand", "kind")
        for settings in self._brands:
            try:
                last, works, found = _stand(settings)
            except (AuditorError, sa.exc.DBAPIError) as exc:
                # A brand without metrics is seen; those of the others are still told.
                what = type(exc).__name__
                log.error("%s has no metrics: its ledger cannot be read (%s)", settings.brand, what)  # noqa: TRY400
                continue
            for run in last:
                verdict.add_metric([settings.brand], VERDICTS[run.verdict])
                is_partial = bool(Archive(settings.brand).suites(run.run))
                partial.add_metric([settings.brand], int(is_partial))
                age.add_metric([settings.brand], run.as_of.timestamp())
                for severity in SEVERITIES:
                    open_.add_metric([settings.brand, severity], found.get(severity, 0))
            for work in works:
                failures.add_metric([settings.brand, work.kind], work.failures)
                if work.worked_at is not None:
                    worked.add_metric([settings.brand, work.kind], work.worked_at.timestamp())
        yield from (verdict, partial, age, open_, worked, failures)


def _stand(settings: Settings) -> tuple[list[PastRun], list[Work], dict[Severity, int]]:
    """Return the last run of a brand, where there is one, how its work went, and what is to be looked at.

    That is what is open, as the report counts it: nothing that somebody accepted, or that does not count
    for the verdict.
    """
    brand = settings.brand
    with closing(Ledger(settings.store.ledger)) as ledger:
        last = runs(ledger, brand, limit=1)
        beside = [check for run in last for check in _beside(brand, run.run)]
        return (
            last,
            Log(ledger, brand).of(names_of(settings)),
            open_severities(ledger, brand, beside),
        )


def _beside(brand: str, run: str) -> list[str]:
    """Return the checks of a run that do not count for its verdict; none where nothing is kept of it."""
    with suppress(StoreError, OSError):
        checks = Archive(brand).record(run).audit.checks
        return [one.check.id for one in checks if not one.holds]
    return []


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=list(labels))
