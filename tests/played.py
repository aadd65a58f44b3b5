"""A brand's day of work as the service does it, in a folder of its own, with its judging played.

A snapshot, the findings, the report, the letters, and what is written down of them. What judges is played, and
the pictures are not drawn: neither writes anything that lasts.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from apscheduler.executors.debug import DebugExecutor
from markupsafe import Markup

from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.findings import query
from auditor.findings.ledger import Ledger, finding_table, history_table
from auditor.model.drift import drift_consent
from auditor.model.finding import CheckResult
from auditor.report.write import report_path
from auditor.service import jobs
from auditor.service.record import Log
from auditor.service.scheduler import Service, status_of
from auditor.service.watch import beat
from auditor.snapshot.take import take
from auditor.warehouse import Warehouse
from tests.correct.applying.test_lease import ended
from tests.correct.desk import CHECKS, read_settings
from tests.mail.conftest import Server, serving
from tests.service.test_scheduler import miss
from tests.service.test_sixty_days import Stepped
from tests.snapshot.world import Shop, stored
from tests.stores import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECK = CHECKS["consent.withdrawn_but_opted_in"]
YESTERDAY, TODAY = ("a", "b"), ("a", "c")


@dataclass
class Day:
    """A brand in a folder of its own, its shop, and the letters that came."""

    folder: Path
    shop: Shop
    server: Server
    subjects: tuple[str, ...] = ()
    letters: int = 0

    @property
    def config(self) -> Path:
        return self.folder / "auditor.yaml"

    @property
    def store(self) -> Any:
        return load_settings(self.config, {"TOKEN": "none"}).store

    def work(self) -> None:
        """Do the day's audit, and tell it."""
        jobs.work("audit", str(self.config))

    def come_back(self) -> None:
        """Do what the service does when it is back: what was not begun, or not ended, is done."""
        with closing(Ledger(self.store.ledger)) as ledger:
            ends = [one.ended_at for one in Log(ledger, "desk").all() if one.began_at >= self.began]
        if ends in ([], [None]):
            self.work()

    began: Any = field(default_factory=utc_now)

    def serve(self) -> None:
        """Serve as long as it takes to do what is due, and to show that the service is alive."""
        brand = (load_settings(self.config), self.config)
        service = Service([brand], executor=DebugExecutor, scheduler=Stepped)
        service.start()
        service.scheduler.step()
        beat(["desk"], utc_now())
        service.stop()
        jobs.ENDING.clear()  # another process would not know of it

    def sleep(self) -> None:
        """Let a service have planned the day's audit, and be away when it is due."""
        self.serve()
        miss(load_settings(self.config), "audit", days=1)

    def work_done(self) -> tuple[list[bool], bool]:
        """Return whether each kind of work came to its end, and whether the next is still to come."""
        status = status_of(load_settings(self.config), self.config)
        is_ahead = all(one.at is not None and one.at > utc_now() for one in status.due)
        return [one.ended_at is not None for one in status.done], is_ahead

    def outcome(self) -> dict[str, Any]:
        """Return all that the day's work leaves, without what tells one run from another."""
        with closing(Ledger(self.store.ledger)) as ledger, ledger.begin() as conn:
            row, past = finding_table.c, history_table.c
            states = conn.execute(sa.select(row.subject_key, row.state)).all()
            join = history_table.join(finding_table, row.fingerprint == past.fingerprint)
            told = conn.execute(sa.select(row.subject_key, past.state).select_from(join)).all()
        with closing(Warehouse(self.store.warehouse)) as warehouse:
            orders = stored(warehouse)
        letters = self.server.messages[self.letters :]
        return {
            "open": sorted(key for key, state in states if state != "resolved"),
            "history": sorted(tuple(one) for one in told),
            "orders": orders,
            "letters": {(str(m["To"]), str(m["Subject"])) for m in letters},
        }

    def doubled(self) -> int:
        """Return how many letters came more than once."""
        names = Counter(str(m["Message-ID"]) for m in self.server.messages[self.letters :])
        return sum(names.values()) - len(names)

    def pages(self) -> list[Path]:
        """Return where the report of each run with a verdict is."""
        with closing(Ledger(self.store.ledger)) as ledger:
            runs = query.runs(ledger, "desk")
        return [report_path(Path("reports/out"), "desk", one.run) for one in runs]


def drifted(warehouse: Warehouse, subjects: tuple[str, ...]) -> None:
    """Let a check have found some subjects."""
    row = {"check_id": CHECK.id, "subject_kind": "contact", "people": 1, "contained": False}
    with warehouse.engine.begin() as conn:
        conn.execute(drift_consent.delete())
        conn.execute(drift_consent.insert(), [{"subject_key": one, **row} for one in subjects])


@contextmanager
def evening_of(folder: Path) -> Iterator[Day]:
    """Audit once, and let the shop and what is wrong with it change: what the day's work begins with.

    The process works in the folder, or in that of a copy, until the block ends.
    """
    with serving(Server()) as server:
        yield from _evening(folder, server)


def _evening(folder: Path, server: Server) -> Iterator[Day]:
    mail = {
        "smtp": f"smtp://127.0.0.1:{server.port}",
        "from": "a@nordlys.example",
        "to": {"default": ["ops@nordlys.example"], "crm": ["crm@nordlys.example"]},
    }
    parts = {"mail": mail, "schedule": {"audit": "0 5 * * *"}}
    read_settings(folder, lambda raw: raw.update(parts))
    day = Day(folder, Shop(now=utc_now() - timedelta(hours=3)), server, YESTERDAY)
    dead = f"{socket.gethostname()}:{ended()}:dead"
    with pytest.MonkeyPatch.context() as patch:
        play(patch, day, dead)
        for number in "12345":
            day.shop.put(number)
        patch.chdir(folder)
        day.work()
        day.shop.now = utc_now()
        day.shop.put("2", "SHIPPED", lines=2)
        day.shop.put("6")
        day.subjects, day.letters = TODAY, len(server.messages)
        yield day


def play(patch: pytest.MonkeyPatch, day: Day, holder: str) -> None:
    """Read the day's shop, find what the day holds, and draw nothing."""
    result = CheckResult(CHECK, "fail", 10, 2, people=2)

    def judged(_run: Any, stores: tuple[Ledger, Warehouse], *_: Any, **__: Any) -> tuple[None, int]:
        drifted(stores[1], day.subjects)
        return None, 0

    patch.setenv("TOKEN", "none")
    patch.setattr(jobs, "ENDING", threading.Event())  # another test may have ended its service
    patch.setattr(
        "auditor.pipeline.reading._take",
        lambda _run, reading, _names: take([day.shop.stream()], replace(reading, workers=1)),
    )
    patch.setattr("auditor.pipeline.auditing._reconciled", judged)
    patch.setattr("auditor.pipeline.auditing.judge", lambda *_, **__: (result,))
    patch.setattr("auditor.report.charts.svg", lambda *_, **__: Markup("<svg/>"))
    for module in ("auditor.pipeline.leased", "auditor.service.scheduler"):
        patch.setattr(f"{module}.this_process", lambda: holder)


def morning(evening: Day, folder: Path) -> Day:
    """Copy the brand as it stood in the evening."""
    shutil.copytree(evening.folder, folder)
    copied(evening.folder, folder, "desk")
    evening.server.answers.clear()
    os.chdir(folder)
    return replace(evening, folder=folder, letters=len(evening.server.messages), began=utc_now())
