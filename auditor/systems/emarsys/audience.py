"""An audience as it is now: whom a segment, a list or a campaign is about to mail.

Source:
    Emarsys reference 9.1 to 9.3: a segment run leaves a list that stands still while it is paged; a
    campaign names a segment (`filter`) or a list, and those that it leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from auditor.errors import ConfigError
from auditor.systems.emarsys.campaigns import campaign
from auditor.systems.emarsys.client import require_all, unless_refused
from auditor.systems.emarsys.lists import list_id_of, member_count, member_ids
from auditor.systems.emarsys.segments import finished_run, run_members, start_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.systems.emarsys.client import CoreApi


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whom an audience holds.

    Attributes:
        contacts: Their ids, without those that a campaign leaves out.
        segment: The segment behind it, None where there is none.
        name: Of the campaign; empty otherwise.
        leaves_out: The list that a campaign leaves out.
        is_campaign: Whether what it leaves out is known.
    """

    contacts: frozenset[str]
    segment: str | None = None
    name: str = ""
    leaves_out: str | None = None
    is_campaign: bool = False


def resolve(api: CoreApi, kind: Literal["segment", "list", "campaign"], number: int) -> Resolved:
    """Return the contacts of an audience, read to the end.

    Raises:
        ConfigError: there is no such audience, or the campaign went out already.
        ReadError: it cannot be read to its end.
    """
    if kind == "segment":
        return Resolved(_of_segment(api, str(number)), segment=str(number))
    if kind == "list":
        return Resolved(_of_list(api, str(number)))
    return _of_campaign(api, number)


def quarantine_id(api: CoreApi, name: str | None) -> str | None:
    """Return the id of the quarantine list; None where there is none."""
    return None if name is None else list_id_of(api, name)


def _of_campaign(api: CoreApi, number: int) -> Resolved:
    found = campaign(api, number)
    if not found.is_open:
        raise ConfigError(f"Emarsys: the campaign {number} went out already; nothing can stop it.")
    if found.segment_id is not None:
        whole = _of_segment(api, found.segment_id)
    elif found.list_id is not None:
        whole = _of_list(api, found.list_id)
    else:
        raise ConfigError(f"Emarsys: the campaign {number} names neither a segment nor a list.")
    if found.without_list_id is not None:
        whole -= _of_list(api, found.without_list_id)
    if found.without_segment_id is not None:
        whole -= _of_segment(api, found.without_segment_id)
    return Resolved(whole, found.segment_id, found.name, found.without_list_id, is_campaign=True)


def _of_segment(api: CoreApi, segment: str) -> frozenset[str]:
    run = finished_run(api, start_run(api, segment))
    return _all(run_members(api, run))


def _of_list(api: CoreApi, list_id: str) -> frozenset[str]:
    before = unless_refused(lambda: member_count(api, list_id))
    found = _all(member_ids(api, list_id))
    require_all("the list", len(found), before, before)
    return found


def _all(pages: Iterator[list[str]]) -> frozenset[str]:
    return frozenset(one for page in pages for one in page)
