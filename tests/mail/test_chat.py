"""The digest in short, to a real web server that stands for the chat."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config.settings import Chat
from auditor.config.values import Secret
from auditor.errors import ConfigError
from auditor.mail.chat import ChatPost, message_of, plain
from auditor.mail.digest import DEFAULT, digest_of
from auditor.mail.sent import Posted, Sent
from tests.mail.test_digest import HEARD, LINK, told
from tests.report import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from auditor.findings.ledger import Ledger

AT = examples.AS_OF


@dataclass
class Room:
    """What was posted, and what is answered."""

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    @property
    def chat(self) -> Chat:
        return Chat(webhook=Secret(f"http://127.0.0.1:{self.port}/hooks/hush"))


@pytest.fixture
def room() -> Iterator[Room]:
    with listening() as made:
        yield made


@contextlib.contextmanager
def listening() -> Iterator[Room]:
    """Run a chat on a port of its own."""
    made = Room()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = made.answers.pop(0) if made.answers else 200
            if status == 200:
                made.meanwhile()
                made.got.append(json.loads(body))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def post(room: Room, ledger: Ledger, tmp_path: Path) -> ChatPost:
    return ChatPost(room.chat, "nordlys", Sent(ledger, "nordlys"), tmp_path / "spool")


def message(**values: Any) -> dict[str, Any]:
    data = told(examples.rich_audit(), **values)
    owners = {result.check.owner for result in data.audit.checks}
    return message_of(digest_of(data, DEFAULT, owners, LINK, HEARD["default"]))


def said(**values: Any) -> str:
    return "\n".join(block["text"]["text"] for block in message(**values)["blocks"])


def test_a_message_arrives(room: Room, post: ChatPost):
    assert post.send({"k": message()}, AT) == Posted(1)
    assert room.got == [message()]


def test_it_is_sent_once(room: Room, post: ChatPost):
    for _ in range(2):
        post.send({"k": message()}, AT)
    assert len(room.got) == 1


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_the_chat_does_not_take_waits_and_is_sent_later(
    room: Room, post: ChatPost, status: int
):
    room.answers = [status]
    assert post.send({"k": message()}, AT).waiting == 1
    assert (post.send({}, AT), len(room.got)) == (Posted(1), 1)


def test_what_waits_is_told_to_the_next_report(room: Room, post: ChatPost, ledger: Ledger):
    room.answers = [404]
    post.send({"k": message()}, AT)
    left = Sent(ledger, "nordlys").undelivered
    assert left is not None
    assert (left.letters, left.reason) == (1, "the chat refuses a message (HTTP 404)")


def test_what_was_sent_at_last_waits_no_more(room: Room, post: ChatPost, ledger: Ledger):
    room.answers = [404]
    post.send({"k": message()}, AT)
    post.send({}, AT)
    assert Sent(ledger, "nordlys").undelivered is None


def test_what_another_process_has_just_sent_is_no_failure(
    room: Room, post: ChatPost, tmp_path: Path
):
    room.answers = [404]
    post.send({"k": message()}, AT)
    (waiting,) = (tmp_path / "spool" / "nordlys").glob("*.chat.json")
    room.meanwhile = waiting.unlink
    assert post.send({}, AT) == Posted(1)


def test_no_reason_tells_the_address(room: Room, post: ChatPost):
    room.answers = [302]
    assert "hush" not in str(post.send({"k": message()}, AT).reason)


def test_plain_http_to_another_machine_is_refused(ledger: Ledger, tmp_path: Path):
    away = Chat(webhook=Secret("http://chat.example/hooks/hush"))
    with pytest.raises(ConfigError, match=r"chat\.webhook"):
        ChatPost(away, "nordlys", Sent(ledger, "nordlys"), tmp_path).send({}, AT)


def test_it_begins_with_the_verdict_and_what_happened():
    first = message()["blocks"][0]["text"]["text"]
    assert first.startswith(":large_purple_circle: *nordlys*: This audit is incomplete.")


def test_the_notification_is_the_subject_of_the_mail():
    assert message()["text"] == (
        "[nordlys] Incomplete: 21 new, 3 worse, 3 back again, 7 resolved, 269 open"
    )


def test_it_names_the_gravest_and_what_is_new_of_it():
    assert "*Critical*: Consumer orders have no sale in Emarsys. (212, 18 new)" in said()


def test_it_links_the_report():
    assert f"Report: {LINK}" in said()


def test_text_from_the_systems_mentions_nobody():
    audit = examples.rich_audit()
    assert "<" not in said().replace("&lt;", "")
    assert audit.verdict == "incomplete"


def test_text_from_the_systems_begins_no_line():
    assert (
        plain("No.\n:large_green_circle: All is well.") == "No. :large_green_circle: All is well."
    )
