"""The benchmarks, each at a tiny size: that they measure, never how long it takes."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa

from auditor.config import load_settings
from auditor.model import tables as t
from auditor.model.drift import DRIFT_TABLES
from auditor.pipeline.judging import terms_of_run
from auditor.reconcile.run import reconcile
from auditor.sandbox.world import Scale, build_world
from auditor.systems.http import HttpClient
from auditor.warehouse import Warehouse
from tests.benchmarks import (
    again,
    audit,
    centra_reading,
    compare,
    emarsys_reading,
    frames,
    plan,
    recorded,
    report,
    start_up,
    wire,
    world,
)
from tests.benchmarks.__main__ import COMMANDS
from tests.benchmarks.merge import MOVED, RUN, settings_in, shifted_subject, warehouse_in
from tests.benchmarks.shards import NOW, cases_of, make
from tests.direct import whole_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = world.Size(400, drift=0.02)
SPREAD = {"min", "median", "max"}
AUDITED = {
    "audit_s": 2.0,
    "stages_s": {"expect": 2.0},
    "is_of_part": False,
    "peak_kib": 1,
    "slowest": [],
}

pytestmark = pytest.mark.embedded("a world that is kept is a file")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a world of two smaller ones, as it is kept."""
    folder = tmp_path_factory.mktemp("bench") / "made"
    folder.mkdir()
    make(SIZE, 1, folder, processes=0)
    return folder


@pytest.fixture(scope="module")
def judged(made: Path) -> Iterator[Warehouse]:
    """Give the warehouse of a copy of the world, reconciled."""
    with (
        world.copy_of(made) as work,
        closing(Warehouse(f"duckdb:///{warehouse_in(work)}")) as warehouse,
    ):
        terms = terms_of_run(settings_in(work), warehouse, whole_snapshot(RUN, NOW))
        reconcile(warehouse, terms)
        yield warehouse


@pytest.fixture
def at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    """Run the parts of a benchmark in this process; no expectation is judged, no report is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("auditor.pipeline.auditing.judge", lambda *_, **__: ())
    monkeypatch.setattr("auditor.pipeline.auditing.keep", lambda *_, **__: None)
    monkeypatch.setattr("auditor.pipeline.auditing.publish", lambda *_: tmp_path)

    def child(module: str, *args: object) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", [module, *map(str, args)])
        import_module(f"tests.benchmarks.{module}").main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return child


def keys(warehouse: Warehouse, table: sa.Table, name: str) -> list[str]:
    with warehouse.engine.connect() as conn:
        return list(conn.scalars(sa.select(table.c[name])))


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (t.centra_customer, "customer_id"),
        (t.centra_order, "order_number"),
        (t.centra_order, "order_id"),
        (t.centra_order_line, "line_id"),
        (t.centra_shipment, "number"),
        (t.centra_size, "sku"),
        (t.emarsys_contact, "contact_id"),
        (t.emarsys_si_contact, "si_contact_id"),
        (t.emarsys_event, "event_id"),
    ],
    ids=str,
)
def test_smaller_worlds_are_put_together_with_distinct_keys(
    judged: Warehouse, table: sa.Table, key: str
):
    found = keys(judged, table, key)
    assert len(found) == len(set(found)) > 0


def test_smaller_worlds_share_no_address(judged: Warehouse):
    shards: dict[str, set[bool]] = {}
    with judged.engine.connect() as conn:
        for row in conn.execute(sa.select(t.centra_customer)):
            shards.setdefault(row.email_key, set()).add(int(row.customer_id) >= 10_000_000)
    assert {len(one) for one in shards.values()} == {1}


def test_smaller_worlds_have_one_assortment(judged: Warehouse):
    sizes = set(keys(judged, t.centra_size, "sku"))
    assert set(keys(judged, t.centra_order_line, "item")) - {None} <= sizes


def test_every_id_of_people_is_one_that_moves():
    people = {name for name in MOVED if name.endswith("_id")}
    known = {column.name for tables in t.STREAM_TABLES.values() for x in tables for column in x.c}
    assert people <= known


def test_what_drifts_in_a_made_world_was_planted(judged: Warehouse, made: Path):
    planted = {subject for _, subject in json.loads((made / "planted.json").read_text())}
    found = {key for table in DRIFT_TABLES for key in keys(judged, table, "subject_key")}
    assert (found - planted, len(found) > len(planted) / 2) == (set(), True)


def test_a_planted_subject_is_named_as_it_is_in_the_one_store():
    moved = [
        shifted_subject(check, subject, 2)
        for check, subject in (
            ("consent.opt_in_lost", "90000001"),
            ("identity.missing_contact", "centra:1001"),
            ("sales.missing_line", "100/NL00001BLKXS"),
            ("fulfilment.late_shipped_event", "100-1"),
            ("audience.membership_mismatch", "200001/90000001"),
            ("catalogue.missing_item", "NL00001BLKXS"),
            ("channel.event_for_non_consumer", "event:0a"),
        )
    ]
    assert moved == [
        "110000001", "centra:20001001", "20000100/NL00001BLKXS", "20000100-1", "200001/110000001",
        "NL00001BLKXS", "event:0a",
    ]  # fmt: skip


def test_one_of_a_hundred_subjects_of_a_topic_drifts():
    made = build_world(1, Scale.of(customers=1_000), NOW)
    cases = cases_of(made, 0.01, has_catalogue=True)
    of_consent = sum(cases(check) for check in CONSENT)
    assert of_consent == pytest.approx(len(made.emarsys.contacts) / 100, rel=0.2)


CONSENT = [
    f"consent.{name}"
    for name in (
        *(
            "withdrawn_but_opted_in",
            "opted_in_without_evidence",
            "opted_in_by_order",
            "opt_in_lost",
        ),
        *("unsubscribed_but_active_in_centra", "erased_but_contactable", "erased_but_present"),
        *("buyer_opted_in", "opt_in_unknown_person"),
    )
]


def test_only_one_smaller_world_spoils_the_catalogue():
    made = build_world(1, Scale.of(customers=400), NOW)
    assert cases_of(made, 0.01, has_catalogue=False)("catalogue.missing_item") == 0


def test_a_world_is_made_anew_when_its_makers_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    before = world._made_by()
    monkeypatch.setattr(world, "ROOT", tmp_path)
    for maker in world._MAKERS:
        (tmp_path / maker).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / maker).touch()
    assert world._made_by() != before


def test_the_audit_is_measured(made: Path, at_once: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit, "child", at_once)
    result = audit.measured(made, 0)
    assert set(result["audit_to_scan"]) == SPREAD
    assert {"reconcile", "attribute", "expect", "findings"} == set(result["stages_s"])
    assert result["slowest"][0]["seconds"] > 0
    assert audit.table(result)


def test_auditing_again_is_measured(made: Path, at_once: Any, monkeypatch: pytest.MonkeyPatch):
    def child(module: str, *args: object) -> dict[str, Any]:
        found: dict[str, Any] = AUDITED if module == "audit" else at_once(module, *args)
        return found

    monkeypatch.setattr(again, "child", child)
    result = again.measured(made, 1)
    assert result["changed_share"] == {"min": 1.0, "median": 1.0, "max": 1.0}
    assert result["changed_rows"] > 0


def test_comparing_contacts_is_measured(
    made: Path, at_once: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(compare, "child", at_once)
    result = compare.measured(made, 1, tmp_path, ["pandas"])
    assert set(result["times_ours"]["pandas"]) == SPREAD
    assert result["differ"]["pandas"] > 0
    assert compare.table(result)


def test_a_frame_is_measured(made: Path, at_once: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frames, "child", at_once)
    result = frames.measured(made, 1)
    assert result["rows"] == world.facts_of(made)["rows"]["emarsys_sale"]


def test_recorded_answers_are_served_as_they_came(monkeypatch: pytest.MonkeyPatch):
    said = iter((b"not yet", b"done", b"done"))
    network = httpx.MockTransport(lambda _: httpx.Response(200, content=next(said)))
    monkeypatch.setattr("auditor.systems.http.network", lambda: network)

    def ask(url: str) -> list[str]:
        with closing(HttpClient(system="x", setting="x")) as client:
            return [client.request("POST", f"{url}/a?b=c", content=b"{}").text for _ in range(2)]

    with recorded.recording() as tape:
        first = ask("http://localhost")
    monkeypatch.undo()
    url, _ = recorded.serve(tape)
    assert (first, ask(url)) == (["not yet", "done"], ["not yet", "done"])


def test_dropping_recorded_answers_is_measured(tmp_path: Path):
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
    tape = recorded.Tape([((b"GET", b"/%d" % n, b""), answer) for n in range(3)])
    tape.save(tmp_path / wire.TAPE)
    url, _ = recorded.serve(tape)
    assert wire.drop(url, tmp_path)["content_bytes"] == 15


def test_reading_an_account_is_measured():
    result = emarsys_reading.measured(40)
    assert 0 < result["limited"]["share"] <= 1
    assert emarsys_reading.table(result)


def test_reading_a_tenant_is_measured():
    result = centra_reading.costs(build_world(1, Scale.of(customers=40), NOW))
    assert result["requests_incremental"]["orders"] <= result["requests"]["orders"]


def test_starting_is_measured(tmp_path: Path):
    result = start_up.measured(1, tmp_path, [start_up.BUDGETED])
    assert set(result["times_pass"][start_up.BUDGETED]) == SPREAD
    assert start_up.table(result)


def test_a_report_is_measured(tmp_path: Path):
    result = {"sizes": [report.measured(3, tmp_path)]}
    assert result["sizes"][0]["findings"] == 3
    assert len(report.table(result)) == 2


def test_a_plan_is_measured():
    result = plan.measured(3, rounds=1)
    assert (result["changes"], set(result["plan_s"])) == (3, SPREAD)


@pytest.mark.parametrize("name", sorted({command[0] for command in COMMANDS.values()}))
def test_each_benchmark_says_what_it_can_be_asked_for(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit):
        import_module(f"tests.benchmarks.{name}").main()
    assert "usage" in capsys.readouterr().out


def test_settings_of_a_made_world_are_whole(made: Path):
    assert load_settings(made / "auditor.yaml", {"TOKEN": "none"}).brand == "nordlys"
