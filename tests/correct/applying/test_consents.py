"""Opt-outs for want of a consent: somebody who has signed up in Centra since the plan was made stays in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace as with_values

from auditor.correct.applying.writers.contacts import AGREED
from auditor.model.known_consent import KnownConsent, flag_word
from auditor.model.plan import ContactFields
from auditor.pipeline import apply
from auditor.sandbox.wire import Fault
from auditor.sandbox.world.erasure import anonymise
from tests.correct.applying.shop import EMAIL, OPT_IN
from tests.correct.applying.shop import change as made
from tests.correct.applying.test_apply import counts, notes

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.correct.applying.journal import Receipt
    from auditor.model.plan import Change
    from auditor.pipeline import Applied
    from auditor.sandbox.world.model import Contact, Customer, Subscription
    from tests.correct.applying.shop import Shop


@dataclass
class Leaver:
    """Somebody who ended the newsletter in Centra and is opted in at Emarsys."""

    shop: Shop
    contact: Contact
    customer: Customer
    row: Subscription

    @property
    def request(self) -> ContactFields:
        fields = (OPT_IN, EMAIL, self.shop.key_field)
        return ContactFields(
            str(self.contact.id),
            {"31": 2},
            {str(number): self.contact.values.get(number) for number in fields},
            self.known(),
        )

    def known(self, *agreed: Subscription) -> KnownConsent:
        """Return what a plan knows of Centra now."""
        email = self.customer.email.lower()
        every = self.shop.running.world.centra.subscriptions
        return KnownConsent(
            email,
            str(self.customer.id),
            (str(self.customer.id),),
            tuple(str(row.id) for row in every if row.email.lower() == email),
            tuple(str(row.id) for row in agreed),
            (str(self.customer.store_id),),
        )

    def flagged(self, *, receives: bool) -> None:
        """Set the newsletter flag, which the legacy Order API alone tells, and its keyed consent."""
        self.customer.receives_newsletters = receives

    def another(self, **values: Any) -> Subscription:
        """Add a newsletter row."""
        subscriptions = self.shop.running.world.centra.subscriptions
        number = max(row.id for row in subscriptions) + 1
        row = replace(self.row, **{"id": number, "is_active": True, **values})
        subscriptions.append(row)
        return row

    def opted_out(
        self, request: ContactFields | None = None, then: Callable[[], object] = lambda: None
    ) -> Applied:
        """Apply the opt-out, after something has happened in Centra since it was planned."""
        change: Change = made(
            request or self.request, remedy="opt_out", kind="auto", why="it stays"
        )
        self.shop.running.refresh()
        path, digest = self.shop.plan(change)
        then()
        self.shop.running.refresh()
        return apply(self.shop.run(), path, digest)


@pytest.fixture
def leaver(shop: Shop) -> Leaver:
    centra = shop.running.world.centra
    contacts = {one.values.get(shop.key_field): one for one in shop.contacts.values()}
    emails = [one.email.lower() for one in centra.customers]
    customer = next(
        one
        for one in centra.customers
        if str(one.id) in contacts
        and not one.is_anonymized
        and emails.count(one.email.lower()) == 1
    )
    contact = contacts[str(customer.id)]
    contact.values |= {OPT_IN: "1", EMAIL: customer.email}
    others = [r for r in centra.subscriptions if r.email.lower() != customer.email.lower()]
    row = replace(
        others[0],
        id=700_000,
        store_id=customer.store_id,
        email=customer.email,
        is_active=False,
        variant_id=None,
        size_id=None,
    )
    centra.subscriptions[:] = [*others, row]
    return Leaver(shop, contact, customer, row)


def receipts(result: Applied) -> list[Receipt]:
    return list(result.receipts.values())


def stays_in(result: Applied, leaver: Leaver) -> bool:
    told = (counts(result), notes(result)) == ({"superseded": 1}, {AGREED.note})
    return told and leaver.shop.sent("PUT") == [] and leaver.contact.values[OPT_IN] == "1"


def test_whoever_has_said_nothing_since_is_opted_out(leaver: Leaver):
    assert counts(leaver.opted_out()) == {"verified": 1}


def test_whoever_signed_up_again_is_not_opted_out(leaver: Leaver):
    assert stays_in(leaver.opted_out(then=leaver.another), leaver)


def test_a_row_that_is_active_again_is_a_sign_up_in_whatever_letters(leaver: Leaver):
    def again() -> None:
        leaver.row.is_active, leaver.row.email = True, leaver.row.email.upper()

    assert stays_in(leaver.opted_out(then=again), leaver)


def test_a_sign_up_under_the_new_address_of_the_customer_counts(leaver: Leaver):
    def moves() -> None:
        leaver.customer.email = "moved@example.com"
        leaver.another(email="moved@example.com")

    assert stays_in(leaver.opted_out(then=moves), leaver)


def test_of_a_contact_that_its_address_links_the_address_tells(leaver: Leaver):
    known = with_values(leaver.known(), customer=None, customers=())
    request = with_values(leaver.request, consent=known)
    assert stays_in(leaver.opted_out(request, leaver.another), leaver)


@pytest.mark.parametrize("what", ["another store", "a product", "another person"])
def test_what_is_no_consent_of_the_person_keeps_nobody_in(leaver: Leaver, what: str):
    values: dict[str, dict[str, Any]] = {
        "another store": {"store_id": leaver.row.store_id + 1},
        "a product": {"variant_id": leaver.shop.running.world.centra.variants[0].id},
        "another person": {"email": "other@example.com"},
    }
    result = leaver.opted_out(then=lambda: leaver.another(**values[what]))
    assert counts(result) == {"verified": 1}


def test_a_yes_that_the_plan_knew_and_a_later_no_outweighs_keeps_nobody_in(leaver: Leaver):
    older = leaver.another()
    request = with_values(leaver.request, consent=leaver.known(older))
    assert counts(leaver.opted_out(request)) == {"verified": 1}


def test_an_opt_out_for_another_reason_asks_nothing_of_centra(leaver: Leaver):
    request = with_values(leaver.request, consent=None)
    result = leaver.opted_out(request, leaver.another)
    assert counts(result) == {"verified": 1}
    assert [
        row for row in leaver.shop.running.log.rows() if b"ewsletterSubscriptions" in row.body
    ] == []


def test_whoever_was_erased_meanwhile_is_opted_out(leaver: Leaver):
    centra = leaver.shop.running.world.centra

    def erased() -> None:
        anonymise(centra, leaver.customer, leaver.shop.clock())

    assert counts(leaver.opted_out(then=erased)) == {"verified": 1}


@pytest.mark.parametrize("registered", [True, False], ids=["keyed consent", "flag"])
def test_whoever_agreed_in_the_order_api_since_is_not_opted_out(leaver: Leaver, registered: bool):
    leaver.shop.name_order_api()
    leaver.customer.is_registered, leaver.customer.receives_newsletters = registered, False
    result = leaver.opted_out(then=lambda: leaver.flagged(receives=True))
    assert stays_in(result, leaver)


def test_a_flag_that_the_plan_knew_keeps_nobody_in(leaver: Leaver):
    leaver.shop.name_order_api()
    leaver.customer.is_registered, leaver.customer.receives_newsletters = False, True
    flag = flag_word({"customer_id": str(leaver.customer.id)})
    known = with_values(leaver.known(), agreed=(flag,))
    assert counts(leaver.opted_out(with_values(leaver.request, consent=known))) == {"verified": 1}


def test_nobody_is_opted_out_while_the_order_api_does_not_tell(leaver: Leaver):
    leaver.shop.name_order_api()
    fault = Fault("centra", "status", match="/api/order/", status=503, times=None)
    result = leaver.opted_out(then=lambda: leaver.shop.running.faults.arm(fault))
    assert (receipts(result), result.left, leaver.shop.sent("PUT")) == ([], 1, [])


def test_nobody_is_opted_out_while_centra_does_not_tell(leaver: Leaver):
    fault = Fault("centra", "status", match="ewsletterSubscription", status=503, times=None)
    result = leaver.opted_out(then=lambda: leaver.shop.running.faults.arm(fault))
    assert (receipts(result), result.left, leaver.shop.sent("PUT")) == ([], 1, [])
    assert result.stopped is not None
