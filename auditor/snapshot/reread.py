"""A second look: the records behind new critical findings, read again before these are raised.

The systems move while they are read. A withdrawal that reached Emarsys after its contacts were read, or
a sale that was loaded meanwhile, would be raised although both sides agree by now.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from auditor.errors import ConfigError, ReadError
from auditor.model.tables import STREAM_TABLES
from auditor.snapshot.concerned import concerned
from auditor.snapshot.store import hashed
from auditor.warehouse import Correction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pyarrow as pa

    from auditor.snapshot.concerned import Records, Suspect
    from auditor.warehouse import Warehouse

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Findings whose records are read together; both sides of all of them, or none is believed."""

MOST_CALLS = 10
"""No single reading takes more calls, so none begins with fewer left."""

SPENT = "coverage.reread allows no more calls."


class Points(Protocol):
    """Reads single records of both systems by their keys."""

    @property
    def requests(self) -> int:
        """Return how many calls were made so far."""

    @property
    def streams(self) -> frozenset[str]:
        """Return the streams of which single records can be read."""

    def read(
        self, stream: str, keys: Sequence[str], emails: Sequence[str] = ()
    ) -> Mapping[str, pa.Table]:
        """Return the records that are there now, as canonical rows by table.

        Raises:
            ReadError: a system does not tell.
            ConfigError: a system cannot be opened.
        """


@dataclass(frozen=True, slots=True)
class Again:
    """What reading again needs.

    Attributes:
        run: The run whose rows are corrected.
        usable: Streams that were read to their end; of others nothing is read again.
        calls: How many calls may be made, those that opened the systems included.
        pepper: Keys the hashes of e-mail addresses; without one there are none.
    """

    run: str
    warehouse: Warehouse
    usable: Collection[str]
    calls: int
    pepper: str | None = None


@dataclass(slots=True)
class Seen:
    """What was read again.

    Attributes:
        suspects: Those whose records were read on both sides.
        changed: Whether any record differs from what was read before.
        reason: Why the others were not read.
    """

    suspects: set[Suspect] = field(default_factory=set)
    changed: bool = False
    reason: str | None = None


class _Reading(NamedTuple):
    """Which records of one stream are read, by which keys, and in which column those known stand."""

    stream: str
    keys: Sequence[str]
    column: str
    known: Sequence[str]
    emails: Sequence[str] = ()


class _SpentError(ReadError):
    """The calls that were allowed are used up."""


def reread(points: Points, again: Again, some: Sequence[Suspect]) -> Seen:
    """Read the records behind some findings anew into the warehouse, Emarsys first.

    A reading that fails, or that the calls do not suffice for, leaves its findings and all that come
    after them as they are. A record that is no longer found is gone.

    Args:
        points: Where to read.
        again: How much, and where it goes.
        some: The findings, in the order in which they are worth the calls.
    """
    seen = Seen()
    for start in range(0, len(some), AT_ONCE):
        part = some[start : start + AT_ONCE]
        with again.warehouse.engine.connect() as conn:
            wanted = concerned(conn, part)
        readings = [
            one
            for one in _readings(wanted)
            if one.stream in again.usable and one.stream in points.streams
        ]
        try:
            corrections = list(_corrections(points, again, readings))
        except (ReadError, ConfigError) as exc:
            seen.reason = str(exc)
            log.warning("%d findings are not read again: %s", len(some) - start, exc)
            break
        seen.changed |= again.warehouse.correct(again.run, corrections)
        seen.suspects.update(part)
    return seen


def read_customers(points: Points, again: Again, ids: Sequence[str]) -> int:
    """Read some customers anew: one that Centra no longer has is known to be gone from then on.

    Returns how many were not read.

    Where a reading fails, or the calls do not suffice, the next run looks again, or a sweep tells.

    Args:
        points: Where to read.
        again: How much, and where it goes.
        ids: Of the customers, as Centra has them.
    """
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        try:
            corrections = list(
                _corrections(points, again, [_Reading("customers", part, "customer_id", part)])
            )
        except (ReadError, ConfigError) as exc:
            log.warning("%d customers are not looked up: %s", len(ids) - start, exc)
            return len(ids) - start
        again.warehouse.correct(again.run, corrections)
    return 0


def _readings(wanted: Records) -> Iterator[_Reading]:
    """Yield what is read, in the order of a snapshot: what is claimed before what can be said for it."""
    yield _Reading("contacts", wanted.contacts, "contact_id", wanted.contacts)
    yield _Reading("sales", wanted.orders, "order_number", wanted.orders)
    yield _Reading("unsubscribes", wanted.contacts, "contact_id", wanted.contacts)
    yield _Reading("customers", wanted.customers, "customer_id", wanted.customers)
    known = wanted.subscriptions
    yield _Reading("newsletter_subscriptions", known, "subscription_id", known, wanted.emails)
    yield _Reading("orders", wanted.orders, "order_number", wanted.orders)
    yield _Reading("returns", wanted.orders, "return_id", wanted.returns)


def _corrections(
    points: Points, again: Again, readings: Sequence[_Reading]
) -> Iterator[Correction]:
    for one in readings:
        if not (one.keys or one.emails):
            continue
        if points.requests + MOST_CALLS > again.calls:
            raise _SpentError(SPENT)
        rows = points.read(one.stream, one.keys, one.emails)
        peppered = {name: hashed(found, again.pepper) for name, found in rows.items()}
        yield Correction(STREAM_TABLES[one.stream], one.column, one.known, peppered)
