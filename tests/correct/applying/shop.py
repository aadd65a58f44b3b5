"""A small brand with a plan of every kind of change, written by hand from what its two systems hold."""

from __future__ import annotations

import contextlib
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.correct.applying.halt import Halt
from auditor.correct.files import write_plan
from auditor.findings.ledger import Ledger
from auditor.model.plan import (
    CatalogueCells,
    Change,
    ContactFields,
    CountedItem,
    EventFiring,
    ListMember,
    NewContact,
    NewsletterFlag,
    Origin,
    Plan,
    Request,
    SaleLine,
    SalesLines,
    Stake,
    Value,
    change_id,
    in_order,
)
from auditor.pipeline import Run
from auditor.pipeline.planning import digest_of_expectations
from auditor.resources import expectation_files
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.start import Plan as SandboxPlan
from auditor.sandbox.start import sandbox
from auditor.sandbox.world import Scale
from tests.brand import FAST
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from auditor.config import Settings
    from auditor.sandbox.start import Sandbox
    from auditor.sandbox.wire import LoggedRequest
    from auditor.sandbox.world.model import Contact, Order

SMALL = Scale.of(customers=80)
OPT_IN, EMAIL, FIRST_NAME = 31, 3, 1
NO_OPT_OUT = "an opt-out stays"


def halt(run: Run, reason: str) -> None:
    """Pull the kill switch of a brand."""
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        Halt(ledger, run.settings.brand, "var/STOP").set(reason, run.clock())


def lift(run: Run) -> None:
    """Let a brand be corrected again."""
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        Halt(ledger, run.settings.brand, "var/STOP").lift()


@dataclass
class Clock:
    """The machine's time, put forward by tests, or a moment that stands still."""

    ahead: timedelta = timedelta()
    stands_at: datetime | None = None

    def __call__(self) -> datetime:
        return (self.stands_at or utc_now()) + self.ahead


@dataclass
class Shop:
    """The brand, its settings, and hands to look into its systems."""

    running: Sandbox
    folder: Path
    clock: Clock
    taken: set[int] = field(default_factory=set)

    @property
    def settings(self) -> Settings:
        """Read the settings as they are now."""
        return load_settings(self.running.settings, self.running.environ)

    def run(self) -> Run:
        """Return what the pipeline needs."""
        return Run(self.settings, self.folder, self.clock, Silent())

    def push_catalogue(self) -> None:
        """Let the brand's catalogue be pushed."""
        raw = yaml.safe_load(self.running.settings.read_text())
        raw["emarsys"]["catalogue"]["push"] = True
        self.running.settings.write_text(yaml.safe_dump(raw))

    def feed_of_its_own(self) -> Path:
        """Let the feed be the brand's own file, which a push does not change; return it."""
        file, raw = self.folder / "feed.csv", yaml.safe_load(self.running.settings.read_text())
        raw["emarsys"]["catalogue"]["feed"] = str(file)
        self.running.settings.write_text(yaml.safe_dump(raw))
        self.write_feed(file)
        return file

    def write_feed(self, file: Path) -> None:
        """Let the brand write into its feed what Emarsys recommends by now."""
        file.write_bytes(
            httpx.get(f"{self.running.urls['emarsys']}/feeds/catalogue.csv", timeout=60).content
        )

    def change_settings(self, **corrections: Any) -> None:
        """Set limits of corrections."""
        raw = yaml.safe_load(self.running.settings.read_text())
        raw["corrections"] = raw.get("corrections", {}) | corrections
        self.running.settings.write_text(yaml.safe_dump(raw))

    def name_order_api(self) -> None:
        """Let the settings name the legacy Order API of the brand."""
        raw = yaml.safe_load(self.running.settings.read_text())
        url = f"{self.running.urls['centra']}/api/order"
        raw["centra"]["order_api"] = {"url": url, "secret": "${CENTRA_ORDER_API_SECRET}"}
        self.running.settings.write_text(yaml.safe_dump(raw))

    def change_store(self, **places: str) -> None:
        """Keep a store elsewhere."""
        raw = yaml.safe_load(self.running.settings.read_text())
        raw["store"] = raw.get("store", {}) | places
        self.running.settings.write_text(yaml.safe_dump(raw))

    @property
    def contacts(self) -> dict[int, Contact]:
        """Return the contacts of the account by id."""
        return {one.id: one for one in self.running.world.emarsys.contacts}

    def value(self, contact_id: int | str, number: int) -> str | None:
        """Return a field of a contact."""
        return self.contacts[int(contact_id)].values.get(number)

    def quarantined(self) -> set[int]:
        """Return who is on the quarantine list."""
        lists = self.running.world.emarsys.lists
        name = self.settings.emarsys.quarantine_list
        return {number for one in lists if one.name == name for number in one.contact_ids}

    def sent(self, *words: str) -> list[LoggedRequest]:
        """Return the requests whose line holds all the words, such as `PUT` and `/contact`."""
        return [
            row
            for row in self.running.log.rows()
            if all(word in f"{row.method} {row.path} {row.query}" for word in words)
        ]

    def mutations(self) -> list[LoggedRequest]:
        """Return the mutations that Centra received."""
        return [row for row in self.running.log.rows() if b"mutation" in row.body]

    def load(self) -> None:
        """Play the daily load of sales data and Open Data."""
        url = self.running.urls["emarsys"]
        httpx.post(f"{url}/sandbox/emarsys/load-sales", timeout=60).raise_for_status()

    def upload(self, lines: SalesLines) -> None:
        """Upload lines as the brand's own integration would."""
        sales = self.settings.emarsys.sales
        assert sales is not None
        rows = [
            f"{one.item},{one.amount_minor / 100:.2f},{lines.order},"
            f"{lines.sold_at:%Y-%m-%dT%H:%M:%SZ},{lines.customer},{one.quantity_milli / 1000:g}"
            for one in lines.lines
        ]
        headers = {"Authorization": f"bearer {sales.token.reveal()}", "Content-Type": "text/csv"}
        content = "\n".join([",".join(sales.columns), *rows]) + "\n"
        answer = httpx.post(
            f"{sales.url}/sales-data/api", content=content, headers=headers, timeout=60
        )
        answer.raise_for_status()

    # What a plan may hold.

    def next_contact(self, opt_in: str | None = None) -> Contact:
        """Return a contact that no change of the plan is about yet."""
        found = next(
            one
            for one in sorted(self.contacts.values(), key=lambda one: one.id)
            if one.id not in self.taken
            and opt_in in (None, one.values.get(OPT_IN))
            and one.values.get(self.key_field)
            and one.values.get(EMAIL)
        )
        self.taken.add(found.id)
        return found

    @property
    def key_field(self) -> int:
        """Return the field of the external id."""
        return self.running.world.emarsys.key_field

    def _expect(self, contact: Contact, *fields: int) -> dict[str, Any]:
        watched = sorted({*fields, EMAIL, self.key_field})
        return {str(number): contact.values.get(number) for number in watched}

    def opt_out(self) -> Change:
        """Return an opt-out of somebody who is opted in."""
        contact = self.next_contact("1")
        request = ContactFields(str(contact.id), {"31": 2}, self._expect(contact, OPT_IN))
        return change(request, remedy="opt_out", kind="auto", why=NO_OPT_OUT)

    def rename(self, name: str = "Renamed") -> Change:
        """Return a new first name for somebody."""
        contact = self.next_contact()
        before = self._expect(contact, FIRST_NAME)
        request = ContactFields(str(contact.id), {"1": name}, before)
        back = ContactFields(str(contact.id), {"1": before["1"]}, {**before, "1": name})
        return change(request, back, remedy="push_profile")

    def hold_back(self) -> Change:
        """Return somebody who is put on the quarantine list."""
        contact, name = self.next_contact(), str(self.settings.emarsys.quarantine_list)
        off = ListMember(str(contact.id), name, is_on=False)
        return change(ListMember(str(contact.id), name), off, remedy="quarantine")

    def end_newsletter(self) -> Change:
        """Return the end of a newsletter in Centra, of somebody who is opted out in Emarsys."""
        world = self.running.world
        by_email = {str(c.values.get(EMAIL)).lower(): c for c in world.emarsys.contacts}
        for customer in world.centra.customers:
            contact = by_email.get(customer.email.lower())
            rows = [
                row
                for row in world.centra.subscriptions
                if row.email.lower() == customer.email.lower()
                and row.store_id == customer.store_id
                and row.is_active
                and row.variant_id is None
            ]
            if contact is not None and rows and contact.id not in self.taken:
                self.taken.add(contact.id)
                contact.values[OPT_IN] = "2"
                request = NewsletterFlag(
                    tuple(
                        str(one.id)
                        for one in world.centra.customers
                        if one.email.lower() == customer.email.lower()
                    ),
                    customer.email,
                    tuple(str(row.id) for row in rows),
                    str(contact.id),
                    contact.values.get(EMAIL),
                    "31",
                )
                return change(request, remedy="clear_newsletter_flag", system="centra")
        raise AssertionError

    def create(self, number: int) -> Change:
        """Return a contact that does not exist, of a customer who does."""
        centra, email = self.running.world.centra, f"new-{number}@example.com"
        row = replace(centra.customers[0], id=900_000 + number, email=email)
        if row.id not in {one.id for one in centra.customers}:
            centra.customers.append(row)
            self.running.refresh()
        fields: dict[str, Value] = {"3": email, "1": "Nova"}
        request = NewContact(str(self.key_field), f"9{number:05}", "3", fields)
        return change(request, remedy="create_contact")

    def fire(self, order: Order, number: int) -> Change:
        """Return an event about a parcel of an order, for some contact."""
        contact = self.next_contact()
        name = self.settings.emarsys.events["shipped"]
        events = self.running.world.emarsys.event_definitions
        event = next(one for one in events if one.name == name)
        now = self.clock()
        request = EventFiring(
            event.id,
            name,
            str(contact.id),
            str(self.key_field),
            str(contact.values[self.key_field]),
            f"shipped:{order.number}:{order.number}-{number}",
            now - timedelta(hours=1),
            now + timedelta(hours=20),
            {"order": str(order.number), "shipment": f"{order.number}-{number}"},
        )
        return change(request, remedy="trigger_event")

    def orders(self) -> list[Order]:
        """Return orders of consumers that are not cancelled, the newest first."""
        centra = self.running.world.centra
        return sorted(
            (
                one
                for one in centra.orders
                if one.customer_id and one.status in ("SHIPPED", "CONFIRMED", "ARCHIVED")
            ),
            key=lambda one: -one.number,
        )

    def sell(self, order: Order) -> Change:
        """Return a line of an order that Emarsys does not count."""
        contact = self.next_contact()
        request = SalesLines(
            str(order.number),
            order.created_at,
            str(contact.values[self.key_field]),
            str(self.key_field),
            "SEK",
            (SaleLine(f"X-{order.number}", "sale", 1000, 10_000),),
            (CountedItem(f"X-{order.number}", 0, 0),),
            order.updated_at,
        )
        return change(request, remedy="upload_sale")

    def reprice(self, number: int) -> Change:
        """Return another price of an item of the catalogue."""
        row = self.running.world.emarsys.catalogue[number]
        now: dict[str, str | None] = {"price": f"{row.price_minor / 100:.2f}"}
        request = CatalogueCells(row.item, {"price": "1.00"}, now)
        return change(request, remedy="push_catalogue", why="x")

    def plan(self, *changes: Change, **parts: Any) -> tuple[Path, str]:
        """Write a plan of changes; return its path and digest."""
        now = self.clock()
        values: dict[str, Any] = {
            "brand": self.settings.brand,
            "run": "run-1",
            "tool": "0",
            "expectations": digest_of_expectations(expectation_files(self.folder)),
            "as_of": now - timedelta(minutes=5),
            "expires_at": now + timedelta(hours=4),
            "streams": ("contacts",),
            "records": {"emarsys": 10_000, "centra": 10_000},
            "currency": "SEK",
            "items": len(self.running.world.emarsys.catalogue),
            "changes": in_order(changes),
        }
        return write_plan(Plan(**(values | parts)))

    def of_every_kind(self, several: int = 2) -> list[Change]:
        """Return so many changes of each kind."""
        orders = self.orders()
        numbers = range(several)
        changes = [self.opt_out() for _ in numbers] + [self.end_newsletter() for _ in numbers]
        for number in numbers:
            changes += [self.rename(), self.hold_back(), self.create(number)]
            changes += [self.fire(orders[number], number), self.sell(orders[several + number])]
            changes.append(self.reprice(number))
        return changes


def change(
    request: Request,
    undo: Request | None = None,
    *,
    remedy: str,
    kind: Any = "confirm",
    system: Any = "emarsys",
    why: str | None = None,
) -> Change:
    """Return a change of a finding of its own."""
    name = change_id(remedy, request)
    origin = Origin(f"finding-{name}", f"check.{remedy}", "contact", name, "crm", "warning")
    return Change(name, origin, remedy, kind, system, request, Stake(1), undo, why)


@contextlib.contextmanager
def shop(folder: Path, clock: Clock | None = None, **emarsys: Any) -> Iterator[Shop]:
    """Start a brand; its plans and stores stand in the folder, which the process works in."""
    clock = clock or Clock()
    folder.mkdir(parents=True, exist_ok=True)
    options = EmarsysOptions(**emarsys)
    plan = SandboxPlan(folder, clock, SMALL, centra=FAST, drift=False, emarsys=options)
    with sandbox(plan) as running, contextlib.chdir(folder):
        made = Shop(running, folder, clock)
        made.change_settings(caps={"default": {"count": 500, "share": 1}})
        made.push_catalogue()
        yield made
