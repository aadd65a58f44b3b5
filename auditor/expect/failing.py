"""Write the complete failing rows of a built-in into `drift_quality`, one row per subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.expect import predicates, subjects
from auditor.expect.rows import judged_rows
from auditor.expect.subjects import NO_TEXT
from auditor.model.drift import drift_quality

if TYPE_CHECKING:
    from auditor.expect.expectation import Case, Expectation

_INSTEAD = {
    "expect_column_values_to_be_unique": "occurs more than once",
    "expect_compound_columns_to_be_unique": "occurs more than once",
}
_OCCURRED = ("created_at", "happened_at")


def write(conn: sa.Connection, case: Case) -> None:
    """Write the failing rows of one expectation, in one statement.

    A failure whose rows cannot be told (the built-in judges the table, or has no predicate) is one
    row whose subject is the stream.

    Frame:
        drift_quality: one row per check and subject; values as a person may see them.
    """
    select = _failing(case)
    if select is not None:
        _insert(conn, select)
    written = sa.select(sa.func.count()).where(drift_quality.c.check_id == case.id)
    if not conn.scalar(written):
        _insert(conn, _stream_row(case.expectation))


def _insert(conn: sa.Connection, select: sa.Select[Any]) -> None:
    conn.execute(drift_quality.insert().from_select(list(select.selected_columns.keys()), select))


def _failing(case: Case) -> sa.Select[Any] | None:
    expectation = case.expectation
    breaks = predicates.find(expectation.type)
    if breaks is None or expectation.table is None:
        return None
    rows = judged_rows(expectation).cte("judged")
    one = sa.select(*_columns(rows, expectation)).where(breaks(rows, case.kwargs)).cte("failing")
    shared = [c for c in one.c if c.name not in ("subject_kind", "subject_key")]
    return sa.select(
        _text(expectation.check.id).label("check_id"),
        one.c.subject_kind,
        one.c.subject_key,
        sa.false().label("contained"),
        *[sa.func.max(column).label(column.name) for column in shared],
    ).group_by(one.c.subject_kind, one.c.subject_key)


def _columns(rows: sa.CTE, expectation: Expectation) -> list[sa.Label[Any]]:
    table = expectation.table or ""
    subject, stream = subjects.of_table(table), _text(subjects.stream_of(table))
    key = subject.key(rows.c)
    occurred = [rows.c[name] for name in _OCCURRED if name in rows.c]
    value = subjects.shown(rows.c, expectation.columns, _instead(expectation))
    return [
        sa.case((key.is_(None), _text("stream")), else_=_text(subject.kind)).label("subject_kind"),
        sa.func.coalesce(key, stream).label("subject_key"),
        _own(rows, "customer_id").label("customer_id"),
        _own(rows, "contact_id").label("contact_id"),
        sa.literal(subject.people, sa.Integer).label("people"),
        (occurred[0] if occurred else sa.cast(sa.null(), sa.DateTime)).label("occurred_at"),
        value.label(_side(table)),
    ]


def _stream_row(expectation: Expectation) -> sa.Select[Any]:
    stream = subjects.stream_of(expectation.table or "")
    return sa.select(
        _text(expectation.check.id).label("check_id"),
        _text("stream").label("subject_kind"),
        _text(stream).label("subject_key"),
        sa.false().label("contained"),
        sa.literal(0, sa.Integer).label("people"),
    )


def _own(rows: sa.CTE, name: str) -> sa.ColumnElement[Any]:
    return rows.c.get(name, NO_TEXT)


def _side(table: str) -> str:
    return "centra_value" if table.startswith("centra_") else "emarsys_value"


def _instead(expectation: Expectation) -> str:
    if expectation.type in _INSTEAD:
        return _INSTEAD[expectation.type]
    is_mail = {"email", "email_key"} & set(expectation.columns)
    return "not an e-mail address" if is_mail else "not as expected"


def _text(value: str | None) -> sa.ColumnElement[Any]:
    # PostgreSQL infers no type from a bare literal in a select.
    return sa.cast(sa.literal(value, sa.Text), sa.Text)
