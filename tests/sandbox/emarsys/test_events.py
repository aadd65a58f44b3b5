"""External events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from auditor.sandbox.world.model import FiredEvent
    from tests.sandbox.emarsys.conftest import Site

FIRE = "/event/7/trigger"


def single(**more: Any) -> dict[str, Any]:
    return {"key_id": "4711", "external_id": "C1", **more}


def batch(*contacts: Any) -> dict[str, Any]:
    return {"key_id": "4711", "contacts": list(contacts)}


def new_events(site: Site) -> list[FiredEvent]:
    return [event for event in site.account.fired_events if event.event_id != "e1"]


def test_events_are_listed_with_text_ids(site):
    assert site.get("/event/")[0] == {
        "id": "7",
        "name": "order_shipped",
        "created": "2026-03-10 10:00:00",
    }


@pytest.mark.parametrize(("event", "programs"), [(7, [501]), (8, [])])
def test_usages_tell_what_listens(site, event, programs):
    assert site.get(f"/event/{event}/usages") == {
        "program_ids": programs,
        "email_ids": [],
        "interactions_program_ids": [],
    }


def test_usages_of_an_unknown_event_are_refused(site):
    answer = site.refused("GET", "/event/9/usages")
    assert answer == (400, 5001, "No event found with the specified ID.")


def test_a_single_trigger_answers_an_empty_object(site):
    assert site.post(FIRE, single()) == {}


def test_a_trigger_is_recorded(site):
    site.post(FIRE, single(trigger_id="t1"))
    event = new_events(site)[0]
    assert (event.definition_id, event.contact_id, event.fired_at, event.trigger_id) == (
        7,
        1,
        site.clock.now,
        "t1",
    )


def test_a_trigger_reaches_open_data_at_once(site):
    site.post(FIRE, single())
    assert new_events(site)[0].loaded_at == site.clock.now


def test_a_trigger_can_reach_open_data_late(make_site):
    site = make_site(open_data_lag_s=600)
    site.post(FIRE, single())
    assert new_events(site)[0].loaded_at == site.clock.now + timedelta(minutes=10)


def test_event_ids_differ(site):
    site.post(FIRE, batch({"external_id": "C1"}, {"external_id": "C2"}))
    assert len({event.event_id for event in new_events(site)}) == 2


def test_a_batch_answers_ids_as_text(site):
    data = site.post(FIRE, batch({"external_id": "C1"}, {"external_id": "C2"}))
    assert data == {"ids": ["1", "2"], "errors": {}}


def test_a_batch_without_errors_can_answer_a_list(make_site):
    site = make_site(empty_errors="list")
    assert site.post(FIRE, batch({"external_id": "C1"}))["errors"] == []


def test_a_batch_tells_missing_contacts(site):
    data = site.post(FIRE, batch({"external_id": "C0"}, {"external_id": "C2"}))
    text = "No contact found with the external id: 4711 - C0"
    assert data == {"ids": ["2"], "errors": {"C0": {"2008": text}}}


def test_a_batch_tells_ambiguous_contacts(site):
    body = {"key_id": 3, "contacts": [{"external_id": "twin@example.com"}]}
    assert "2010" in site.post(FIRE, body)["errors"]["twin@example.com"]


def test_a_single_trigger_refuses_a_missing_contact(site):
    answer = site.refused("POST", FIRE, single(external_id="C0"))
    assert answer == (400, 2008, "No contact found with the external id: 4711 - C0.")


def test_a_trigger_creates_no_contact(site):
    site.call("POST", FIRE, single(external_id="C0"))
    assert len(site.account.contacts) == 5


def test_a_trigger_without_a_contact_is_refused(site):
    answer = site.refused("POST", FIRE, {"key_id": "4711"})
    assert answer == (400, 2005, "No value provided for key field: 4711")


def test_the_same_trigger_id_fires_once(site):
    site.post(FIRE, single(trigger_id="t1"))
    site.post(FIRE, single(trigger_id="t1"))
    assert len(new_events(site)) == 1


def test_the_second_time_is_answered_as_the_first(site):
    site.post(FIRE, single(trigger_id="t1"))
    assert site.post(FIRE, single(trigger_id="t1")) == {}


def test_a_trigger_id_repeated_in_one_batch_fires_once(site):
    row = {"external_id": "C1", "trigger_id": "t1"}
    site.post(FIRE, batch(row, row))
    assert len(new_events(site)) == 1


def test_a_trigger_id_from_before_the_server_started_is_known(site):
    site.post(FIRE, single(trigger_id="old"))
    assert new_events(site) == []


def test_another_contact_may_use_the_same_trigger_id(site):
    site.post(FIRE, single(trigger_id="t1"))
    site.post(FIRE, single(trigger_id="t1", external_id="C2"))
    assert len(new_events(site)) == 2


def test_another_event_may_use_the_same_trigger_id(site):
    site.post(FIRE, single(trigger_id="t1"))
    site.post("/event/8/trigger", single(trigger_id="t1"))
    assert len(new_events(site)) == 2


def test_without_a_trigger_id_every_call_fires(site):
    site.post(FIRE, single())
    site.post(FIRE, single())
    assert len(new_events(site)) == 2


@pytest.mark.parametrize(("memory_s", "fired"), [(None, 1), (3600, 1), (60, 2)])
def test_how_long_a_trigger_id_is_remembered_is_an_option(make_site, memory_s, fired):
    site = make_site(trigger_memory_s=memory_s)
    site.post(FIRE, single(trigger_id="t1"))
    site.clock.advance(minutes=30)
    site.post(FIRE, single(trigger_id="t1"))
    assert len(new_events(site)) == fired


def test_an_unknown_event_is_refused(site):
    answer = site.refused("POST", "/event/9/trigger", single())
    assert answer == (400, 5001, "Invalid event ID for customer.")


def test_an_event_without_programs_is_accepted(site):
    assert site.call("POST", "/event/8/trigger", single()).status_code == 200


def test_an_event_without_programs_can_be_refused(make_site):
    site = make_site(idle_event="refused")
    answer = site.refused("POST", "/event/8/trigger", single())
    assert answer == (400, 5005, "No program or campaign is triggered.")


def test_an_event_with_programs_is_never_refused_for_that(make_site):
    site = make_site(idle_event="refused")
    assert site.call("POST", FIRE, single()).status_code == 200


@pytest.mark.parametrize("at", ["2026-03-01T13:00:00Z", "2026-03-01T13:00:00.123Z"])
def test_an_event_time_in_utc_is_taken(site, at):
    assert site.call("POST", FIRE, single(event_time=at)).status_code == 200


@pytest.mark.parametrize("at", ["2026-03-01 13:00:00", "2026-03-01T13:00:00+01:00", "now"])
def test_another_event_time_is_refused(site, at):
    answer = site.refused("POST", FIRE, single(event_time=at))
    assert answer == (400, 5010, "Invalid event time format.")


def test_a_wrong_event_time_in_a_batch_fires_nothing(site):
    good, bad = {"external_id": "C1"}, {"external_id": "C2", "event_time": "now"}
    site.call("POST", FIRE, batch(good, bad))
    assert new_events(site) == []


def test_data_must_be_an_object(site):
    answer = site.refused("POST", FIRE, single(data=["x"]))
    assert answer == (400, 5011, "Event data is not an object.")


def test_data_has_a_size_limit(site):
    assert site.refused("POST", FIRE, single(data={"x": "y" * 1_000_000}))[1] == 5008


def test_data_below_the_limit_is_taken(site):
    assert site.call("POST", FIRE, single(data={"x": "y" * 100_000})).status_code == 200


def test_more_than_a_thousand_contacts_are_refused(site):
    answer = site.refused("POST", FIRE, batch(*[{"external_id": "C1"}] * 1001))
    assert answer[:2] == (400, 1000)


def test_a_contact_that_is_no_object_is_refused(site):
    assert site.refused("POST", FIRE, batch("C1"))[1] == 1010


def test_erased_events_do_not_confuse_the_memory(site):
    site.post(FIRE, single(trigger_id="t1"))
    site.account.fired_events.clear()
    site.post(FIRE, single(trigger_id="t1"))
    assert new_events(site) == []
