"""The wholesale side: accounts and the people who buy for them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import between, chance
from auditor.sandbox.world.model import Account, Buyer
from auditor.sandbox.world.moments import HISTORY
from auditor.sandbox.world.names import FOLDED, PEOPLE
from auditor.sandbox.world.people import CONSUMER_KINDS, Shopper, respell
from auditor.sandbox.world.tenant import COUNTRY_WEIGHTS, WHOLESALE

if TYPE_CHECKING:
    from random import Random

    from auditor.sandbox.world.model import World
    from auditor.sandbox.world.scale import Scale

FIRST_ACCOUNT_ID = 301
# Far from the customer ids: were a buyer's id sent as a key, it must not look like a customer's.
FIRST_BUYER_ID = 8_000_001
_EVERY_SECOND_BUYER = 4
_NAMES = ("Butik", "Boutique", "Modehus", "Magasin", "Kaufhaus", "Conceptstore")


def open_accounts(world: World, seed: int, scale: Scale, shoppers: list[Shopper]) -> None:
    """Open accounts with one or two buyers each; some buyers are consumers as well."""
    rng = chance(seed, "trade")
    consumers = [shopper for shopper in shoppers if shopper.kind in CONSUMER_KINDS]
    both = [shopper for shopper in shoppers if shopper.kind == "trade"]
    both += rng.sample(consumers, min(len(consumers), scale.rare))
    count = max(3 * scale.rare + 3, scale.customers // 250)
    for number in range(count):
        account = _open(world, rng, number)
        _hire(world, rng, account, None)
        if number % _EVERY_SECOND_BUYER == 0:
            _hire(world, rng, account, None)
    for shopper in both:
        _hire(world, rng, _open(world, rng, len(world.centra.accounts)), shopper)


def _open(world: World, rng: Random, number: int) -> Account:
    created_at = between(rng, world.now - timedelta(days=1100), world.now - HISTORY)
    account = Account(
        id=FIRST_ACCOUNT_ID + number,
        name=f"{rng.choice(_NAMES)} {number + 1}",
        status="ACTIVE",
        created_at=created_at,
        updated_at=between(rng, created_at, world.now),
    )
    world.centra.accounts.append(account)
    return account


def _hire(world: World, rng: Random, account: Account, shopper: Shopper | None) -> None:
    """Add a buyer to an account: a consumer of the brand, or somebody new."""
    buyer_id = FIRST_BUYER_ID + len(world.centra.buyers)
    if shopper:
        first, last, email = shopper.first_name, shopper.last_name, respell(rng, shopper.email)
    else:
        firsts, lasts = PEOPLE[rng.choice(tuple(COUNTRY_WEIGHTS))]
        first, last = rng.choice(firsts), rng.choice(lasts)
        email = f"{FOLDED[first]}.{FOLDED[last]}@account{buyer_id}.trade.example"
    created_at = between(rng, account.created_at, world.now - HISTORY)
    world.centra.buyers.append(
        Buyer(
            id=buyer_id,
            account_id=account.id,
            store_id=WHOLESALE,
            status="ACTIVE",
            email=email,
            first_name=first,
            last_name=last,
            created_at=created_at,
            updated_at=between(rng, created_at, world.now),
        )
    )
