"""An audit of a brand that has the legacy Order API: its word counts, and its silence is no consent."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.clock import utc_now
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


def test_whose_flag_and_consent_a_plan_knew_is_opted_out_for_the_later_withdrawal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, SMALL, drift=False, order_api=True) as made:
        world = made.running.world
        emails = Counter(one.email.lower() for one in world.centra.customers)
        contacts = {str(one.values.get(3)).lower(): one for one in world.emarsys.contacts}
        customer = next(
            one
            for one in world.centra.customers
            if one.is_registered
            and one.receives_newsletters
            and emails[one.email.lower()] == 1
            and contacts[one.email].values[31] == "1"
        )
        for row in world.centra.subscriptions:
            if row.email.lower() == customer.email.lower() and row.variant_id is None:
                row.is_active, row.created_at = False, utc_now() - timedelta(days=1)
        made.running.refresh()
        made.audit("--suite", "consent")
        made.auditor("--format", "json", "plan", "--check", "consent.withdrawn_but_opted_in")
        plan = json.loads(made.out)
        made.auditor("apply", plan["plan"], "--digest", plan["digest"])
        assert contacts[customer.email.lower()].values[31] == "2"
