"""What every judging starts from: the terms, and the suites that were asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from auditor.errors import ConfigError, ReadError
from auditor.model.currency import MINOR_DIGITS
from auditor.model.tables import centra_currency
from auditor.reconcile.streams import learned_lags
from auditor.reconcile.terms import terms_of, with_learned_lag
from auditor.systems.centra.merge_log import read_merge_log

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.config import Settings
    from auditor.model.snapshot import Snapshot
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
