"""`auditor plan` as its user runs it: after an audit of a sandbox with known drift."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from auditor.cli import main
from auditor.expect.suites import load_checks
from auditor.model.plan import decoded
from auditor.resources import expectation_files
from auditor.sandbox.world import Scale
from tests.brand import brand
from tests.correct.desk import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.plan import Plan
    from tests.brand import Brand

SCALE = Scale.of(customers=150)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    """Give an audited brand, with caps that leave room for all; the tests here only read it."""
    with pytest.MonkeyPatch.context() as patch:
        captured = cast("pytest.CaptureFixture[str]", Captured())
        with brand(tmp_path_factory.mktemp("plan"), patch, captured, SCALE) as started:
            caps = {"default": {"count": 500, "share": 1}}
            started.change_settings(lambda settings: settings.update(corrections={"caps": caps}))
            assert started.auditor("audit") == 1
            yield started


class Captured:
    """Stands in for pytest's capturing, which is there for one test at a time."""

    def readouterr(self) -> tuple[str, str]:
        return "", ""


@dataclass(frozen=True)
class Planned:
    """A plan of all findings: what was told of it, what its file holds, how many requests it took."""

    told: dict[str, Any]
    plan: Plan
    requests: int


@pytest.fixture(scope="module")
def planned(shop: Brand) -> Planned:
    before = len(shop.running.log.rows())
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert shop.auditor("--format", "json", "plan", "--out", "all.json") == 0
    requests = len(shop.running.log.rows()) - before
    plan = decoded((shop.folder / "all.json").read_bytes())
    return Planned(json.loads(out.getvalue()), plan, requests)


def test_the_demo_world_is_planned(planned: Planned):
    assert planned.told["changes"] > 0


def told(shop: Brand, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    shop.capsys = capsys
    assert shop.auditor("--format", "json", "plan", *words) == 0, shop.err
    result: dict[str, Any] = json.loads(shop.out)
    return result


def test_the_json_holds_what_others_rely_on(planned: Planned):
    keys = {"format", "plan", "digest", "changes", "by_class", "proposals", "expires_at"}
    assert keys <= planned.told.keys()


def test_the_classes_add_up_to_the_changes(planned: Planned):
    assert sum(planned.told["by_class"].values()) == planned.told["changes"]


def test_a_second_plan_of_the_same_findings_is_the_same(
    shop: Brand, capsys: pytest.CaptureFixture[str], planned: Planned
):
    assert told(shop, capsys)["digest"] == planned.told["digest"]


def test_every_file_of_a_plan_is_private(shop: Brand, capsys: pytest.CaptureFixture[str]):
    result = told(shop, capsys)
    files = [result["plan"], *(file["path"] for file in result["files"])]
    assert {stat.S_IMODE(Path(file).stat().st_mode) for file in files} == {0o600}


def test_planning_sends_nothing(planned: Planned):
    assert planned.requests == 0


def test_the_listing_shows_no_address_and_no_name(shop: Brand, capsys: pytest.CaptureFixture[str]):
    shop.capsys = capsys
    shop.auditor("plan")
    printed = shop.out + shop.err
    words = {
        word
        for customer in shop.running.world.centra.customers
        for word in (customer.email, customer.last_name)
        if word
    }
    assert words
    assert "@" not in printed
    assert [w for w in words if re.search(rf"\b{re.escape(w)}\b", printed)] == []


def test_a_plan_of_one_check_holds_no_other(
    shop: Brand, capsys: pytest.CaptureFixture[str], planned: Planned
):
    check = planned.plan.changes[0].origin.check
    result = told(shop, capsys, "--check", check, "--out", "one.json")
    plan = decoded(Path("one.json").read_bytes())
    assert {change.origin.check for change in plan.changes} == {check}
    assert result["plan"] == "one.json"


@pytest.mark.parametrize("check", ["consent.withdrawn_but_opted_inn", "nope"])
def test_an_unknown_check_is_told_as_it_is_where_findings_are_listed(
    shop: Brand, capsys: pytest.CaptureFixture[str], check: str
):
    shop.capsys = capsys
    assert shop.auditor("findings", "--check", check) == 2
    told_of_findings = shop.err
    assert (shop.auditor("plan", "--check", check), shop.err) == (2, told_of_findings)


def test_a_check_without_a_remedy_is_told(shop: Brand, capsys: pytest.CaptureFixture[str]):
    check = next(one.check for one in load_checks(expectation_files()) if not one.check.remedy)
    assert told(shop, capsys, "--check", check.id)["changes"] == 0
    assert f"--check {check.id}: the auditor has no remedy" in shop.err


def test_an_unknown_owner_is_told_with_those_that_there_are(
    shop: Brand, capsys: pytest.CaptureFixture[str]
):
    shop.capsys = capsys
    shop.auditor("--format", "json", "findings")
    owners = sorted({json.loads(line)["owner"] for line in shop.out.splitlines()})
    assert shop.auditor("plan", "--owner", "nobody") == 2
    assert "--owner nobody: no open finding has this owner" in shop.err
    assert f"there are {', '.join(owners)}." in shop.err


def test_an_owner_is_told_by_the_nearest_name(shop: Brand, capsys: pytest.CaptureFixture[str]):
    shop.capsys = capsys
    assert shop.auditor("plan", "--owner", "ecomerce") == 2
    assert "did you mean ecommerce?" in shop.err


def test_an_owner_without_an_open_finding_gets_an_empty_plan_and_is_told(
    shop: Brand, capsys: pytest.CaptureFixture[str]
):
    suites = shop.folder / "expectations"
    suites.mkdir()
    text = next(file for file in expectation_files() if file.name == "audience.yaml").read_text()
    try:
        owner = re.sub(r"^owner: .*$", "owner: night_shift", text, flags=re.MULTILINE)
        (suites / "audience.yaml").write_text(owner)
        result = told(shop, capsys, "--owner", "night_shift")
    finally:
        shutil.rmtree(suites)
    assert result["changes"] == 0
    assert "no open finding has this owner; open findings are those of " in shop.err


def test_an_old_audit_gives_no_plan(shop: Brand, capsys: pytest.CaptureFixture[str]):
    shop.capsys = capsys
    old = shop.running.settings.read_text()
    try:
        shop.change_settings(lambda settings: settings["corrections"].update(expiry="0s"))
        assert shop.auditor("plan") == 4
    finally:
        shop.running.settings.write_text(old)
    assert "auditor audit" in shop.err


def test_what_is_planned_was_planted(shop: Brand, planned: Planned):
    changed = {(change.origin.check, change.origin.key) for change in planned.plan.changes}
    assert changed - shop.planted == set()


@pytest.mark.parametrize("setting", ["policy", "caps"])
def test_limits_of_a_remedy_that_is_not_there_are_told(
    shop: Brand, capsys: pytest.CaptureFixture[str], setting: str
):
    shop.capsys = capsys
    old = shop.running.settings.read_text()
    limits = {"policy": {"opt_outs": "none"}, "caps": {"opt_outs": {"count": 1}}}
    try:
        shop.change_settings(lambda raw: raw.update(corrections={setting: limits[setting]}))
        assert shop.auditor("plan") == 2
    finally:
        shop.running.settings.write_text(old)
    assert f"corrections.{setting}.opt_outs" in shop.err
    assert "opt_out?" in shop.err


def test_every_finding_with_a_remedy_is_changed_or_proposed_or_left_with_a_reason(
    shop: Brand, capsys: pytest.CaptureFixture[str], planned: Planned
):
    shop.capsys = capsys
    shop.auditor("--format", "json", "findings")
    rows = [json.loads(line) for line in shop.out.splitlines()]
    mendable = {row["fingerprint"] for row in rows if row["remedy"]}
    changed = {change.origin.finding for change in planned.plan.changes}
    listed: set[str] = set()
    for file in planned.told["files"]:
        with Path(file["path"]).open(newline="") as text:
            cells = [cell for row in csv.reader(text) for cell in row]
        keys = {row["fingerprint"] for row in rows if _is_named(row, cells)}
        listed |= keys
    left = sum(one["findings"] for one in planned.told["withheld"])
    assert len(mendable - changed - listed) <= left


def _is_named(row: dict[str, Any], cells: list[str]) -> bool:
    return row["subject"]["key"].partition("/")[0] in cells or row["subject"]["key"] in cells


def test_a_brand_that_was_never_audited_is_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")
    read_settings(tmp_path)
    assert main(["plan"]) == 2
    assert "auditor audit" in capsys.readouterr().err
