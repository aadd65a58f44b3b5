"""What was not read to its end proves no absence: the run is incomplete, never green."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import stamina

from auditor.sandbox.wire import Fault
from auditor.sandbox.world import Scale
from tests.brand import Brand, brand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Brand]:
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=150)) as started:
        yield started


def outcomes(audit: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check["outcome"] for check in audit["checks"]}


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


@pytest.mark.parametrize("fault", BROKEN_ORDERS, ids=lambda f: f"{f.kind}-{f.skip}-{f.times}")
def test_orders_that_cannot_be_read_make_the_run_incomplete(shop: Brand, fault: Fault):
    shop.running.faults.arm(replace(fault))
    code, audit = shop.audit()
    assert (code, audit["verdict"]) == (3, "incomplete")


@pytest.mark.parametrize("fault", BROKEN_CONTACTS, ids=lambda f: f"{f.kind}-{f.match}")
def test_contacts_that_cannot_be_read_make_the_run_incomplete(shop: Brand, fault: Fault):
    shop.running.faults.arm(replace(fault))
    code, audit = shop.audit()
    assert (code, audit["verdict"]) == (3, "incomplete")


def test_the_broken_stream_is_named_with_its_reason(shop: Brand):
    shop.running.faults.arm(replace(BROKEN_ORDERS[0]))
    _, audit = shop.audit()
    (line,) = [line for line in audit["coverage"] if not line["complete"]]
    assert (line["stream"], "500" in line["reason"]) == ("orders", True)


def test_every_check_that_needs_the_broken_stream_is_skipped(shop: Brand):
    shop.running.faults.arm(replace(BROKEN_ORDERS[0]))
    _, audit = shop.audit()
    (line,) = [line for line in audit["coverage"] if line["stream"] == "orders"]
    skipped = {name for name, outcome in outcomes(audit).items() if outcome == "skipped"}
    assert set(line["disables"]) == skipped
    sales = {name: o for name, o in outcomes(audit).items() if name.startswith("sales.")}
    assert set(sales.values()) == {"skipped"}


def test_checks_that_do_not_need_the_broken_stream_still_judge(shop: Brand):
    shop.running.faults.arm(replace(BROKEN_ORDERS[0]))
    _, audit = shop.audit()
    assert outcomes(audit)["consent.withdrawn_but_opted_in"] == "fail"


def test_nothing_is_concluded_from_what_was_not_read(shop: Brand):
    shop.running.faults.arm(replace(BROKEN_ORDERS[0]))
    shop.audit()
    assert {check for check, _ in shop.findings()} & {"sales.missing_order"} == set()
    assert shop.findings() <= shop.planted


def test_a_fault_that_passes_is_no_fault(shop: Brand):
    shop.running.faults.arm(Fault("centra", "status", match="orderConnection(", status=500))
    shop.running.faults.arm(Fault("emarsys", "cut", match="/data"))
    code, _ = shop.audit()
    assert (code, shop.findings()) == (1, shop.planted)


def test_an_incomplete_run_resolves_nothing(shop: Brand):
    shop.audit()
    before = shop.findings()
    shop.running.faults.arm(replace(BROKEN_ORDERS[0]))
    _, audit = shop.audit()
    assert (shop.findings(), audit["findings"]["resolved"]) == (before, 0)


def test_a_second_audit_finds_the_same_and_calls_it_ongoing(shop: Brand):
    _, first = shop.audit()
    _, second = shop.audit()
    total = first["findings"]["total"]
    assert (first["findings"]["new"], second["findings"]["ongoing"]) == (total, total)


def test_judging_the_last_snapshot_again_reads_nothing(shop: Brand):
    shop.audit()
    before = len(shop.running.log.rows())
    code, _ = shop.audit("--no-snapshot")
    assert (code, len(shop.running.log.rows())) == (1, before)


def test_a_single_suite_judges_only_its_checks(shop: Brand):
    _, audit = shop.audit("--suite", "channel")
    assert {check["suite"] for check in audit["checks"]} == {"channel"}


def test_without_open_data_its_checks_are_off_and_the_run_is_complete(shop: Brand):
    shop.change_settings(lambda settings: settings["emarsys"].pop("open_data"))
    _, audit = shop.audit()
    assert outcomes(audit)["sales.missing_order"] == "off"
    assert audit["verdict"] == "critical"


def test_a_stream_that_shrank_below_its_guard_is_not_believed(shop: Brand):
    shop.audit()
    orders = shop.running.world.centra.orders
    del orders[: len(orders) // 2]
    shop.auditor("--format", "json", "snapshot", "--full")
    (line,) = [line for line in json.loads(shop.out)["coverage"] if line["stream"] == "orders"]
    assert (line["complete"], "shrank" in line["reason"]) == (False, True)
