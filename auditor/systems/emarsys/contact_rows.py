"""Contacts as Emarsys writes them, turned into canonical rows.

Frame:
    emarsys_contact: one row per contact; contact_id is NULL until it is looked up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from auditor.model.stream import Aside
from auditor.model.tables import emarsys_contact
from auditor.systems.arrow import arrow_schema
from auditor.systems.emarsys.columns import texts
from auditor.systems.emarsys.envelope import id_or_none
from auditor.systems.text import email_key, name_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from auditor.config import Settings

COLUMNS = ("external_id", "email", "opt_in", "first_name", "last_name")
"""The fields of a contact that are compared, in the order in which they are asked for."""

SIGN_UP = {"source_id": 33, "form_id": 34}
"""The same in every account. Source: Emarsys reference 3.11, system fields."""

LACKING = "Emarsys leaves a field that was asked for out of this contact"
VANISHED = "the contact was changed or deleted between the export and the look-up of its id"
UNADDRESSED = "the row has neither an external id nor an e-mail"
HARMLESS = (VANISHED, UNADDRESSED)
"""Neither hides a contact: one that is gone is gone, and a changed one belongs to a person too young
to judge; one without key and e-mail can be mailed by nobody and linked to nobody."""

TEXT_COLUMNS = [c.name for c in emarsys_contact.columns if c.name not in ("email_key", "opt_in")]

OPT_IN = {"true": 1, "1": 1, "false": 2, "2": 2, "": None}
"""Source: Emarsys reference 3.9 (exports write True and False), 4 (others 1, 2 or nothing)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Canonical rows of emarsys_contact, and the records that could not be made one."""

    table: pa.Table
    aside: tuple[Aside, ...] = ()


def asked_fields(settings: Settings) -> dict[str, int]:
    """Return the field ids to read by column; where a sign-up came from only if it may be evidence."""
    fields = settings.emarsys.fields
    asked = {name: fields[name] for name in COLUMNS if name in fields}
    return asked | (SIGN_UP if settings.consent.emarsys_sources else {})


def contact_rows(columns: Mapping[str, pa.Array]) -> Rows:
    """Return canonical rows from columns of text as read.

    Args:
        columns: By the name of a canonical column, all of one length; what is left out is NULL.
    """
    nothing = pa.nulls(len(columns["email"]), pa.string())
    found = {name: texts(columns.get(name, nothing)) for name in TEXT_COLUMNS}
    for name in ("first_name", "last_name"):
        found[name] = pa.array([name_or_none(v) for v in found[name].to_pylist()], pa.string())
    found["email_key"] = pa.array([email_key(v) for v in found["email"].to_pylist()], pa.string())
    mark = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(columns.get("opt_in", nothing), "")))
    position = pc.index_in(mark, value_set=pa.array(list(OPT_IN)))
    found["opt_in"] = pa.array(list(OPT_IN.values()), pa.int32()).take(position)
    schema = arrow_schema(emarsys_contact)
    table = pa.Table.from_arrays([found[name] for name in schema.names], schema=schema)
    return _without(pc.is_null(position), table, pa.table(dict(columns)))


def _without(wrong: pa.Array, table: pa.Table, raw: pa.Table) -> Rows:
    if not pc.any(wrong).as_py():
        return Rows(table)
    reason = "the opt-in is none of True, False, 1, 2 and nothing"
    lost = tuple(aside(reason, cells) for cells in raw.filter(wrong).to_pylist())
    return Rows(table.filter(pc.invert(wrong)), lost)


def contact_rows_of_data(found: Sequence[Mapping[str, Any]], fields: Mapping[str, int]) -> Rows:
    """Return canonical rows from what `getdata` answered.

    A field that is empty comes as null; one that does not come at all is not known to be empty.

    Args:
        found: One mapping of field id to value per contact.
        fields: The field ids by column.
    """
    asked = {name: str(field_id) for name, field_id in fields.items()}
    wanted = set(asked.values())
    whole = [contact for contact in found if contact.keys() >= wanted]
    columns = {
        name: [_text(contact[field_id]) for contact in whole] for name, field_id in asked.items()
    }
    columns["contact_id"] = [id_or_none(contact.get("id")) for contact in whole]
    rows = contact_rows({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    lacking = (aside(LACKING, contact) for contact in found if not contact.keys() >= wanted)
    return Rows(rows.table, (*rows.aside, *lacking))


def taken(table: pa.Table, rows: Sequence[int]) -> pa.Table:
    """Return some rows of a table; an empty list has no type, so it is given one."""
    return table.take(pa.array(rows, pa.int64()))


def set_aside(table: pa.Table, rows: Sequence[int], reason: str) -> list[Aside]:
    """Return the given canonical rows as set-aside ones."""
    return [aside(reason, cells) for cells in taken(table, rows).to_pylist()]


def aside(reason: str, cells: Mapping[str, object]) -> Aside:
    """Return one set-aside record with its cells as JSON."""
    return Aside(reason, json.dumps(cells, ensure_ascii=False), hides=reason not in HARMLESS)


def _text(value: object) -> str | None:
    return None if value is None or value is False else str(value)
