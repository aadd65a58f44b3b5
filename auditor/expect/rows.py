"""Which rows of a canonical table an expectation looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.tables import metadata

if TYPE_CHECKING:
    from auditor.expect.expectation import Expectation, Scalar


def judged_rows(expectation: Expectation) -> sa.Select[Any]:
    """Select the rows that qualify under the expectation's `where`."""
    table = metadata.tables[expectation.table or ""]
    return sa.select(table).where(
        *[_among(table.c[name], values) for name, values in expectation.where.items()]
    )


def count_rows(conn: sa.Connection, expectation: Expectation) -> int:
    """Count them, for a built-in that does not."""
    counted = sa.select(sa.func.count()).select_from(judged_rows(expectation).subquery())
    return conn.scalar(counted) or 0


def _among(column: sa.ColumnElement[Any], values: tuple[Scalar, ...]) -> sa.ColumnElement[bool]:
    known = column.in_([value for value in values if value is not None])
    return known | column.is_(None) if None in values else known
