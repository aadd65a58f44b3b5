"""Whom a failing row of a canonical table is about, and what of it may be shown.

Subject keys are public. Rows that describe neither a person nor an order are one subject, their stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.personal import PERSONAL
from auditor.model.tables import STREAM_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Value = sa.ColumnElement[Any]
Row = sa.ColumnCollection[str, sa.ColumnElement[Any]]

_SHOWN_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Subject:
    """How to name the subject of a row.

    Attributes:
        key: Makes the subject's key of a row; NULL when the row lacks what the key is made of.
        people: People that one row reaches.
    """

    kind: str
    key: Callable[[Row], Value]
    people: int = 1


_SUBJECTS = {
    "centra_customer": Subject("contact", lambda row: "centra:" + row.customer_id),
    "centra_customer_flag": Subject("contact", lambda row: "centra:" + row.customer_id),
    "centra_keyed_consent": Subject("contact", lambda row: "centra:" + row.customer_id),
    "centra_subscription": Subject(
        "contact", lambda row: "centra:subscription:" + row.subscription_id
    ),
    "centra_buyer": Subject("contact", lambda row: "centra:buyer:" + row.buyer_id),
    "centra_order": Subject("order", lambda row: row.order_number),
    "centra_order_attribute": Subject("order", lambda row: row.order_number),
    "centra_order_line": Subject(
        "line", lambda row: row.order_number + "/" + sa.func.coalesce(row.item, row.line_id)
    ),
    "centra_return": Subject("order", lambda row: row.order_number),
    "emarsys_contact": Subject("contact", lambda row: row.contact_id),
    "emarsys_quarantine": Subject("contact", lambda row: row.contact_id),
    "emarsys_unsubscribe": Subject("contact", lambda row: row.contact_id),
    "emarsys_sale": Subject("line", lambda row: row.order_number + "/" + row.item),
    "emarsys_event": Subject("shipment", lambda row: "event:" + row.event_id),
    "emarsys_segment_member": Subject(
        "audience", lambda row: row.segment_id + "/" + row.contact_id
    ),
}


def of_table(table: str) -> Subject:
    """Return whom the rows of a table are about."""
    return _SUBJECTS.get(table, Subject("stream", lambda _: NO_TEXT, people=0))


def stream_of(table: str) -> str | None:
    """Return the stream that fills a table, None when the table is not canonical."""
    for stream, tables in STREAM_TABLES.items():
        if table in (t.name for t in tables):
            return stream
    return None


def shown(row: Row, columns: Sequence[str], instead: str) -> Value:
    """Return what a person may see of a row's values: never an e-mail address, never a name.

    For a value of a personal column, or one that holds an `@`, the text `instead` stands.
    """
    parts: list[Value] = [_shown(row[name], name, instead) for name in columns]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + " / " + part
    return joined


def _shown(value: Value, name: str, instead: str) -> Value:
    if name in PERSONAL:
        return sa.case((value.is_(None), "empty"), else_=instead)
    as_text = sa.func.substr(sa.cast(value, sa.Text), 1, _SHOWN_LENGTH)
    return sa.case((value.is_(None), "empty"), (as_text.like("%@%"), instead), else_=as_text)


NO_TEXT: Value = sa.cast(sa.null(), sa.Text)
