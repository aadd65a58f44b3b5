"""The envelope around every answer of the core API, with its loose types parsed once.

The HTTP status and the reply code decide together, since one number has several meanings; the reply
text and the content type never decide anything, and nothing of an answer enters a message.

Source:
    Emarsys reference 2.1 (content type), 2.3 (envelope), 2.6 (codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from auditor.errors import (
    ConfigError,
    IncompleteSnapshotError,
    RefusedError,
    SchemaDriftError,
)
from auditor.model.not_json import NOT_JSON

Codes = frozenset[tuple[int, int | None]]
Blame = Mapping[tuple[int, int | None], str]

OK = (200, 0)
PENDING: Codes = frozenset({(202, 10001), (400, 2001)})
"""Answers that mean: ask again in a while (2.6: being evaluated, fields could not be loaded)."""

GONE: Codes = frozenset({(410, 4003), (404, 4006)})
"""Answers that mean: the exported file is not kept any more, or was lost."""

BLAMED: Blame = {
    (400, 1007): "emarsys.fields names a field that the account does not have",
    (400, 2004): "emarsys.fields.external_id names a field that cannot be a key",
    (400, 2006): "emarsys.fields names a field that the account does not have",
    (400, 2015): "emarsys.fields.external_id has no index; ask Emarsys Support to index the field",
    (412, 8029): "the account does not have this feature; ask Emarsys Support to enable it",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of the core API.

    Attributes:
        method: HTTP method.
        path: Path below the API's address; `{}` stands for an id.
        permission: What the API user must be granted for it.
        pending: Answers that mean "not yet", beside those of every endpoint.
        is_bare: Whether the answer may come without the envelope.
        has_v2_path: Whether v3 accounts may have to ask under `/v2`.

    Source:
        Emarsys reference 1 (paths), 1.1 (permissions).
    """

    method: str
    path: str
    permission: str
    pending: Codes = frozenset()
    is_bare: bool = False
    has_v2_path: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, opened.

    Attributes:
        status: HTTP status.
        code: The reply code; None where it is null or there is no envelope.
        data: What the envelope holds, or the whole answer where there is no envelope.
        is_json: Whether the answer could be read at all.
        has_envelope: Whether it carries a reply code, be it null.
    """

    status: int
    code: int | None
    data: object
    is_json: bool
    has_envelope: bool

    def is_pending(self, endpoint: Endpoint) -> bool:
        """Return whether the same call may be answered later."""
        key = (self.status, self.code)
        return self.status == httpx.codes.LOCKED or key in PENDING or key in endpoint.pending

    def is_no_api(self) -> bool:
        """Return whether there is no API behind this address: a 404 of a web server."""
        return self.status == httpx.codes.NOT_FOUND and not self.has_envelope


def opened(response: httpx.Response) -> Reply:
    """Open an answer, whatever its content type says."""
    try:
        body = msgspec.json.decode(response.content)
    except NOT_JSON:
        return Reply(response.status_code, None, None, is_json=False, has_envelope=False)
    if not isinstance(body, dict) or "replyCode" not in body:
        return Reply(response.status_code, None, body, is_json=True, has_envelope=False)
    code = int_or_none(body["replyCode"])
    return Reply(response.status_code, code, body.get("data"), is_json=True, has_envelope=True)


def data_of(reply: Reply, endpoint: Endpoint, blame: Blame) -> object:
    """Return what the answer holds, or say what is wrong with it.

    Args:
        reply: The opened answer.
        endpoint: The call it answers.
        blame: By status and code, the sentence that names the setting to correct.

    Raises:
        RefusedError: wrong credentials, permission or address.
        ConfigError: a setting names what the account does not have.
        IncompleteSnapshotError: an exported file is gone.
        SchemaDriftError: anything else that is not success.
    """
    if (reply.status, reply.code) == OK:
        return reply.data
    if endpoint.is_bare and reply.status == OK[0] and reply.is_json and not reply.has_envelope:
        return reply.data
    _refuse(reply, endpoint)
    key = (reply.status, reply.code)
    if key in blame:
        raise ConfigError(blame[key])
    if key in BLAMED:
        raise ConfigError(f"Emarsys, {endpoint.path}: {BLAMED[key]}.")
    if key in GONE:
        raise IncompleteSnapshotError("Emarsys does not keep the exported file; read again.")
    raise SchemaDriftError(
        f"Emarsys answered {endpoint.path} with HTTP {reply.status}, {_code_text(reply)}; "
        "the auditor does not know this answer."
    )


def _refuse(reply: Reply, endpoint: Endpoint) -> None:
    if reply.status == httpx.codes.UNAUTHORIZED:
        raise RefusedError(
            "Emarsys refuses the credentials; check emarsys.auth "
            "(with wsse also this machine's clock)."
        )
    if reply.status == httpx.codes.FORBIDDEN:
        raise RefusedError(
            f"Emarsys refuses {endpoint.path}; grant the API user of emarsys.auth "
            f"the permission {endpoint.permission}."
        )
    if reply.is_no_api():
        raise RefusedError(
            f"Emarsys has no {endpoint.path} at this address; "
            "check emarsys.url (it ends in /api/v3 or /api/v2)."
        )


def _code_text(reply: Reply) -> str:
    if not reply.is_json:
        return "not JSON"
    return "no reply code" if reply.code is None else f"reply code {reply.code}"


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row of a call failed; code None where the answer does not say."""

    key: str
    code: int | None


def row_errors(raw: object) -> tuple[RowError, ...]:
    """Return the failed rows of a call, from any of the shapes they come in.

    Source:
        Emarsys reference 0.2, 3.3, 3.4, 3.6: absent, `[]`, `{}`, `{key: {code: text}}` or
        `[{"key", "errorCode", "errorMsg"}]`; codes as text or number.
    """
    if isinstance(raw, dict):
        return tuple(RowError(str(key), _inner_code(inner)) for key, inner in raw.items())
    if isinstance(raw, list):
        rows = (row for row in raw if isinstance(row, dict))
        return tuple(
            RowError(str(row.get("key", "")), int_or_none(row.get("errorCode"))) for row in rows
        )
    return ()


def _inner_code(inner: object) -> int | None:
    if isinstance(inner, dict):
        codes = (int_or_none(key) for key in inner)
        found = next((code for code in codes if code is not None), None)
        return found if found is not None else int_or_none(inner.get("errorCode"))
    return int_or_none(inner)


def int_or_none(raw: object) -> int | None:
    """Return a number that may come as text, None when it is neither."""
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        return None
    try:
        return int(raw)
    except ValueError:
        return None


def id_or_none(raw: object) -> str | None:
    """Return an id as text, whether it came as text or number; None when it is neither or empty."""
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        return None
    return str(raw).strip() or None


def rows_of(data: object, endpoint: Endpoint) -> list[dict[str, Any]]:
    """Return a list of objects; `false`, `""` and null are empty lists.

    Raises:
        SchemaDriftError: it is something else.

    Source:
        Emarsys reference 0.2: `result` may be `false`, `data` may be `""`.
    """
    if data is False or data is None or data == "":
        return []
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise drift(endpoint, "is no list of objects")
    return data


def object_of(data: object, endpoint: Endpoint) -> dict[str, Any]:
    """Return an object; `[]`, `false`, `""` and null are the empty one.

    Raises:
        SchemaDriftError: it is something else.
    """
    if data is False or data is None or data in ("", []):
        return {}
    if not isinstance(data, dict):
        raise drift(endpoint, "is no object")
    return data


def drift(endpoint: Endpoint, what: str) -> SchemaDriftError:
    """Return the error for an answer that is not of the agreed shape."""
    return SchemaDriftError(f"Emarsys: the answer to {endpoint.path} {what}.")
