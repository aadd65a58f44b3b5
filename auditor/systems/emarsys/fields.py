"""The account's contact fields, and the choices of those that have some.

Source:
    Emarsys reference 3.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.systems.emarsys.envelope import Endpoint, drift, int_or_none, rows_of

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi

TRANSLATE = Endpoint("GET", "field/translate/{}", "field.list")
CHOICES = Endpoint("GET", "field/{}/choice/translate/{}", "field.singlechoice.*")


def field_names(api: CoreApi, language: str = "en") -> dict[int, str]:
    """Return the name of every field by its id.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    names = {}
    for row in rows_of(api.call(TRANSLATE, language), TRANSLATE):
        field_id = int_or_none(row.get("id"))
        if field_id is None:
            raise drift(TRANSLATE, "has a field without an id")
        names[field_id] = str(row.get("name", ""))
    return names


def field_choices(api: CoreApi, field_id: int, language: str = "en") -> dict[int, str]:
    """Return the text of every choice of a field by its id; the ids are the account's own.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    choices = {}
    for row in rows_of(api.call(CHOICES, field_id, language), CHOICES):
        choice_id = int_or_none(row.get("id"))
        if choice_id is None:
            raise drift(CHOICES, "has a choice without an id")
        choices[choice_id] = str(row.get("choice", ""))
    return choices
