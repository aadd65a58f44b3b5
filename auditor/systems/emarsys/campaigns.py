"""E-mail campaigns, as far as they tell which audience they go to.

Source:
    Emarsys reference 9.3: `filter` is a segment, `contactlist` a list; values are mostly text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.systems.emarsys.envelope import (
    Endpoint,
    drift,
    id_or_none,
    int_or_none,
    object_of,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.envelope import Blame

CAMPAIGNS = Endpoint("GET", "email", "campaign.list")
CAMPAIGN = Endpoint("GET", "email/{}", "campaign.get")

NO_CAMPAIGN = ((400, 6025), (400, 6026), (404, 6025), (400, 6004))
LAUNCHED = 3
IN_PROGRESS = 1


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign and its audience.

    Attributes:
        id: Its number, as text.
        name: For people.
        subject: The same.
        status: 1 in design, 2 tested, 3 launched, 4 ready to launch, -3 deactivated.
        api_status: 0 not launched, 1 in progress, 2 launched or scheduled, 10 error.
        segment_id: The segment that it goes to, None where it goes to none.
        list_id: The list that it goes to.
        without_segment_id: The segment that it leaves out.
        without_list_id: The list that it leaves out.
    """

    id: str
    name: str
    subject: str
    status: int | None
    api_status: int | None
    segment_id: str | None
    list_id: str | None
    without_segment_id: str | None
    without_list_id: str | None

    @property
    def is_open(self) -> bool:
        """Return whether it is still to go out: one that is scheduled is, and one whose launch failed."""
        return self.status != LAUNCHED and self.api_status != IN_PROGRESS


def campaigns(api: CoreApi, *, status: int | None = None) -> list[Campaign]:
    """Return the campaigns of the account, of one status if asked.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    params = None if status is None else {"status": status}
    return [
        _campaign(row, CAMPAIGNS) for row in rows_of(api.call(CAMPAIGNS, params=params), CAMPAIGNS)
    ]


def campaign(api: CoreApi, campaign_id: str | int) -> Campaign:
    """Return one campaign.

    Raises:
        ConfigError: the account has no such campaign.
        ReadError: as for `CoreApi.call`.
    """
    blame: Blame = dict.fromkeys(
        NO_CAMPAIGN, f"Emarsys: the account has no campaign {campaign_id}."
    )
    return _campaign(object_of(api.call(CAMPAIGN, campaign_id, blame=blame), CAMPAIGN), CAMPAIGN)


def _campaign(row: Mapping[str, Any], endpoint: Endpoint) -> Campaign:
    campaign_id = id_or_none(row.get("id"))
    if campaign_id is None:
        raise drift(endpoint, "has a campaign without an id")
    return Campaign(
        id=campaign_id,
        name=str(row.get("name") or ""),
        subject=str(row.get("subject") or ""),
        status=int_or_none(row.get("status")),
        api_status=int_or_none(row.get("api_status")),
        segment_id=_target(row.get("filter")),
        list_id=_target(row.get("contactlist")),
        without_segment_id=_target(row.get("exclude_filter")),
        without_list_id=_target(row.get("exclude_contactlist")),
    )


def _target(raw: object) -> str | None:
    """Return the id of an audience; 0 means that there is none."""
    found = id_or_none(raw)
    return None if found == "0" else found
