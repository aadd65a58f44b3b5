from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.expect.judge import _great_expectations, judge
from auditor.expect.suites import load_checks
from auditor.model import tables as t
from auditor.model.finding import Money
from auditor.model.history import snapshot_run, stream_position
from auditor.model.snapshot import Dropped
from auditor.resources import expectation_files
from auditor.systems.emarsys.events import UNTOLD_USAGES
from tests.expect.books import (
    NOW,
    add,
    built_in,
    drift,
    failing_rows,
    judged,
    no_drift,
    snapshot,
)

if TYPE_CHECKING:
    from auditor.expect.expectation import Expectation
    from auditor.model.finding import CheckResult
    from auditor.warehouse import Warehouse

CHECK = "consent.withdrawn_but_opted_in"
IDS_UNIQUE = built_in(t.emarsys_contact, "column_values_to_be_unique", column="contact_id")
OPT_INS = built_in(
    t.emarsys_contact, "column_values_to_be_in_set", column="opt_in", value_set=[1, 2]
)
# A word among numbers: the database itself refuses.
IMPOSSIBLE = built_in(
    t.emarsys_contact, "column_values_to_not_be_in_set", column="opt_in", value_set=["yes"]
)


def outcome(warehouse: Warehouse, **lines: dict[str, Any]) -> tuple[str, str | None]:
    (result,) = judge(warehouse.engine, [no_drift(CHECK)], snapshot(**lines))
    return result.outcome, result.reason


# --- outcomes


def test_a_check_without_drift_passes(each_warehouse):
    drift(each_warehouse, CHECK, 0, checked=20)
    assert judged(each_warehouse, no_drift(CHECK))[CHECK].outcome == "pass"


def test_a_check_with_drift_fails(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20)
    assert judged(each_warehouse, no_drift(CHECK))[CHECK].outcome == "fail"


def test_a_suite_that_the_settings_give_nothing_to_judge_by_is_off(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20)
    engine, reason = each_warehouse.engine, "centra.catalogue.market is not configured"
    (result,) = judge(engine, [no_drift(CHECK)], snapshot(), off={"consent": reason})
    assert (result.outcome, result.reason) == ("off", reason)


def test_a_check_that_reconcile_never_looked_at_is_an_error(each_warehouse):
    result = judged(each_warehouse, no_drift(CHECK))[CHECK]
    assert (result.outcome, result.reason) == ("error", "NotReconciledError")


def test_a_check_that_looked_at_nobody_passes(warehouse):
    drift(warehouse, CHECK, 0, checked=0)
    result = judged(warehouse, no_drift(CHECK))[CHECK]
    assert (result.outcome, result.checked) == ("pass", 0)


def test_a_check_whose_source_is_not_configured_is_off(warehouse):
    off = {"mode": "off", "complete": False, "reason": "No contacts are configured."}
    assert outcome(warehouse, contacts=off) == ("off", "No contacts are configured.")


def test_a_check_whose_stream_is_incomplete_is_skipped(warehouse):
    cut = {"complete": False, "reason": "Page 3 was cut short."}
    assert outcome(warehouse, contacts=cut) == ("skipped", "Page 3 was cut short.")


# --- checks that look back


def looking_back(warehouse: Warehouse, *runs: tuple[str, str], **lines: dict[str, Any]) -> str:
    """Judge a check that needs earlier contacts; each run is an id and a stream it read whole."""
    now = snapshot().run
    with warehouse.engine.begin() as conn:
        for number, (run, stream) in enumerate([*runs, (now, "contacts")], start=1):
            conn.execute(snapshot_run.insert().values(number=number, run=run, as_of=NOW))
            conn.execute(stream_position.insert().values(number=number, run=run, stream=stream))
    drift(warehouse, CHECK, 0, checked=1)
    plain = no_drift(CHECK)
    back = replace(plain, check=replace(plain.check, needs_before=("contacts",)))
    (result,) = judge(warehouse.engine, [back], snapshot(**lines))
    return result.outcome


def test_a_check_that_looks_back_is_off_on_the_first_run(warehouse):
    assert looking_back(warehouse) == "off"


def test_a_check_that_looks_back_runs_after_an_earlier_complete_reading(each_warehouse):
    assert looking_back(each_warehouse, ("earlier", "contacts")) == "pass"


def test_an_earlier_reading_of_another_stream_is_not_enough(warehouse):
    assert looking_back(warehouse, ("earlier", "customers")) == "off"


def test_a_check_that_looks_back_is_skipped_when_the_present_is_incomplete(warehouse):
    cut = {"complete": False}
    assert looking_back(warehouse, ("earlier", "contacts"), contacts=cut) == "skipped"


def test_an_incomplete_stream_without_a_reason_is_named(warehouse):
    reason = "The stream contacts was not read to its end."
    assert outcome(warehouse, contacts={"complete": False}) == ("skipped", reason)


def test_a_check_whose_stream_was_never_read_is_skipped(warehouse):
    whole = snapshot()
    lines = tuple(line for line in whole.coverage if line.stream != "contacts")
    part = type(whole)(whole.run, whole.as_of, lines)
    (result,) = judge(warehouse.engine, [no_drift(CHECK)], part)
    assert (result.outcome, result.reason) == ("skipped", "The stream contacts was not read.")


def test_a_stream_that_no_check_needs_changes_nothing(warehouse):
    drift(warehouse, CHECK, 0, checked=20)
    assert outcome(warehouse, sales={"complete": False}) == ("pass", None)


def heeding(warehouse: Warehouse, **lines: dict[str, Any]) -> str:
    drift(warehouse, CHECK, 0, checked=1)
    expectation = no_drift(CHECK)
    check = replace(expectation.check, heeds=("customer_consents",))
    (result,) = judge(
        warehouse.engine, [replace(expectation, check=check)], snapshot(contacts={}, **lines)
    )
    return result.outcome


def test_a_source_that_is_only_heeded_may_be_unconfigured(warehouse):
    assert heeding(warehouse) == "pass"


def test_a_source_that_is_only_heeded_may_be_off(warehouse):
    off = {"mode": "off", "complete": False, "reason": "Not configured."}
    assert heeding(warehouse, customer_consents=off) == "pass"


def test_a_heeded_stream_that_is_incomplete_skips_the_check(warehouse):
    assert heeding(warehouse, customer_consents={"complete": False}) == "skipped"


def test_drift_left_by_a_check_that_is_skipped_is_not_counted(warehouse):
    drift(warehouse, CHECK, 2, checked=20)
    (result,) = judge(warehouse.engine, [no_drift(CHECK)], snapshot(contacts={"complete": False}))
    assert (result.outcome, result.failed) == ("skipped", 0)


# --- thresholds


@pytest.mark.parametrize(("limit", "expected"), [(2, "fail"), (3, "pass"), (4, "pass")])
def test_rows_are_tolerated_up_to_the_limit(warehouse, limit, expected):
    drift(warehouse, CHECK, 3, checked=20)
    assert judged(warehouse, no_drift(CHECK, max_rows=limit))[CHECK].outcome == expected


@pytest.mark.parametrize(("limit", "expected"), [(0.1, "fail"), (0.15, "pass"), (0.2, "pass")])
def test_a_share_is_tolerated_up_to_the_limit(each_warehouse, limit, expected):
    drift(each_warehouse, CHECK, 3, checked=20)
    assert judged(each_warehouse, no_drift(CHECK, max_share=limit))[CHECK].outcome == expected


def test_one_limit_kept_is_enough(warehouse):
    drift(warehouse, CHECK, 3, checked=20)
    check = no_drift(CHECK, max_rows=1, max_share=0.5)
    assert judged(warehouse, check)[CHECK].outcome == "pass"


def test_drift_without_a_population_is_beyond_any_share(warehouse):
    drift(warehouse, CHECK, 3, checked=0)
    assert judged(warehouse, no_drift(CHECK, max_share=0.5))[CHECK].outcome == "fail"


def test_tolerated_drift_is_still_counted(warehouse):
    drift(warehouse, CHECK, 3, checked=20)
    assert judged(warehouse, no_drift(CHECK, max_rows=3))[CHECK].failed == 3


@settings(deadline=None)  # the first example imports Great Expectations
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_limit_never_fails_what_a_lower_one_passes(failed, rest, rows, share, more):
    _great_expectations()
    from auditor.expect.no_drift import ExpectNoDrift

    def passes(max_rows: int, max_share: float) -> bool:
        rule = ExpectNoDrift(check_id=CHECK, max_rows=max_rows, max_share=max_share)
        metrics = {"drift.failed": failed, "drift.checked": failed + rest}
        return bool(rule._validate(metrics)["success"])

    assert passes(rows, share) <= passes(rows + 1, max(share, more))


# --- counts


def test_a_drift_check_counts_its_population(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20110)
    assert judged(each_warehouse, no_drift(CHECK))[CHECK].checked == 20110


def test_a_drift_check_adds_up_people(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20, people=3)
    assert judged(each_warehouse, no_drift(CHECK))[CHECK].people == 6


def test_a_person_behind_several_subjects_is_one(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20, people=1, customer_id="4711")
    assert judged(each_warehouse, no_drift(CHECK))[CHECK].people == 1


def test_who_has_amounts_in_several_currencies_is_one_person(each_warehouse):
    same = {"people": 1, "customer_id": "4711", "money_minor": 100}
    drift(each_warehouse, CHECK, 2, checked=20, currency="SEK", **same)
    drift(each_warehouse, CHECK, 2, checked=0, currency="EUR", **same)
    assert judged(each_warehouse, no_drift(CHECK))[CHECK].people == 1


def test_people_are_unknown_where_no_row_names_any(warehouse):
    drift(warehouse, CHECK, 2, checked=20)
    assert judged(warehouse, no_drift(CHECK))[CHECK].people is None


def test_a_drift_check_adds_up_money(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20, money_minor=3_000_000_000, currency="SEK")
    assert judged(each_warehouse, no_drift(CHECK))[CHECK].money == Money(6_000_000_000, "SEK")


def test_amounts_in_several_currencies_have_no_sum(warehouse):
    drift(warehouse, CHECK, 2, checked=20, money_minor=100, currency="SEK")
    drift(warehouse, CHECK, 2, checked=0, money_minor=100, currency="EUR")
    assert judged(warehouse, no_drift(CHECK))[CHECK].money is None


def test_a_drift_check_counts_contained_subjects(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20, contained=True)
    drift(each_warehouse, CHECK, 1, checked=0, contained=False)
    result = judged(each_warehouse, no_drift(CHECK))[CHECK]
    assert (result.failed, result.contained) == (3, 2)


def test_each_check_counts_its_own_drift(each_warehouse):
    other = "consent.opt_in_lost"
    drift(each_warehouse, CHECK, 2, checked=20)
    drift(each_warehouse, other, 5, checked=30)
    results = judged(each_warehouse, no_drift(CHECK), no_drift(other))
    assert [(r.failed, r.checked) for r in results.values()] == [(2, 20), (5, 30)]


def test_a_built_in_counts_the_rows_it_looked_at(each_warehouse):
    add(each_warehouse, t.emarsys_contact, {"opt_in": 1}, {"opt_in": None}, {"opt_in": 7})
    result = judged(each_warehouse, OPT_INS)[OPT_INS.check.id]
    assert (result.outcome, result.checked, result.failed) == ("fail", 3, 1)


def test_a_built_in_that_judges_the_table_counts_its_rows(each_warehouse):
    add(each_warehouse, t.emarsys_contact, {}, {})
    check = built_in(t.emarsys_contact, "table_row_count_to_equal", value=5)
    result = judged(each_warehouse, check)[check.check.id]
    assert (result.outcome, result.checked, result.failed) == ("fail", 2, 1)


# --- crashes


def test_a_crashed_built_in_is_an_error_with_its_type(each_warehouse):
    add(each_warehouse, t.emarsys_contact, {})
    result = judged(each_warehouse, IMPOSSIBLE)[IMPOSSIBLE.check.id]
    expected = {"duckdb": "ConversionException", "postgresql": "UndefinedFunction"}
    assert result.outcome == "error"
    assert result.reason == expected[each_warehouse.engine.dialect.name]


def test_a_crash_leaves_the_other_checks_of_its_table_alone(each_warehouse):
    add(each_warehouse, t.emarsys_contact, {"opt_in": 7})
    results = judged(each_warehouse, OPT_INS, IMPOSSIBLE, IDS_UNIQUE)
    assert [r.outcome for r in results.values()] == ["fail", "error", "pass"]


def test_a_built_in_that_does_not_exist_is_an_error(warehouse):
    check = built_in(t.emarsys_contact, "the_unexpected")
    results = judged(warehouse, check, OPT_INS)
    assert [r.outcome for r in results.values()] == ["error", "pass"]


def test_a_table_that_is_gone_is_an_error_of_its_checks_only(warehouse):
    drift(warehouse, CHECK, 0, checked=20)
    t.emarsys_contact.drop(warehouse.engine)
    results = judged(warehouse, OPT_INS, no_drift(CHECK))
    assert [r.outcome for r in results.values()] == ["error", "pass"]


def test_rows_that_cannot_be_listed_are_an_error(warehouse, monkeypatch):
    def refuse(*_):
        raise ArithmeticError

    monkeypatch.setattr("auditor.expect.failing.write", refuse)
    add(warehouse, t.emarsys_contact, {"opt_in": 7})
    result = judged(warehouse, OPT_INS)[OPT_INS.check.id]
    assert (result.outcome, result.reason) == ("error", "ArithmeticError")


# --- what is judged, and in which order


def test_the_answer_keeps_the_order_of_the_expectations(warehouse):
    drift(warehouse, CHECK, 0, checked=20)
    for order in ([OPT_INS, no_drift(CHECK), IDS_UNIQUE], [IDS_UNIQUE, OPT_INS, no_drift(CHECK)]):
        found = judge(warehouse.engine, order, snapshot())
        assert [r.check.id for r in found] == [e.check.id for e in order]


def test_only_the_suites_asked_for_are_judged(warehouse):
    found = judge(warehouse.engine, [OPT_INS, no_drift(CHECK)], snapshot(), suites=["quality"])
    assert [r.check.suite for r in found] == ["quality"]


def test_judging_twice_says_the_same(each_warehouse):
    drift(each_warehouse, CHECK, 2, checked=20)
    add(each_warehouse, t.emarsys_contact, *[{"opt_in": n} for n in range(9)])

    def all_of_it() -> tuple[object, ...]:
        kept: dict[str, str] = {}
        checks = [OPT_INS, no_drift(CHECK), IDS_UNIQUE]
        results = judge(each_warehouse.engine, checks, snapshot(), keep=kept.__setitem__)
        return results, kept, failing_rows(each_warehouse)

    assert all_of_it() == all_of_it()


def test_the_warehouse_can_be_used_afterwards(each_warehouse):
    pool = each_warehouse.engine.pool
    judged(each_warehouse, OPT_INS)
    add(each_warehouse, t.emarsys_contact, {})
    assert each_warehouse.engine.pool is pool


def test_transactions_still_roll_back_afterwards(each_warehouse):
    judged(each_warehouse, OPT_INS)
    with each_warehouse.engine.connect() as conn:
        conn.execute(t.emarsys_contact.insert().values(contact_id="1"))
        conn.rollback()
        assert conn.execute(sa.select(t.emarsys_contact)).all() == []


# --- what is kept


def keep_all(warehouse: Warehouse, *expectations: Expectation) -> dict[str, str]:
    kept: dict[str, str] = {}
    judge(warehouse.engine, expectations, snapshot(), keep=kept.__setitem__)
    return kept


def test_results_are_kept_per_table_and_once_for_all_drift(warehouse):
    drift(warehouse, CHECK, 0, checked=20)
    assert set(keep_all(warehouse, OPT_INS, IDS_UNIQUE, no_drift(CHECK))) == {
        "drift",
        "emarsys_contact",
    }


def test_great_expectations_reads_what_is_kept(warehouse):
    add(warehouse, t.emarsys_contact, {"opt_in": 7})
    kept = keep_all(warehouse, OPT_INS, IMPOSSIBLE)
    from great_expectations.core import expectation_validation_result as stored

    schema = stored.expectationSuiteValidationResultSchema
    loaded = schema.load(json.loads(kept["emarsys_contact"]))
    assert [r.success for r in loaded.results] == [False, False]


def test_a_kept_result_names_its_run(warehouse):
    kept = keep_all(warehouse, OPT_INS)
    assert json.loads(kept["emarsys_contact"])["meta"]["run_id"] == {
        "run_name": snapshot().run,
        "run_time": NOW.isoformat(),
    }


def test_nothing_kept_belongs_to_a_person(each_warehouse):
    add(each_warehouse, t.emarsys_contact, {"email": "zoltan@example.com", "email_key": "zoltan"})
    column: dict[str, Any] = {"column": "email_key"}
    kept = keep_all(
        each_warehouse,
        built_in(t.emarsys_contact, "column_values_to_match_regex", regex="^x$", **column),
        built_in(t.emarsys_contact, "column_max_to_be_between", max_value="a", **column),
        built_in(
            t.emarsys_contact, "column_distinct_values_to_be_in_set", value_set=["x"], **column
        ),
        IMPOSSIBLE,
    )
    assert "zoltan" not in kept["emarsys_contact"]


def without(warehouse: Warehouse, *dropped: Dropped) -> CheckResult:
    """Judge a check that goes by the erasure of customers."""
    drift(warehouse, CHECK, 0, checked=1)
    plain = no_drift(CHECK)
    told = replace(plain, check=replace(plain.check, needs_told=("centra_customer.is_anonymized",)))
    (result,) = judge(warehouse.engine, [told], snapshot(customers={"dropped": dropped}))
    return result


def test_a_check_whose_field_was_left_out_is_skipped(warehouse):
    field = Dropped("Customer.isAnonymized", ("centra_customer.is_anonymized",))
    result = without(warehouse, field)
    assert (result.outcome, result.reason) == (
        "skipped",
        "Centra does not tell is_anonymized of any customer; see auditor doctor.",
    )


def test_what_listens_to_an_event_is_no_pass_where_emarsys_does_not_tell_it(warehouse):
    checks = load_checks(expectation_files())
    (dead,) = (one for one in checks if one.check.id == "fulfilment.dead_event")
    drift(warehouse, dead.check.id, 0, checked=2)
    left_out = {"event_definitions": {"dropped": (UNTOLD_USAGES,)}}
    (result,) = judge(warehouse.engine, [dead], snapshot(**left_out))
    assert (result.outcome, result.reason) == (
        "skipped",
        "Emarsys does not tell usages of any event definition; see auditor doctor.",
    )


def test_a_field_that_a_check_does_not_go_by_is_no_gap(warehouse):
    field = Dropped("Customer.totalOrders", ("centra_customer.total_orders",))
    assert without(warehouse, field).outcome == "pass"
