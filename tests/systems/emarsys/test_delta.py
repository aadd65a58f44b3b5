"""What came to Open Data since an earlier reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import StoreUrl
from auditor.model.stream import Start
from auditor.systems.emarsys.open_data_views import LOAD_OVERLAP, delta_start
from tests.systems.emarsys.test_streams import streams
from tests.systems.emarsys.views import ACCOUNT, make_views

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.stream import Stream

SINCE = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LOADED = {
    "old": SINCE - LOAD_OVERLAP - timedelta(seconds=1),
    "edge": SINCE - LOAD_OVERLAP,
    "new": SINCE,
    "untold": None,
}
WITH_DELTA = ("sales", "external_events", "unsubscribes")


def sale(name: str, loaded_at: str | None) -> tuple[object, ...]:
    return (name, loaded_at, 71, 5, "SKU-1", "Shirt", "2026-02-20", "online", 1, 199.0)


def event(name: str, loaded_at: str | None) -> tuple[object, ...]:
    return (11, name, "2026-02-20 08:00:00+00:00", 901, 1, loaded_at)


@pytest.fixture(params=["sqlite", "duckdb"])
def found(request: pytest.FixtureRequest, server: Any, tmp_path: Path) -> dict[str, Stream]:
    told = {
        name: at.strftime("%Y-%m-%d %H:%M:%S+00:00") if at else None for name, at in LOADED.items()
    }
    url = make_views(
        tmp_path,
        request.param,
        {
            "si_purchases": [sale(name, at) for name, at in told.items()],
            "external_events": [event(name, at) for name, at in told.items()],
            "email_unsubscribes": [
                (11, "2026-02-20 08:00:00+00:00", name, at) for name, at in told.items()
            ],
        },
    )
    return streams(server, open_data=OpenDataSettings(url=StoreUrl(url), account=ACCOUNT))


def names(stream: Stream, column: str, changed_since: datetime | None) -> list[str]:
    assert stream.read_from is not None
    pages = stream.read_from(Start(changed_since=changed_since))
    rows = [row for page in pages for table in page.tables.values() for row in table.to_pylist()]
    return sorted(row[column] for row in rows)


@pytest.mark.parametrize(
    ("stream", "column"), [("sales", "order_number"), ("external_events", "event_id")]
)
def test_a_delta_holds_what_came_since_then_with_the_overlap(found, stream: str, column: str):
    assert names(found[stream], column, SINCE) == ["edge", "new", "untold"]


def test_a_delta_of_unsubscribes_leaves_out_what_is_days_older(found):
    later = SINCE + timedelta(days=3)
    assert names(found["unsubscribes"], "source", later) == ["untold"]


@pytest.mark.parametrize("stream", WITH_DELTA)
def test_a_start_without_a_moment_reads_all(found, stream: str):
    rows = [row for page in found[stream].read_from(Start()) for row in page.tables.values()]
    assert sum(table.num_rows for table in rows) == len(LOADED)


def test_only_what_says_when_it_came_can_be_read_from_a_moment(found):
    able = {name for name, stream in found.items() if stream.read_from is not None}
    assert able == set(WITH_DELTA)


def test_the_bound_to_replace_from_is_told():
    assert delta_start(SINCE) == LOADED["edge"]
