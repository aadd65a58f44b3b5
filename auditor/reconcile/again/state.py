"""What the present links were judged by, and whether the next run may go on from there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor import __version__
from auditor.model.judged import judged_state
from auditor.model.tables import emarsys_event

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.reconcile.terms import Terms


@dataclass(frozen=True, slots=True)
class Judged:
    """What links were judged by.

    Attributes:
        run: The run that judged them.
        basis: A digest of all that decides but time: other terms, another engine, other streams.
        contacts_before: As in `Terms`, and so the next two.
        oldest_event: From when on events are believed; None without any.
        is_of_part: Whether those judged last stand in the part.
        is_learned: Whether attribution has followed.
    """

    run: str
    basis: str
    contacts_before: datetime
    sales_before: datetime
    events_before: datetime
    oldest_event: datetime | None
    is_of_part: bool = False
    is_learned: bool = False

    def may_follow(self, earlier: Judged) -> bool:
        """Tell whether this run may judge again only what was touched since an earlier one."""
        goes_on = earlier.is_learned or earlier.run == self.run
        # What was settled once must be settled still.
        is_later = (
            self.contacts_before >= earlier.contacts_before
            and self.sales_before >= earlier.sales_before
            and self.events_before >= earlier.events_before
        )
        has_events = (self.oldest_event is None) == (earlier.oldest_event is None)
        return goes_on and is_later and has_events and self.basis == earlier.basis


def judging(conn: sa.Connection, terms: Terms, run: str, usable: Collection[str]) -> Judged:
    """Return what a run judges by."""
    engine = conn.scalar(sa.select(sa.func.version()))
    # Times move on from run to run; logged merges and undone corrections are looked at as they are.
    timeless = replace(
        terms,
        as_of=_EPOCH,
        contacts_before=_EPOCH,
        sales_before=_EPOCH,
        events_before=_EPOCH,
        catalogue_before=_EPOCH,
        undone={},
        merges=(),
    )
    text = "\n".join((__version__, str(engine), *sorted(usable), repr(timeless)))
    basis = hashlib.sha256(text.encode()).hexdigest()
    oldest = conn.scalar(sa.select(sa.func.min(emarsys_event.c.happened_at)))
    limits = (terms.contacts_before, terms.sales_before, terms.events_before)
    return Judged(run, basis, *limits, oldest)


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, like every time in the warehouse


def read(conn: sa.Connection) -> Judged | None:
    """Return what the present links were judged by, None where that is not known."""
    row = conn.execute(sa.select(judged_state)).mappings().first()
    return None if row is None else Judged(**row)


def write(conn: sa.Connection, judged: Judged) -> None:
    """Remember what the present links were judged by."""
    forget(conn)
    values = {column.name: getattr(judged, column.name) for column in judged_state.columns}
    conn.execute(judged_state.insert().values(values))


def learned(conn: sa.Connection, run: str) -> None:
    """Remember that attribution has followed the judgement of a run."""
    conn.execute(judged_state.update().where(judged_state.c.run == run).values(is_learned=True))


def forget(conn: sa.Connection) -> None:
    """Let the next run judge everything anew."""
    conn.execute(judged_state.delete())
