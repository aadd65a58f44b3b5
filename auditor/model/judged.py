"""What the present links were judged by, so that the next run judges only what was touched since.

Derived like the links themselves, and of no use without them.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text

from auditor.model.tables import metadata

unit_mark = sa.Table(
    "unit_mark",
    metadata,
    Column("node", Integer),  # what the unit is of, see `reconcile.again.marks.Node`
    Column("unit", BigInteger),  # the hash of its key
    Column("mark", BigInteger),  # the hash of all its rows, whatever their order
)
"""What each order, contact and person looked like when it was judged last: tells which to judge again."""

judged_state = sa.Table(
    "judged_state",
    metadata,
    Column("run", Text),
    Column("basis", Text),  # a digest of the terms, the engine and the streams that were usable
    Column("contacts_before", DateTime),
    Column("sales_before", DateTime),
    Column("events_before", DateTime),
    Column("oldest_event", DateTime),  # of those read; NULL without any
    Column("is_of_part", Boolean),  # what was touched was judged, and stands in the part
    Column("is_learned", Boolean),  # attribution has followed: the next run may go on from here
)
"""What the present links were judged by: at most one row, none where all must be judged anew."""

touched_key = sa.Table(
    "touched_key",
    metadata,
    Column("node", Integer),  # as in `unit_mark`
    Column("key", Text),
)
"""Whom the last run judged again; of no use once attribution has followed."""
