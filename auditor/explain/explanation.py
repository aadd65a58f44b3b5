"""Everything that is known of one key, gathered; values that are personal are veiled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from auditor.explain.records import records
from auditor.explain.subject import find
from auditor.explain.timeline import timeline
from auditor.explain.trace import rules, trace

if TYPE_CHECKING:
    import sqlalchemy as sa

    from auditor.explain.records import Records, Row
    from auditor.explain.subject import Kind, Subject
    from auditor.explain.timeline import Moment
    from auditor.explain.trace import Answer, Term
    from auditor.model.personal import Veil
    from auditor.reconcile.terms import Terms


@dataclass(frozen=True, slots=True)
class Explanation:
    """One subject from all sides.

    Attributes:
        records: Rows of both systems, table by table.
        timeline: Oldest first.
        trace: The terms that decide its verdicts.
        rules: What each rule of its topics says, in their order; none before the first run.
    """

    subject: Subject
    records: tuple[Records, ...]
    timeline: tuple[Moment, ...]
    trace: tuple[Term, ...]
    rules: tuple[Answer, ...] = ()

    def side(self, system: str) -> tuple[Records, ...]:
        """Return the records of one system."""
        return tuple(one for one in self.records if one.source.system == system)


def explain(
    conn: sa.Connection, key: str, kind: Kind | None = None, *, terms: Terms | None = None
) -> Explanation:
    """Gather what the warehouse holds about a key.

    Args:
        conn: The warehouse, as the last run left it.
        key: As findings name it.
        kind: What it names, where it could be several things.
        terms: Of that run; without them no rule is asked.

    Raises:
        ConfigError: nothing has this key, or things of several kinds do.
    """
    subject = find(conn, key, kind)
    found = tuple(records(conn, subject))
    moments = tuple(timeline(conn, subject, found))
    asked = () if terms is None else tuple(rules(conn, subject, terms))
    return Explanation(subject, found, moments, tuple(trace(conn, subject)), asked)


def as_dict(explanation: Explanation, veil: Veil) -> dict[str, Any]:
    """Return an explanation as JSON-ready values, personal ones veiled."""
    subject = explanation.subject
    return {
        "subject": {"kind": subject.kind, "key": veil.shown("", subject.key)},
        "centra": _side(explanation, "centra", veil),
        "emarsys": _side(explanation, "emarsys", veil),
        "timeline": [_moment(moment, veil) for moment in explanation.timeline],
        "trace": [
            {
                "about": term.about,
                "term": term.column,
                "value": plain(veil.shown(term.column, term.value)),
                "meaning": term.meaning,
            }
            for term in explanation.trace
        ],
        "rules": [
            {
                "about": veil.shown("", answer.about),
                "check": answer.check,
                "holds": answer.holds,
                "decides": answer.decides,
                "reason": answer.reason or None,
            }
            for answer in explanation.rules
        ],
    }


def _side(explanation: Explanation, system: str, veil: Veil) -> dict[str, Any]:
    sides: dict[str, Any] = {}
    for one in explanation.side(system):
        part = sides.setdefault(one.source.name, {"total": 0, "rows": []})
        part["total"] += one.total
        part["rows"] += [veiled(row, veil) for row in one.rows]
    return sides


def veiled(row: Row, veil: Veil) -> dict[str, Any]:
    """Return a row as it may be shown."""
    return {name: plain(veil.shown(name, value)) for name, value in row.items()}


def _moment(moment: Moment, veil: Veil) -> dict[str, Any]:
    return {
        "at": plain(moment.at),
        "source": moment.source,
        "what": veil.shown("", moment.what),
        "changes": {
            name: [plain(veil.shown(name, before)), plain(veil.shown(name, after))]
            for name, before, after in moment.changes
        },
    }


def plain(value: object) -> object:
    """Write a time in ISO 8601, in UTC, ending in Z; leave the rest."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
