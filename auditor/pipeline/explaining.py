"""Everything that is known of one key: both records, the rules of the last run, and its findings."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.explain.explanation import explain as gather
from auditor.explain.timeline import Moment
from auditor.findings.ledger import Ledger
from auditor.findings.query import findings_about, history, last_snapshot
from auditor.pipeline.judging import terms_of_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.config import Settings
    from auditor.explain.explanation import Explanation
    from auditor.explain.subject import Kind
    from auditor.model.finding import Finding
    from auditor.pipeline.judging import Readable
    from auditor.reconcile.terms import Terms


@dataclass(frozen=True, slots=True)
class Explained:
    """One key from all sides.

    Attributes:
        explanation: Its records, its timeline with what its findings were, and the rules.
        findings: About it, resolved ones included, the newest first.
    """

    explanation: Explanation
    findings: tuple[Finding, ...]


def explain(
    settings: Settings, warehouse: Readable, key: str, kind: Kind | None = None
) -> Explained:
    """Gather what the last run knows about a key.

    Args:
        settings: The brand's.
        warehouse: As the last run left it.
        key: As findings name it, or an e-mail address.
        kind: What it names, where it could be several things.

    Raises:
        ConfigError: nothing has this key, or things of several kinds do.
    """
    with closing(Ledger(settings.store.ledger)) as ledger:
        terms = _terms(settings, warehouse, ledger)
        with warehouse.engine.connect() as conn:
            explanation = gather(conn, key, kind, terms=terms)
        found = _findings(settings, ledger, explanation)
        return Explained(_with_findings(explanation, ledger, found), tuple(found))


def _terms(settings: Settings, warehouse: Readable, ledger: Ledger) -> Terms | None:
    """Return what the last run was judged by; None before the first."""
    snapshot = last_snapshot(ledger, settings.brand)
    return None if snapshot is None else terms_of_run(settings, warehouse, snapshot)


def _findings(settings: Settings, ledger: Ledger, explanation: Explanation) -> list[Finding]:
    ids = explanation.subject.ids
    keys = {explanation.subject.key}.union(
        *(ids.get(name, ()) for name in ("order_number", "item", "number", "contact_id"))
    )
    contacts = ids.get("contact_id", ())
    return list(findings_about(ledger, settings.brand, keys=keys, contacts=contacts))


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
