"""The JSON contract: keys, their order, times and money."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from auditor.model.finding import Money
from auditor.model.incident import Incident
from auditor.report.audit_json import audit_json, finding_json
from tests.report import examples

if TYPE_CHECKING:
    from collections.abc import Callable

AUDIT_KEYS = ["format", "run", "brand", "verdict", "coverage", "checks", "findings", "report"]
COVERAGE_KEYS = ["system", "stream", "rows", "complete", "mode", "as_of", "reason"]
CHECK_KEYS = [
    "id", "suite", "severity", "owner", "outcome", "checked", "failed", "reason", "people", "money",
    "contained",
]  # fmt: skip
TALLY_KEYS = ["total", "new", "ongoing", "worse", "regressed", "resolved", "accepted"]
FINDING_KEYS = [
    "fingerprint", "check", "severity", "state", "owner", "subject", "customer_id", "contact_id",
    "centra", "emarsys", "moved_by", "since", "first_seen", "last_seen", "people", "money", "cause",
    "remedy", "run",
]  # fmt: skip
INCIDENT_KEYS = [
    "id", "check", "title", "cause", "severity", "owner", "findings", "people", "money", "first_seen",
]  # fmt: skip
PATH = "reports/out/nordlys/2026-11-23T05-00-00Z-7f3a/index.html"

RICH = json.loads(audit_json(examples.rich_audit(), PATH))


def line_of(**values: Any) -> dict[str, object]:
    made = examples.finding("sales.missing_order", "100017", **values)
    line: dict[str, object] = json.loads(finding_json(made))
    return line


def test_the_audit_is_as_it_was(assert_gold: Callable[[str, str], None]):
    assert_gold("audit.json", audit_json(examples.rich_audit(), PATH).decode())


def test_the_clean_audit_is_as_it_was(assert_gold: Callable[[str, str], None]):
    assert_gold("audit_clean.json", audit_json(examples.clean_audit(), PATH).decode())


def test_the_keys_of_an_audit_stand_in_order_before_any_extra():
    assert list(RICH)[: len(AUDIT_KEYS)] == AUDIT_KEYS


def test_an_audit_lists_its_incidents():
    incident = Incident(
        id="i1",
        check="sales.missing_order",
        title="Orders are missing, all in the market Norway.",
        cause="in the market Norway",
        owner="ecommerce",
        severity="critical",
        findings=3,
        people=3,
        money=Money(100, "SEK"),
        first_seen=examples.AS_OF,
    )
    audit = replace(examples.rich_audit(), incidents=(incident,))
    (line,) = json.loads(audit_json(audit, PATH))["incidents"]
    assert list(line) == INCIDENT_KEYS


def test_the_keys_of_a_stream_stand_in_order_before_any_extra():
    assert list(RICH["coverage"][0])[: len(COVERAGE_KEYS)] == COVERAGE_KEYS


def test_the_keys_of_a_check_stand_in_order():
    assert list(RICH["checks"][0]) == CHECK_KEYS


def test_the_keys_of_the_tally_stand_in_order():
    assert list(RICH["findings"]) == TALLY_KEYS


def test_the_format_is_numbered():
    assert RICH["format"] == 1


def test_times_are_utc_and_end_in_z():
    assert RICH["coverage"][0]["as_of"] == "2026-11-23T04:59:20Z"


def test_a_time_in_another_zone_is_turned_into_utc():
    local = datetime(2026, 7, 1, 8, 30, tzinfo=examples.STOCKHOLM)
    assert line_of(last_seen=local)["last_seen"] == "2026-07-01T06:30:00Z"


def test_money_is_minor_units_beside_a_currency():
    assert RICH["checks"][4]["money"] == {"minor": 27_539_800, "currency": "SEK"}


def test_no_money_is_null():
    assert RICH["checks"][0]["money"] is None


def test_people_that_do_not_apply_are_null_and_not_zero():
    assert RICH["checks"][1]["people"] is None


def test_the_report_is_named():
    assert RICH["report"] == PATH


def test_a_bridge_names_all_steps_and_they_add_up():
    *steps, end = RICH["bridge"][1]["steps"].values()
    assert list(RICH["bridge"][1]) == ["market", "month", "currency", "steps"]
    assert (len(steps), sum(steps)) == (14, end)


def test_a_verified_share_is_a_part_of_what_was_due():
    assert RICH["verified_share"][0] == {
        "days": 1,
        "share": 8_905_113 / 9_200_000,
        "verified": {"minor": 8_905_113, "currency": "SEK"},
        "due": {"minor": 9_200_000, "currency": "SEK"},
    }


def test_an_audit_that_missed_orders_has_no_bridge():
    clean = json.loads(audit_json(examples.clean_audit(), PATH))
    assert (clean["bridge"], clean["verified_share"]) == ([], [])


def test_the_keys_of_a_finding_stand_in_order_before_any_extra():
    assert list(line_of())[: len(FINDING_KEYS)] == FINDING_KEYS


def test_a_finding_is_one_line():
    hostile = examples.finding("sales.missing_order", "a\nb\r\u2028c")
    assert b"\n" not in finding_json(hostile)


def test_a_side_without_a_record_is_null():
    line = line_of(centra={"status": "SHIPPED"})
    assert (line["centra"], line["emarsys"]) == ({"status": "SHIPPED"}, None)


def test_a_finding_names_its_subject():
    assert line_of()["subject"] == {"kind": "order", "key": "100017"}


def test_a_finding_stands_since_its_record_came_to_be():
    occurred_at = examples.AS_OF - timedelta(days=30)
    assert line_of(occurred_at=occurred_at)["since"] == "2026-10-24T05:00:00Z"


def test_a_finding_of_unknown_origin_stands_since_it_was_seen():
    line = line_of()
    assert line["since"] == line["first_seen"]


def test_the_money_of_a_finding_is_exact():
    line = line_of(money=Money(2**60 + 1, "SEK"))
    assert line["money"] == {"minor": 2**60 + 1, "currency": "SEK"}


def test_an_unread_stream_names_the_checks_that_it_disables():
    audit = examples.rich_audit()
    blind = {r.check.id: r.check for r in audit.checks if r.outcome in ("off", "skipped")}
    named = {line["stream"]: line["disables"] for line in RICH["coverage"]}
    unread = {line.stream for line in audit.coverage if not line.is_usable}
    assert {stream for stream, ids in named.items() if ids} <= unread
    assert {(stream, id_) for stream, ids in named.items() for id_ in ids} == {
        (stream, id_) for id_, check in blind.items() for stream in {*check.needs} & unread
    }
