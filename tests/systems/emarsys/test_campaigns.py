from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import ConfigError, SchemaDriftError
from auditor.systems.emarsys.campaigns import Campaign, campaign, campaigns
from tests.systems.emarsys.fake import failure, ok

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi

CAMPAIGNS = "GET /api/v3/email"
CAMPAIGN = "GET /api/v3/email/5243"


def row(**parts: Any) -> dict[str, Any]:
    return {
        "id": "5243",
        "name": "Spring",
        "subject": "New in",
        "status": "1",
        "api_status": "0",
        "filter": "100001",
        "exclude_filter": "0",
        "contactlist": 0,
        "exclude_contactlist": "330",
    } | parts


def test_a_campaign_names_its_audience_and_whom_it_leaves_out(server, api: CoreApi):
    server.on(CAMPAIGN, ok(row()))
    assert campaign(api, 5243) == Campaign(
        "5243", "Spring", "New in", 1, 0, "100001", None, None, "330"
    )


def test_campaigns_are_listed(server, api: CoreApi):
    server.on(CAMPAIGNS, ok([row(id=1), row(id="2")]))
    assert [one.id for one in campaigns(api)] == ["1", "2"]


def test_campaigns_of_one_status_are_asked_for(server, api: CoreApi):
    server.on(CAMPAIGNS, ok(""))
    assert campaigns(api, status=4) == []
    assert dict(server.sent(CAMPAIGNS)[0].url.params) == {"status": "4"}


@pytest.mark.parametrize("empty", ["", None, 0, "0"], ids=repr)
def test_an_empty_target_is_none(server, api: CoreApi, empty: object):
    server.on(CAMPAIGN, ok(row(filter=empty)))
    assert campaign(api, 5243).segment_id is None


@pytest.mark.parametrize(
    ("status", "api_status", "is_open"),
    [
        ("1", "0", True),
        ("4", "0", True),
        ("3", "0", False),
        ("3", "2", False),
        ("4", "1", False),
        ("4", "2", True),  # scheduled
        ("4", "10", True),  # its launch failed
    ],
)
def test_the_audience_of_a_launched_campaign_is_fixed(
    server, api: CoreApi, status: str, api_status: str, is_open: bool
):
    server.on(CAMPAIGN, ok(row(status=status, api_status=api_status)))
    assert campaign(api, 5243).is_open is is_open


@pytest.mark.parametrize(("status", "code"), [(400, 6025), (404, 6025), (400, 6004)])
def test_a_campaign_that_nobody_made_is_named(server, api: CoreApi, status: int, code: int):
    server.on(CAMPAIGN, failure(status, code))
    with pytest.raises(ConfigError, match="the account has no campaign 5243"):
        campaign(api, 5243)


def test_a_campaign_without_an_id_is_drift(server, api: CoreApi):
    server.on(CAMPAIGN, ok({}))
    with pytest.raises(SchemaDriftError, match="has a campaign without an id"):
        campaign(api, 5243)
