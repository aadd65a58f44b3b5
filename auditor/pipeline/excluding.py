"""A plan that puts the offenders of a preflight on the quarantine list, through the rails of any plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor import __version__
from auditor.correct.facts import AT_ONCE, Facts
from auditor.correct.law import require_lawful
from auditor.correct.planning import class_under
from auditor.correct.remedies import REMEDIES, Case
from auditor.model.finding import Finding, fingerprint
from auditor.model.plan import Change, Plan, in_order
from auditor.pipeline.planning import RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.config import Settings
    from auditor.model.finding import Check
    from auditor.model.snapshot import Snapshot
    from auditor.preflight.rules import Offence
    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse

REMEDY = "quarantine"


def exclusion(
    settings: Settings,
    warehouse: Warehouse,
    offences: Sequence[Offence],
    checks: Mapping[str, Check],
    snapshot: Snapshot,
    terms: Terms,
) -> Plan | None:
    """Return a plan that holds each offender back once; None where nobody is left to hold back.

    Args:
        settings: The brand's.
        warehouse: The copy in which they were judged.
        offences: What speaks against mailing them.
        checks: By id.
        snapshot: The reading that they rest on.
        terms: What they were judged by.

    Raises:
        ForbiddenWriteError: the plan would hold what is never sent.
    """
    first = {one.contact_id: one for one in reversed(offences) if not one.contained}
    findings = [_finding(one, checks[one.check], settings, snapshot) for one in first.values()]
    changes = in_order(_changes(settings, warehouse, findings, snapshot, terms))
    if not changes:
        return None
    require_lawful(changes, settings)
    return Plan(
        brand=settings.brand,
        run=snapshot.run,
        tool=__version__,
        expectations="",
        as_of=snapshot.as_of,
        expires_at=snapshot.as_of + settings.corrections.expiry,
        streams=("contacts",),
        records={system: warehouse.count(table) for system, table in sorted(RECORDS.items())},
        currency=terms.currency,
        items=0,
        changes=changes,
    )


def _changes(
    settings: Settings,
    warehouse: Warehouse,
    findings: Sequence[Finding],
    snapshot: Snapshot,
    terms: Terms,
) -> list[Change]:
    kind = class_under(REMEDY, "confirm", settings)
    found: list[Change] = []
    with warehouse.engine.connect() as conn:
        for begin in range(0, len(findings), AT_ONCE):
            batch = tuple(findings[begin : begin + AT_ONCE])
            facts = Facts(conn, batch, terms)
            for finding in batch:
                case = Case(finding, REMEDY, kind, facts, settings, snapshot.as_of, terms.currency)
                found += [one for one in REMEDIES[REMEDY](case) if isinstance(one, Change)]
    return found


def _finding(offence: Offence, check: Check, settings: Settings, snapshot: Snapshot) -> Finding:
    return Finding(
        fingerprint=fingerprint(settings.brand, check.id, offence.contact_id),
        check=check.id,
        severity=check.severity,
        state="new",
        owner=check.owner,
        subject_kind="contact",
        subject_key=offence.contact_id,
        customer_id=None,
        contact_id=offence.contact_id,
        centra=None,
        emarsys=None,
        first_seen=snapshot.as_of,
        last_seen=snapshot.as_of,
        run=snapshot.run,
        people=1,
    )
