"""An audit of a brand that has the legacy Order API: its word counts, and its silence is no consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.wire import Fault
from auditor.sandbox.world import Scale
from tests.brand import brand

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SMALL = Scale.of(customers=150)


def test_flags_that_agree_with_the_rows_are_clean_and_flags_unread_skip_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, SMALL, drift=False, order_api=True) as clean:
        _, audit = clean.audit("--suite", "consent")
        line = next(c for c in audit["coverage"] if c["stream"] == "customer_consents")
        customers = len(clean.running.world.centra.customers)
        assert (line["complete"], line["rows"], clean.findings()) == (True, customers, set())

        clean.running.faults.arm(
            Fault("centra", "status", status=401, match="/api/order/", times=None)
        )
        code, audit = clean.audit("--suite", "consent")
        outcomes = {check["id"]: check["outcome"] for check in audit["checks"]}
        assert (code, outcomes["consent.withdrawn_but_opted_in"]) == (3, "skipped")
