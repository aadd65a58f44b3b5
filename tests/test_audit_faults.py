"""What was not read to its end proves no absence: the run is incomplete, never green."""

from __future__ import annotations

import contextlib
import io
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import stamina

from auditor.config import load_settings
from auditor.findings.ledger import Ledger
from auditor.pipeline import Run
from auditor.pipeline.reading import take_snapshot
from auditor.sandbox.wire import Fault
from auditor.sandbox.world import Scale
from auditor.warehouse import Warehouse
from tests.brand import Brand, brand
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.model.snapshot import Coverage


SMALL = Scale.of(customers=150)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Brand]:
    with brand(tmp_path, monkeypatch, capsys, SMALL) as started:
        yield started


class Pipe(io.TextIOWrapper):
    """Text or bytes that were printed, once."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def take(self) -> str:
        self.seek(0)
        told = self.read()
        self.seek(0)
        self.truncate()
        return told


class Printed:
    """What `capsys` is to one test, for the audits that many tests look at."""

    def __init__(self, *pipes: Pipe) -> None:
        self._pipes = pipes

    def readouterr(self) -> tuple[str, ...]:
        return tuple(pipe.take() for pipe in self._pipes)


@contextlib.contextmanager
def lasting(folder: Path, scale: Scale = SMALL, **plan: Any) -> Iterator[Brand]:
    """Start a brand that outlives a test."""
    with (
        stamina.set_testing(testing=True, attempts=3),
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(Pipe()) as out,
        contextlib.redirect_stderr(Pipe()) as err,
    ):
        printed: Any = Printed(out, err)
        with brand(folder, patch, printed, scale, **plan) as started:
            yield started


@dataclass
class Told:
    """What one audit said, how many requests it took, and which findings were open after it."""

    code: int
    audit: dict[str, Any]
    findings: set[tuple[str, str]]
    planted: set[tuple[str, str]]
    requests: int

    @property
    def outcomes(self) -> dict[str, str]:
        return {check["id"]: check["outcome"] for check in self.audit["checks"]}


def told(shop: Brand, *words: str) -> Told:
    before = len(shop.running.log.rows())
    code, audit = shop.audit(*words)
    requests = len(shop.running.log.rows()) - before
    return Told(code, audit, shop.findings(), shop.planted, requests)


BROKEN_ORDERS = [
    Fault("centra", "status", match="orderConnection(", status=500, times=None),
    Fault("centra", "status", match="orderConnection(", status=503, times=None, skip=1),
    Fault("centra", "cut", match="orderConnection(", times=None, skip=1),
    Fault("centra", "garbage", match="orderConnection(", times=None, skip=1),
    Fault("centra", "lose", match="orderConnection(", times=1, skip=2),
    Fault("centra", "partial", match="orderConnection(", times=None, skip=1),
]
BROKEN_CONTACTS = [
    Fault("emarsys", "status", match="/export/", status=500, times=None),
    Fault("emarsys", "cut", match="/data", times=None),
    Fault("emarsys", "status", match="checkids", status=503, times=None),
]


DEAD = [
    Fault(system, "status", match="", status=500, times=None) for system in ("centra", "emarsys")
]


def line_of(shop: Brand, stream: str, *, full: bool = False) -> Coverage:
    """Read one stream as a snapshot reads all, and return its line of the coverage."""
    settings = load_settings(shop.running.settings, shop.running.environ)
    run = Run(settings, shop.folder, shop.running.clock, Silent())
    with (
        closing(Ledger(settings.store.ledger)) as ledger,
        closing(Warehouse(settings.store.warehouse)) as warehouse,
    ):
        (line,) = take_snapshot(run, ledger, warehouse, full=full, only={stream}).coverage
    return line


# What follows from a line that is incomplete is told by the audits below, whatever broke it.


@pytest.mark.parametrize("fault", BROKEN_ORDERS[1:], ids=lambda f: f"{f.kind}-{f.skip}-{f.times}")
def test_orders_that_cannot_be_read_are_incomplete(shop: Brand, fault: Fault):
    shop.running.faults.arm(replace(fault))
    assert not line_of(shop, "orders").complete


@pytest.mark.parametrize("fault", BROKEN_CONTACTS, ids=lambda f: f"{f.kind}-{f.match}")
def test_contacts_that_cannot_be_read_are_incomplete(shop: Brand, fault: Fault):
    shop.running.faults.arm(replace(fault))
    assert not line_of(shop, "contacts").complete


@pytest.mark.parametrize("fault", DEAD, ids=lambda f: f.system)
def test_a_system_that_never_answers_makes_the_run_incomplete_and_concludes_nothing(
    shop: Brand, fault: Fault
):
    shop.running.faults.arm(replace(fault))
    dead = told(shop)
    assert (dead.code, dead.audit["verdict"], dead.findings) == (3, "incomplete", set())
    assert set(dead.outcomes.values()) == {"skipped"}
    assert all("500" in line["reason"] for line in dead.audit["coverage"])


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Audit a brand for the first time while its orders cannot be read."""
    with lasting(tmp_path_factory.mktemp("broken")) as shop:
        shop.running.faults.arm(replace(BROKEN_ORDERS[0]))
        return told(shop)


def test_a_broken_stream_makes_the_run_incomplete(broken: Told):
    assert (broken.code, broken.audit["verdict"]) == (3, "incomplete")


def test_the_broken_stream_is_named_with_its_reason(broken: Told):
    (line,) = [line for line in broken.audit["coverage"] if not line["complete"]]
    assert (line["stream"], "500" in line["reason"]) == ("orders", True)


def test_every_check_that_needs_the_broken_stream_is_skipped(broken: Told):
    (line,) = [line for line in broken.audit["coverage"] if line["stream"] == "orders"]
    skipped = {name for name, outcome in broken.outcomes.items() if outcome == "skipped"}
    assert set(line["disables"]) == skipped
    sales = {name: o for name, o in broken.outcomes.items() if name.startswith("sales.")}
    assert set(sales.values()) == {"skipped"}


def test_checks_that_do_not_need_the_broken_stream_still_judge(broken: Told):
    assert broken.outcomes["consent.withdrawn_but_opted_in"] == "fail"


def test_without_its_orders_an_audit_tells_no_revenue(broken: Told):
    assert (broken.audit["bridge"], broken.audit["verified_share"]) == ([], [])


def test_nothing_is_concluded_from_what_was_not_read(broken: Told):
    assert {check for check, _ in broken.findings} & {"sales.missing_order"} == set()
    # Whom an order opted in lacks the evidence all the same, whether the order is known or not.
    by_order = {s for check, s in broken.planted if check == "consent.opted_in_by_order"}
    known = {("consent.opted_in_without_evidence", subject) for subject in by_order}
    assert broken.findings <= broken.planted | known


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """Audit one brand again and again, each time a little differently."""
    with lasting(tmp_path_factory.mktemp("audits")) as shop:
        faults = shop.running.faults
        faults.arm(Fault("centra", "status", match="orderConnection(", status=500))
        faults.arm(Fault("emarsys", "cut", match="/data"))
        done = {"first": told(shop), "second": told(shop)}
        done["again"] = told(shop, "--no-snapshot", "--suite", "channel")
        faults.arm(replace(BROKEN_ORDERS[0]))
        done["broken"] = told(shop)
        faults.arm(replace(DEAD[0]))
        done["dead"] = told(shop)
        faults.clear()
        shop.change_settings(lambda settings: settings["emarsys"].pop("open_data"))
        done["without open data"] = told(shop, "--suite", "sales")
        return done


def test_a_fault_that_passes_is_no_fault(audits: dict[str, Told]):
    assert (audits["first"].code, audits["first"].findings) == (1, audits["first"].planted)


def test_a_second_audit_finds_the_same_and_calls_it_ongoing(audits: dict[str, Told]):
    first, second = (audits[name].audit["findings"] for name in ("first", "second"))
    assert (first["new"], second["ongoing"]) == (first["total"], first["total"])
    assert audits["second"].findings == audits["first"].findings


def test_judging_the_last_snapshot_again_reads_nothing(audits: dict[str, Told]):
    assert (audits["again"].code, audits["again"].requests) == (1, 0)


def test_a_single_suite_judges_only_its_checks(audits: dict[str, Told]):
    assert {check["suite"] for check in audits["again"].audit["checks"]} == {"channel"}


@pytest.mark.parametrize("name", ["broken", "dead"])
def test_an_incomplete_run_resolves_nothing(audits: dict[str, Told], name: str):
    assert audits[name].audit["verdict"] == "incomplete"
    assert audits[name].findings == audits["first"].findings
    assert audits[name].audit["findings"]["resolved"] == 0


def test_without_open_data_its_checks_are_off_and_the_run_is_complete(audits: dict[str, Told]):
    told = audits["without open data"]
    assert (told.outcomes["sales.missing_order"], told.audit["verdict"]) == ("off", "critical")


def test_a_stream_that_shrank_below_its_guard_is_not_believed(shop: Brand):
    line_of(shop, "orders", full=True)
    orders = shop.running.world.centra.orders
    del orders[: len(orders) // 2]
    line = line_of(shop, "orders", full=True)
    assert (line.complete, "shrank" in (line.reason or "")) == (False, True)


def test_sales_that_name_no_order_or_no_item_are_matters_of_quality(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=40), drift=False) as shop:
        rows = shop.running.world.emarsys.purchases
        rows += [replace(rows[-1], order_id=""), replace(rows[-1], item="")]
        shop.running.show()
        code, _ = shop.audit()
        empty = "quality.emarsys_sale.expect_column_values_to_not_be_null"
        found = {check for check, _ in shop.findings()}
        assert (code, found) == (1, {f"{empty}.order_number", f"{empty}.item"})
