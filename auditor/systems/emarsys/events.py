"""The account's external events, and what each of them sets off.

Source:
    Emarsys reference 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.snapshot import Dropped
from auditor.model.tables import emarsys_event_definition
from auditor.systems.emarsys.envelope import Endpoint, drift, id_or_none, object_of, rows_of

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.envelope import Blame

EVENTS = Endpoint("GET", "event/", "externalevent.list")
USAGES = Endpoint("GET", "event/{}/usages", "externalevent.usages")
UNTOLD_USAGES = Dropped("ExternalEvent.usages", (f"{emarsys_event_definition.name}.usages",))
"""What stays empty where the API user may not ask for them."""

NO_EVENT = ((400, 5001), (400, 5004))


@dataclass(frozen=True, slots=True)
class Usages:
    """What an event sets off, as ids."""

    programs: tuple[str, ...]
    emails: tuple[str, ...]
    interactions: tuple[str, ...]

    @property
    def is_dead(self) -> bool:
        """Return whether triggering the event would do nothing, although Emarsys says OK."""
        return self.count == 0

    @property
    def count(self) -> int:
        """Return how many programs and e-mails listen to the event."""
        return len(self.programs) + len(self.emails) + len(self.interactions)


def event_names(api: CoreApi) -> dict[str, str]:
    """Return the name of every external event by its id.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    names = {}
    for row in rows_of(api.call(EVENTS), EVENTS):
        event_id = id_or_none(row.get("id"))
        if event_id is None:
            raise drift(EVENTS, "has an event without an id")
        names[event_id] = str(row.get("name", ""))
    return names


def event_usages(api: CoreApi, event_id: str) -> Usages:
    """Return what an event sets off.

    Raises:
        ConfigError: the account has no such event.
        ReadError: as for `CoreApi.call`.
    """
    blame: Blame = dict.fromkeys(
        NO_EVENT, f"Emarsys: the account has no external event {event_id}."
    )
    data = object_of(api.call(USAGES, event_id, blame=blame), USAGES)
    return Usages(
        _ids(data.get("program_ids")),
        _ids(data.get("email_ids")),
        _ids(data.get("interactions_program_ids")),
    )


def usage_count(api: CoreApi, event_id: str) -> int:
    """Return how many programs and e-mails an event sets off.

    Raises:
        ConfigError: the account has no such event.
        ReadError: as for `CoreApi.call`.
    """
    return event_usages(api, event_id).count


def _ids(raw: object) -> tuple[str, ...]:
    if raw in (None, False, ""):
        return ()
    ids = [id_or_none(one) for one in raw] if isinstance(raw, list) else [None]
    known = tuple(one for one in ids if one is not None)
    if len(known) < len(ids):
        raise drift(USAGES, "is no list of ids")
    return known
