"""External events, over a real socket: fired once however often they are sent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from auditor.errors import ForbiddenWriteError, UnsafePlanError
from auditor.systems.emarsys.writing.events import (
    Trigger,
    TriggerBatch,
    shipped_id,
    trigger_batches,
    trigger_event,
)
from auditor.systems.emarsys.writing.results import RowResult

if TYPE_CHECKING:
    from tests.systems.emarsys.writing.conftest import Live

SHIPPED, IDLE = 7, 8
AT = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=1)))


def fire(live, *triggers: Trigger, event: int = SHIPPED):
    return trigger_event(live.api, TriggerBatch(event, "4711", triggers))


def fired(live) -> list[str | None]:
    return [e.trigger_id for e in live.account.fired_events if e.trigger_id != "old"]


def sent_body(live: Live) -> Any:
    rows = [row for row in live.log.rows() if row.path.endswith("/trigger")]
    return msgspec.json.decode(rows[-1].body)


def test_one_event_is_fired(one):
    assert fire(one, Trigger("C1", "t1")) == (RowResult("t1", "done"),)
    assert fired(one) == ["t1"]


def test_many_events_are_fired_in_one_call(live):
    results = fire(live, Trigger("C1", "t1"), Trigger("C2", "t2"))
    assert [r.state for r in results] == ["done", "done"]
    assert live.sent("POST", "/trigger") == 1


def test_two_parcels_of_one_contact_fit_in_one_call(one):
    results = fire(one, Trigger("C1", "t1"), Trigger("C1", "t2"))
    assert [r.state for r in results] == ["done", "done"]


def test_the_same_id_fires_once(one):
    fire(one, Trigger("C1", "t1"))
    assert fire(one, Trigger("C1", "t1"))[0].state == "done"
    assert fired(one) == ["t1"]


def test_a_contact_that_does_not_exist_is_not_found(one):
    assert fire(one, Trigger("C77", "t1")) == (RowResult("t1", "not_found", 2008),)


def test_in_a_batch_only_the_missing_contact_fails(live):
    results = fire(live, Trigger("C77", "t1"), Trigger("C1", "t2"))
    assert [(r.key, r.state) for r in results] == [("t1", "not_found"), ("t2", "done")]


def test_an_event_that_nothing_listens_to_is_idle_where_the_account_says_so(make_live):
    live = make_live(idle_event="refused")
    assert fire(live, Trigger("C1", "t1"), event=IDLE) == (RowResult("t1", "idle", 5005),)


def test_an_event_that_nothing_listens_to_is_done_where_the_account_does_not_say_so(make_live):
    live = make_live(idle_event="ok")
    assert fire(live, Trigger("C1", "t1"), event=IDLE)[0].state == "done"


def test_an_unknown_event_is_a_failure(one):
    assert fire(one, Trigger("C1", "t1"), event=99) == (RowResult("t1", "failed", 5001),)


def test_a_malformed_time_fires_nothing(one):
    one.fail("/trigger", status=400, body=b'{"replyCode":5010,"data":""}')
    assert fire(one, Trigger("C1", "t1")) == (RowResult("t1", "invalid", 5010),)


def test_the_time_is_told_in_utc_and_the_one_form_that_is_taken(one):
    assert fire(one, Trigger("C1", "t1", AT))[0].state == "done"
    assert sent_body(one)["event_time"] == "2026-03-01T13:00:00Z"


def test_exactly_the_fields_of_the_request_are_sent(one):
    fire(one, Trigger("C1", "t1", data={"global": {"order": "100017"}}))
    assert sent_body(one) == {
        "key_id": "4711",
        "external_id": "C1",
        "trigger_id": "t1",
        "data": {"global": {"order": "100017"}},
    }


def test_an_answer_that_is_cut_is_unknown_and_not_sent_again(one):
    one.fail("/trigger", kind="cut")
    assert fire(one, Trigger("C1", "t1")) == (RowResult("t1", "unknown"),)
    assert one.sent("POST", "/trigger") == 1


@pytest.mark.parametrize(("status", "state"), [(429, "not_taken"), (503, "unknown")])
def test_a_fault_is_not_retried(one, status, state):
    one.fail("/trigger", status=status)
    assert fire(one, Trigger("C1", "t1"))[0].state == state
    assert one.sent("POST", "/trigger") == 1


def test_an_expired_token_is_renewed(one):
    one.fail("/trigger", status=401)
    assert fire(one, Trigger("C1", "t1"))[0].state == "done"


def test_an_event_without_an_id_never_leaves_the_machine(one):
    with pytest.raises(ForbiddenWriteError):
        fire(one, Trigger("C1", ""))
    assert one.sent("POST", "/trigger") == 0


def test_the_id_of_a_parcel_is_always_the_same():
    assert shipped_id("100017", "1") == "shipped:100017:1"


def test_no_call_holds_more_than_1000_firings():
    triggers = [Trigger("C1", str(number)) for number in range(1001)]
    assert [len(b.triggers) for b in trigger_batches(SHIPPED, 4711, triggers)] == [1000, 1]


def test_two_firings_with_one_id_are_refused():
    triggers = [Trigger("C1", "t"), Trigger("C2", "t")]
    with pytest.raises(UnsafePlanError):
        list(trigger_batches(SHIPPED, 4711, triggers))


def test_an_error_inside_the_success_of_a_single_event_is_seen(one):
    body = b'{"replyCode":0,"data":{"errors":{"C1":{"2008":"No contact found"}}}}'
    one.fail("/trigger", status=200, body=body)
    assert fire(one, Trigger("C1", "t1")) == (RowResult("t1", "not_found", 2008),)
