"""The service with its warehouse in BigQuery: every kind of work, as in a night and a morning."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from apscheduler.executors.debug import DebugExecutor

from auditor.config import load_settings
from auditor.findings.ledger import Ledger
from auditor.sandbox.world import Scale
from auditor.service import jobs
from auditor.service.record import Log
from auditor.service.scheduler import Service
from tests.bigquery.server import bigquery
from tests.brand import brand
from tests.service.test_sixty_days import Stepped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.service.record import Work

LEDGER = "sqlite:///var/x-ledger.sqlite"
SCHEDULE = {
    "sweep": "0 2 * * 0",
    "clean": "0 3 * * *",
    "audit": "0 5 * * *",
    "correct": "0 6 * * *",
}
SEGMENT = 200_001
LAUNCHES = {"segment": SEGMENT, "at": "* * * * *"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Work]:
    """Let the service do all of its work once; return how each went."""
    unused: Any = None
    with (
        bigquery() as (_, url),
        pytest.MonkeyPatch.context() as patch,
        brand(
            tmp_path_factory.mktemp("served"),
            patch,
            unused,
            Scale.of(customers=60),
            stores={"warehouse": url, "ledger": LEDGER},
        ) as shop,
    ):
        planned = {"planned": [LAUNCHES]}
        shop.change_settings(lambda raw: raw.update(schedule=SCHEDULE, preflight=planned))
        file = shop.running.settings
        settings = load_settings(file)
        service = Service([(settings, file)], executor=DebugExecutor, scheduler=Stepped)
        service.start()
        for kind in SCHEDULE:
            jobs.work(kind, str(file))
        jobs.work("preflight", str(file), f"segment:{SEGMENT}")
        service.stop()
        with closing(Ledger(settings.store.ledger)) as ledger:
            return {one.kind: one for one in Log(ledger, settings.brand).all()}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("sweep", "run "),
        ("clean", "deleted "),
        ("audit", "verdict critical, report "),
        ("correct", " verified, 0 pending, 0 superseded, 0 failed, 0 left"),
        (f"preflight-segment:{SEGMENT}", "go, verdict "),
    ],
)
def test_every_kind_of_work_comes_to_its_end(served: Mapping[str, Work], kind: str, said: str):
    work = served[kind]
    assert work.failures == 0, work.said
    assert said in str(work.said)
