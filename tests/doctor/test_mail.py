from __future__ import annotations

import contextlib
import socketserver
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from auditor.doctor.probes.mail import owners, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.result import Result


class MailServer(socketserver.StreamRequestHandler):
    """Greets, and keeps what it is told."""

    heard: list[str]
    offers: bytes

    def handle(self) -> None:
        self.wfile.write(b"220 mail\r\n")
        for line in self.rfile:
            word = line.decode().strip()
            self.heard.append(word)
            if word.startswith("ehlo"):
                self.wfile.write(b"250-mail\r\n" + self.offers + b"250 HELP\r\n")
            elif word == "STARTTLS":
                self.wfile.write(b"454 not now\r\n")
            else:
                self.wfile.write(b"221 bye\r\n")


@contextlib.contextmanager
def mail_server(offers: bytes = b"") -> Iterator[tuple[int, list[str]]]:
    heard: list[str] = []
    handler = type("Handler", (MailServer,), {"heard": heard, "offers": offers})
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield listening.server_address[1], heard
        finally:
            listening.shutdown()
            thread.join()


def examined(smtp: str | None) -> Result:
    mail = None if smtp is None else SimpleNamespace(smtp=smtp)
    visit: Any = SimpleNamespace(settings=SimpleNamespace(mail=mail))
    (result,) = server.examine(visit)
    return result


def test_without_mail_there_is_nothing_to_look_at():
    assert examined(None).state == "off"


def test_a_server_that_answers_on_this_machine_is_fine():
    with mail_server() as (port, _):
        assert examined(f"smtp://127.0.0.1:{port}").state == "ok"


def test_no_mail_and_no_password_is_sent():
    with mail_server() as (port, heard):
        examined(f"smtp://user:hush@127.0.0.1:{port}")
    assert [word.split()[0] for word in heard] == ["ehlo", "quit"]


def test_a_server_that_cannot_begin_tls_fails():
    with mail_server(offers=b"250-STARTTLS\r\n") as (port, _):
        assert examined(f"smtp://127.0.0.1:{port}").state == "fail"


def test_a_server_without_tls_elsewhere_fails(monkeypatch):
    monkeypatch.setattr("auditor.mail.server.is_loopback", lambda _: False)
    with mail_server() as (port, _):
        assert "offers no TLS" in examined(f"smtp://127.0.0.1:{port}").detail


def test_a_server_that_is_away_fails():
    with mail_server() as (port, _):
        pass
    result = examined(f"smtp://127.0.0.1:{port}")
    assert (result.state, result.detail) == ("fail", "The mail server does not answer.")


@pytest.mark.parametrize("smtp", ["smtps://127.0.0.1:9"])
def test_a_tls_server_that_is_away_fails(smtp):
    assert examined(smtp).state == "fail"


def told_of(to: tuple[str, ...], after: tuple[str, ...] = ()) -> list[Result]:
    mail = SimpleNamespace(
        to=dict.fromkeys(to), escalate=SimpleNamespace(after=dict.fromkeys(after))
    )
    visit: Any = SimpleNamespace(settings=SimpleNamespace(mail=mail), owners={"crm", "finance"})
    return list(owners.examine(visit))


def test_readers_of_owners_that_there_are_are_fine():
    (result,) = told_of(("default", "crm"), ("default", "finance"))
    assert result.state == "ok"


def test_readers_of_an_owner_whom_nobody_knows_are_named_with_who_was_meant():
    (result,) = told_of(("default", "crmm"))
    assert (result.state, result.detail) == ("warn", "mail.to names crmm, who owns no check.")
    assert result.fix == "Did you mean crm?"


def test_a_limit_of_an_owner_whom_nobody_knows_is_named():
    (result,) = told_of(("default",), ("default", "warehouse"))
    assert (result.id, result.fix) == ("warehouse", "There are crm, finance.")


def test_without_checks_no_owner_is_unknown():
    visit: Any = SimpleNamespace(
        settings=SimpleNamespace(mail=SimpleNamespace()), owners=frozenset()
    )
    assert [one.state for one in owners.examine(visit)] == ["off"]
