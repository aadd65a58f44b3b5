"""The whole loop with both stores in PostgreSQL: read over sockets, audit, report, plan, apply, verify, ask."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest

import auditor
from auditor.clock import utc_now
from auditor.correct.applying.lease import Lease
from auditor.findings.ledger import Ledger
from auditor.warehouse import Warehouse
from tests.brand import brand
from tests.postgres import new_database
from tests.test_plan import SCALE, Captured
from tests.test_preflight import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frames import Brand as Frames
    from tests.brand import Brand


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Brand]:
    """Give an audited brand whose two stores are one database; the tests go on in their order."""
    url = new_database(postgres_server)
    captured = cast("pytest.CaptureFixture[str]", Captured())
    with (
        pytest.MonkeyPatch.context() as patch,
        brand(
            tmp_path_factory.mktemp("postgresql"),
            patch,
            captured,
            SCALE,
            stores={"warehouse": url, "ledger": url},
        ) as started,
    ):
        caps = {"default": {"count": 500, "share": 1}}
        started.change_settings(lambda known: known.update(corrections={"caps": caps}))
        assert started.auditor("audit") == 1
        yield started


@pytest.fixture(autouse=True)
def _here(shop: Brand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(shop.folder)
    shop.capsys = capsys


@pytest.fixture
def frames(shop: Brand) -> Frames:
    return auditor.open(shop.running.settings)


def said(shop: Brand, *words: str) -> dict[str, Any]:
    shop.auditor("--format", "json", *words)
    assert shop.out, shop.err
    result: dict[str, Any] = json.loads(shop.out)
    return result


def test_exactly_the_planted_drift_is_found(shop: Brand):
    assert shop.findings() == shop.planted


def test_a_report_is_written_anew(shop: Brand):
    assert shop.auditor("report") == 0, shop.err


def test_frames_hold_the_findings_and_both_sides(shop: Brand, frames: Frames):
    found = frames.findings()
    assert set(zip(found["check_id"], found["subject_key"], strict=True)) == shop.planted
    assert len(frames.centra("order")) > 0
    assert {"contact_id", "person", "consent"} <= set(frames.links("contact").columns)


def test_a_frame_explains(frames: Frames):
    contact = frames.findings().query("subject_kind == 'contact'")["contact_id"].dropna().iloc[0]
    assert "Rule trace" in repr(frames.explain(contact, "contact"))


def test_the_command_line_explains(shop: Brand, frames: Frames):
    found = frames.findings().query("subject_kind == 'order'")
    assert shop.auditor("explain", found["subject_key"].iloc[0], "--kind", "order") == 0, shop.err


def test_an_audience_with_offenders_is_no_go(shop: Brand):
    assert shop.auditor("preflight", "--segment", str(EVERYBODY)) == 1, shop.err


def test_a_second_writer_is_refused_in_one_sentence(shop: Brand, frames: Frames):
    with closing(Ledger(frames.settings.store.ledger)) as ledger:
        other = Lease(ledger, "nordlys", utc_now, "elsewhere:1:x", doing="auditing")
        other.take()
        assert shop.auditor("audit") != 0
        other.give_back()
    (line,) = shop.err.splitlines()
    assert "(elsewhere:1) is auditing nordlys" in line


def test_what_is_planned_is_applied_and_verified(shop: Brand):
    plan = said(shop, "plan")
    applied = said(shop, "apply", plan["plan"], "--digest", plan["digest"])
    assert applied["failed"] == 0
    shop.running.load_sales()
    assert said(shop, "verify", plan["plan"])["verified"] == plan["changes"]


def test_while_the_next_audit_runs_a_notebook_reads_the_last_whole_run(
    shop: Brand, frames: Frames, monkeypatch: pytest.MonkeyPatch
):
    """Look when new rows stand beside no drift any more, as they do for a while in every audit."""
    before, seen = frames.table("drift_sales"), []
    kept = Warehouse.publish

    def publish(self: Warehouse, *words: Any) -> None:
        kept(self, *words)
        with self.engine.begin() as conn:
            self.empty_drift(conn)
        seen.append(frames.table("drift_sales"))

    monkeypatch.setattr(Warehouse, "publish", publish)
    _, audit = shop.audit()
    assert [one.equals(before) for one in seen] == [True]
    assert not frames.table("drift_sales").equals(before)
    assert audit["findings"]["resolved"] > 0
