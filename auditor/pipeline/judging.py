"""What every judging starts from: the terms, and the suites that were asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from auditor.errors import ConfigError, ReadError
from auditor.model.currency import MINOR_DIGITS
from auditor.model.tables import centra_currency, centra_market, centra_store
from auditor.places import CONSUMER, named_places
from auditor.reconcile.streams import learned_lags
from auditor.reconcile.terms import terms_of, with_learned_lag
from auditor.systems.centra.merge_log import read_merge_log

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.config import Settings
    from auditor.model.snapshot import Snapshot
    from auditor.places import Kind
    from auditor.reconcile.terms import Terms


class Readable(Protocol):
    """A warehouse, or its published copy."""

    engine: sa.Engine


def require_suites(asked: Collection[str], known: Collection[str]) -> None:
    """Refuse a suite that is not there.

    Raises:
        ConfigError: it names those that are.
    """
    for name in asked:
        if name not in known:
            raise ConfigError(
                f"--suite {name}: no such suite; there are {', '.join(sorted(known))}."
            )


def require_places(settings: Settings, warehouse: Readable) -> None:
    """Refuse a store or market that Centra does not have: consent, or the channel, would be wrong of everybody.

    A wholesale store takes no sign-ups, so it is none of those for consent.

    Raises:
        ConfigError: it names the setting, and those that are there.
    """
    stores = sa.select(centra_store.c.name)
    selects: dict[Kind, sa.Select[Any]] = {
        "store": stores,
        "consumer store": stores.where(centra_store.c.type == CONSUMER),
        "market": sa.select(centra_market.c.name),
    }
    with warehouse.engine.connect() as conn:
        there = {
            kind: {name for name in conn.execute(select).scalars() if name}
            for kind, select in selects.items()
        }
    for place in named_places(settings):
        if told := place.missing(there[place.kind]):
            raise ConfigError(told)


def terms_of_run(settings: Settings, warehouse: Readable, snapshot: Snapshot) -> Terms:
    """Return what a snapshot is judged by.

    Raises:
        ReadError: the base currency is not known.
        ConfigError: the log of merges cannot be read.
    """
    base = sa.select(centra_currency.c.code).where(centra_currency.c.is_base)
    with warehouse.engine.connect() as conn:
        currency, lags = conn.scalar(base), learned_lags(conn)
    if currency is None:
        raise ReadError("Centra's base currency was never read; run `auditor audit` again.")
    terms = terms_of(settings, snapshot.as_of, currency, MINOR_DIGITS[currency])
    log = settings.centra.merges
    merges = () if log is None else read_merge_log(log)
    return replace(with_learned_lag(terms, lags), merges=merges)
