"""A real SMTP server on loopback, and the post of one brand."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
import stamina
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from auditor.config.settings import Mail
from auditor.config.values import MailUrl
from auditor.findings.ledger import Ledger
from auditor.mail.post import Post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path


@dataclass
class Server:
    """What the server got, and what it answers."""

    got: list[bytes] = field(default_factory=list)
    readers: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    port: int = 0
    strangers: set[str] = field(default_factory=set)
    meanwhile: Callable[[], None] = lambda: None

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take a reader, unless there is no such reader here."""
        if address in self.strangers:
            return "550 no such reader"
        envelope.rcpt_tos.append(address)
        return "250 taken"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        """Take a letter, or answer what was prepared."""
        if self.answers:
            return self.answers.pop(0)
        self.meanwhile()
        self.got.append(envelope.content)
        self.readers.append(envelope.rcpt_tos)
        return "250 taken"

    @property
    def messages(self) -> list[EmailMessage]:
        """Return the letters it took."""
        return [message_from_bytes(one, policy=policy.default) for one in self.got]


class FreePort(Controller):
    """Serves on whatever port is free, and greets itself there."""

    def _trigger_server(self) -> None:
        bound: Any = self.server
        self.port = bound.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # the library is half typed


@contextlib.contextmanager
def serving(server: Server, **options: Any) -> Iterator[Server]:
    """Run the server on a port of its own."""
    controller = FreePort(server, hostname="127.0.0.1", port=0, **options)
    controller.start()
    server.port = controller.port
    try:
        yield server
    finally:
        controller.stop()


@pytest.fixture(autouse=True)
def _retry_at_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as made:
        yield made


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()


def mail_of(port: int, user: str = "") -> Mail:
    url = MailUrl(f"smtp://{user}127.0.0.1:{port}")
    return Mail(smtp=url, from_="auditor@nordlys.example", to={"default": ("ops@nordlys.example",)})


@pytest.fixture
def post(server: Server, ledger: Ledger, tmp_path: Path) -> Post:
    return Post(mail_of(server.port), "nordlys", ledger, tmp_path / "spool")


def authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
) -> AuthResult:
    """Know one user."""
    is_known = (data.login, data.password) == (b"user", b"p@ss")
    return AuthResult(success=is_known, handled=False)
