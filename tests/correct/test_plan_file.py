"""The files of a plan: what is written is what is read, and nothing else is taken for a plan."""

from __future__ import annotations

import csv
import stat
from datetime import UTC
from pathlib import Path

import pytest
from msgspec.structs import replace as with_values

from auditor.correct.files import write_plan, write_proposals
from auditor.errors import ConfigError, StalePlanError
from auditor.model.plan import Origin, Plan, Proposal, Stake, decoded, digest_of
from tests.correct.desk import read_settings
from tests.correct.test_law import ALLOWED, change
from tests.reconcile.books import NOW

ANY = Origin("f", "sales.duplicate_order", "order", "100", "ecommerce", "critical")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def plan() -> Plan:
    at = NOW.replace(tzinfo=UTC)
    changes = tuple(map(change, ALLOWED.values()))
    return Plan("desk", "run", "0", "e", at, at, (), {}, "SEK", 0, changes)


def test_a_plan_is_read_as_it_was_written(plan: Plan):
    path, _ = write_plan(plan)
    assert decoded(path.read_bytes()) == plan


def test_an_opt_out_of_a_plan_that_knows_nothing_of_consents_is_read(plan: Plan):
    path, _ = write_plan(plan)
    earlier = b'{"contact_id":"1","expect":{},"set":{"31":2},"type":"contact_fields"}'
    assert earlier in path.read_bytes()
    assert decoded(path.read_bytes()).changes[0].request == ALLOWED["opt out"]


def test_the_digest_is_that_of_the_file(plan: Plan):
    path, digest = write_plan(plan)
    assert digest == digest_of(path.read_bytes())


def test_only_its_owner_reads_a_plan(plan: Plan):
    path, _ = write_plan(plan)
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)]
    assert modes == [0o600, 0o700]


def test_a_folder_that_was_there_keeps_its_mode(plan: Plan, tmp_path: Path):
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    write_plan(plan, folder / "plan.json")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_place_that_cannot_be_written_is_named(plan: Plan, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--out"):
        write_plan(plan, tmp_path / "file" / "plan.json")


def test_another_plan_has_another_digest(plan: Plan):
    _, digest = write_plan(plan)
    _, other = write_plan(with_values(plan, run="other"))
    assert digest != other


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"31":2', b'"31": 2'),  # the same, spelt otherwise
        (b'"format":1', b'"format":2'),
        (b'"auto"', b'"propose"'),
        (b"contact_fields", b"contact_delete"),
        (b'"brand"', b'"more":1,"brand"'),
        (b"}\n", b"\n"),
    ],
)
def test_what_is_no_plan_as_it_was_written_is_refused(plan: Plan, old: bytes, new: bytes):
    path, _ = write_plan(plan)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(StalePlanError):
        decoded(path.read_bytes())


def rows_of(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_worklist_holds_no_formula(tmp_path: Path):
    hostile = Proposal(ANY, "duplicate_worklist", {"keep": "=1+1", "do": "merge"}, Stake())
    (file,) = write_proposals([hostile], read_settings(tmp_path), "run")
    assert rows_of(file.path)[0]["keep"] == "'=1+1"


LINE = {"item": "A", "price": "-3.00", "order": "100", "timestamp": "2026-11-03T00:00:00Z"}
LINE |= {"customer": "1", "email": "1", "quantity": "-2", "do": "send"}


def test_a_compensation_file_is_one_that_emarsys_takes(tmp_path: Path):
    settings = read_settings(tmp_path)
    (file,) = write_proposals([Proposal(ANY, "compensation_file", LINE, Stake())], settings, "run")
    assert Path(file.path).read_text() == (
        "item,price,order,timestamp,customer,quantity\nA,-3.00,100,2026-11-03T00:00:00Z,1,-2\n"
    )


def ticket_of(folder: Path, *origins: Origin) -> str:
    some = [Proposal(one, "compensation_file", LINE, Stake()) for one in origins]
    (file,) = write_proposals(some, read_settings(folder), "run")
    return Path(file.path).with_suffix(".txt").read_text()


def test_a_ticket_beside_it_counts_the_orders(tmp_path: Path):
    ticket = ticket_of(tmp_path, ANY, ANY, replace_key("101"))
    assert "sales.duplicate_order: 2 orders" in ticket


def test_a_ticket_counts_an_order_of_several_lines_once(tmp_path: Path):
    lines = [with_values(replace_key(f"100/{item}"), kind="line") for item in ("A", "B")]
    assert "sales.duplicate_order: 1 order\n" in ticket_of(tmp_path, *lines)


def test_a_ticket_counts_orders_by_their_whole_names_whoever_named_them(tmp_path: Path):
    orders = [replace_key(f"WEB/2026/{number}") for number in (1, 2)]
    assert "sales.duplicate_order: 2 orders" in ticket_of(tmp_path, *orders)


def replace_key(key: str) -> Origin:
    return with_values(ANY, key=key)


def test_the_order_of_proposals_does_not_change_their_file(tmp_path: Path):
    settings = read_settings(tmp_path)
    some = [
        Proposal(replace_key(key), "duplicate_worklist", {"keep": key}, Stake()) for key in "312"
    ]
    assert write_proposals(some, settings, "run") == write_proposals(some[::-1], settings, "run")


def test_another_plan_leaves_the_files_of_the_first(tmp_path: Path):
    settings = read_settings(tmp_path)
    one, other = (Proposal(replace_key(key), "duplicate_worklist", {}, Stake()) for key in "12")
    (first,) = write_proposals([one], settings, "run")
    write_proposals([other], settings, "run")
    assert rows_of(first.path)[0]["subject"] == "1"
