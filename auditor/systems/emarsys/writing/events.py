"""External events, triggered with an id of their own so that a repetition does not mail twice.

Source:
    Emarsys reference 2.2 (1000 contacts), 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any

from auditor.errors import UnsafePlanError
from auditor.systems.emarsys.envelope import Endpoint
from auditor.systems.emarsys.writing.bodies import MOST_ROWS
from auditor.systems.emarsys.writing.results import (
    RowResult,
    judge_by_ids,
    judge_single,
    same_for_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from auditor.systems.emarsys.writing.api import WriteApi

TRIGGER = Endpoint("POST", "event/{}/trigger", "externalevent.trigger")


def shipped_id(order: str, shipment: str) -> str:
    """Return the `trigger_id` of a parcel: the same for the same parcel, for ever.

    Source:
        Emarsys reference 8: `shipped:{order}:{shipment}`.
    """
    return f"shipped:{order}:{shipment}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One firing of an event.

    Attributes:
        external_id: The contact's value in the key field; the contact must exist.
        trigger_id: What makes it this firing and no other; deterministic.
        happened_at: When it happened, aware; None leaves it out.
        data: What the mail's template reads.
    """

    external_id: str
    trigger_id: str
    happened_at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TriggerBatch:
    """What one call may hold: one event, at most 1000 firings."""

    event_id: int
    key_id: str
    triggers: tuple[Trigger, ...]


def trigger_batches(
    event_id: int, key_id: str | int, triggers: Iterable[Trigger]
) -> Iterator[TriggerBatch]:
    """Yield the firings in batches that one call may hold.

    Raises:
        UnsafePlanError: two of them have the same id.
    """
    rest, seen = iter(triggers), set[str]()
    while batch := tuple(islice(rest, MOST_ROWS)):
        for trigger in batch:
            if trigger.trigger_id in seen:
                raise UnsafePlanError("Emarsys: two firings of an event have the same trigger_id.")
            seen.add(trigger.trigger_id)
        yield TriggerBatch(event_id, str(key_id), batch)


def trigger_event(api: WriteApi, batch: TriggerBatch) -> tuple[RowResult, ...]:
    """Fire an event; the results are named by `trigger_id`.

    It is sent once. A row that is `unknown` may be fired once more with the same id, by the caller,
    who keeps the record of it.

    Raises:
        ForbiddenWriteError: the lock does not let it through; nothing was sent.
        RefusedError: as for `WriteApi.send`.
    """
    rows = [_row(trigger) for trigger in batch.triggers]
    single = len(rows) == 1
    body = {"key_id": batch.key_id, **(rows[0] if single else {"contacts": rows})}
    answer = api.send(TRIGGER, batch.event_id, body=body, repeatable=False)
    ids = [trigger.trigger_id for trigger in batch.triggers]
    if answer.fate != "ok":
        return same_for_all(ids, answer)
    if single:
        return (judge_single(ids[0], answer),)
    judged = judge_by_ids([trigger.external_id for trigger in batch.triggers], answer)
    return tuple(
        RowResult(trigger_id, result.state, result.code)
        for trigger_id, result in zip(ids, judged, strict=True)
    )


def _row(trigger: Trigger) -> dict[str, Any]:
    row: dict[str, Any] = {"external_id": trigger.external_id, "trigger_id": trigger.trigger_id}
    if trigger.happened_at is not None:
        at = trigger.happened_at.astimezone(UTC)
        row["event_time"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")  # only this form fires anything
    if trigger.data:
        row["data"] = dict(trigger.data)
    return row
