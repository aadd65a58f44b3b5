"""One case of every freshness check that a few rows can show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.canary.plants import plant
from auditor.model import tables as t
from auditor.reconcile.streams import FEWEST_TIMED, TIMED

if TYPE_CHECKING:
    from auditor.canary.shadow import Shadow

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@plant("freshness.stream_stalled", alone=True)
def _stalled(shadow: Shadow) -> str | None:
    """Let an order wait for longer than orders may be silent, behind one that was counted."""
    terms = shadow.terms
    waiting_at = min(shadow.at, terms.as_of - terms.stalls["orders"] - _HOUR)
    counted_at = waiting_at - _DAY
    if counted_at.date() <= terms.since:
        return None
    person = shadow.person()
    number, item, _ = shadow.order(person, created_at=counted_at, updated_at=counted_at)
    shadow.sale(number, item, loaded_at=counted_at, purchased_on=counted_at.date())
    shadow.order(person, created_at=waiting_at, updated_at=waiting_at)
    return "orders"


@plant("freshness.lag")
def _late(shadow: Shadow) -> str | None:
    """Let a hundred orders have arrived just now, all of them later than agreed.

    They are more than a twentieth of what a sample can have ordered in the weeks that are timed. A
    brand that allows more time than those has no lag.
    """
    terms = shadow.terms
    placed_at = min(shadow.at, terms.as_of - terms.lags["orders"] - _HOUR)
    if placed_at <= terms.as_of - TIMED:
        return None
    person, store = shadow.person(), shadow.store()
    for _ in range(FEWEST_TIMED):
        number, item, _ = shadow.order(person, store_id=store, created_at=placed_at)
        shadow.sale(number, item, loaded_at=terms.as_of, purchased_on=placed_at.date())
    return "orders"


@plant("freshness.feed_age")
def _old_feed(shadow: Shadow) -> str:
    terms = shadow.terms
    shadow.add(t.emarsys_feed, written_at=terms.as_of - terms.feed_age - _HOUR)
    return "catalogue"


@plant("freshness.correction_undone")
def _undone(shadow: Shadow) -> str:
    """Let a correction have been made three times in seven days."""
    shadow.terms = replace(shadow.terms, undone={"opt_out": 1})
    return "corrections.policy.opt_out"


@plant("freshness.token_expiry")
def _wsse(shadow: Shadow) -> str:
    """Let Emarsys be reached with WSSE, whatever it is: nothing else asks how."""
    shadow.terms = replace(shadow.terms, has_wsse=True)
    return "emarsys.auth"
