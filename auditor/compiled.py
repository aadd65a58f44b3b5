"""What statements were compiled to, kept for all engines over files of one kind.

SQLAlchemy keeps it for one engine and as long as that lives. An audit opens some: the warehouse, the canary's,
the copy for readers. Each would compile the same statements anew, some hundred of them, a second in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

if TYPE_CHECKING:
    from collections.abc import Mapping

CAPACITY = 3000
"""Statements that are kept, of each kind of engine; all those of an audit are about eight hundred."""


class _Compiled(LRUCache[Any, Any]):
    """What a statement was compiled to, by everything that matters for it but the dialect's own identity.

    The first part of a key is the dialect, of which every engine has its own. Those over files are all
    made alike, by `engine_over`: what one has compiled the others would, too.
    """

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:  # noqa: ANN401 - as SQLAlchemy's
        """Return what was kept."""
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:  # noqa: ANN401 - as above
        """Keep it."""
        super().__setitem__(key[1:], compiled)


_compiled = {"duckdb": _Compiled(CAPACITY), "sqlite": _Compiled(CAPACITY)}


def engine_over(url: str | sa.URL, connect_args: Mapping[str, Any] | None = None) -> sa.Engine:
    """Return an engine over a file of DuckDB or SQLite, or over a database in memory.

    Args:
        url: Where it is.
        connect_args: What a connection is opened with; nothing of it may change how statements are compiled.
    """
    known = sa.make_url(url)
    kind = known.get_backend_name()
    engine = sa.create_engine(
        known,
        connect_args=dict(connect_args or {}),
        execution_options={"compiled_cache": _compiled[kind]},
    )
    if kind == "duckdb":
        # Of a statement that begins with WITH its driver reads every word, to see whether it writes.
        engine.dialect.cte_follows_insert = True
    return engine
