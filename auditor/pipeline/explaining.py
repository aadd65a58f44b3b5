"""Everything that is known of one key: both records, the rules of the last run, and its findings."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.errors import HeldError, StoreError
from auditor.expect.judge import not_judged
from auditor.expect.suites import load_checks
from auditor.explain.explanation import explain as gather
from auditor.explain.subject import CUSTOMER_PREFIX, EVENT_PREFIX
from auditor.explain.timeline import Moment
from auditor.findings.about import findings_about
from auditor.findings.ledger import Ledger
from auditor.findings.query import history, last_snapshot
from auditor.model.history import snapshot_run
from auditor.pipeline.judging import terms_of_run
from auditor.reconcile.terms import unconfigured
from auditor.resources import expectation_files
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import Published

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from auditor.config import Settings
    from auditor.explain.explanation import Explanation
    from auditor.explain.subject import Kind
    from auditor.model.finding import Finding
    from auditor.model.snapshot import Snapshot
    from auditor.pipeline.judging import Readable

_SUBJECTS = (
    ("order_number", "order", ""),
    ("item", "item", ""),
    ("number", "shipment", ""),
    ("event_id", "shipment", EVENT_PREFIX),
    ("contact_id", "contact", ""),
    ("customer_id", "contact", CUSTOMER_PREFIX),
    ("buyer_id", "contact", f"{CUSTOMER_PREFIX}buyer:"),
    ("stream", "stream", ""),
    ("setting", "config", ""),
)
"""The ids of what is explained, and how findings name their subjects after them (DESIGN, section 6)."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One key from all sides.

    Attributes:
        explanation: Its records, its timeline with what its findings were, and the rules.
        findings: About it, resolved ones included, the newest first.
        as_of: When the run began that read these records, aware; None before the first.
    """

    explanation: Explanation
    findings: tuple[Finding, ...]
    as_of: datetime | None


def opened_to_read(url: str) -> Warehouse | Published:
    """Open the warehouse, or the copy that the last run published while another process holds it.

    Raises:
        ConfigError: as for the warehouse.
        StoreError: it cannot be opened, or is held for long and there is no copy.
    """
    try:
        return Warehouse(url, waits=False)
    except HeldError:
        with suppress(StoreError):
            return Published(url)
    return Warehouse(url)


def explain(
    settings: Settings,
    warehouse: Readable,
    key: str,
    kind: Kind | None = None,
    *,
    beside: Path | None = None,
) -> Explained:
    """Gather what the last run knows about a key.

    Args:
        settings: The brand's.
        warehouse: As the last run left it.
        key: As findings name it, or an e-mail address.
        kind: What it names, where it could be several things.
        beside: The folder of the settings file, where the brand's own suites stand; None knows of none.

    Raises:
        ConfigError: nothing has this key, or things of several kinds do, or a suite is wrong.
    """
    with closing(Ledger(settings.store.ledger)) as ledger:
        snapshot = last_snapshot(ledger, settings.brand)
        terms = None if snapshot is None else terms_of_run(settings, warehouse, snapshot)
        with warehouse.engine.connect() as conn:
            explanation = gather(conn, key, kind, terms=terms)
        if snapshot is not None:
            why = _why_unjudged(settings, warehouse, snapshot, beside)
            explanation = _without_unjudged(explanation, why)
        found = _findings(settings, ledger, explanation)
        return Explained(
            _with_findings(explanation, ledger, found), tuple(found), _read_at(warehouse)
        )


def _read_at(warehouse: Readable) -> datetime | None:
    newest = sa.select(snapshot_run.c.as_of).order_by(snapshot_run.c.number.desc()).limit(1)
    with warehouse.engine.connect() as conn:
        as_of: datetime | None = conn.scalar(newest)
    return None if as_of is None else as_of.replace(tzinfo=UTC)


def _why_unjudged(
    settings: Settings, warehouse: Readable, snapshot: Snapshot, beside: Path | None
) -> dict[str, str]:
    """Say why checks said nothing in that run, by their ids."""
    own = [one.check for one in load_checks(expectation_files(beside))]
    left_out = {one.check.id for one in load_checks(expectation_files())} - {one.id for one in own}
    off = unconfigured(settings, snapshot.as_of)
    unjudged = not_judged(warehouse.engine, own, snapshot, off)
    why: dict[str, str] = dict.fromkeys(left_out, "the brand's own suites leave it out")
    return why | {one.check.id: one.reason or "" for one in unjudged}


def _without_unjudged(explanation: Explanation, why: Mapping[str, str]) -> Explanation:
    """Let no rule decide whose check said nothing in that run: it raised nothing, whatever holds."""
    rules = tuple(
        replace(one, decides=False, reason=f"not judged: {why[one.check]}")
        if one.check is not None and one.check in why
        else one
        for one in explanation.rules
    )
    return replace(explanation, rules=rules)


def _findings(settings: Settings, ledger: Ledger, explanation: Explanation) -> list[Finding]:
    ids = explanation.subject.ids
    subjects: dict[str, set[str]] = {}
    for name, kind, prefix in _SUBJECTS:
        subjects.setdefault(kind, set()).update(f"{prefix}{one}" for one in ids.get(name, ()))
    contacts = ids.get("contact_id", ())
    return list(findings_about(ledger, settings.brand, subjects=subjects, contacts=contacts))


def _with_findings(
    explanation: Explanation, ledger: Ledger, found: Iterable[Finding]
) -> Explanation:
    """Put what the findings were from run to run into the timeline."""
    moments = [*explanation.timeline, *(m for row in found for m in _of_finding(ledger, row))]
    moments.sort(key=lambda moment: (moment.at, moment.source, moment.what))
    return replace(explanation, timeline=tuple(moments))


def _of_finding(ledger: Ledger, finding: Finding) -> Iterator[Moment]:
    before: dict[str, object] = {}
    for past in history(ledger, finding.fingerprint):
        now = {
            f"{side}.{name}": value
            for side, values in (("centra", past.centra), ("emarsys", past.emarsys))
            for name, value in (values or {}).items()
        }
        changes = tuple(
            (name, before.get(name), now.get(name))
            for name in sorted({*before, *now})
            if before and before.get(name) != now.get(name)
        )
        what = f"finding {finding.check} {finding.subject_key} {past.state}, {past.severity}"
        yield Moment(past.seen_at, "auditor", what, changes)
        before = now
