"""Any world, any drift, any order, any one crash or fault: corrections end, mend, and widen nothing."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stamina
from msgspec.structs import replace

from auditor.config import load_settings
from auditor.correct.files import write_plan
from auditor.correct.uploads import UploadLedger
from auditor.findings.ledger import Ledger
from auditor.model.plan import decoded
from auditor.sandbox.wire import Fault
from auditor.sandbox.world import Scale
from tests.brand import brand
from tests.correct.applying.fuse import Fuse, KilledError
from tests.correct.applying.test_lease import ended

if TYPE_CHECKING:
    from tests.brand import Brand

SCALE = Scale.of(customers=150)
OPT_IN = 31
MOST_ROUNDS = 4
FOLLOWING = {"consent.erased_but_present"}
"""What a correction leaves for a person to do: an erased contact that is opted out is still there."""

MATCHES = ("create_if_not_exists", "/add", "/sales-data", "mutation", "getdata", "contactlist")
KINDS: tuple[Any, ...] = ("status", "cut", "garbage")


def marketed(shop: Brand) -> dict[str, set[Any]]:
    """Return who may be mailed, and who is not held back from it."""
    world = shop.running.world
    name = "audit-quarantine"
    held = {n for one in world.emarsys.lists if one.name == name for n in one.contact_ids}
    contacts = world.emarsys.contacts
    return {
        "opted in": {one.id for one in contacts if one.values.get(OPT_IN) == "1"},
        "not held": {one.id for one in contacts} - held - {-1},
        "newsletters": {row.id for row in world.centra.subscriptions if row.is_active},
    }


def planned(shop: Brand) -> dict[str, Any]:
    assert shop.auditor("--format", "json", "plan") == 0, shop.err
    result: dict[str, Any] = json.loads(shop.out)
    return result


def shuffled(path: str, chance: random.Random) -> tuple[Path, str]:
    """Write a plan anew with its changes in another order."""
    plan = decoded(Path(path).read_bytes())
    changes = list(plan.changes)
    chance.shuffle(changes)
    return write_plan(replace(plan, changes=tuple(changes)), Path(path).with_suffix(".any.json"))


def apply(shop: Brand, path: Path, digest: str) -> dict[str, Any]:
    shop.auditor("--format", "json", "apply", str(path), "--digest", digest)
    assert shop.out, shop.err
    result: dict[str, Any] = json.loads(shop.out)
    return result


def disturb(shop: Brand, chance: random.Random, path: Path, digest: str) -> None:
    """Begin to apply, and let one thing go wrong: the process dies, or a system fails once."""
    if chance.random() < 0.5:
        with Fuse(chance.randrange(2, 60)).burning(), contextlib.suppress(KilledError):
            shop.auditor("apply", str(path), "--digest", digest)
        return
    system = chance.choice(("emarsys", "centra"))
    fault = Fault(
        system, chance.choice(KINDS), match=chance.choice(MATCHES), skip=chance.randrange(3)
    )
    shop.running.faults.arm(fault)
    shop.auditor("apply", str(path), "--digest", digest)
    shop.running.faults.clear()


def load(shop: Brand) -> None:
    url = shop.running.urls["emarsys"]
    httpx.post(f"{url}/sandbox/emarsys/load-sales", timeout=60).raise_for_status()


def orders_waiting(shop: Brand) -> set[str]:
    """Return the orders whose lines may have been sent, and do not show."""
    settings = load_settings(shop.running.settings, shop.running.environ)
    ledger = Ledger(settings.store.ledger)
    waiting = UploadLedger(ledger, settings.brand).waiting()
    ledger.close()
    return {one.line.order for one in waiting}


def findings(shop: Brand) -> set[tuple[str, str]]:
    found = shop.findings()
    return {(check, key) for check, key in found if check not in FOLLOWING}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    worlds = metafunc.config.getoption("--large-worlds")
    if "world_seed" in metafunc.fixturenames:
        metafunc.parametrize("world_seed", range(700, 701 if worlds == 1 else 740))


def test_corrections_end_and_mend_and_widen_nothing(world_seed, tmp_path, monkeypatch, capsys):
    chance = random.Random(world_seed)  # noqa: S311 - worlds, not secrets
    monkeypatch.setattr(
        "auditor.pipeline.applying.this_process", lambda: f"{socket.gethostname()}:{ended()}:x"
    )
    with (
        stamina.set_testing(True, attempts=3, cap=True),
        brand(tmp_path, monkeypatch, capsys, SCALE, seed=world_seed) as shop,
    ):
        caps = {"default": {"count": 500, "share": 1}}
        shop.change_settings(lambda settings: settings.update(corrections={"caps": caps}))
        shop.audit()
        before, drifted, made = marketed(shop), findings(shop), set[str]()
        for number in range(MOST_ROUNDS):
            plan = planned(shop)
            if not plan["changes"]:
                break
            path, digest = shuffled(plan["plan"], chance)
            made |= {change.origin.finding for change in decoded(path.read_bytes()).changes}
            if number == 0:
                disturb(shop, chance, path, digest)
            result = apply(shop, path, digest)
            while result["left"]:
                result = apply(shop, path, digest)
            load(shop)
            shop.audit()
        else:
            pytest.fail("there is always something left to correct")
        after, still = marketed(shop), findings(shop)
        rows = [json.loads(line) for line in shop.out.splitlines()]
        waiting = orders_waiting(shop)
    assert made
    assert after["opted in"] <= before["opted in"]
    assert after["newsletters"] <= before["newsletters"]
    assert not (after["not held"] - before["not held"]) & after["opted in"]
    assert still <= drifted
    persisting = {
        (row["check"], row["subject"]["key"])
        for row in rows
        if row["fingerprint"] in made and not row["contained"]
    }
    # A line that was claimed when the process died may have arrived: it waits for a person.
    assert {key.partition("/")[0] for _, key in persisting} <= waiting
