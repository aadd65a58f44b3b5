"""Puts one page of a stream into the stage tables, with the place where reading goes on behind it.

E-mail addresses get their keyed hash here, for both systems at one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from auditor.model.history import unfinished_page
from auditor.model.keyed_hash import keyed_hash
from auditor.model.tables import metadata, unparsed_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from auditor.model.stream import Aside, Page
    from auditor.warehouse import Warehouse


def store_page(
    warehouse: Warehouse, page: Page, *, stream: str, run: str, number: int, pepper: str | None
) -> None:
    """Store a page; all of it and its cursor, or nothing."""
    staged: dict[sa.Table, pa.Table] = {
        metadata.tables[name]: hashed(rows, pepper) for name, rows in page.tables.items()
    }
    if page.aside:
        staged[unparsed_row] = _aside_rows(page.aside, stream, run)
    staged[unfinished_page] = _place(page, stream, number)
    warehouse.append_stage(staged)


def hashed(rows: pa.Table, pepper: str | None) -> pa.Table:
    """Return rows with the keyed hashes of their e-mails, where the table has room for them."""
    at = rows.schema.get_field_index("email_hash")
    if at < 0 or pepper is None:
        return rows
    hashes = [keyed_hash(key, pepper) for key in rows.column("email_key").to_pylist()]
    return rows.set_column(at, rows.schema.field(at), pa.array(hashes, pa.string()))


def _place(page: Page, stream: str, number: int) -> pa.Table:
    hides = sum(one.hides for one in page.aside)
    return pa.table(
        {
            "stream": pa.array([stream], pa.string()),
            "number": pa.array([number], pa.int32()),
            "cursor": pa.array([page.cursor], pa.string()),
            "rows": pa.array([page.rows], pa.int32()),
            "aside": pa.array([len(page.aside)], pa.int32()),
            "hides": pa.array([hides], pa.int32()),
        }
    )


def _aside_rows(aside: Sequence[Aside], stream: str, run: str) -> pa.Table:
    return pa.table(
        {
            "run": pa.array([run] * len(aside), pa.string()),
            "stream": pa.array([stream] * len(aside), pa.string()),
            "reason": pa.array([row.reason for row in aside], pa.string()),
            "content": pa.array([row.content for row in aside], pa.string()),
        }
    )
