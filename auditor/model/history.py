"""What the warehouse remembers beside the present rows: their versions, its runs and its readings.

A version holds from the run that first saw it to the run that saw it changed or gone; NULL is still.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, DateTime, Integer, Text

from auditor.model.tables import KEYS
from auditor.model.tables import metadata as canonical

metadata = sa.MetaData()


def _twin(table: sa.Table) -> sa.Table:
    return sa.Table(
        f"history_{table.name}",
        metadata,
        *(Column(column.name, column.type) for column in table.columns),
        Column("valid_from_run", Text),
        Column("valid_to_run", Text),
        Column("row_hash", Text),
    )


HISTORY: dict[str, sa.Table] = {name: _twin(canonical.tables[name]) for name in KEYS}
"""The versions of each keyed table's rows, by the name of that table."""

snapshot_run = sa.Table(
    "snapshot_run",
    metadata,
    Column("number", BigInteger),  # grows by one: the ids of two runs of one second do not sort
    Column("run", Text),
    Column("as_of", DateTime),
)
stream_position = sa.Table(
    "stream_position",
    metadata,
    Column("number", BigInteger),  # of the run
    Column("run", Text),
    Column("stream", Text),
    Column("mode", Text),  # full or incremental
    Column("basis", Text),  # a digest of the settings and columns that shaped the rows
    Column("as_of", DateTime),  # when reading began: later changes may be missing
    Column("full_at", DateTime),  # when the newest full read began
)
"""One row per run and stream that was read to its end; the newest is where the next read goes on."""

agreed_value = sa.Table(
    "agreed_value",
    metadata,
    Column("topic", Text),
    Column("link_key", Text),
    Column("centra", Text),  # what each side held when both agreed last
    Column("emarsys", Text),
    Column("agreed_run", Text),  # the run that first saw them agree on it; NULL: never
    Column("seen_run", Text),  # the run that first saw the link
    Column(
        "centra_moved_at", DateTime
    ),  # run since which the side differs from it; NULL: it does not
    Column("emarsys_moved_at", DateTime),
    Column("mark", BigInteger),  # of the link's key and both sides' values; NULL: one moved
)
"""What both sides agreed on last, per topic and link: the base that tells which side moved since."""

vanished_record = sa.Table(
    "vanished_record",
    metadata,
    Column("run", Text),
    Column("table_name", Text),
    Column("record_key", Text),
)
"""What a run read and no longer found when it looked again: its reading is when it was last seen."""

unfinished_read = sa.Table(
    "unfinished_read",
    metadata,
    Column("stream", Text),
    Column("mode", Text),
    Column("basis", Text),
    Column("as_of", DateTime),
    Column("changed_since", DateTime),
)
unfinished_page = sa.Table(
    "unfinished_page",
    metadata,
    Column("stream", Text),
    Column("number", Integer),
    Column("cursor", Text),  # where reading goes on behind this page
    Column("rows", Integer),
    Column("aside", Integer),
    Column("hides", Integer),
)
"""The pages in the stage tables of an unfinished read, written with their rows."""

known_schema = sa.Table(
    "known_schema",
    metadata,
    Column("tenant", Text),  # its address
    Column("name", Text),  # of the version that the answer belongs to
    Column("answer", Text),
)
"""What a tenant has said of its API, so that it need not be asked by every run."""
