"""The findings that stand, as Arrow batches: how a run keeps them, and how frames and exports read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

from auditor.findings.ledger import finding_table, history_table
from auditor.findings.query import gravest_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.findings.ledger import Ledger

ROWS_PER_BATCH = 20_000

_TYPES: dict[type[Any], pa.DataType] = {
    sa.Text: pa.string(),
    sa.Integer: pa.int64(),
    sa.BigInteger: pa.int64(),
    sa.Boolean: pa.bool_(),
    sa.DateTime: pa.timestamp("us", "UTC"),
}
_COLUMNS = [column for column in finding_table.columns if column.name != "brand"]
SCHEMA = pa.schema(
    [
        *((column.name, _TYPES[type(column.type)]) for column in _COLUMNS),
        ("stands_since", _TYPES[sa.DateTime]),
    ]
)
"""The columns of the ledger's findings without the brand; `centra`, `emarsys` and `agreed` are JSON.

`stands_since` is when a finding was first seen, or seen again after it had been resolved.
"""


def standing(ledger: Ledger, brand: str) -> Iterator[pa.RecordBatch]:
    """Yield the findings that stand open or accepted, in batches of `SCHEMA`, check by check.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
    """
    row, back = finding_table.c, _returned()
    select = (
        sa.select(*_COLUMNS, sa.func.coalesce(back.c.seen_at, row.first_seen))
        .select_from(finding_table.outerjoin(back, row.fingerprint == back.c.fingerprint))
        .where(row.brand == brand, row.state != "resolved")
        .order_by(*gravest_first())
    )
    with ledger.begin() as conn:
        for rows in conn.execute(select).yield_per(ROWS_PER_BATCH).partitions():
            columns = zip(*rows, strict=True)
            yield pa.record_batch(
                [
                    pa.array(column, kind)
                    for column, kind in zip(columns, SCHEMA.types, strict=True)
                ],
                schema=SCHEMA,
            )


def _returned() -> sa.Subquery:
    """Say when each finding that came back did so last."""
    past = history_table.c
    return (
        sa.select(past.fingerprint, sa.func.max(past.seen_at).label("seen_at"))
        .where(past.state == "regressed")
        .group_by(past.fingerprint)
        .subquery("returned")
    )
