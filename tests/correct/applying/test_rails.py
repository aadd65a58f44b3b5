"""Every rail at its boundary: one below, at it, one above. A rail without a test fails this module."""

from __future__ import annotations

from dataclasses import replace as with_values
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from auditor.correct.applying.rails import (
    MEANWHILE,
    RAILS,
    Attempt,
    Moment,
    require_now,
    require_safe,
)
from auditor.errors import ForbiddenWriteError, StalePlanError, StoppedError, UnsafePlanError
from auditor.model.plan import Change, ContactFields, Origin, Plan, Stake
from tests.correct.desk import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOURS = timedelta(hours=1)

TESTED: set[str] = set()


def rail(name: str) -> Callable[[Any], Any]:
    """Say which rail a test is about."""
    TESTED.add(name)
    return lambda function: function


def change(number: int, **parts: Any) -> Change:
    finding = parts.pop("finding", f"f{number}")
    origin = Origin(finding, "identity.profile_mismatch", "contact", str(number), "cx", "info")
    values: dict[str, Any] = {
        "id": f"c{number}",
        "origin": origin,
        "remedy": "push_profile",
        "kind": "confirm",
        "system": "emarsys",
        "request": ContactFields(str(number), {"1": "Ann"}, {"1": "Bo"}),
        "stake": Stake(1),
    }
    return Change(**(values | parts))


def plan_of(*changes: Change, **parts: Any) -> Plan:
    values: dict[str, Any] = {
        "brand": "desk",
        "run": "run",
        "tool": "0",
        "expectations": "e",
        "as_of": NOW - HOURS,
        "expires_at": NOW + HOURS,
        "streams": ("contacts", "orders"),
        "records": {"centra": 100, "emarsys": 100},
        "currency": "SEK",
        "items": 0,
        "changes": changes,
    }
    return Plan(**(values | parts))


@pytest.fixture
def attempt(tmp_path: Path) -> Callable[..., Attempt]:
    """Make an attempt with a plan, settings of corrections, and whatever else differs."""

    def make(plan: Plan | None = None, corrections: Any = None, **parts: Any) -> Attempt:
        settings = read_settings(tmp_path, lambda raw: raw.update(corrections=corrections or {}))
        made = Attempt(plan or plan_of(change(1)), "d1", "d1", settings, NOW)
        return with_values(made, **parts)

    return make


def test_a_plan_that_keeps_to_all_rails_passes(attempt):
    require_safe(attempt())


@rail("digest")
def test_another_digest_is_refused(attempt):
    with pytest.raises(StalePlanError, match="--digest"):
        require_safe(attempt(approved="d2"))


def test_a_rehearsal_needs_no_digest(attempt):
    require_safe(attempt(approved=None))


@rail("brand")
def test_a_plan_of_another_brand_is_refused(attempt):
    with pytest.raises(StalePlanError, match="other"):
        require_safe(attempt(plan_of(change(1), brand="other")))


@rail("expiry")
@rail("expectations")
def test_a_plan_is_refused_once_the_expectations_were_changed(attempt):
    with pytest.raises(StalePlanError, match="expectations were changed"):
        require_safe(attempt(expectations="others"))


def test_a_plan_under_the_same_expectations_passes(attempt):
    require_safe(attempt(expectations="e"))


@pytest.mark.parametrize("left", [timedelta(0), timedelta(seconds=-1)])
def test_a_plan_is_refused_from_the_moment_it_expires(attempt, left):
    with pytest.raises(StalePlanError, match="expired"):
        require_safe(attempt(plan_of(change(1), expires_at=NOW + left)))


def test_a_plan_is_taken_until_it_expires(attempt):
    require_safe(attempt(plan_of(change(1), expires_at=NOW + timedelta(microseconds=1))))


@rail("snapshot")
def test_a_plan_whose_stream_was_read_since_is_refused(attempt):
    with pytest.raises(StalePlanError, match="orders"):
        require_safe(attempt(read_since={"orders", "stores"}))


def test_a_stream_that_the_plan_does_not_touch_may_be_read_since(attempt):
    require_safe(attempt(read_since={"stores"}))


@rail("pushes")
def test_a_plan_that_would_take_back_what_others_pushed_is_refused(attempt):
    with pytest.raises(UnsafePlanError, match="its file is gone"):
        require_safe(attempt(lost="its file is gone"))


@rail("class")
@pytest.mark.parametrize("kind", ["propose", "none"])
def test_what_policy_leaves_to_people_is_refused(attempt, kind):
    with pytest.raises(UnsafePlanError, match="push_profile"):
        require_safe(attempt(corrections={"policy": {"push_profile": kind}}))


@pytest.mark.parametrize("kind", ["auto", "confirm"])
def test_what_policy_allows_passes(attempt, kind):
    require_safe(attempt(corrections={"policy": {"push_profile": kind}}))


def test_a_remedy_that_is_never_sent_is_refused_whatever_policy_says(attempt):
    plan = plan_of(change(1, remedy="erase_worklist"))
    with pytest.raises(UnsafePlanError, match="erase_worklist"):
        require_safe(attempt(plan, corrections={"policy": {"erase_worklist": "auto"}}))


def capped(**cap: Any) -> dict[str, Any]:
    whole = {"count": 500, "share": 1.0, "people": None, "money": None}
    return {"caps": {"default": whole | cap}}


@rail("caps")
@pytest.mark.parametrize(
    ("cap", "stake", "name"),
    [
        ({"count": 3}, Stake(1), "count 3"),
        ({"share": 0.03}, Stake(1), "share 0.03"),
        ({"people": 6}, Stake(2), "people 6"),
        ({"money": 30}, Stake(1, 1000, "SEK"), "money 30"),
    ],
)
@pytest.mark.parametrize(("changes", "is_over"), [(2, False), (3, False), (4, True)])
def test_a_plan_over_a_cap_is_refused(attempt, cap, stake, name, changes, is_over):
    plan = plan_of(*(change(number, stake=stake) for number in range(changes)))
    tried = attempt(plan, corrections=capped(**cap))
    if not is_over:
        require_safe(tried)
        return
    with pytest.raises(UnsafePlanError, match=name):
        require_safe(tried)


def test_two_changes_of_one_finding_reach_its_people_once(attempt):
    plan = plan_of(change(1, finding="f"), change(2, finding="f"))
    require_safe(attempt(plan, corrections=capped(people=1)))


@rail("empty_side")
@pytest.mark.parametrize("system", ["centra", "emarsys"])
def test_a_plan_made_while_a_side_was_empty_is_refused(attempt, system):
    records = {"centra": 1, "emarsys": 1, system: 0}
    with pytest.raises(UnsafePlanError, match=system):
        require_safe(attempt(plan_of(change(1), records=records), corrections=capped()))


def test_one_record_on_each_side_is_enough(attempt):
    records = {"centra": 1, "emarsys": 1}
    require_safe(attempt(plan_of(change(1), records=records), corrections=capped()))


@rail("direction")
def test_an_opt_in_is_refused(attempt):
    with pytest.raises(ForbiddenWriteError):
        require_safe(attempt(plan_of(change(1, request=ContactFields("1", {"31": 1}, {})))))


def test_an_opt_in_as_the_way_back_is_refused(attempt):
    with pytest.raises(ForbiddenWriteError):
        require_safe(attempt(plan_of(change(1, undo=ContactFields("1", {"31": 1}, {})))))


@rail("halt")
def test_nothing_passes_while_somebody_halts_it(attempt):
    with pytest.raises(StoppedError, match="the fire"):
        require_safe(attempt(halted="the fire"))


@rail("freeze")
@pytest.mark.parametrize(
    ("first", "last", "is_frozen"),
    [
        (date(2026, 11, 25), date(2026, 11, 25), True),
        (date(2026, 11, 20), date(2026, 11, 25), True),
        (date(2026, 11, 25), date(2026, 11, 30), True),
        (date(2026, 11, 20), date(2026, 11, 24), False),
        (date(2026, 11, 26), date(2026, 11, 30), False),
    ],
)
def test_nothing_passes_on_frozen_days(attempt, first, last, is_frozen):
    tried = attempt(corrections={"freeze": [{"from": first, "to": last}]})
    if not is_frozen:
        require_safe(tried)
        return
    with pytest.raises(StoppedError, match="freeze"):
        require_safe(tried)


def test_a_day_is_that_of_the_brand(attempt):
    """At half past eleven in the evening, UTC, Stockholm is in the next day."""
    tried = attempt(
        corrections={"freeze": [{"from": date(2026, 11, 26), "to": date(2026, 11, 26)}]}
    )
    settings = replace(tried.settings, timezone=_stockholm())
    late = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    plan = replace(tried.plan, expires_at=late + HOURS)
    with pytest.raises(StoppedError, match="freeze"):
        require_safe(with_values(tried, settings=settings, now=late, plan=plan))


@rail("window")
@pytest.mark.parametrize(
    ("window", "is_open"),
    [
        ("12:00-13:00", True),
        ("12:01-13:00", False),
        ("11:00-12:00", False),
        ("11:00-12:01", True),
        ("22:00-12:01", True),
        ("22:00-12:00", False),
        ("12:00-11:00", True),
    ],
)
def test_changes_are_made_in_their_window_alone(attempt, window, is_open):
    tried = attempt(corrections={"window": window})
    if is_open:
        require_safe(tried)
        return
    with pytest.raises(StoppedError, match="window"):
        require_safe(tried)


def test_a_window_is_in_the_time_of_the_brand(attempt):
    tried = attempt(corrections={"window": "13:00-14:00"})
    settings = replace(tried.settings, timezone=_stockholm())
    require_safe(with_values(tried, settings=settings))


@rail("lease")
def test_whoever_lost_the_lease_sends_nothing(attempt):
    def lost() -> None:
        raise StoppedError("lost")

    with pytest.raises(StoppedError, match="lost"):
        require_now(Moment(attempt().settings, NOW, None, lost))


def test_every_rail_has_a_test():
    assert {*RAILS, *MEANWHILE} - {"meanwhile"} == TESTED


def test_what_is_asked_before_every_request_is_asked_before_the_first(attempt):
    with pytest.raises(StoppedError):
        RAILS["meanwhile"](attempt(halted="the fire"))


def _stockholm() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Europe/Stockholm")
