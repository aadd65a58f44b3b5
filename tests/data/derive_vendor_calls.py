"""Derive `emarsys_calls.json` from the vendor's request collections; see README.md beside this file.

Usage: python tests/data/derive_vendor_calls.py COLLECTION.json... > tests/data/emarsys_calls.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterator

USED = {
    "GET": (
        "contact/query email email/{} contactlist contactlist/{}/count contactlist/{}/contactIds "
        "event event/{}/usages export/{} export/{}/data field/translate/{} field/choices "
        "field/{}/choice/translate/{} filter filter/{} filter/{}/contacts filter/{}/contacts/count "
        "filter/{}/contacts/{} filter/runs/{}"
    ),
    "POST": (
        "contact contact/checkids contact/getchanges contact/getdata contactlist contactlist/{}/add "
        "contactlist/{}/delete email/getcontacts event/{}/trigger export/filter filter/{}/runs "
        "hapi/merchant/{}/sales-data/api"
    ),
    "PUT": "contact",
}
UPLOADS = "hapi/merchant/"
SIGNING = ("access_token", "authorization", "x-wsse")
STATES = {"scheduled", "in progress", "ready", "done", "waiting", "error"}
MISFILED = {("GET", "filter/{}"): ("GET", "filter")}
"""The list of segments stands under the path of one segment (see SOURCES of the collections)."""

Call = dict[str, Any]


def requests_of(items: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    for item in items:
        if "item" in item:
            yield from requests_of(item["item"])
        elif item.get("request"):
            yield item["request"], item.get("response") or []


def path_of(request: Any) -> tuple[str, str]:
    """Return the path below the version, with `{}` for ids, and the query."""
    url = request.get("url") or ""
    raw = url if isinstance(url, str) else url.get("raw", "")
    found = re.search(r"/v[23]/([^?]*)\??(.*)", raw) or re.search(f"({UPLOADS}[^?]*)()", raw)
    if found is None:
        return "", ""
    path = re.sub(r":[\w-]+|\{\{?[\w-]+\}?\}", "{}", found[1]).strip("/")
    return path, found[2]


def body_of(request: Any) -> Call:
    text = (request.get("body") or {}).get("raw") or ""
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def rows_of(request: Any) -> set[str]:
    """Return the keys of the rows in a body; those of contacts are mostly field ids."""
    rows = body_of(request).get("contacts")
    return {key for row in rows for key in row} if isinstance(rows, list) else set()


def headers_of(request: Any) -> set[str]:
    """Return the headers of an upload, without what signs it."""
    headers = {one["key"].lower(): one["value"] for one in request.get("header") or []}
    return {f"{name}: {value}" for name, value in headers.items() if name not in SIGNING}


def token_of(collection: Any) -> Iterator[Call]:
    """Yield how a collection fetches its token, where it does."""
    auth = collection.get("auth") or {}
    told = {one["key"]: one["value"] for one in auth.get("oauth2") or []}
    if told:
        yield {"url": told["accessTokenUrl"], "grant_type": told["grant_type"]}


def shape(value: Any, key: str = "") -> Any:
    """Return the shape of an answer: its keys and kinds, and no value but a state."""
    if isinstance(value, dict):
        return {"1" if name.isdecimal() else name: shape(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    if isinstance(value, str) and key == "status" and value in STATES:
        return value
    kinds = {str: "text", bool: "flag", int: "number", float: "number"}
    return kinds.get(type(value))


def answers_of(responses: list[Any]) -> Iterator[Call]:
    for response in responses:
        status = response.get("code") or 0
        try:
            body = json.loads(response.get("body") or "")
        except ValueError:
            continue
        if 200 <= status < 600:
            yield {"status": status, "body": shape(body)}


def main(paths: list[str]) -> None:
    calls: dict[tuple[str, str], Call] = {
        (method, path): {
            "method": method,
            "path": path,
            "body": set(),
            "rows": set(),
            "query": set(),
            "headers": set(),
            "answers": [],
        }
        for method, used in USED.items()
        for path in used.split()
    }
    named = set()
    tokens: list[Call] = []
    for name in paths:
        collection = json.loads(Path(name).read_text())
        tokens.extend(token_of(collection))
        for request, responses in requests_of(collection["item"]):
            path, query = path_of(request)
            key = (request["method"], path)
            if key not in calls:
                continue
            named.add(key)
            calls[key]["body"] |= set(body_of(request))
            calls[key]["rows"] |= rows_of(request)
            if path.startswith(UPLOADS):
                calls[key]["headers"] |= headers_of(request)
            calls[key]["query"] |= {one for one, _ in parse_qsl(query, keep_blank_values=True)}
            home = calls[MISFILED.get(key, key)]["answers"]
            home.extend(one for one in answers_of(responses) if one not in home)
    found = [calls[key] for key in sorted(named)]
    for call in found:
        for part in ("body", "rows", "query", "headers"):
            call[part] = sorted(call[part])
    token = {"method": "POST", "path": "oauth2/token", **tokens[0]}
    lines = ",\n".join(json.dumps(call) for call in (*found, token))
    sys.stdout.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(sys.argv[1:])
