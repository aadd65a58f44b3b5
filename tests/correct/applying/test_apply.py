"""A plan applied over sockets: what is sent, what is read, what is written down, and what stops it."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from msgspec.structs import replace

from auditor.correct.applying.engine import NOT_SEEN, SO_ALREADY
from auditor.correct.applying.journal import Decision, Journal
from auditor.correct.applying.lease import Lease
from auditor.correct.applying.writers.contacts import NO_CUSTOMER, TAKEN, UNUSABLE
from auditor.correct.applying.writers.events import ERASED, FIRED, FIRED_BEFORE
from auditor.correct.applying.writers.sales import NAMELESS
from auditor.correct.planning import CAPPED
from auditor.correct.upload_once import upload_once
from auditor.errors import (
    ApplyError,
    ConfigError,
    ForbiddenWriteError,
    StalePlanError,
    StoppedError,
    UnsafePlanError,
)
from auditor.findings.ledger import Ledger
from auditor.model.plan import ContactFields, NewContact, Withheld, decoded, in_order
from auditor.pipeline import apply, rehearse, undo, verify
from auditor.sandbox.wire import Fault
from auditor.sandbox.world.erasure import anonymise
from auditor.systems.emarsys.lookup import Ids, checkids
from auditor.systems.emarsys.writing.contacts import update_contacts
from tests.correct.applying.fuse import KilledError
from tests.correct.applying.shop import EMAIL, FIRST_NAME, OPT_IN, halt, lift
from tests.correct.applying.shop import change as made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.plan import Change, Value
    from auditor.pipeline import Applied
    from tests.correct.applying.shop import Shop

UPDATE = "auditor.correct.applying.writers.contacts.update_contacts"


def applied(shop: Shop, *changes: Change, **parts: Any) -> Applied:
    path, digest = shop.plan(*changes, **parts)
    return apply(shop.run(), path, digest)


def counts(result: Applied) -> dict[str, int]:
    states = ("verified", "pending", "superseded", "failed")
    return {state: result.count(state) for state in states if result.count(state)}


def notes(result: Applied) -> set[str | None]:
    return {receipt.note for receipt in result.receipts.values()}


def test_a_plan_of_every_kind_is_made(shop):
    result = applied(shop, *shop.of_every_kind())
    assert (counts(result), result.exit_code) == ({"verified": 10, "pending": 6}, 0)


def test_a_plan_of_every_kind_is_made_on_each_engine_of_the_ledger(shop, ledger_url):
    raw = yaml.safe_load(shop.running.settings.read_text())
    raw["store"] = {"ledger": ledger_url}
    shop.running.settings.write_text(yaml.safe_dump(raw))
    path, digest = shop.plan(*shop.of_every_kind())
    apply(shop.run(), path, digest)
    assert counts(verify(shop.run(), path)) == {"verified": 12, "pending": 4}


def test_an_opt_out_is_one(shop):
    change = shop.opt_out()
    applied(shop, change)
    assert shop.value(change.request.contact_id, OPT_IN) == "2"


def test_only_the_intended_fields_are_sent(shop):
    change = shop.rename()
    applied(shop, change)
    (row,) = shop.sent("PUT", "/contact")
    contact_id = change.request.contact_id
    assert json.loads(row.body) == {
        "key_id": "id",
        "contacts": [{"id": contact_id, "1": "Renamed"}],
    }


def test_a_contact_is_held_back(shop):
    change = shop.hold_back()
    applied(shop, change)
    assert shop.quarantined() == {int(change.request.contact_id)}


def test_a_newsletter_ends_in_centra(shop):
    change = shop.end_newsletter()
    applied(shop, change)
    active = [
        row
        for row in shop.running.world.centra.subscriptions
        if row.email.lower() == change.request.email.lower()
        and row.is_active
        and row.variant_id is None
    ]
    assert active == []


def test_a_contact_is_made_without_an_opt_in(shop):
    applied(shop, shop.create(1))
    (made,) = [c for c in shop.contacts.values() if c.values.get(EMAIL) == "new-1@example.com"]
    assert (made.values.get(OPT_IN), made.values[FIRST_NAME]) == (None, "Nova")


def test_an_event_is_fired_once_and_waits(shop):
    result = applied(shop, shop.fire(shop.orders()[0], 1))
    assert (counts(result), len(shop.sent("POST", "/trigger"))) == ({"pending": 1}, 1)


def test_sales_are_sent_once_and_wait(shop):
    result = applied(shop, shop.sell(shop.orders()[0]))
    assert (counts(result), len(shop.sent("POST", "/sales-data"))) == ({"pending": 1}, 1)


def test_one_goes_first_then_ten_then_a_tenth_then_the_rest(shop):
    applied(shop, *(shop.hold_back() for _ in range(30)))
    sizes = [len(json.loads(row.body)["external_ids"]) for row in shop.sent("contactlist", "/add")]
    assert sizes == [1, 10, 3, 16]


def test_applying_again_sends_nothing(shop):
    path, digest = shop.plan(*shop.of_every_kind())
    apply(shop.run(), path, digest)
    before = len([row for row in shop.running.log.rows() if row.method in ("PUT", "POST")])
    shop.running.log._rows.clear()
    again = apply(shop.run(), path, digest)
    sent = shop.sent("PUT") + shop.sent("/trigger") + shop.sent("/sales-data") + shop.mutations()
    assert (bool(before), sent, counts(again)) == (True, [], {"verified": 10, "pending": 6})


def remap(shop: Shop, name: str, number: int) -> None:
    """Let the settings keep something of contacts in another field."""
    raw = yaml.safe_load(shop.running.settings.read_text())
    raw["emarsys"]["fields"][name] = number
    shop.running.settings.write_text(yaml.safe_dump(raw))


@pytest.mark.parametrize(("name", "number"), [("external_id", 10), ("first_name", 9)])
def test_a_contact_with_a_field_that_is_mapped_no_more_is_not_made(shop, name, number):
    path, digest = shop.plan(shop.create(1))
    remap(shop, name, number)
    with pytest.raises(ForbiddenWriteError):
        apply(shop.run(), path, digest)
    assert shop.sent("PUT") == []


def test_an_event_by_a_key_that_is_another_now_is_not_fired(shop):
    path, digest = shop.plan(shop.fire(shop.orders()[0], 1))
    remap(shop, "external_id", 10)
    with pytest.raises(ForbiddenWriteError):
        apply(shop.run(), path, digest)
    assert shop.sent("/trigger") == []


def test_a_contact_that_was_made_holds_although_a_field_is_mapped_no_more(shop):
    path, digest = shop.plan(shop.create(1))
    apply(shop.run(), path, digest)
    remap(shop, "first_name", 9)
    result = verify(shop.run(), path)
    assert (counts(result), result.reverted) == ({"verified": 1}, [])


# What is looked at before.


@pytest.mark.parametrize("field", [OPT_IN, EMAIL])
def test_a_contact_that_was_changed_since_is_left(shop, field):
    change = shop.opt_out()
    contact = shop.contacts[int(change.request.contact_id)]
    contact.values[field] = "" if field == OPT_IN else "moved@example.com"
    shop.running.refresh()
    result = applied(shop, change)
    assert (counts(result), shop.sent("PUT"), result.exit_code) == ({"superseded": 1}, [], 4)


def test_a_contact_that_was_changed_elsewhere_is_corrected(shop):
    change = shop.opt_out()
    shop.contacts[int(change.request.contact_id)].values[FIRST_NAME] = "Somebody"
    result = applied(shop, change)
    assert counts(result) == {"verified": 1}


def test_what_is_so_already_is_not_sent(shop):
    change = shop.opt_out()
    shop.contacts[int(change.request.contact_id)].values[OPT_IN] = "2"
    result = applied(shop, change)
    assert (notes(result), shop.sent("PUT")) == ({SO_ALREADY}, [])


def test_a_contact_that_is_gone_is_left(shop):
    change = shop.opt_out()
    world = shop.running.world.emarsys
    world.contacts[:] = [c for c in world.contacts if c.id != int(change.request.contact_id)]
    shop.running.refresh()
    assert counts(applied(shop, change)) == {"superseded": 1}


def test_nobody_who_is_gone_is_put_on_the_list(shop):
    change = shop.hold_back()
    world = shop.running.world.emarsys
    world.contacts[:] = [c for c in world.contacts if c.id != int(change.request.contact_id)]
    shop.running.refresh()
    result = applied(shop, change)
    assert (counts(result), shop.sent("/add")) == ({"superseded": 1}, [])


@pytest.mark.parametrize("opt_in", ["1"])
def test_a_newsletter_stays_where_the_contact_opted_in_again(shop, opt_in):
    change = shop.end_newsletter()
    shop.contacts[int(change.request.contact_id)].values[OPT_IN] = opt_in
    result = applied(shop, change)
    assert (counts(result), shop.mutations()) == ({"superseded": 1}, [])


@pytest.mark.parametrize("taken", ["key", "email"])
def test_a_contact_that_exists_by_now_is_not_made(shop, taken):
    change, other = shop.create(1), shop.next_contact()
    if taken == "key":
        other.values[shop.key_field] = change.request.key
    else:
        other.values[EMAIL] = change.request.set["3"].upper()
    shop.running.refresh()
    result = applied(shop, change)
    assert (counts(result), shop.sent("PUT")) == ({"superseded": 1}, [])


def without_contact(shop: Shop) -> tuple[Any, Change]:
    """Return a customer who has no contact, and the making of it."""
    world = shop.running.world
    row = world.centra.customers[0]
    kept = [c for c in world.emarsys.contacts if (c.values.get(EMAIL) or "").lower() != row.email]
    world.emarsys.contacts[:] = [c for c in kept if c.values.get(shop.key_field) != str(row.id)]
    shop.running.refresh()
    request = NewContact(str(shop.key_field), str(row.id), "3", {"3": row.email, "1": "Ann"})
    return row, made(request, remedy="create_contact")


def test_a_contact_of_a_customer_who_is_there_is_made(shop):
    _, change = without_contact(shop)
    assert counts(applied(shop, change)) == {"verified": 1}


@pytest.mark.parametrize("what", ["erased", "gone", "moved"])
def test_no_contact_is_made_of_somebody_whom_centra_has_erased_or_changed_since(shop, what):
    row, change = without_contact(shop)
    path, digest = shop.plan(change)
    if what == "erased":
        anonymise(shop.running.world.centra, row, shop.clock())
    elif what == "gone":
        shop.running.world.centra.customers.remove(row)
    else:
        row.email = "moved@example.com"
    shop.running.refresh()
    result = apply(shop.run(), path, digest)
    assert (counts(result), notes(result)) == ({"superseded": 1}, {NO_CUSTOMER.note})
    assert shop.sent("PUT") == []


@pytest.mark.parametrize(("is_there", "outcome"), [(True, "verified"), (False, "superseded")])
def test_where_contacts_are_matched_by_email_the_customer_is_looked_for_too(
    shop, is_there, outcome
):
    row, _ = without_contact(shop)
    change = made(
        NewContact("3", row.email, "3", {"1": "Ann"}, str(row.id)), remedy="create_contact"
    )
    path, digest = shop.plan(change)
    if not is_there:
        anonymise(shop.running.world.centra, row, shop.clock())
        shop.running.refresh()
    assert counts(apply(shop.run(), path, digest)) == {outcome: 1}


def test_a_contact_that_emarsys_takes_no_key_of_keeps_nobody_else_from_being_made(
    shop, monkeypatch
):
    first, second = shop.create(1), shop.create(2)

    def refused(*asked: Any) -> Iterator[Ids]:
        for ids in checkids(*asked):
            codes = {key: 2005 if "new-1" in key else code for key, code in ids.failed.items()}
            yield Ids(ids.of_key, codes)

    monkeypatch.setattr("auditor.correct.applying.writers.contacts.checkids", refused)
    result = applied(shop, first, second)
    assert (counts(result), result.stopped) == ({"verified": 1, "superseded": 1}, None)
    assert result.receipts[first.id].note == UNUSABLE.note


def test_two_new_contacts_with_one_address_become_one(shop):
    first, second = shop.create(1), shop.create(2)
    second.request.set["3"] = first.request.set["3"]
    assert counts(applied(shop, first, second)) == {"verified": 1, "superseded": 1}


def test_old_news_is_not_told(shop):
    change = shop.fire(shop.orders()[0], 1)
    shop.clock.ahead += timedelta(hours=20)
    now = shop.clock()
    result = applied(shop, change, as_of=now, expires_at=now + timedelta(hours=4))
    assert (counts(result), shop.sent("/trigger")) == ({"superseded": 1}, [])


def test_an_event_of_an_order_that_was_cancelled_is_not_fired(shop):
    order = shop.orders()[0]
    change = shop.fire(order, 1)
    order.status = "CANCELLED"
    shop.running.refresh()
    result = applied(shop, change)
    assert (counts(result), shop.sent("/trigger")) == ({"superseded": 1}, [])


def test_no_event_tells_somebody_whom_centra_has_erased_since_of_an_order(shop):
    order = shop.orders()[0]
    path, digest = shop.plan(shop.fire(order, 1))
    centra = shop.running.world.centra
    owner = next(one for one in centra.customers if one.id == order.customer_id)
    anonymise(centra, owner, shop.clock())
    shop.running.refresh()
    result = apply(shop.run(), path, digest)
    assert (counts(result), notes(result)) == ({"superseded": 1}, {ERASED.note})
    assert shop.sent("/trigger") == []


def test_an_event_whose_contact_has_another_key_is_not_fired(shop):
    change = shop.fire(shop.orders()[0], 1)
    shop.contacts[int(change.request.contact_id)].values[shop.key_field] = "77777"
    shop.running.refresh()
    result = applied(shop, change)
    assert (counts(result), shop.sent("/trigger")) == ({"superseded": 1}, [])


def test_an_event_that_failed_is_none_that_others_may_fire_instead(shop, monkeypatch):
    first, second = shop.fire(shop.orders()[0], 1), shop.fire(shop.orders()[0], 2)
    same = replace(second.request, contact_id=first.request.contact_id, key=first.request.key)
    path, digest = shop.plan(first, made(same, remedy="trigger_event"))
    shop.running.faults.arm(Fault("emarsys", "status", match="/trigger", status=429, times=1))
    assert counts(apply(shop.run(), path, digest)) == {"failed": 1}
    theirs = {
        "contact_id": same.contact_id,
        "event_type_id": str(same.event_id),
        "happened_at": shop.clock().replace(tzinfo=None),
    }
    with_rows(monkeypatch, "events", "external_events", theirs)
    result = apply(shop.run(), path, digest)
    assert counts(result) == {"failed": 1, "superseded": 1}
    assert len(shop.sent("/trigger")) == 1


def test_an_event_that_has_no_time_counts_as_fired_since(shop, monkeypatch):
    change = shop.fire(shop.orders()[0], 1)
    untimed = {
        "contact_id": change.request.contact_id,
        "event_type_id": str(change.request.event_id),
        "happened_at": None,
    }
    with_rows(monkeypatch, "events", "external_events", untimed)
    result = applied(shop, change)
    assert (counts(result), notes(result)) == ({"superseded": 1}, {FIRED.note})
    assert shop.sent("/trigger") == []


def test_an_event_that_has_no_time_shows_nothing(shop, monkeypatch):
    change = shop.fire(shop.orders()[0], 1)
    path, digest = shop.plan(change)
    apply(shop.run(), path, digest)
    untimed = {
        "contact_id": change.request.contact_id,
        "event_type_id": str(change.request.event_id),
        "happened_at": None,
    }
    with_rows(monkeypatch, "events", "external_events", untimed)
    assert counts(verify(shop.run(), path)) == {"pending": 1}


def with_rows(monkeypatch, module: str, stream: str, *rows: dict[str, Any]) -> None:
    """Let a stream have some rows more, as a writer reads it."""
    name = f"auditor.correct.applying.writers.{module}"
    read = import_module(name).rows_now

    def more(points: Any, of: str, *asked: Any) -> list[dict[str, Any]]:
        return [*read(points, of, *asked), *(rows if of == stream else ())]

    monkeypatch.setattr(f"{name}.rows_now", more)


@pytest.mark.parametrize("untold", ["quantity_milli", "amount_minor"])
def test_a_row_of_sales_without_a_number_counts_as_nothing(shop, monkeypatch, untold):
    change = shop.sell(shop.orders()[0])
    (line,) = change.request.lines
    row = {
        "order_number": change.request.order,
        "item": line.item,
        "quantity_milli": 0,
        "amount_minor": 0,
        untold: None,
    }
    with_rows(monkeypatch, "sales", "sales", row)
    assert counts(applied(shop, change)) == {"pending": 1}


def test_sales_of_an_order_that_changed_since_are_not_sent(shop):
    order = shop.orders()[0]
    change = shop.sell(order)
    order.updated_at += timedelta(minutes=1)
    shop.running.refresh()
    result = applied(shop, change)
    assert (counts(result), shop.sent("/sales-data")) == ({"superseded": 1}, [])


@pytest.mark.parametrize("key", ["77777", None])
def test_sales_of_a_contact_with_another_key_are_not_sent(shop, key):
    change = shop.sell(shop.orders()[0])
    (owner,) = [
        one
        for one in shop.contacts.values()
        if one.values.get(shop.key_field) == change.request.customer
    ]
    owner.values[shop.key_field] = key
    shop.running.refresh()
    result = applied(shop, change)
    assert (counts(result), notes(result)) == ({"superseded": 1}, {NAMELESS.note})
    assert shop.sent("/sales-data") == []


def test_sales_are_not_sent_by_a_key_that_the_plan_has_changed(shop):
    sale = shop.sell(shop.orders()[0])
    (owner,) = [
        one
        for one in shop.contacts.values()
        if one.values.get(shop.key_field) == sale.request.customer
    ]
    expect = {str(n): owner.values.get(n) for n in (EMAIL, shop.key_field)}
    request = ContactFields(str(owner.id), {str(shop.key_field): "77777"}, expect)
    result = applied(shop, made(request, remedy="set_key"), sale)
    assert counts(result) == {"verified": 1, "superseded": 1}
    assert shop.sent("/sales-data") == []


def test_lines_that_another_plan_has_sent_are_not_sent_again(shop):
    change = shop.sell(shop.orders()[0])
    applied(shop, change)
    result = applied(shop, change, run="run-2")
    assert (counts(result), len(shop.sent("/sales-data"))) == ({"superseded": 1}, 1)


@pytest.mark.parametrize("taken", ["key", "email"])
def test_no_contact_is_given_a_key_or_an_address_that_another_has_by_now(shop, taken):
    contact, other = shop.next_contact(), shop.next_contact()
    field = shop.key_field if taken == "key" else EMAIL
    value = "77777" if taken == "key" else "new@example.com"
    expect = {str(number): contact.values.get(number) for number in (EMAIL, shop.key_field)}
    request = ContactFields(str(contact.id), {str(field): value}, expect)
    path, digest = shop.plan(made(request, remedy="set_key"))
    other.values[field] = value
    shop.running.refresh()
    result = apply(shop.run(), path, digest)
    assert (counts(result), notes(result)) == ({"superseded": 1}, {TAKEN.note})
    assert shop.sent("PUT") == []


@pytest.mark.parametrize("taken", ["key", "email"])
def test_a_contact_is_given_a_key_or_an_address_that_nobody_has(shop, taken):
    contact = shop.next_contact()
    field = shop.key_field if taken == "key" else EMAIL
    value = "77777" if taken == "key" else "new@example.com"
    expect = {str(number): contact.values.get(number) for number in (EMAIL, shop.key_field)}
    request = ContactFields(str(contact.id), {str(field): value}, expect)
    assert counts(applied(shop, made(request, remedy="set_key"))) == {"verified": 1}


def test_what_one_change_of_the_plan_sets_is_no_surprise_to_another(shop):
    first = shop.rename()
    contact = shop.contacts[int(first.request.contact_id)]
    shop.taken.discard(contact.id)
    before = {str(n): contact.values.get(n) for n in (1, 2, 3, shop.key_field)}
    second = shop.rename()
    other = made(ContactFields(str(contact.id), {"2": "Family"}, before), remedy="key_contact")
    assert second.request.contact_id == first.request.contact_id
    assert counts(applied(shop, first, other)) == {"verified": 2}


def renames(shop: Shop, *sets: dict[str, Value]) -> list[Change]:
    """Return several changes of the fields of one contact, all made when none of them was applied."""
    contact = shop.next_contact()
    before = {str(n): contact.values.get(n) for n in (1, 2, EMAIL, shop.key_field)}
    requests = [ContactFields(str(contact.id), one, dict(before)) for one in sets]
    return [made(one, remedy="retire_orphan") for one in requests]


def test_of_two_changes_of_a_field_the_second_does_not_overwrite_the_first(shop):
    changes = renames(shop, {"1": "Ann"}, {"1": "Eve"})
    first = min(changes, key=lambda one: one.id).request
    result = applied(shop, *changes)
    assert isinstance(first, ContactFields)
    assert counts(result) == {"verified": 1, "superseded": 1}
    assert shop.value(first.contact_id, FIRST_NAME) == first.set["1"]


def test_two_changes_that_set_a_field_to_one_value_may_set_others_beside_it(shop):
    changes = renames(shop, {"1": "Ann", "2": "Ek"}, {"1": "Ann", "3": "ann@example.com"})
    assert counts(applied(shop, *changes)) == {"verified": 2}


# What is read after, and what stops.


def test_what_does_not_show_is_no_success(shop, monkeypatch):
    from auditor.sandbox.emarsys.contacts import Contacts

    monkeypatch.setattr(Contacts, "change", lambda *_: set())
    result = applied(shop, shop.opt_out())
    assert (notes(result), result.exit_code) == ({NOT_SEEN}, 4)


def test_a_newsletter_row_that_does_not_follow_the_flag_is_told(tmp_path):
    from dataclasses import replace

    from tests.brand import FAST
    from tests.correct.applying import shop as module

    stubborn = replace(FAST, newsletter_flip="none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FAST", stubborn)
        with module.shop(tmp_path / "shop") as shop:
            result = applied(shop, shop.end_newsletter())
    assert counts(result) == {"failed": 1}


def test_nothing_goes_on_after_a_failed_canary(shop, monkeypatch):
    from auditor.sandbox.emarsys.contacts import Contacts

    monkeypatch.setattr(Contacts, "change", lambda *_: set())
    result = applied(shop, *(shop.opt_out() for _ in range(5)))
    assert (counts(result), result.left) == ({"failed": 1}, 4)
    assert isinstance(result.stopped, ApplyError)


def test_what_failed_in_another_plan_does_not_stop_the_rest_again(shop, monkeypatch):
    from auditor.sandbox.emarsys.contacts import Contacts

    changes = in_order([*(shop.opt_out() for _ in range(4)), shop.create(1)])
    assert isinstance(changes[0].request, ContactFields)
    number, takes = int(changes[0].request.contact_id), Contacts.change
    monkeypatch.setattr(
        Contacts,
        "change",
        lambda self, one, values: [] if one.id == number else takes(self, one, values),
    )
    first = applied(shop, *changes)
    assert (counts(first), first.left) == ({"failed": 1}, 4)
    second = applied(shop, *changes, run="run-2")
    assert (counts(second), second.left) == ({"verified": 4, "failed": 1}, 0)


def test_what_was_left_is_applied_later(shop, monkeypatch):
    from auditor.sandbox.emarsys.contacts import Contacts

    path, digest = shop.plan(*(shop.opt_out() for _ in range(5)))
    with monkeypatch.context() as patch:
        patch.setattr(Contacts, "change", lambda *_: set())
        apply(shop.run(), path, digest)
    assert counts(apply(shop.run(), path, digest)) == {"verified": 4, "failed": 1}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_credentials_stops_everything(shop, status):
    shop.running.faults.arm(
        Fault("emarsys", "status", match="create_if_not", status=status, times=None)
    )
    result = applied(shop, *(shop.opt_out() for _ in range(3)), shop.hold_back())
    signed = len(shop.sent("PUT"))  # a 401 is tried with a new token once
    assert (result.left, shop.sent("/add"), signed) == (3, [], 2 if status == 401 else 1)


def test_a_token_that_may_not_write_in_centra_is_told(shop):
    body = b'{"errors":[{"message":"You need Customer:write permission"}]}'
    shop.running.faults.arm(
        Fault("centra", "status", match="mutation", status=200, body=body, times=None)
    )
    result = applied(shop, shop.end_newsletter(), shop.end_newsletter())
    assert (counts(result), result.left) == ({"failed": 1}, 1)
    assert "Customer:write" in str(result.stopped)


@pytest.mark.parametrize(("failing", "is_stopped"), [(1, False), (2, True)])
def test_it_stops_once_more_than_two_in_a_hundred_fail(shop, monkeypatch, failing, is_stopped):
    """Fifty on the list, of whom some fail in the last batch; one more change would follow."""
    from auditor.systems.emarsys.writing import quarantine
    from auditor.systems.emarsys.writing.results import RowResult

    add = quarantine.add_to_quarantine
    held = [shop.hold_back() for _ in range(50)]
    last = sorted(held, key=lambda one: one.id)[-failing:]
    bad = {one.request.contact_id for one in last}

    def some_fail(reader, api, members):
        return tuple(
            RowResult(one.key, "failed", 1) if one.key in bad else one
            for one in add(reader, api, members)
        )

    monkeypatch.setattr("auditor.correct.applying.writers.lists.add_to_quarantine", some_fail)
    result = applied(shop, *held, shop.create(1))
    assert (result.count("failed"), result.left) == (failing, 1 if is_stopped else 0)


# Who may stop it, and when.


def test_a_file_stops_it_before_anything_is_sent(shop):
    Path("var").mkdir(exist_ok=True)
    Path("var/STOP").touch()
    with pytest.raises(StoppedError, match="STOP"):
        applied(shop, shop.opt_out())
    assert shop.sent("PUT") == []


def test_a_flag_stops_it_before_anything_is_sent(shop):
    halt(shop.run(), "campaign at noon")
    with pytest.raises(StoppedError, match="campaign at noon"):
        applied(shop, shop.opt_out())
    assert shop.sent("PUT") == []


def test_a_flag_that_was_lifted_stops_nothing(shop):
    halt(shop.run(), "x")
    lift(shop.run())
    assert counts(applied(shop, shop.opt_out())) == {"verified": 1}


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_switch_that_is_pulled_meanwhile_stops_the_next_request(shop, monkeypatch, after):
    calls: list[object] = []

    def pulled(api, batch):
        if len(calls) == after:
            halt(shop.run(), "meanwhile")
        calls.append(batch)
        return update_contacts(api, batch)

    monkeypatch.setattr(UPDATE, pulled)
    result = applied(shop, *(shop.opt_out() for _ in range(14)))
    assert len(shop.sent("PUT")) == after
    assert "meanwhile" in str(result.stopped)


def test_what_was_stopped_goes_on_later(shop, monkeypatch):
    def pulled(api, batch):
        halt(shop.run(), "meanwhile")
        return update_contacts(api, batch)

    path, digest = shop.plan(*(shop.opt_out() for _ in range(3)))
    with monkeypatch.context() as patch:
        patch.setattr(UPDATE, pulled)
        stopped = apply(shop.run(), path, digest)
    lift(shop.run())
    result = apply(shop.run(), path, digest)
    assert (stopped.exit_code, counts(result), result.exit_code) == (4, {"verified": 3}, 0)


def test_sales_that_were_stopped_before_they_left_are_sent_later(shop, monkeypatch):
    path, digest = shop.plan(shop.sell(shop.orders()[0]))
    with monkeypatch.context() as patch:

        def halted(*asked: Any, **parts: Any) -> Any:
            halt(shop.run(), "now")
            return upload_once(*asked, **parts)

        patch.setattr("auditor.correct.applying.writers.sales.upload_once", halted)
        stopped = apply(shop.run(), path, digest)
    assert (type(stopped.stopped), shop.sent("/sales-data")) == (StoppedError, [])
    lift(shop.run())
    assert counts(apply(shop.run(), path, digest)) == {"pending": 1}
    assert len(shop.sent("/sales-data")) == 1


def test_a_window_that_closes_meanwhile_stops_the_next_request(shop, monkeypatch):
    zone = shop.settings.timezone
    now = shop.clock().astimezone(zone)
    begin, end = now - timedelta(hours=1), now + timedelta(hours=1)
    shop.change_settings(window=f"{begin:%H:%M}-{end:%H:%M}")

    def late(api, batch):
        shop.clock.ahead += timedelta(hours=2)
        return update_contacts(api, batch)

    monkeypatch.setattr(UPDATE, late)
    result = applied(shop, shop.opt_out(), shop.opt_out())
    assert (shop.sent("PUT"), "window" in str(result.stopped)) == ([], True)


def test_two_cannot_apply_at_once(shop):
    ledger = Ledger(shop.settings.store.ledger)
    Lease(ledger, shop.settings.brand, shop.clock, "elsewhere:1:x").take()
    ledger.close()
    with pytest.raises(UnsafePlanError, match="Another process"):
        applied(shop, shop.opt_out())


def test_whoever_lost_the_lease_sends_nothing(shop, monkeypatch):
    def slept(api, batch):
        shop.clock.ahead += timedelta(hours=1)
        ledger = Ledger(shop.settings.store.ledger)
        Lease(ledger, shop.settings.brand, shop.clock, "elsewhere:1:x").take()
        ledger.close()
        return update_contacts(api, batch)

    monkeypatch.setattr(UPDATE, slept)
    result = applied(shop, shop.opt_out())
    assert (shop.sent("PUT"), "took over" in str(result.stopped)) == ([], True)


# Faults that pass.


def test_an_event_without_an_answer_is_fired_once_more_under_its_id(shop):
    shop.running.faults.arm(Fault("emarsys", "cut", match="/trigger"))
    result = applied(shop, shop.fire(shop.orders()[0], 1))
    fired = [
        one for one in shop.running.world.emarsys.fired_events if one.event_id.startswith("api")
    ]
    assert (len(shop.sent("/trigger")), len(fired), counts(result)) == (2, 1, {"pending": 1})


def test_an_event_that_never_gets_an_answer_is_not_fired_a_third_time(shop):
    shop.running.faults.arm(Fault("emarsys", "cut", match="/trigger", times=None))
    path, digest = shop.plan(shop.fire(shop.orders()[0], 1))
    apply(shop.run(), path, digest)
    apply(shop.run(), path, digest)
    assert len(shop.sent("/trigger")) == 2


def begun_elsewhere(shop: Shop, change: Change, times: int = 1, decided: Any = None) -> None:
    """Let another plan have set out to fire an event so many times; what became of it, if known."""
    ledger = Ledger(shop.settings.store.ledger)
    journal = Journal(ledger, shop.settings.brand, shop.clock)
    path, _ = shop.plan(change, run="run-0")
    plan = decoded(path.read_bytes())
    for _ in range(times):
        journal.intend(plan, "another", [change])
    if decided is not None:
        journal.decide(plan, "another", {change.id: Decision(change.id, decided)})
    ledger.close()


@pytest.mark.parametrize("state", ["pending", "verified"])
def test_an_event_that_another_plan_has_fired_is_not_fired_again(shop, state):
    change = shop.fire(shop.orders()[0], 1)
    begun_elsewhere(shop, change, decided=state)
    result = applied(shop, change)
    assert (notes(result), counts(result)) == ({FIRED_BEFORE.note}, {"superseded": 1})
    assert shop.sent("/trigger") == []


def test_an_event_is_not_fired_again_because_its_parcel_was_touched(shop):
    """Where nobody says when a parcel left it is the time of its last change, and the request another."""
    change = shop.fire(shop.orders()[0], 1)
    begun_elsewhere(shop, change, decided="pending")
    later = replace(change.request, happened_at=change.request.happened_at + timedelta(minutes=1))
    result = applied(shop, replace(change, id="touched", request=later))
    assert (notes(result), shop.sent("/trigger")) == ({FIRED_BEFORE.note}, [])


def test_an_event_that_another_plan_failed_to_fire_is_fired(shop):
    change = shop.fire(shop.orders()[0], 1)
    begun_elsewhere(shop, change, decided="failed")
    assert counts(applied(shop, change)) == {"pending": 1}


@pytest.mark.parametrize(("times", "firings"), [(1, 1), (2, 0)])
def test_an_event_that_another_plan_may_have_fired_is_fired_once_more(shop, times, firings):
    change = shop.fire(shop.orders()[0], 1)
    begun_elsewhere(shop, change, times)
    shop.running.faults.arm(Fault("emarsys", "cut", match="/trigger", times=None))
    applied(shop, change)
    assert len(shop.sent("/trigger")) == firings


def test_an_event_that_waits_is_fired_by_no_plan_that_follows(shop):
    change = shop.fire(shop.orders()[0], 1)
    results = [applied(shop, change, run=f"run-{number}") for number in range(4)]
    assert [counts(one) for one in results] == [{"pending": 1}, *[{"superseded": 1}] * 3]
    assert len(shop.sent("/trigger")) == 1


def test_what_a_rehearsal_says_of_an_event_that_was_fired(shop):
    change = shop.fire(shop.orders()[0], 1)
    begun_elsewhere(shop, change, decided="pending")
    path, _ = shop.plan(change)
    rehearsed = rehearse(shop.run(), path)
    assert (rehearsed.due, dict(rehearsed.reasons)) == (0, {FIRED_BEFORE.note: 1})


def test_sales_without_an_answer_are_never_sent_again(shop):
    shop.running.faults.arm(Fault("emarsys", "cut", match="/sales-data"))
    path, digest = shop.plan(shop.sell(shop.orders()[0]))
    first = apply(shop.run(), path, digest)
    apply(shop.run(), path, digest)
    assert (len(shop.sent("/sales-data")), counts(first)) == (1, {"pending": 1})


def test_sales_that_were_refused_are_told_and_may_be_planned_again(shop):
    shop.running.faults.arm(Fault("emarsys", "status", match="/sales-data", status=400))
    change = shop.sell(shop.orders()[0])
    first, second = applied(shop, change), applied(shop, change, run="run-2")
    assert (counts(first), counts(second)) == ({"failed": 1}, {"pending": 1})


def test_contacts_that_are_written_at_the_second_try_are_verified(shop):
    shop.running.faults.arm(Fault("emarsys", "cut", match="create_if_not_exists"))
    assert counts(applied(shop, shop.opt_out())) == {"verified": 1}


def test_a_system_that_cannot_be_read_stops_it_before_it_sends(shop):
    shop.running.faults.arm(Fault("emarsys", "status", match="getdata", times=None))
    result = applied(shop, shop.opt_out())
    assert (shop.sent("PUT"), result.left, result.exit_code) == ([], 1, 3)


def test_what_cannot_be_read_back_is_decided_later(shop):
    shop.running.faults.arm(Fault("emarsys", "status", match="getdata", times=None, skip=1))
    path, digest = shop.plan(shop.opt_out())
    first = apply(shop.run(), path, digest)
    shop.running.faults.clear()
    assert (first.count("sent"), counts(verify(shop.run(), path))) == (1, {"verified": 1})


@pytest.mark.parametrize("kind", ["opt_out", "sell"])
def test_what_was_intended_and_never_sent_is_sent_after_a_verify(shop, monkeypatch, kind):
    path, digest = shop.plan(shop.opt_out() if kind == "opt_out" else shop.sell(shop.orders()[0]))
    with monkeypatch.context() as patch:
        for name in (UPDATE, "auditor.correct.applying.writers.sales.upload_once"):
            patch.setattr(name, die)
        with pytest.raises(KilledError):
            apply(shop.run(), path, digest)
    undecided = verify(shop.run(), path).count("intent")
    result = apply(shop.run(), path, digest)
    made = len(shop.sent("PUT")) + len(shop.sent("/sales-data"))
    assert (undecided, made, result.exit_code) == (1, 1, 0)


def die(*_args: object, **_parts: object) -> None:
    raise KilledError


# Rehearsing, verifying and undoing.


def test_a_rehearsal_sends_nothing_and_tells_what_is_due(shop):
    changes = shop.of_every_kind()
    path, _ = shop.plan(*changes)
    rehearsed = rehearse(shop.run(), path)
    writes = shop.sent("PUT") + shop.sent("/trigger") + shop.sent("/sales") + shop.mutations()
    assert (rehearsed.due, writes) == (len(changes), [])


def test_a_rehearsal_tells_what_would_be_skipped(shop):
    change = shop.opt_out()
    shop.contacts[int(change.request.contact_id)].values[OPT_IN] = "2"
    path, _ = shop.plan(change, shop.opt_out())
    rehearsed = rehearse(shop.run(), path)
    assert (rehearsed.due, dict(rehearsed.reasons)) == (1, {SO_ALREADY: 1})


def test_another_digest_sends_nothing(shop):
    path, digest = shop.plan(shop.opt_out())
    with pytest.raises(StalePlanError):
        apply(shop.run(), path, digest[:-1] + "0x"[digest[-1] == "0"])
    assert shop.sent("PUT") == []


def test_what_shows_after_the_load_is_verified(shop):
    path, digest = shop.plan(shop.sell(shop.orders()[0]), shop.fire(shop.orders()[1], 1))
    apply(shop.run(), path, digest)
    before = counts(verify(shop.run(), path))
    shop.load()
    assert (before, counts(verify(shop.run(), path))) == ({"pending": 2}, {"verified": 2})


def test_sales_that_show_otherwise_are_no_success_once_they_had_the_time(shop):
    change = shop.sell(shop.orders()[0])
    path, digest = shop.plan(change)
    apply(shop.run(), path, digest)
    shop.upload(change.request)
    shop.load()
    early = counts(verify(shop.run(), path))
    shop.clock.ahead += timedelta(hours=27)
    assert (early, counts(verify(shop.run(), path))) == ({"pending": 1}, {"failed": 1})


def test_sales_that_never_show_stay_pending(shop):
    path, digest = shop.plan(shop.sell(shop.orders()[0]))
    apply(shop.run(), path, digest)
    shop.clock.ahead += timedelta(days=9)
    assert counts(verify(shop.run(), path)) == {"pending": 1}


def test_what_somebody_changed_back_is_told(shop):
    change = shop.opt_out()
    path, digest = shop.plan(change)
    apply(shop.run(), path, digest)
    shop.contacts[int(change.request.contact_id)].values[OPT_IN] = "1"
    result = verify(shop.run(), path)
    assert (list(result.reverted), result.exit_code) == ([change.id], 4)


def test_a_plan_that_was_never_applied_has_nothing_to_verify(shop):
    path, _ = shop.plan(shop.opt_out())
    with pytest.raises(ConfigError, match="never applied"):
        verify(shop.run(), path)


def test_a_plan_is_taken_back(shop):
    rename, held = shop.rename(), shop.hold_back()
    before = shop.value(rename.request.contact_id, FIRST_NAME)
    result = applied(shop, rename, held)
    assert result.undo is not None
    back = apply(shop.run(), result.undo.path, result.undo.digest)
    assert (counts(back), shop.quarantined()) == ({"verified": 2}, set())
    assert shop.value(rename.request.contact_id, FIRST_NAME) == before


def test_an_opt_out_is_never_taken_back(shop):
    path, digest = shop.plan(shop.opt_out())
    result = apply(shop.run(), path, digest)
    with pytest.raises(UnsafePlanError, match="opt-out"):
        undo(shop.run(), path)
    assert result.undo is None


def test_the_way_back_leaves_out_what_stays(shop):
    rename, gone = shop.rename(), shop.opt_out()
    path, digest = shop.plan(rename, gone)
    apply(shop.run(), path, digest)
    planned = undo(shop.run(), path)
    assert [one.origin.key for one in planned.plan.changes] == [rename.origin.key]


def test_the_way_back_names_what_nobody_knows_to_be_made(shop):
    shop.running.faults.arm(Fault("emarsys", "status", match="getdata", times=None, skip=1))
    path, digest = shop.plan(shop.rename())
    apply(shop.run(), path, digest)
    shop.running.faults.clear()
    with pytest.raises(UnsafePlanError, match="auditor verify"):
        undo(shop.run(), path)
    verify(shop.run(), path)
    assert len(undo(shop.run(), path).plan.changes) == 1


def test_what_was_changed_again_is_not_taken_back(shop):
    rename = shop.rename()
    result = applied(shop, rename)
    shop.contacts[int(rename.request.contact_id)].values[FIRST_NAME] = "Another"
    assert result.undo is not None
    back = apply(shop.run(), result.undo.path, result.undo.digest)
    assert (counts(back), shop.value(rename.request.contact_id, FIRST_NAME)) == (
        {"superseded": 1},
        "Another",
    )


def test_the_way_back_has_an_expiry_of_its_own(shop):
    path, digest = shop.plan(shop.rename())
    apply(shop.run(), path, digest)
    shop.clock.ahead += timedelta(days=2)
    planned = undo(shop.run(), path)
    assert planned.plan.expires_at > shop.clock()


def test_the_way_back_passes_the_same_rails(shop):
    result = applied(shop, shop.rename())
    halt(shop.run(), "no")
    assert result.undo is not None
    with pytest.raises(StoppedError):
        apply(shop.run(), result.undo.path, result.undo.digest)


def test_asking_twice_gives_one_way_back(shop):
    path, digest = shop.plan(shop.rename())
    first, second = apply(shop.run(), path, digest), verify(shop.run(), path)
    assert first.undo is not None
    assert second.undo is not None
    assert first.undo.digest == second.undo.digest


def test_the_way_back_is_a_plan_that_can_be_read(shop):
    result = applied(shop, shop.rename())
    assert result.undo is not None
    assert decoded(result.undo.path.read_bytes()) == result.undo.plan


# Runs that nobody watches.


def test_unattended_only_what_is_auto_is_made(shop):
    automatic, other = shop.opt_out(), shop.rename()
    path, digest = shop.plan(automatic, other)
    result = apply(shop.run(), path, digest, only_auto=True)
    assert (set(result.receipts), result.left) == ({automatic.id}, 0)


def test_unattended_policy_decides_what_is_auto(shop):
    path, digest = shop.plan(shop.opt_out())
    shop.change_settings(policy={"opt_out": "confirm"})
    result = apply(shop.run(), path, digest, only_auto=True)
    assert (result.receipts, shop.sent("PUT")) == ({}, [])


def test_unattended_nothing_is_made_of_what_there_is_more_of_than_its_cap(shop):
    capped, other = shop.opt_out(), shop.rename()
    shop.change_settings(policy={other.remedy: "auto"})
    path, digest = shop.plan(capped, other, withheld=(Withheld(capped.remedy, 7, CAPPED),))
    result = apply(shop.run(), path, digest, only_auto=True)
    assert (set(result.receipts), result.left) == ({other.id}, 0)


def test_the_effect_is_told_check_by_check(shop):
    result = applied(shop, shop.rename(), shop.opt_out())
    told = {one.check: (one.predicted, one.made, one.resolved) for one in result.effect}
    assert told == {"check.push_profile": (1, 1, None), "check.opt_out": (1, 1, None)}


def test_receipts_survive_the_process(shop):
    path, digest = shop.plan(shop.opt_out())
    apply(shop.run(), path, digest)
    ledger = Ledger(shop.settings.store.ledger)
    kept = Journal(ledger, shop.settings.brand, shop.clock).receipts(digest)
    ledger.close()
    assert [one.state for one in kept.values()] == ["verified"]
