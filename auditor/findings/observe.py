"""Turn drift rows into observed findings: one shape for every topic."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.model.compared import agreed_of
from auditor.model.finding import fingerprint, lowered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import sqlalchemy as sa

    from auditor.model.finding import Check

ROWS_PER_STATEMENT = 5_000


def observed(
    rows: sa.Result[Any],
    checks: Mapping[str, Check],
    *,
    brand: str,
    run: str,
    seen_at: datetime,
) -> Iterator[dict[str, Any]]:
    """Yield one row of the ledger's `observed` table per drift row of a known check.

    The values of each side are the columns named `centra_*` and `emarsys_*`; a side without any value
    has no such record. A row that is marked as ambiguous has two answers, and so no remedy. Rows come
    ordered by check and subject; a subject that stands twice (a key that is itself duplicated) is one
    finding.
    """
    names = tuple(rows.keys())
    centra, emarsys = _of_side(names, "centra_"), _of_side(names, "emarsys_")
    # Plain dicts: to look a value up in the rows of a result takes several times as long.
    each = (dict(zip(names, row, strict=True)) for row in rows)
    for (check_id, _), twins in itertools.groupby(each, key=itemgetter("check_id", "subject_key")):
        check = checks.get(check_id)
        if check is None:
            continue
        row = next(twins)
        severity = lowered(check.severity) if row["contained"] else check.severity
        yield {
            "fingerprint": fingerprint(brand, check.id, row["subject_key"]),
            "brand": brand,
            "check_id": check.id,
            "severity": severity,
            "owner": check.owner,
            "subject_kind": row["subject_kind"],
            "subject_key": row["subject_key"],
            "customer_id": row["customer_id"],
            "contact_id": row["contact_id"],
            "centra": _side(row, centra),
            "emarsys": _side(row, emarsys),
            "people": row["people"] or 0,
            "money_minor": row["money_minor"],
            "currency": row["currency"],
            "cause": row["cause"],
            "remedy": None if row.get("is_ambiguous") else check.remedy,
            "contained": bool(row["contained"]),
            "occurred_at": row["occurred_at"],
            "moved_by": row["moved_by"],
            "since": row["since"],
            "agreed": _text(agreed_of(row["agreed"])),
            "incident": row["incident"],
            "first_seen": seen_at,
            "last_seen": seen_at,
            "run": run,
        }


def _of_side(names: Iterable[str], prefix: str) -> dict[str, str]:
    """Return the columns of one side, by what they are called there."""
    return {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}


def _side(row: Mapping[str, Any], columns: Mapping[str, str]) -> str | None:
    told = ((name, row[column]) for name, column in columns.items())
    values = {name: _shown(value) for name, value in told if value is not None}
    return _text(values or None)


def _text(values: dict[str, Any] | None) -> str | None:
    return None if values is None else msgspec.json.encode(values).decode()


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
