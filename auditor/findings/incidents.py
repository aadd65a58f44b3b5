"""Incidents in the ledger: measured from their findings after each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.findings.ledger import finding_table, incident_table
from auditor.findings.query import aware, money_of
from auditor.model.finding import SEVERITIES
from auditor.model.incident import Incident

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Check
    from auditor.model.incident import Cause


def keep(
    ledger: Ledger,
    causes: Iterable[Cause],
    checks: Mapping[str, Check],
    *,
    brand: str,
    run: str,
    seen_at: datetime,
) -> None:
    """Write down the incidents that stand after a run, and close those that it no longer shows.

    Args:
        ledger: After `lifecycle.update`.
        causes: What this run's rows belong to.
        checks: The checks that ran, by id; incidents of others stay as they are.
        brand: Whose incidents.
        run: The run's id.
        seen_at: When the snapshot began, naive UTC.
    """
    row = incident_table.c
    with ledger.begin_result() as conn:
        sizes = {size["incident"]: size for size in conn.execute(_sizes(brand)).mappings()}
        known = sa.select(row.incident, row.first_seen).where(row.brand == brand)
        first_seen: dict[str, datetime] = {one[0]: one[1] for one in conn.execute(known)}
        ours = (row.brand == brand) & row.check_id.in_(checks)
        over = {"findings": 0, "people": 0, "money_minor": None, "currency": None, "run": run}
        conn.execute(incident_table.update().where(ours, row.findings > 0).values(over))
        for cause in causes:
            if size := sizes.get(cause.incident):
                conn.execute(incident_table.delete().where(row.incident == cause.incident))
                began = min(first_seen.get(cause.incident, seen_at), size["first_seen"])
                values = _values(cause, checks[cause.check], size)
                conn.execute(
                    incident_table.insert().values(
                        **values, brand=brand, run=run, first_seen=began, last_seen=seen_at
                    )
                )


def incidents(ledger: Ledger, brand: str) -> tuple[Incident, ...]:
    """Return the incidents that stand, the gravest first, then by people, money and findings."""
    row = incident_table.c
    select = sa.select(incident_table).where(row.brand == brand, row.findings > 0)
    with ledger.begin() as conn:
        found = [_incident(stored) for stored in conn.execute(select).mappings()]
    return tuple(sorted(found, key=_exposure))


def _sizes(brand: str) -> sa.Select[Any]:
    row = finding_table.c
    rank = sa.case({name: place for place, name in enumerate(SEVERITIES)}, value=row.severity)
    # As the checks count: who stands behind several findings is one person.
    whose = sa.func.coalesce(row.customer_id, row.contact_id, row.subject_key)
    single = sa.func.count(sa.distinct(sa.case((row.people == 1, whose))))
    crowds = sa.func.coalesce(sa.func.sum(sa.case((row.people > 1, row.people))), 0)
    return (
        sa.select(
            row.incident,
            sa.func.count().label("findings"),
            (single + crowds).label("people"),
            sa.func.sum(row.money_minor).label("minor"),
            sa.func.count(sa.distinct(row.currency)).label("currencies"),
            sa.func.max(row.currency).label("currency"),
            sa.func.max(rank).label("rank"),
            sa.func.min(row.first_seen).label("first_seen"),
        )
        .where(row.brand == brand, row.state != "resolved", row.incident.is_not(None))
        .group_by(row.incident)
    )


def _values(cause: Cause, check: Check, size: sa.RowMapping) -> dict[str, Any]:
    title = check.title.rstrip(".")
    has_sum = size["currencies"] == 1 and size["minor"] is not None
    return {
        "incident": cause.incident,
        "check_id": check.id,
        "title": f"{title}, all {cause.words}." if cause.words else check.title,
        "cause": cause.words,
        "owner": check.owner,
        "severity": SEVERITIES[int(size["rank"])],
        "findings": int(size["findings"]),
        "people": int(size["people"]),
        "money_minor": int(size["minor"]) if has_sum else None,
        "currency": size["currency"] if has_sum else None,
    }


def _incident(row: sa.RowMapping) -> Incident:
    return Incident(
        id=row["incident"],
        check=row["check_id"],
        title=row["title"],
        cause=row["cause"],
        owner=row["owner"],
        severity=row["severity"],
        findings=row["findings"],
        people=row["people"],
        money=money_of(row),
        first_seen=aware(row["first_seen"]),
    )


def _exposure(incident: Incident) -> tuple[int, int, int, int, str]:
    minor = incident.money.minor if incident.money else 0
    gravity = SEVERITIES.index(incident.severity)
    return -gravity, -incident.people, -minor, -incident.findings, incident.id
