"""What the core API answers: the envelope, refusals with the vendor's words, and per-row errors.

Source:
    Emarsys reference 2.3 (envelope) and 2.6 (codes and literal texts).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.options import EmarsysOptions

NO_KEY_ID = "<NO_KEY_ID>"
NOT_FOUND = 2008
EXISTS = 2009


class Refusal(Exception):  # noqa: N818 -- the vendor refuses; nothing went wrong here
    """The call is answered with an HTTP status, a reply code and the vendor's text."""

    def __init__(self, status: int, code: int | None, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


Reason = tuple[int, int | None, str]
TOO_MANY_ROWS: Reason = (400, 1000, "The request exceeded the maximum batch size of 1,000")
NO_ARRAY: Reason = (400, 2003, "Invalid data format. Array expected")


@dataclass(frozen=True, slots=True)
class Bare:
    """A JSON answer that the vendor sends without its envelope."""

    content: object


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that failed inside a successful call."""

    code: int
    text: str


@dataclass(slots=True)
class RowErrors:
    """The failed rows of a call, by the key the caller sent."""

    by_key: dict[str, RowError] = field(default_factory=dict)

    def add(self, key: object, error: RowError) -> None:
        """Record that the row of `key` failed."""
        self.by_key[str(key)] = error

    def into(self, data: dict[str, object], options: EmarsysOptions) -> dict[str, object]:
        """Return the answer's data with `errors` in the form that this account uses."""
        if self.by_key:
            data["errors"] = {key: {str(e.code): e.text} for key, e in self.by_key.items()}
        elif options.empty_errors != "absent":
            data["errors"] = [] if options.empty_errors == "list" else {}
        return data


def not_found(key: object) -> RowError:
    """No contact has this key; `key` is the field number."""
    return RowError(NOT_FOUND, f"No contact found with the external id: {key}")


def is_unknown(error: RowError) -> bool:
    """Tell whether a row failed because no contact has its key."""
    return error.code == NOT_FOUND


def ambiguous(key: object, value: object) -> RowError:
    """More than one contact has this value in the key field."""
    return RowError(2010, f"More contacts found with the external id: {key} - {value}")


def envelope(
    data: object, *, status: int = 200, code: int | None = 0, text: str = "OK", html: bool = False
) -> Response:
    """Wrap `data` as the core API does."""
    return as_json({"replyCode": code, "replyText": text, "data": data}, status=status, html=html)


def as_json(content: object, *, status: int = 200, html: bool = False) -> Response:
    """Encode `content` as JSON, labelled as JSON or, as seen on the wire, as HTML."""
    kind = "text/html; charset=utf-8" if html else "application/json"
    return Response(msgspec.json.encode(content), status, {"Content-Type": kind})
