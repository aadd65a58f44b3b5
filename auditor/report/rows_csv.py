"""All rows of one check as CSV, streamed: the page holds the first of them, this file the rest."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO

import msgspec

from auditor.hostile import defused
from auditor.report.audit_json import since, zulu

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from auditor.model.finding import Finding

_ENCODER = msgspec.json.Encoder()

COLUMNS = (
    "fingerprint",
    "check",
    "severity",
    "state",
    "owner",
    "subject_kind",
    "subject_key",
    "customer_id",
    "contact_id",
    "since",
    "first_seen",
    "last_seen",
    "people",
    "money_minor",
    "currency",
    "contained",
    "cause",
    "remedy",
    "moved_by",
    "centra",
    "emarsys",
    "run",
)


def write_rows(findings: Iterable[Finding], out: TextIO) -> None:
    """Write findings as CSV with a header, one at a time.

    The values of each side are one JSON object a cell. What is text is defused: a cell that begins
    like a formula gets an apostrophe in front.
    """
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(
        [defused(value) if isinstance(value, str) else value for value in _values(finding)]
        for finding in findings
    )


def _values(finding: Finding) -> tuple[str | int | None, ...]:
    money = finding.money
    return (
        finding.fingerprint,
        finding.check,
        finding.severity,
        finding.state,
        finding.owner,
        finding.subject_kind,
        finding.subject_key,
        finding.customer_id,
        finding.contact_id,
        zulu(since(finding)),
        zulu(finding.first_seen),
        zulu(finding.last_seen),
        finding.people,
        money.minor if money else None,
        money.currency if money else None,
        "yes" if finding.contained else "no",
        finding.cause,
        finding.remedy,
        finding.moved_by,
        _side(finding.centra),
        _side(finding.emarsys),
        finding.run,
    )


def _side(side: Mapping[str, Any] | None) -> str | None:
    return None if side is None else _ENCODER.encode(dict(side)).decode()
