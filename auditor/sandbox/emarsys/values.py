"""What a caller may write into a contact field, and how it is stored."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.replies import RowError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.sandbox.emarsys.fields import Fields, Key
    from auditor.sandbox.emarsys.options import FieldDefinition

Stored = dict[int, str | None]
IGNORED = frozenset({"source_id", "key_id", "contact_list_id"})


def stored_values(row: Mapping[str, object], fields: Fields, key: Key) -> Stored | RowError:
    """Turn one row of a write into stored values by field number, or say what is wrong with it.

    An empty value clears the field; fields that are not sent are not in the result.

    Source:
        Emarsys reference 3.3 and 2.6 (200/2006, 200/2007).
    """
    values: Stored = {}
    for name, value in row.items():
        if name in IGNORED or name == key:
            continue
        number = fields.number(name)
        if number is None:
            return RowError(2006, f"Invalid field id: {name}")
        stored = _stored(value, fields.by_id[number])
        if isinstance(stored, RowError):
            return stored
        values[number] = stored
    return values


def _stored(value: object, field: FieldDefinition) -> str | RowError | None:
    if value is None or value in ("", []):
        return None
    if field.application_type == "multichoice":
        return _many(value, field)
    if isinstance(value, (list, dict)):
        return RowError(2007, f"Invalid data format for field id: {field.id}. Scalar expected.")
    return _one(_text(value), field)


def _one(text: str, field: FieldDefinition) -> str | RowError:
    if field.application_type == "singlechoice" and not _is_choice(text, field):
        return RowError(2007, f"Invalid choice id for field id: {field.id}")
    if field.application_type == "date" and not _is_date(text):
        return RowError(2007, f"Invalid date format for field id: {field.id}")
    return text


def _many(value: object, field: FieldDefinition) -> str | RowError:
    if not isinstance(value, list):
        return RowError(2007, f"Invalid data format for field id: {field.id}. Array expected")
    texts = [_text(one) for one in value]
    if not all(_is_choice(text, field) for text in texts):
        return RowError(2007, f"Invalid choice id for field id: {field.id}")
    return ",".join(texts)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_choice(text: str, field: FieldDefinition) -> bool:
    if not field.choices:
        return text.isdecimal()
    return text in {str(choice) for choice, _ in field.choices}


def _is_date(text: str) -> bool:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
