"""The systems move while they are read: what both agree on by now is not raised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.pipeline import confirming
from auditor.sandbox.world import Scale
from auditor.systems.points import opened_points
from tests.test_audit_faults import lasting

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.sandbox.start import Sandbox
    from tests.brand import Brand

OPT_IN = 31
CONTACT = "consent.withdrawn_but_opted_in"
ORDER = "sales.missing_order"
BUDGET = 200
ROOMY = Scale.of(customers=250)


@dataclass
class Told:
    """An audit of a world that healed two findings between its reading and the second look."""

    audit: dict[str, Any]
    rows: list[dict[str, Any]]
    healed: set[tuple[str, str]]
    planted: set[tuple[str, str]]

    @property
    def found(self) -> set[tuple[str, str]]:
        return {(row["check"], row["subject"]["key"]) for row in self.rows}


def late(running: Sandbox) -> tuple[set[tuple[str, str]], Callable[[], None]]:
    """Let one sale be late and one contact be about to opt out; return both, and what heals them."""
    account = running.world.emarsys
    planted = {row.subject.partition("/")[0] for row in running.key}
    settled = running.world.now - timedelta(days=20)
    order = next(
        str(order.number)
        for order in running.world.centra.orders
        if order.status == "SHIPPED"
        and settled - timedelta(days=40) < order.created_at < settled
        and str(order.number) not in planted
        and any(row.order_id == str(order.number) for row in account.purchases)
    )
    rows = [row for row in account.purchases if row.order_id == order]
    account.purchases[:] = [row for row in account.purchases if row.order_id != order]
    contact = next(row.subject for row in running.key if row.check == CONTACT)
    for stood in account.lists:  # a finding that is contained is not critical
        stood.contact_ids[:] = [one for one in stood.contact_ids if str(one) != contact]
    running.show()

    def heal() -> None:
        account.purchases.extend(rows)
        next(c for c in account.contacts if str(c.id) == contact).values[OPT_IN] = "2"
        running.show()

    return {(CONTACT, contact), (ORDER, order)}, heal


def after(heal: Callable[[], None], patch: pytest.MonkeyPatch) -> None:
    """Let something happen when the systems are opened for a second look."""

    def open_later(*words: Any) -> Any:
        heal()
        return opened_points(*words)

    patch.setattr(confirming, "opened_points", open_later)


def listed(shop: Brand) -> list[dict[str, Any]]:
    shop.auditor("--format", "json", "findings")
    return [json.loads(line) for line in shop.out.splitlines()]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    with (
        lasting(tmp_path_factory.mktemp("late"), ROOMY) as shop,
        pytest.MonkeyPatch.context() as patch,
    ):
        healed, heal = late(shop.running)
        after(heal, patch)
        _, audit = shop.audit()
        return Told(audit, listed(shop), healed, shop.planted)


def of_one_record(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out what is timed by the minute and has nothing to do with a second look."""
    suites = ("consent.", "identity.", "sales.", "channel.")
    return {one for one in found if one[0].startswith(suites)}


def test_what_was_only_late_is_not_raised_and_everything_else_is(told: Told):
    assert of_one_record(told.found) == of_one_record(told.planted - told.healed)


def test_late_findings_are_counted(told: Told):
    assert told.audit["reread"]["late"] == len(told.healed)


def test_the_calls_stay_within_their_budget(told: Told):
    assert 0 < told.audit["reread"]["requests"] <= BUDGET


def test_every_critical_finding_about_a_contact_or_an_order_is_confirmed(told: Told):
    confirmed = {
        row["confirmed"]
        for row in told.rows
        if row["severity"] == "critical" and row["subject"]["kind"] in ("contact", "order")
    }
    assert (confirmed, told.audit["reread"]["unconfirmed"]) == ({True}, 0)


def test_others_are_neither_confirmed_nor_not(told: Told):
    assert {row["confirmed"] for row in told.rows if row["severity"] != "critical"} == {None}
