"""A core API to talk to: a callable server that answers what a test tells it to."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from auditor.config import OAuth2, Secret, Settings
from auditor.config.systems import Centra, Contacts, Emarsys
from auditor.config.values import WebUrl

HOST = "https://api.emarsys.example"
URL = f"{HOST}/api/v3"
TOKEN_URL = "https://auth.emarsys.example/oauth2/token"  # noqa: S105 - an address
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECRET = "s3cr3t-of-the-client"  # noqa: S105 - made up

Answer = Callable[[httpx.Request], httpx.Response]


def ok(data: object) -> httpx.Response:
    """Answer as the core API does, down to its wrong content type."""
    body = {"replyCode": 0, "replyText": "OK", "data": data}
    return httpx.Response(200, text=json.dumps(body), headers={"Content-Type": "text/html"})


def failure(status: int, code: object, text: str = "not for messages") -> httpx.Response:
    return httpx.Response(status, json={"replyCode": code, "replyText": text, "data": ""})


def body_of(request: httpx.Request) -> Any:
    return json.loads(request.content)


@dataclass
class FakeClock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeEmarsys:
    """Answers requests by method and path; several answers are given one after the other."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.tokens = 0
        self.expires_in: object = 3600
        self._routes: dict[str, list[httpx.Response | Answer]] = {}

    def on(self, route: str, *answers: httpx.Response | Answer) -> None:
        self._routes[route] = list(answers)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def sent(self, route: str) -> list[httpx.Request]:
        return [request for request in self.requests if _route(request) == route]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        # A copy: the client signs the same request object again after a 401.
        copy = httpx.Request(request.method, request.url, headers=request.headers.copy())
        self.requests.append(copy)
        copy._content = request.content
        answers = self._routes.get(_route(request))
        if answers is None:
            if str(request.url) == TOKEN_URL:
                return self._token()
            return httpx.Response(404, html="<h1>Not found</h1>")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, httpx.Response):
            return httpx.Response(
                answer.status_code, content=answer.content, headers=answer.headers
            )
        return answer(request)

    def _token(self) -> httpx.Response:
        self.tokens += 1
        token = {"access_token": f"token-{self.tokens}", "token_type": "Bearer"}
        return httpx.Response(200, json={**token, "expires_in": self.expires_in})


def _route(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


@dataclass
class ContactBase:
    """Contacts behind export, checkids and getdata, by their ids."""

    contacts: dict[str, dict[str, str | None]]
    gone: set[str] = field(default_factory=set)
    fields: tuple[str, ...] = ("4711", "3", "31", "1", "2")
    with_ids: bool = False
    lookups: list[dict[str, Any]] = field(default_factory=list)

    def serve(self, server: FakeEmarsys, *, count: int | None = None) -> None:
        server.on("POST /api/v3/export/filter", ok({"id": 98}))
        server.on("GET /api/v3/export/98", ok({"id": "98", "status": "done"}))
        server.on("GET /api/v3/export/98/data", lambda _: httpx.Response(200, content=self.csv()))
        server.on("POST /api/v3/contact/checkids", self.checkids)
        server.on("POST /api/v3/contact/getdata", self.getdata)
        number = len(self.contacts) if count is None else count
        server.on("GET /api/v3/filter/100001/contacts/count", ok(number))

    def csv(self) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([*(["user_id"] if self.with_ids else []), *(f"F{f}" for f in self.fields)])
        for contact_id, contact in self.contacts.items():
            marks = {"1": "True", "2": "False", None: ""}
            row = [contact.get(f) or "" for f in self.fields]
            row[self.fields.index("31")] = marks[contact.get("31")]
            writer.writerow([*([contact_id] if self.with_ids else []), *row])
        return out.getvalue().encode()

    def checkids(self, request: httpx.Request) -> httpx.Response:
        body = body_of(request)
        self.lookups.append(body)
        ids: dict[str, object] = {}
        errors = {}
        for key in body["external_ids"]:
            found = [
                one
                for one, contact in self.contacts.items()
                if contact.get(body["key_id"]) == key and one not in self.gone
            ]
            if found:
                ids[key] = found[0] if len(found) == 1 else found
            else:
                errors[key] = {"2008": "No contact found"}
        return ok({"ids": ids, "errors": errors})

    def getdata(self, request: httpx.Request) -> httpx.Response:
        body = body_of(request)
        self.lookups.append(body)
        rows = [
            {"id": one, "uid": "x", **{f: self.contacts[one].get(f) for f in body["fields"]}}
            for one in body["keyValues"]
            if one in self.contacts
        ]
        missing = [one for one in body["keyValues"] if one not in self.contacts]
        return ok(
            {
                "result": rows or False,
                "errors": [{"key": one, "errorCode": 2008, "errorMsg": ""} for one in missing],
            }
        )


def oauth2() -> OAuth2:
    return OAuth2(token_url=WebUrl(TOKEN_URL), client_id="acme", client_secret=Secret(SECRET))


def emarsys_settings(**parts: Any) -> Emarsys:
    wanted: dict[str, Any] = {
        "url": WebUrl(URL),
        "auth": oauth2(),
        "contacts": Contacts(segment=100001),
        "fields": {"external_id": 4711},
    }
    return Emarsys(**(wanted | parts))


def brand_settings(**parts: Any) -> Settings:
    """Return settings of a brand; the parts are those of `emarsys`, but for two sections."""
    others = {name: parts.pop(name) for name in ("consent", "audiences") if name in parts}
    centra = Centra(url=WebUrl("https://acme.centra.example/graphql"), token=Secret("t"))
    return Settings(brand="acme", centra=centra, emarsys=emarsys_settings(**parts), **others)
