"""A process that is really killed, in the middle of a request: another one goes on at once."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from auditor.config.environment import environment_with
from auditor.correct.applying.journal import Journal
from auditor.findings.ledger import Ledger
from auditor.pipeline import apply
from auditor.sandbox.wire import Fault
from tests.correct.applying.shop import OPT_IN

if TYPE_CHECKING:
    from tests.correct.applying.shop import Shop

PATIENCE_S = 60
HANGS_S = 30.0


def has_begun(shop: Shop, digest: str) -> bool:
    """Tell whether an intent stands in the ledger."""
    ledger = Ledger(shop.settings.store.ledger)
    try:
        return bool(Journal(ledger, shop.settings.brand, shop.clock).receipts(digest))
    finally:
        ledger.close()


def test_another_process_ends_what_a_killed_one_began(shop):
    change = shop.opt_out()
    path, digest = shop.plan(change)
    shop.running.faults.arm(Fault("emarsys", "slow", match="create_if_not_exists", seconds=HANGS_S))
    words = ["--config", str(shop.running.settings), "apply", str(path), "--digest", digest]
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", *words],
        env=environment_with(shop.running.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    began = time.monotonic()
    while not has_begun(shop, digest):
        assert time.monotonic() - began < PATIENCE_S
        time.sleep(0.05)
    process.kill()
    process.wait()
    shop.running.faults.clear()
    result = apply(shop.run(), path, digest)
    assert (result.count("verified"), result.exit_code) == (1, 0)
    assert shop.value(change.request.contact_id, OPT_IN) == "2"
