"""One audit of a brand at a time, whoever begins it: a service, cron, or a person."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.correct.applying.lease import Lease, this_process
from auditor.errors import MachineError, StoreError, UnsafePlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.correct.applying.lease import Doing
    from auditor.findings.ledger import Ledger
    from auditor.model.snapshot import Coverage
    from auditor.model.stream import Stream
    from auditor.pipeline.run import Progress, Run

RENEW_S = 30.0
"""Seconds between two renewals; a lease lasts for minutes."""


@contextmanager
def leased(run: Run, ledger: Ledger, *, doing: Doing = "auditing") -> Iterator[Run]:
    """Be the one that audits the brand until the block ends; give a run whose progress renews that.

    Args:
        run: The brand and its surroundings.
        ledger: Where leases are kept.
        doing: What else nobody may do meanwhile.

    Raises:
        StoreError: another process audits it.
        StoppedError: another process took over, because this one slept too long.
    """
    brand = run.settings.brand
    lease = Lease(ledger, brand, run.clock, this_process(), doing=doing)
    try:
        lease.take()
    except UnsafePlanError as exc:
        raise StoreError(str(exc)) from exc
    try:
        yield replace(run, progress=_Renewing(run.progress, lease))
    except BaseException:
        # Why it ended is what has to be heard; a lease that stays ends by itself.
        with suppress(MachineError):
            lease.give_back()
        raise
    lease.give_back()


class _Renewing:
    """Passes on what it hears, and renews the lease now and then."""

    def __init__(self, heard: Progress, lease: Lease) -> None:
        self._heard, self._lease, self._renewed = heard, lease, time.monotonic()

    def stage(self, name: str) -> None:
        self._renew()
        self._heard.stage(name)

    def advanced(self, stream: Stream, rows: int, total: int | None) -> None:
        self._renew()
        self._heard.advanced(stream, rows, total)

    def ended(self, coverage: Coverage) -> None:
        self._heard.ended(coverage)

    def changes(self, done: int, of: int) -> None:
        self._heard.changes(done, of)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed >= RENEW_S:
            self._renewed = time.monotonic()
            self._lease.renew()
