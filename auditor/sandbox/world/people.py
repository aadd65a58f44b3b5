"""The consumers: customer rows of every kind, with addresses spelled as people spell them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.sandbox.world.census import normal
from auditor.sandbox.world.chance import between, chance, deal, lucky, pick
from auditor.sandbox.world.model import Customer
from auditor.sandbox.world.moments import HISTORY
from auditor.sandbox.world.names import DOMAINS, FOLDED, PEOPLE
from auditor.sandbox.world.scale import SMALLEST
from auditor.sandbox.world.tenant import (
    CDON_MARKET,
    COUNTRY_WEIGHTS,
    OUTLET,
    RETAIL,
    ZALANDO,
    shop_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import World
    from auditor.sandbox.world.scale import Scale

FIRST_CUSTOMER_ID = 1001

# The rows that each kind of shopper has, as store and registered.
_ROWS: dict[str, tuple[tuple[int, bool], ...]] = {
    "registered": ((RETAIL, True),),
    "guest": ((RETAIL, False),),
    "twin": ((RETAIL, True), (RETAIL, False)),
    "outlet": ((RETAIL, True), (OUTLET, False)),
    "outlet_only": ((OUTLET, True),),
    "zalando": ((ZALANDO, False),),
    "cdon": ((RETAIL, False),),
    "amazon": ((RETAIL, False),),
    "miinto": ((RETAIL, False),),
    "staff": ((RETAIL, True),),
    "trade": ((RETAIL, True),),
    "erased": ((RETAIL, True),),
}
MARKETPLACE_KINDS = ("zalando", "cdon", "amazon", "miinto")
CONSUMER_KINDS = ("registered", "guest", "twin", "outlet", "outlet_only")
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    *(str,) * 91,
    *(str.title,) * 5,
    *(str.upper,) * 2,
    " {}".format,
    "{} ".format,
)
RELAY_DOMAIN = "relay.marketplace.example"


@dataclass(slots=True)
class Shopper:
    """One consumer and the customer rows they have; the kind decides what they order."""

    kind: str
    email: str
    first_name: str
    last_name: str
    country: str
    customers: list[Customer] = field(default_factory=list)


def head_count(scale: Scale) -> dict[str, int]:
    """Return how many shoppers of each kind make up exactly the customer rows of a scale."""
    rare, rows = scale.rare, scale.customers
    spare = rare + 3 if rows >= 2 * SMALLEST else rare + 1
    counts = {
        "twin": max(2 * rare, rows * 7 // 100),
        "outlet": max(rare, rows * 3 // 100),
        "outlet_only": max(rare, rows * 2 // 100),
        "zalando": max(spare, rows * 2 // 100),
        "cdon": max(spare, rows // 100),
        "amazon": max(spare, rows // 100),
        "miinto": max(spare, rows // 100),
        "staff": max(rare + 2, rows // 100),
        "trade": max(rare, rows // 250),
        "erased": max(2 * rare + 2, rows * 15 // 1000),
    }
    left = rows - sum(len(_ROWS[kind]) * count for kind, count in counts.items())
    counts["guest"] = left * 2 // 5
    counts["registered"] = left - counts["guest"]
    return counts


def populate(world: World, seed: int, scale: Scale) -> list[Shopper]:
    """Fill the tenant with customers and return who they are."""
    rng = chance(seed, "people")
    naming = Naming(rng)
    shoppers = [naming.shopper(kind) for kind in deal(rng, head_count(scale))]
    for shopper in shoppers:
        _register(world.now, rng, shopper)
    rows = sorted(
        (row for shopper in shoppers for row in shopper.customers), key=attrgetter("created_at")
    )
    for number, row in enumerate(rows, FIRST_CUSTOMER_ID):
        row.id = number
        if row.is_anonymized:
            row.email = f"anonymized-{number}@example.invalid"
    world.centra.customers = rows
    return shoppers


def respell(rng: Random, email: str) -> str:
    """Return the address as one system happens to hold it: other case, or a stray space."""
    spelled = pick(rng, _SPELLINGS)(email)
    # Some letters do not come back from upper case, such as the German sharp s.
    return spelled if normal(spelled) == email else email


class Naming:
    """Invents people whose addresses are all different once normalised."""

    def __init__(self, rng: Random, taken: Iterable[str] = ()) -> None:
        self._rng = rng
        self._countries = tuple(COUNTRY_WEIGHTS)
        self._weights = tuple(COUNTRY_WEIGHTS.values())
        self._taken = set(taken)
        self._counts: dict[str, int] = {}
        self._last = ""

    def shopper(self, kind: str) -> Shopper:
        """Invent one shopper of a kind."""
        rng = self._rng
        country = "SE" if kind == "cdon" else rng.choices(self._countries, self._weights)[0]
        firsts, lasts = PEOPLE[country]
        first, last = rng.choice(firsts), rng.choice(lasts)
        if kind in MARKETPLACE_KINDS:
            email = self._free(f"{rng.getrandbits(40):010x}", RELAY_DOMAIN)
        else:
            email = self._lookalike() or self._address(first, last)
        return Shopper(kind, email, first, last, country)

    def _address(self, first: str, last: str) -> str:
        rng = self._rng
        one, two = FOLDED[first], FOLDED[last]
        pattern = rng.randrange(250)
        if pattern == 0:
            local = ".".join("".join(filter(str.isalnum, name.lower())) for name in (first, last))
        else:
            local = (f"{one}.{two}", f"{one}{two}", f"{one[0]}.{two}", f"{two}_{one}")[pattern % 4]
        self._last = self._free(local, rng.choice(DOMAINS))
        return self._last

    def _lookalike(self) -> str | None:
        """Now and then return another person's address with a plus tag, or without its dot."""
        if not self._last or not lucky(self._rng, 0.015):
            return None
        local, domain = self._last.split("@")
        if "." in local and lucky(self._rng, 0.5):
            candidate = f"{local.replace('.', '', 1)}@{domain}"
        else:
            candidate = f"{local}+shop@{domain}"
        if candidate in self._taken:
            return None
        self._taken.add(candidate)
        return candidate

    def _free(self, local: str, domain: str) -> str:
        """Return the first free address that starts like this."""
        stem = f"{local}@{domain}"
        count = self._counts.get(stem, 0)
        while True:
            candidate = f"{local}{count or ''}@{domain}"
            count += 1
            if candidate not in self._taken:
                break
        self._counts[stem] = count
        self._taken.add(candidate)
        return candidate


def _register(now: datetime, rng: Random, shopper: Shopper) -> None:
    """Give a shopper their customer rows; most are older than the order history."""
    opening = now - HISTORY
    is_new = shopper.kind in CONSUMER_KINDS and lucky(rng, 0.25)
    for store_id, is_registered in _ROWS[shopper.kind]:
        if is_new:
            created_at = between(rng, opening, now - timedelta(hours=2))
        else:
            created_at = between(rng, now - timedelta(days=1100), opening)
        market_id = (
            CDON_MARKET if shopper.kind == "cdon" else shop_of(store_id, shopper.country).market_id
        )
        is_erased = shopper.kind == "erased"
        shopper.customers.append(
            Customer(
                id=0,
                store_id=store_id,
                status="INACTIVE" if lucky(rng, 0.04) else "ACTIVE",
                email=respell(rng, shopper.email),
                first_name="" if is_erased else shopper.first_name,
                last_name="" if is_erased else shopper.last_name,
                country=shopper.country,
                market_id=market_id,
                is_registered=is_registered,
                is_anonymized=is_erased,
                receives_newsletters=False,
                created_at=created_at,
                updated_at=between(rng, created_at, now),
            )
        )
