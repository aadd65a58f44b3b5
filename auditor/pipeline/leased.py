"""One audit of a brand at a time, whoever begins it: a service, cron, or a person."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.correct.applying.lease import Lease, this_process
from auditor.errors import (
    AuditorError,
    MachineError,
    StoppedError,
    StoreError,
    UnsafePlanError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from auditor.correct.applying.lease import Doing
    from auditor.findings.ledger import Ledger
    from auditor.model.snapshot import Coverage
    from auditor.model.stream import Stream
    from auditor.pipeline.run import Progress, Run

RENEW_S = 30.0
"""Seconds between two renewals; a lease lasts for minutes."""


@contextmanager
def leased(run: Run, ledger: Ledger, *, doing: Doing = "auditing") -> Iterator[Run]:
    """Be the one that audits the brand until the block ends, however long a step of it takes.

    Whoever lost that hears so with the next progress of the run, and at the latest when a result is kept.

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
    ledger.guards.append(lease.require)
    try:
        with _Heart(lease) as heart:
            yield replace(run, progress=_Watched(run.progress, heart))
    except BaseException:
        # Why it ended is what has to be heard; a lease that stays ends by itself.
        with suppress(MachineError):
            lease.give_back()
        raise
    finally:
        ledger.guards.remove(lease.require)
    lease.give_back()


class _Heart:
    """Renews a lease now and then, in a thread of its own: one statement may take longer than a lease lasts."""

    def __init__(self, lease: Lease) -> None:
        self._lease, self._over = lease, Event()
        self._lost: StoppedError | None = None
        self._thread = Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> _Heart:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A last renewal may be under way: it must not follow the return of the lease.
        self._over.set()
        self._thread.join()

    def require(self) -> None:
        """Return while the lease is held, as far as is known.

        Raises:
            StoppedError: another process took over.
        """
        if self._lost is not None:
            raise self._lost

    def _beat(self) -> None:
        while not self._over.wait(RENEW_S):
            try:
                self._lease.renew()
            except StoppedError as exc:
                self._lost = exc
                return
            except (AuditorError, sa.exc.SQLAlchemyError):
                # A ledger that is busy or away now may be there next time; a result asks for itself.
                continue


class _Watched:
    """Passes on what it hears, as long as the lease is held."""

    def __init__(self, heard: Progress, heart: _Heart) -> None:
        self._heard, self._heart = heard, heart

    def stage(self, name: str) -> None:
        self._heart.require()
        self._heard.stage(name)

    def advanced(self, stream: Stream, rows: int, total: int | None) -> None:
        self._heart.require()
        self._heard.advanced(stream, rows, total)

    def ended(self, coverage: Coverage) -> None:
        self._heard.ended(coverage)

    def changes(self, done: int, of: int) -> None:
        self._heard.changes(done, of)
