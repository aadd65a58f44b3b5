"""One case of every audience check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.canary.plants import plant
from auditor.model import tables as t

if TYPE_CHECKING:
    from auditor.canary.shadow import Shadow


@plant("audience.membership_mismatch")
def _member(shadow: Shadow) -> str | None:
    """Put somebody who never bought anything into a segment: no rule describes them."""
    if not shadow.terms.audiences:
        return None
    contact_id = shadow.person(total_orders=0).contact_id
    segment_id = str(shadow.terms.audiences[0].segment)
    shadow.add(t.emarsys_segment_member, segment_id=segment_id, contact_id=contact_id)
    return f"{segment_id}/{contact_id}"


@plant("audience.inflated_value")
def _inflated(shadow: Shadow) -> str:
    person = shadow.person()
    number, item, _ = shadow.order(person, is_on_hold=True)
    shadow.sale(number, item, si_contact_id=f"si-{person.contact_id}")
    return person.contact_id
