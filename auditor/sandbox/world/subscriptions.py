"""Newsletter subscriptions: the evidence of consent, and rows that look like it but are not."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.sandbox.world.census import census
from auditor.sandbox.world.chance import after, between, chance, lucky
from auditor.sandbox.world.model import Subscription
from auditor.sandbox.world.people import MARKETPLACE_KINDS, Naming, Shopper, respell
from auditor.sandbox.world.tenant import OUTLET, RETAIL

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import Variant, World
    from auditor.sandbox.world.scale import Scale

_LATEST = timedelta(days=4)
_EARLIEST = timedelta(days=700)
_SILENT_KINDS = (*MARKETPLACE_KINDS, "erased")

# How often each history of newsletter rows occurs; the letters are active and inactive, oldest first.
_HISTORIES = (
    ("", 0.40),
    ("a", 0.34),
    ("aa", 0.05),
    ("ia", 0.06),
    ("i", 0.08),
    ("ai", 0.05),
    ("aia", 0.02),
)


def subscribe(world: World, seed: int, scale: Scale, shoppers: list[Shopper]) -> None:
    """Sign up some of the shoppers, and some people who never bought anything."""
    desk = _Desk(chance(seed, "subscriptions"), world.now, world.centra.variants)
    for shopper in shoppers:
        if shopper.kind not in _SILENT_KINDS:
            desk.sign_up(shopper, desk.history())
    naming = Naming(chance(seed, "subscribers"), {shopper.email for shopper in shoppers})
    for _ in range(max(2 * scale.rare, scale.customers * 6 // 100)):
        desk.sign_up(naming.shopper("subscriber"), desk.history() or "a")
    desk.rows.sort(key=attrgetter("created_at"))
    for number, row in enumerate(desk.rows, 1):
        row.id = number
    world.centra.subscriptions = desk.rows
    raise_flags(world)


def raise_flags(world: World) -> None:
    """Set the newsletter flag of every customer to what the person's rows say."""
    for person in census(world.centra).people.values():
        for customer in person.customers:
            customer.receives_newsletters = person.consent == "yes"


class _Desk:
    """Writes subscription rows."""

    def __init__(self, rng: Random, now: datetime, variants: list[Variant]) -> None:
        self._rng = rng
        self._now = now
        self._variants = variants
        self.rows: list[Subscription] = []

    def history(self) -> str:
        """Draw which newsletter rows a person has."""
        roll = self._rng.random()
        for letters, share in _HISTORIES:
            roll -= share
            if roll < 0:
                return letters
        return ""

    def sign_up(self, shopper: Shopper, letters: str) -> None:
        """Write a person's rows in the order they happened, and now and then a stock request."""
        rng = self._rng
        latest = self._now - _LATEST
        moments = sorted(
            between(rng, self._now - _EARLIEST, latest - timedelta(days=3)) for _ in letters
        )
        for place, (letter, moment) in enumerate(zip(letters, moments, strict=True)):
            # Hours apart by their place, so that no two rows of a person are of the same moment.
            self._write(shopper, letter == "a", moment + timedelta(hours=place))
        if shopper.customers and lucky(rng, 0.07):
            self._ask_for_stock(shopper, after(rng, latest, -2_000, 0))

    def _write(self, shopper: Shopper, is_active: bool, created_at: datetime) -> None:
        self.rows.append(
            Subscription(
                id=0,
                store_id=OUTLET if lucky(self._rng, 0.1) else RETAIL,
                email=respell(self._rng, shopper.email),
                is_active=is_active,
                country=shopper.country,
                created_at=created_at,
            )
        )

    def _ask_for_stock(self, shopper: Shopper, created_at: datetime) -> None:
        """Write a back-in-stock request, active or not: it says nothing about consent."""
        self._write(shopper, lucky(self._rng, 0.6), created_at)
        self.rows[-1].variant_id = self._rng.choice(self._variants).id
