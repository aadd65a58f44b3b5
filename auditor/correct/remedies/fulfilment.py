"""Fulfilment: an event that is missing is fired, as long as its news is still worth telling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.remedies.remedy import GONE, Left, remedy
from auditor.findings.query import aware
from auditor.model.plan import EventFiring
from auditor.systems.emarsys.writing.events import shipped_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from auditor.correct.remedies.remedy import Case, Outcome

SENT_FOR_GOOD = "an e-mail that was sent cannot be taken back"


@remedy("trigger_event")
def trigger_event(case: Case) -> Iterator[Outcome]:
    """Fire the event of a parcel or an order, with a `trigger_id` that is the same for ever.

    Source:
        CHECKS.md, fulfilment (only what shipped less than `events.max_age` ago); Emarsys reference 8.
    """
    if case.finding.subject_kind == "shipment":
        yield from _shipped(case)
    else:
        yield from _confirmed(case)


def _shipped(case: Case) -> Iterator[Outcome]:
    parcel = case.facts.shipments.get(case.finding.subject_key)
    if parcel is None:
        yield GONE
        return
    left_at = aware(parcel["shipped_at"] or parcel["updated_at"])
    order, number = parcel["order_number"], parcel["number"]
    data = {"order": order, "shipment": number}
    yield from _fired(case, "shipped", shipped_id(order, number), left_at, data)


def _confirmed(case: Case) -> Iterator[Outcome]:
    occurred = case.finding.occurred_at
    number = case.finding.subject_key
    if occurred is None:
        yield GONE
        return
    yield from _fired(case, "confirmed", f"confirmed:{number}", occurred, {"order": number})


def _fired(
    case: Case, role: str, trigger_id: str, happened_at: datetime, data: dict[str, str]
) -> Iterator[Outcome]:
    name = case.settings.emarsys.events.get(role, "")
    event_id = case.facts.events.get(name)
    contact = case.contact
    not_after = happened_at + case.settings.events.max_age
    key = None if contact is None else contact[case.settings.emarsys.key]
    if event_id is None or not event_id.isdecimal():
        yield Left(f"the account has no event for emarsys.events.{role}")
    elif contact is None or not key:
        yield Left("the contact has no key to fire the event for")
    elif not_after <= case.as_of:
        yield Left("it happened longer ago than events.max_age")
    else:
        request = EventFiring(
            int(event_id),
            name,
            contact["contact_id"],
            case.key_field,
            key,
            trigger_id,
            happened_at,
            not_after,
            data,
        )
        yield case.change(request, why_no_undo=SENT_FOR_GOOD)
