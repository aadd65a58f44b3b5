"""What a verdict does not know, and what its reader should know beside it, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from auditor.config import Settings
    from auditor.model.finding import Check
    from auditor.model.snapshot import Snapshot
    from auditor.preflight.rules import Offence


def untold(asked: Sequence[Check], before: Snapshot, fresh: Snapshot) -> Iterator[str]:
    """Yield a sentence for each check that cannot judge, because a field that it needs is not told."""
    untold = fresh.untold | before.untold
    for check in asked:
        missing = sorted(untold.intersection(check.needs_told))
        if missing:
            yield f"{check.id} cannot judge: {', '.join(missing)} is not told."


def off(
    asked: Sequence[Check], before: Snapshot, fresh: Snapshot, unset: Mapping[str, str]
) -> Iterator[str]:
    """Yield a sentence for each check that does not judge: its source, or what it judges by, is not set.

    Args:
        asked: The checks that the verdict rests on.
        before: The last snapshot.
        fresh: What was read for this verdict.
        unset: Of which suites and checks the settings leave nothing to judge, and why.
    """
    for check in asked:
        lines = (fresh.line(stream) or before.line(stream) for stream in check.needs)
        off = (
            line.reason or f"{line.stream} is off" for line in lines if line and line.mode == "off"
        )
        reason = unset.get(check.id) or unset.get(check.suite) or next(off, None)
        if reason is not None:
            yield f"{check.id} does not judge: {reason.rstrip('.')}."


def gaps(
    before: Snapshot, fresh: Snapshot, needed: Collection[str], missing: Collection[str]
) -> Iterator[str]:
    """Yield a sentence for each stream that was not read to its end.

    Args:
        before: The last snapshot.
        fresh: What was read for this verdict.
        needed: The streams that it rests on.
        missing: Those that are not read for it, and of which the warehouse has no complete reading.
    """
    for stream in sorted(needed):
        line = fresh.line(stream) or before.line(stream)
        if line is not None and line.is_broken:
            yield f"{line.system} {stream} was not read to its end: {line.reason}"
        elif stream in missing and (line is None or line.mode != "off"):
            yield f"{stream} was never read; run `auditor audit` first."


def unlooked(customers: int) -> Iterator[str]:
    """Yield a sentence where customers may have been merged away, and were not looked up.

    Args:
        customers: How many.
    """
    if customers:
        several = "customers" if customers > 1 else "customer"
        yield (
            f"{customers} {several} whose orders are another's now could not be looked up in Centra; "
            "whoever was merged away is not known."
        )


def too_late(launch_at: datetime | None, now: datetime) -> Iterator[str]:
    """Yield a sentence where the audience was read no sooner than its launch.

    Args:
        launch_at: When it goes out, None where nobody said.
        now: When it was read, both aware.
    """
    if launch_at is not None and launch_at <= now:
        yield "The launch was over before the audience had been read."


def notes(
    found: Sequence[Offence],
    blocking: Sequence[Offence],
    settings: Settings,
    items: Sequence[str],
    gone: int,
) -> list[str]:
    """Return what a reader of the verdict should know beside it."""
    notes = [f"{gone} of the audience are not in Emarsys any more."] if gone else []
    left_out = {one.contact_id for one in found} - {one.contact_id for one in blocking}
    if left_out:
        name = settings.emarsys.quarantine_list
        notes.append(
            f"{len(left_out)} more are on the list {name}: the campaign has to leave it out."
        )
    if not items:
        notes.append("No product was looked at; name those that the mail shows with --items.")
    return notes
