"""Killed at any request or commit, a second apply ends where an undisturbed one does, and sends once."""

from __future__ import annotations

import contextlib
import json
import socket
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
import stamina

from auditor.clock import utc_now
from auditor.correct.applying.journal import MADE
from auditor.pipeline import apply
from tests.correct.applying.fuse import Fuse, KilledError
from tests.correct.applying.shop import Clock, shop
from tests.correct.applying.test_lease import ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.correct.applying.shop import Shop

PARTS = 8
STANDS_AT = utc_now()


@pytest.fixture(autouse=True)
def _retry_at_once():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(scope="module")
def dead() -> str:
    return f"{socket.gethostname()}:{ended()}:dead"


def state_of(made: Shop) -> dict[str, Any]:
    """Return all that the plan may have changed, but for sales, in both systems."""
    world = made.running.world
    return {
        "contacts": sorted((one.id, tuple(one.values.items())) for one in world.emarsys.contacts),
        "quarantine": sorted(made.quarantined()),
        "catalogue": [(row.item, row.price_minor) for row in world.emarsys.catalogue],
        "newsletters": [(row.id, row.is_active) for row in world.centra.subscriptions],
        "fired": Counter(one.trigger_id for one in world.emarsys.fired_events if one.trigger_id),
    }


def sent_of(made: Shop) -> Counter[str]:
    """Return how often each target was written, going by what the servers received and took."""
    counts: Counter[str] = Counter()
    for row in made.running.log.rows():
        if row.status != 200:
            continue
        body = row.body.decode()
        if row.method == "PUT":
            counts.update(f"contact {json.dumps(one)}" for one in json.loads(body)["contacts"])
        elif row.path.endswith("/add"):
            counts.update(f"member {one}" for one in json.loads(body)["external_ids"])
        elif "/catalog/api" in row.path:
            counts["catalogue of " + sha256(row.body).hexdigest()] += 1
        elif "/sales-data" in row.path:
            counts.update(f"sale {line}" for line in body.splitlines()[1:])
        elif "mutation" in body:
            counts[f"customer {json.loads(body)['variables']}"] += 1
    return counts


def triggers_of(made: Shop) -> Counter[str]:
    """Return how often each event was asked for, by its own id."""
    counts: Counter[str] = Counter()
    for row in made.sent("POST", "/trigger"):
        body = json.loads(row.body)
        counts.update(one["trigger_id"] for one in body.get("contacts", [body]))
    return counts


@dataclass(frozen=True)
class Setting:
    """Where and how plans are applied, and by whom."""

    folder: Path
    several: int
    holder: str
    patch: pytest.MonkeyPatch


def go(setting: Setting, fuse: Fuse) -> Any:
    """Apply a plan of every kind with a fuse, then once more without; return what came of it."""
    with shop(setting.folder / str(fuse.at), Clock(stands_at=STANDS_AT)) as made:
        path, digest = made.plan(*made.of_every_kind(setting.several))
        made.running.refresh()
        with setting.patch.context() as patch:
            patch.setattr("auditor.pipeline.applying.this_process", lambda: setting.holder)
            with fuse.burning(), contextlib.suppress(KilledError):
                apply(made.run(), path, digest)
        result = apply(made.run(), path, digest)
        # What waits in an undisturbed run may be seen by the time a second one looks.
        states = {
            key: "made" if receipt.state in MADE else receipt.state
            for key, receipt in result.receipts.items()
        }
        return result, states, state_of(made), sent_of(made), triggers_of(made)


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, dead: str, *, is_proof: bool
) -> tuple[list[int], Any]:
    """Apply it without a fault; return the moments to try, all where a proof is asked for, and what came of it."""
    whole = Fuse(with_reads=is_proof)
    with pytest.MonkeyPatch.context() as patch, stamina.set_testing(True, attempts=3, cap=True):
        setting = Setting(tmp_path_factory.mktemp("whole"), 2 if is_proof else 1, dead, patch)
        came = go(setting, whole)
    repeats = set() if is_proof else whole.repeats
    return [n for n in range(1, whole.moments + 1) if n not in repeats], came


def test_an_undisturbed_one_has_many_moments_to_die_at(undisturbed):
    moments, (result, *_) = undisturbed
    assert (result.exit_code, result.left, len(moments) > 30) == (0, 0, True)


def push(setting: Setting, fuse: Fuse) -> list[int]:
    """Push two new prices with a fuse, then once more without; return the prices that stand."""
    with shop(setting.folder / str(fuse.at), Clock(stands_at=STANDS_AT)) as made:
        made.feed_of_its_own()
        path, digest = made.plan(made.reprice(0), made.reprice(1))
        with setting.patch.context() as patch:
            patch.setattr("auditor.pipeline.applying.this_process", lambda: setting.holder)
            with fuse.burning(), contextlib.suppress(KilledError):
                apply(made.run(), path, digest)
        apply(made.run(), path, digest)
        return [row.price_minor for row in made.running.world.emarsys.catalogue[:2]]


def test_killed_at_any_moment_the_catalogue_holds_all_that_was_to_be_pushed(
    tmp_path, dead, monkeypatch
):
    setting, whole = Setting(tmp_path, 2, dead, monkeypatch), Fuse()
    push(setting, whole)
    moments = [n for n in range(1, whole.moments + 1) if n not in whole.repeats]
    came = {moment: push(setting, Fuse(moment)) for moment in moments}
    assert came == {moment: [100, 100] for moment in moments}


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_any_moment_it_ends_as_if_it_were_not(
    part, undisturbed, tmp_path, dead, monkeypatch, is_proof
):
    setting = Setting(tmp_path, 2 if is_proof else 1, dead, monkeypatch)
    moments, (_, states, state, sent, _) = undisturbed
    for moment in moments[part::PARTS]:
        again, *found = go(setting, Fuse(moment, with_reads=is_proof))
        assert (again.exit_code, found[:2]) == (0, [states, state]), moment
        assert max(found[2].values()) == 1, moment
        assert set(found[3].values()) <= {1, 2}, moment
        # What is missing was claimed and not sent: it waits for a person, and is never sent twice.
        assert set(sent) - set(found[2]) <= {one for one in sent if one.startswith("sale")}, moment
