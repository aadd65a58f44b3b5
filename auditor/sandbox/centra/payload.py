"""What every mutation answers: its result, what kept it from working, and what went wrong on the way.

Source: Centra reference 2.8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra.field import Field, attr, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

Complaint = tuple[str, tuple[str, ...]]
"""A message and the path of the argument that it is about."""


@dataclass(slots=True)
class Payload:
    """The answer of a mutation."""

    result: Any = None
    errors: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)


def complaint(message: str, *path: str) -> Complaint:
    """Return an error or a warning about an argument."""
    return message, path


def payload_fields(result: str | None = None) -> Mapping[str, Field]:
    """Return the fields of a payload type, whose result has a name of its own."""
    own: dict[str, Field] = {result: attr("result")} if result else {}
    return {**own, "userErrors": attr("errors"), "userWarnings": attr("warnings")}


_COMPLAINT: dict[str, Field] = {
    "message": plain(lambda pair: pair[0]),
    "path": plain(lambda pair: list(pair[1])),
}

FIELDS: dict[str, dict[str, Field]] = {
    "UserError": _COMPLAINT,
    "UserWarning": _COMPLAINT,
    "CustomerUpdatePayload": dict(payload_fields("customer")),
    "AnonymizeCustomersPayload": dict(payload_fields("customers")),
    "AttributesAssignPayload": dict(payload_fields()),
    "EventListenersSetPayload": dict(payload_fields("eventListeners")),
    "EventListenersUnsetPayload": dict(payload_fields("eventListeners")),
    "EventsConfirmPayload": dict(payload_fields()),
}
