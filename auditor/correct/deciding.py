"""A person's word about sales lines that wait: they are there, or they did not arrive and may be sent anew.

Nobody else can tell of a line whose request got no answer, or that no load ever brought.

Source:
    DESIGN 8, 4 (a sales upload stays pending until its rows show or a person decides).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.correct.applying.lease import Lease, this_process
from auditor.correct.uploads import UploadLedger
from auditor.errors import ConfigError, UnsafePlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from auditor.correct.uploads import Sent
    from auditor.findings.ledger import Ledger

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says.

    Attributes:
        has_arrived: Whether the lines are there.
        orders: The orders whose waiting lines it is about.
        items: Only lines of these items; every one where there is none.
    """

    has_arrived: bool
    orders: Collection[str]
    items: Collection[str] = ()

    @property
    def name(self) -> str:
        """Return it as the option is called."""
        return "arrived" if self.has_arrived else "not-arrived"


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a word.

    Attributes:
        lines: The lines that it changed.
        untouched: How many others were decided by somebody else at this moment.
    """

    lines: Sequence[Sent]
    untouched: int


def decide(
    ledger: Ledger,
    brand: str,
    word: Word,
    *,
    settle: timedelta,
    clock: Callable[[], datetime],
    is_stalled: bool = False,
) -> Decided:
    """Write down a person's word about lines that wait; all of it, or nothing.

    Nothing is being sent meanwhile, and whoever slept while sending a line sends nothing any more.

    Args:
        ledger: The database that holds the upload ledger.
        brand: Whose lines.
        word: What is said of which lines.
        settle: How long what was sent may take to show.
        clock: The time now, aware.
        is_stalled: Whether the loads of sales stood still at the last audit: none is past then.

    Raises:
        ConfigError: an order, or an item of it, has no line that waits.
        UnsafePlanError: a line may still come, so that it would count twice; or another process is
            correcting the brand.
    """
    uploads = UploadLedger(ledger, brand)
    lease = Lease(ledger, brand, clock, this_process())
    lease.take()
    try:
        seen = _meant(uploads.waiting(), word)
        if not word.has_arrived:
            _require_past(seen, settle, clock())
            _require_moving(seen, is_stalled=is_stalled)
        lines = uploads.decide(seen, "verified" if word.has_arrived else "withdrawn", at=clock())
    finally:
        lease.give_back()
    orders = ", ".join(sorted({one.line.order for one in lines}))
    log.info("A person said of %d sales lines: %s (orders %s)", len(lines), word.name, orders)
    return Decided(lines, len(seen) - len(lines))


def may_be_missed_from(sent: Sent, settle: timedelta) -> datetime:
    """Return when the load that should show a line is past, to the minute after."""
    until = sent.sent_at + settle
    whole = until.replace(second=0, microsecond=0)
    return whole if whole == until else whole + MINUTE


def _meant(waiting: Sequence[Sent], word: Word) -> list[Sent]:
    """Return the lines that a word is about."""
    meant = [
        one
        for one in waiting
        if one.line.order in word.orders and (not word.items or one.line.item in word.items)
    ]
    by_order = {one.line.order for one in meant}
    orders = [order for order in dict.fromkeys(word.orders) if order not in by_order]
    items = [
        item for item in dict.fromkeys(word.items) if item not in {one.line.item for one in meant}
    ]
    unknown = [*orders, *(f"--item {item}" for item in items)]
    if unknown:
        of_item = " of these items" if word.items else ""
        raise ConfigError(
            f"{', '.join(unknown)}: no line{of_item} waits; nothing was changed. "
            "`auditor uploads` lists those that do."
        )
    return meant


def _require_past(seen: Sequence[Sent], settle: timedelta, now: datetime) -> None:
    early = [one for one in seen if now < may_be_missed_from(one, settle)]
    if early:
        orders = ", ".join(dict.fromkeys(one.line.order for one in early))
        last = max(may_be_missed_from(one, settle) for one in early)
        raise UnsafePlanError(
            f"{orders}: a load may still bring these lines (settle.sales), and sent anew they would "
            f"count twice; nothing was changed. From {last:%Y-%m-%d %H:%M} UTC on it can be said."
        )


def _require_moving(seen: Sequence[Sent], *, is_stalled: bool) -> None:
    if is_stalled:
        orders = ", ".join(dict.fromkeys(one.line.order for one in seen))
        raise UnsafePlanError(
            f"{orders}: no load of sales had come for too long at the last audit "
            "(freshness.stream_stalled), and the next may still bring these lines; sent anew they would "
            "count twice; nothing was changed. Audit again once a load has run."
        )
