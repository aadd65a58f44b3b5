"""The contact fields and their choices, in a language.

Source:
    Emarsys reference 3.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.fields import is_language
from auditor.sandbox.emarsys.replies import Refusal

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call


def list_fields(call: Call) -> object:
    """List the fields with their localised names."""
    language = _language(call)
    return [
        {
            "id": field.id,
            "name": call.state.fields.label(field.id, language),
            "application_type": field.application_type,
            "string_id": field.string_id,
        }
        for field in call.state.fields.by_id.values()
    ]


def list_choices(call: Call) -> object:
    """List the choices of one field."""
    _language(call)
    number = call.number("id")
    if number not in call.state.fields.by_id:
        raise Refusal(400, 1007, f"No such field: {number}.")
    names = call.state.fields.choice_names(number)
    return [{"id": key, "choice": name, "bit_position": None} for key, name in names.items()]


def _language(call: Call) -> str:
    language = call.path["language"]
    if not is_language(language):
        raise Refusal(400, 1002, "Invalid language code")
    return language


ROUTES = (
    CoreRoute("GET", "/field/translate/{language}", "field.list", list_fields),
    CoreRoute(
        "GET", "/field/{id}/choice/translate/{language}", "field.singlechoice.*", list_choices
    ),
)
