"""JSON that others may rely on: one object per audit, one line per finding."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.backtest.compare import Comparison as Compared
    from auditor.model.audit import Audit, Canary
    from auditor.model.bridge import Bridge, VerifiedShare
    from auditor.model.finding import CheckResult, Finding, Money
    from auditor.model.incident import Incident
    from auditor.model.snapshot import Coverage, Snapshot

FORMAT = 1
"""1: the first. It grows when a key is renamed, removed or changes its meaning."""


def audit_json(audit: Audit, report_path: str) -> bytes:
    """Return an audit as one JSON object.

    Args:
        audit: What to tell.
        report_path: Where the report stands, as the reader should open it.
    """
    return msgspec.json.encode(
        {
            "format": FORMAT,
            "run": audit.run,
            "brand": audit.brand,
            "verdict": audit.verdict,
            "coverage": [
                {
                    **_coverage(line),
                    "dropped": [
                        {"field": one.field, "disables": audit.disabled_without(one)}
                        for one in line.dropped
                    ],
                    "disables": audit.disabled_by(line),
                }
                for line in audit.coverage
            ],
            "checks": [_check(result) for result in audit.checks],
            "findings": asdict(audit.tally),
            "report": report_path,
            "as_of": zulu(audit.as_of),
            "incidents": [_incident(incident) for incident in audit.incidents],
            "canary": None if audit.canary is None else _canary(audit.canary),
            "bridge": [_bridge(bridge) for bridge in audit.bridge],
            "verified_share": [_verified(share) for share in audit.verified_share],
            # Only where some suites alone were judged.
            **({"suites": audit.suites} if audit.suites else {}),
            # Only where customers could not be looked up who may have been merged away.
            **({"unlooked": audit.unlooked} if audit.unlooked else {}),
            # Only where new critical findings were read again.
            **({} if audit.reread is None else {"reread": asdict(audit.reread)}),
        }
    )


def _canary(canary: Canary) -> dict[str, Any]:
    told = asdict(canary)
    # Only where there is a check of which it proves nothing.
    return told if canary.unasked else {k: v for k, v in told.items() if k != "unasked"}


def snapshot_json(snapshot: Snapshot, brand: str) -> bytes:
    """Return a snapshot's coverage as one JSON object, in the keys of `audit_json`."""
    return msgspec.json.encode(
        {
            "format": FORMAT,
            "run": snapshot.run,
            "brand": brand,
            "coverage": [_coverage(line) for line in snapshot.coverage],
            "as_of": zulu(snapshot.as_of),
        }
    )


def comparison_json(comparison: Compared) -> dict[str, Any]:
    """Return what was gained and lost against a run, as JSON-ready values."""

    def told(subjects: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
        return [
            {"check": check, "subject": {"kind": kind, "key": key}} for check, kind, key in subjects
        ]

    return {
        "run": comparison.run,
        "gained": told(comparison.gained),
        "lost": told(comparison.lost),
        "checks": [_check(result) for result in comparison.checks],
    }


def finding_json(finding: Finding) -> bytes:
    """Return a finding as one JSON object without a line break."""
    return msgspec.json.encode(
        {
            "fingerprint": finding.fingerprint,
            "check": finding.check,
            "severity": finding.severity,
            "state": finding.state,
            "owner": finding.owner,
            "subject": {"kind": finding.subject_kind, "key": finding.subject_key},
            "customer_id": finding.customer_id,
            "contact_id": finding.contact_id,
            "centra": None if finding.centra is None else dict(finding.centra),
            "emarsys": None if finding.emarsys is None else dict(finding.emarsys),
            "moved_by": finding.moved_by,
            "since": zulu(since(finding)),
            "first_seen": zulu(finding.first_seen),
            "last_seen": zulu(finding.last_seen),
            "people": finding.people,
            "money": _money(finding.money),
            "cause": finding.cause,
            "remedy": finding.remedy,
            "run": finding.run,
            "contained": finding.contained,
            "incident": finding.incident,
            "accepted": _waiver(finding),
            "confirmed": finding.confirmed,
            "agreed": None if finding.agreed is None else dict(finding.agreed),
        }
    )


def since(finding: Finding) -> datetime:
    """Return since when a finding stands.

    That is when the side that moved was seen moved, else the record's own time, else first sight.
    """
    return finding.moved_at or finding.occurred_at or finding.first_seen


def zulu(moment: datetime) -> str:
    """Write a moment in ISO 8601, in UTC, ending in Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _coverage(line: Coverage) -> dict[str, Any]:
    return {
        "system": line.system,
        "stream": line.stream,
        "rows": line.rows,
        "complete": line.complete,
        "mode": line.mode,
        "as_of": zulu(line.as_of),
        "reason": line.reason,
        "set_aside": line.set_aside,
        "requests": line.requests,
        "notes": line.notes,
        "dropped": [{"field": one.field} for one in line.dropped],
    }


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "id": result.check.id,
        "suite": result.check.suite,
        "severity": result.check.severity,
        "owner": result.check.owner,
        "outcome": result.outcome,
        "checked": result.checked,
        "failed": result.failed,
        "reason": result.reason,
        "people": result.people,
        "money": _money(result.money),
        "contained": result.contained,
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "check": incident.check,
        "title": incident.title,
        "cause": incident.cause,
        "severity": incident.severity,
        "owner": incident.owner,
        "findings": incident.findings,
        "people": incident.people,
        "money": _money(incident.money),
        "first_seen": zulu(incident.first_seen),
    }


def _waiver(finding: Finding) -> dict[str, Any] | None:
    if finding.accepted_until is None:
        return None
    return {"until": zulu(finding.accepted_until), "reason": finding.accepted_reason}


def _bridge(bridge: Bridge) -> dict[str, Any]:
    return {
        "market": bridge.market,
        "month": bridge.month,
        "currency": bridge.currency,
        "steps": dict(bridge.amounts),
    }


def _verified(share: VerifiedShare) -> dict[str, Any]:
    return {
        "days": share.days,
        "share": share.share,
        "verified": {"minor": share.verified_minor, "currency": share.currency},
        "due": {"minor": share.due_minor, "currency": share.currency},
    }


def _money(money: Money | None) -> dict[str, Any] | None:
    return None if money is None else {"minor": money.minor, "currency": money.currency}
