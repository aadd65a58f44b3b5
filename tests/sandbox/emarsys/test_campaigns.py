"""E-mail campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.sandbox.emarsys.options import Campaign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.emarsys.conftest import Site


@pytest.fixture
def spring(make_site: Callable[..., Site]) -> Site:
    return make_site(
        campaigns=(
            Campaign(5243, "Spring", segment_id=101, status=4),
            Campaign(5244, "Summer", list_id=10, exclude_list_id=12),
        )
    )


def test_there_are_none_by_default(site):
    assert site.get("/email") == []


def test_a_campaign_tells_its_segment_as_text(spring):
    assert spring.get("/email/5243")["filter"] == "101"


def test_a_campaign_tells_its_lists_as_text(spring):
    campaign = spring.get("/email/5244")
    assert (campaign["contactlist"], campaign["exclude_contactlist"]) == ("10", "12")


@pytest.mark.parametrize(
    ("terms", "expected"), [("", 2), ("?status=4", 1), ("?contactlist=10", 1), ("?status=9", 0)]
)
def test_the_list_can_be_narrowed(spring, terms, expected):
    assert len(spring.get(f"/email/{terms}")) == expected


def test_an_unknown_campaign_is_refused(spring):
    assert spring.refused("GET", "/email/1") == (400, 6025, "No such campaign.")
