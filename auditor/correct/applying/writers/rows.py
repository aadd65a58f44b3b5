"""Single records of both systems as they are now, in canonical rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.model.tables import centra_customer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from auditor.systems.points import SystemPoints


def rows_now(
    points: SystemPoints,
    stream: str,
    table: sa.Table,
    keys: Sequence[str],
    emails: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the rows of a table that a stream has for these keys now; none where it has none.

    Raises:
        ReadError: a system does not tell.
    """
    found = points.read(stream, list(dict.fromkeys(keys)), list(dict.fromkeys(emails)))
    rows = found.get(table.name)
    return [] if rows is None else rows.to_pylist()


def live_customers_now(points: SystemPoints, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the customers that Centra has now, by id, without those that were erased; of none asks nothing.

    Raises:
        ReadError: Centra does not tell.
    """
    rows = rows_now(points, "customers", centra_customer, ids) if ids else []
    return {str(row["customer_id"]): row for row in rows if not row["is_anonymized"]}
