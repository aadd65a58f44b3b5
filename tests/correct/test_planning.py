"""What goes into a plan and what is left out of it: caps at their edges, policy, and equal digests."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from auditor.correct.caps import Usage, over_cap
from auditor.correct.planning import (
    ACCEPTED,
    BY_POLICY,
    CAPPED,
    NEVER_SENT,
    TWICE,
    UNSEEN,
    class_of,
)
from auditor.correct.remedies import REMEDIES
from auditor.findings.ledger import finding_table, run_table
from auditor.model import tables as t
from auditor.model.plan import ContactFields, ListMember, digest_of, encoded, in_order
from tests.correct.desk import CHECKS, read_settings
from tests.reconcile.books import EARLIER, OLD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.model.finding import Finding
    from tests.correct.desk import Desk

WITHDRAWN = "consent.withdrawn_but_opted_in"


def withdrawals(desk: Desk, count: int, *others: str) -> None:
    """Let so many people have withdrawn, whom Emarsys still mails; audit that, and other suites."""
    for number in range(count):
        email = f"p{number}@x.se"
        desk.books.customer(str(number), email)
        desk.books.contact(f"9{number}", email, 1, external_id=str(number))
        desk.books.subscription(email, active=False, subscription_id=f"s{number}")
    desk.audit("consent", *others)


def limited(desk: Desk, tmp_path: Path, **cap: Any) -> Desk:
    caps = {"default": {"count": 1000, "share": 1, **cap}}
    return desk.with_settings(
        read_settings(tmp_path, lambda raw: raw.update(corrections={"caps": caps}))
    )


# --- caps -------------------------------------------------------------------------------------------


def test_a_plan_holds_no_more_changes_than_its_cap(desk: Desk, tmp_path: Path):
    withdrawals(desk, 3)
    planned = [len(limited(desk, tmp_path, count=cap).changes(WITHDRAWN)) for cap in (2, 3, 4)]
    assert planned == [2, 3, 3]


def test_a_plan_changes_no_greater_share_than_its_cap(desk: Desk, tmp_path: Path):
    withdrawals(desk, 2)
    desk.records = {"emarsys": 100, "centra": 100}
    shares = (0.01, 0.02, 0.03)
    planned = [len(limited(desk, tmp_path, share=cap).changes(WITHDRAWN)) for cap in shares]
    assert planned == [1, 2, 2]


def test_a_share_of_few_records_is_still_one_change(desk: Desk, tmp_path: Path):
    withdrawals(desk, 2)
    desk.records = {"emarsys": 3, "centra": 3}
    assert len(limited(desk, tmp_path, share=0.02).changes(WITHDRAWN)) == 1


def test_a_plan_reaches_no_more_people_than_its_cap(desk: Desk, tmp_path: Path):
    withdrawals(desk, 2)
    planned = [len(limited(desk, tmp_path, people=cap).changes(WITHDRAWN)) for cap in (1, 2, 3)]
    assert planned == [1, 2, 2]


@pytest.mark.parametrize(("minor", "planned"), [(19999, 1), (20000, 1), (20001, 0)])
def test_a_plan_is_worth_no_more_than_its_cap(desk: Desk, tmp_path: Path, minor: int, planned: int):
    desk.books.customer("1", "a@x.se", total_orders=1)
    desk.books.contact("11", "a@x.se", None, external_id="1")
    desk.books.order("100", desk.books.line("A", 1, minor))
    desk.audit("sales")
    assert len(limited(desk, tmp_path, money=200).changes("sales.missing_order")) == planned


def test_what_is_worth_something_in_another_currency_is_over_any_cap_of_money(tmp_path: Path):
    settings = read_settings(
        tmp_path, lambda raw: raw.update(corrections={"caps": {"default": {"money": 1000}}})
    )
    used, records = Usage(changes=1, minor=1, currencies=frozenset({"EUR"})), {"emarsys": 10**6}
    assert over_cap("upload_sale", used, settings, records, "SEK") is not None
    assert over_cap("upload_sale", used, settings, records, "EUR") is None


def test_what_is_over_a_cap_is_counted(desk: Desk, tmp_path: Path):
    withdrawals(desk, 3)
    plan, _ = limited(desk, tmp_path, count=1).plan()
    assert [(w.findings, w.reason) for w in plan.withheld] == [(2, CAPPED)]


def test_a_remedy_has_a_cap_of_its_own_before_the_default(tmp_path: Path):
    settings = read_settings(
        tmp_path, lambda raw: raw.update(corrections={"caps": {"opt_out": {"count": 7}}})
    )
    records = {"emarsys": 10**6}
    assert over_cap("opt_out", Usage(changes=8), settings, records, "SEK") == "count 7"
    assert over_cap("set_key", Usage(changes=8), settings, records, "SEK") is None


def test_max_leaves_the_rest_out(desk: Desk):
    withdrawals(desk, 3)
    plan, _ = desk.plan(most=2)
    assert len(plan.changes) == 2


# --- policy and what is not touched -----------------------------------------------------------------


def under(desk: Desk, tmp_path: Path, policy: str) -> Desk:
    choice = {"policy": {"opt_out": policy}}
    return desk.with_settings(read_settings(tmp_path, lambda raw: raw.update(corrections=choice)))


def test_a_policy_of_none_corrects_nothing(desk: Desk, tmp_path: Path):
    withdrawals(desk, 1)
    assert under(desk, tmp_path, "none").reasons(WITHDRAWN) == [BY_POLICY]


def test_a_policy_of_propose_sends_nothing(desk: Desk, tmp_path: Path):
    withdrawals(desk, 1)
    careful = under(desk, tmp_path, "propose")
    assert careful.changes(WITHDRAWN) == []
    assert [row["do"] for row in careful.proposals(WITHDRAWN)] == ["- opt_in = 1; + opt_in = 2"]


def test_a_policy_of_confirm_keeps_a_remedy_from_unattended_runs(desk: Desk, tmp_path: Path):
    withdrawals(desk, 1)
    assert [c.kind for c in under(desk, tmp_path, "confirm").changes(WITHDRAWN)] == ["confirm"]


@pytest.mark.parametrize("name", sorted(NEVER_SENT))
def test_no_policy_lets_a_worklist_be_sent(tmp_path: Path, name: str):
    check = next(c for c in CHECKS.values() if c.remedy == name)
    policy = {"policy": {name: "auto"}}
    settings = read_settings(tmp_path, lambda raw: raw.update(corrections=policy))
    assert class_of(check, settings) == "propose"


def test_who_is_held_back_already_is_not_planned_again(desk: Desk):
    desk.books.quarantine("90")
    withdrawals(desk, 1)
    assert desk.reasons(WITHDRAWN) == [ACCEPTED]


def test_an_accepted_finding_is_not_corrected(desk: Desk):
    withdrawals(desk, 1)
    with desk.ledger.begin() as conn:
        conn.execute(finding_table.update().values(state="accepted"))
    assert desk.reasons(WITHDRAWN) == [ACCEPTED]


def test_what_the_last_run_could_not_judge_is_not_corrected(desk: Desk):
    withdrawals(desk, 1)
    with desk.ledger.begin() as conn:
        conn.execute(finding_table.update().values(run="an earlier one"))
    assert desk.reasons(WITHDRAWN) == [UNSEEN]


def test_what_a_killed_audit_found_and_the_last_run_could_not_judge_is_not_corrected(desk: Desk):
    killed = replace(desk, run="a killed one", seen_at=EARLIER)
    withdrawals(killed, 1)
    with desk.ledger.begin() as conn:
        row = {"run": killed.run, "brand": "desk", "as_of": EARLIER, "coverage": "[]"}
        conn.execute(run_table.insert().values(row))
    desk.keep({})
    assert (desk.changes(WITHDRAWN), desk.reasons(WITHDRAWN)) == ([], [UNSEEN])


def test_only_the_findings_of_an_owner_are_planned(desk: Desk):
    withdrawals(desk, 1)
    plan, _ = desk.plan(owner="finance")
    assert plan.changes == ()


def test_every_remedy_of_the_expectations_is_there():
    named = {check.remedy for check in CHECKS.values() if check.remedy}
    assert named == set(REMEDIES)


# --- the same findings, the same plan ---------------------------------------------------------------


def several(desk: Desk) -> None:
    desk.books.order("100", desk.books.line("A", 1, 100), customer_id="1", updated_at=OLD)
    desk.books.customer("77", "new@x.se")
    withdrawals(desk, 6, "identity", "sales")


def dealt(seed: int) -> Callable[[list[Finding]], list[Finding]]:
    """Give what deals findings out like cards."""
    dealer = random.Random(seed)  # noqa: S311 - cards, not secrets
    return lambda rows: dealer.sample(rows, len(rows))


def test_the_order_of_the_findings_does_not_change_the_digest(desk: Desk):
    several(desk)
    plan, _ = desk.plan()
    for seed in range(5):
        other, _ = replace(desk, shuffled=dealt(seed)).plan()
        assert digest_of(encoded(other)) == digest_of(encoded(plan)), seed


def test_what_narrows_consent_comes_first_and_sales_come_last(desk: Desk):
    several(desk)
    plan, _ = desk.plan()
    remedies = [change.remedy for change in plan.changes]
    assert remedies == ["opt_out"] * 6 + ["create_contact", "upload_sale"]
    assert in_order(reversed(plan.changes)) == plan.changes


# --- what several findings ask for ------------------------------------------------------------------


def generated(desk: Desk, *orders: str, **customer: Any) -> None:
    """Let somebody have no contact, so that each of the orders hangs on one that Emarsys made up."""
    desk.books.customer("1", "a@x.se", total_orders=len(orders))
    desk.books.generated("g1")
    for number in orders:
        desk.books.order(number, desk.books.line("A", 1, 100), **customer)
        desk.books.sale(number, "A", 1, 100, si_contact_id="g1")


def test_a_contact_that_several_findings_want_is_made_once(desk: Desk):
    generated(desk, "100", "101")
    desk.audit()
    plan, _ = desk.plan()
    assert [change.origin.check for change in plan.changes] == ["identity.missing_contact"]
    assert [(one.remedy, one.findings, one.reason) for one in plan.withheld] == [
        ("key_contact", 2, TWICE)
    ]


def test_of_the_customers_of_one_address_one_gets_a_contact(desk: Desk):
    generated(desk, "100", customer_id="2")
    desk.books.customer("2", "a@x.se", total_orders=1)
    desk.audit()
    plan, _ = desk.plan()
    assert len(plan.changes) == 1


def merged_away(desk: Desk) -> None:
    """Audit after a merge: the contact names a customer who is gone, and nobody has signed up."""
    desk.books.customer("1", "a@x.se", total_orders=1)
    desk.books.customer("2", "a@x.se", total_orders=1)
    desk.books.contact("11", "a@x.se", 1, external_id="1")
    desk.books.order("100", desk.books.line("A", 1, 100))
    desk.books.remember()
    desk.books.lose(t.centra_customer, customer_id="1")
    desk.books.change(t.centra_order, {"order_number": "100"}, customer_id="2")
    desk.audit("consent", "identity")


def test_whom_two_findings_hold_back_is_put_on_the_list_once(desk: Desk):
    merged_away(desk)
    plan, _ = desk.plan()
    asked = [(change.origin.check, change.request) for change in plan.changes]
    assert [check for check, _ in asked] == [
        "identity.orphaned_by_merge",
        "consent.opted_in_without_evidence",
    ]
    assert isinstance(asked[1][1], ListMember)


def test_whom_two_findings_opt_out_is_opted_out_once(desk: Desk, tmp_path: Path):
    desk.books.subscription("a@x.se", active=False)
    merged_away(desk)
    settings = read_settings(tmp_path, lambda raw: raw["emarsys"].update(quarantine_list=None))
    plan, _ = desk.with_settings(settings).plan()
    assert [one.reason for one in plan.withheld] == [TWICE]
    (change,) = plan.changes
    assert isinstance(change.request, ContactFields)
    assert change.request.set == {"31": 2}


def test_what_only_a_person_may_approve_keeps_nothing_from_an_unattended_run(
    desk: Desk, tmp_path: Path
):
    generated(desk, "100")
    desk.audit()
    policy = {"key_contact": "auto", "create_contact": "confirm"}
    settings = read_settings(tmp_path, lambda raw: raw.update(corrections={"policy": policy}))
    plan, _ = desk.with_settings(settings).plan()
    assert [change.kind for change in plan.changes if change.remedy == "key_contact"] == ["auto"]


def test_a_plan_expires_by_the_age_of_its_snapshot(desk: Desk):
    withdrawals(desk, 1)
    plan, _ = desk.plan()
    assert plan.expires_at - plan.as_of == desk.settings.corrections.expiry


def test_a_plan_names_the_streams_that_it_rests_on(desk: Desk):
    withdrawals(desk, 1)
    plan, _ = desk.plan()
    assert set(plan.streams) == set(CHECKS[WITHDRAWN].needs)
