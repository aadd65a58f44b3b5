"""Connections to PostgreSQL that take and give rows as Arrow, beside those of an engine.

The first of an engine asks the server for all its types, which takes ten times as long as to connect. It
stays, unused, until the engine is disposed of, and all others are made from it.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from auditor.warehouse.connect import for_adbc

if TYPE_CHECKING:
    from collections.abc import Iterator

_firsts: WeakKeyDictionary[sa.Engine, Any] = WeakKeyDictionary()
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def connection(engine: sa.Engine) -> Iterator[Any]:
    """Give a connection of its own; what was not committed is rolled back at the end."""
    with _one_at_a_time:
        if engine not in _firsts:
            _firsts[engine] = _connect(engine)
        made = _firsts[engine].adbc_clone()
    with made:
        yield made


def _connect(engine: sa.Engine) -> Any:  # noqa: ANN401 - ADBC is untyped
    from adbc_driver_postgresql import dbapi

    first = dbapi.connect(for_adbc(engine.url), autocommit=True)  # no transaction stays open
    sa.event.listen(engine, "engine_disposed", _close, once=True)
    return first


def _close(engine: sa.Engine) -> None:
    with _one_at_a_time:
        first = _firsts.pop(engine, None)
    if first is not None:
        first.close()
