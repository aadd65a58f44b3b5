"""E-mail campaigns, as far as they tell which audience they go to.

Source:
    Emarsys reference 9.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.replies import Refusal

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.emarsys.options import Campaign


def list_campaigns(call: Call) -> object:
    """List the campaigns, of one status or contact list if asked."""
    wanted = (call.query.get("status"), call.query.get("contactlist"))
    return [
        _shown(campaign)
        for campaign in call.options.campaigns
        if wanted[0] in (None, "", str(campaign.status))
        and wanted[1] in (None, "", str(campaign.list_id))
    ]


def get_campaign(call: Call) -> object:
    """Show one campaign."""
    number = call.number("id")
    for campaign in call.options.campaigns:
        if campaign.id == number:
            return _shown(campaign)
    raise Refusal(400, 6025, "No such campaign.")


def _shown(campaign: Campaign) -> dict[str, object]:
    return {
        "id": str(campaign.id),
        "name": campaign.name,
        "status": str(campaign.status),
        "api_status": str(campaign.api_status),
        "api_error": "0",
        "language": "en",
        "subject": campaign.subject,
        "filter": str(campaign.segment_id),
        "exclude_filter": str(campaign.exclude_segment_id),
        "contactlist": str(campaign.list_id),
        "exclude_contactlist": str(campaign.exclude_list_id),
    }


ROUTES = (
    CoreRoute("GET", "/email", "campaign.list", list_campaigns),
    CoreRoute("GET", "/email/{id}", "campaign.get", get_campaign),
)
