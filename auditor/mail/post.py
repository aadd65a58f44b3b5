"""The post: letters are put into a folder first, sent from there, and taken out once they were taken.

A server that is down costs nothing but time: the next post sends what waits. What was sent stands in the
ledger, so that the same letter is not sent again.
"""

from __future__ import annotations

import contextlib
import smtplib
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import stamina

from auditor.errors import ConfigError
from auditor.hostile import safe_name
from auditor.mail.letter import message_of
from auditor.mail.sent import Posted, Sent
from auditor.mail.server import TIMEOUT_S, opened
from auditor.private_file import write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from auditor.config.settings import Mail
    from auditor.findings.ledger import Ledger
    from auditor.mail.letter import Letter

SPOOL = Path("var/mail")
ATTEMPTS = 3
LEFT = "X-Auditor-Left"
"""Names, in a letter that waits, the only readers who have yet to get it; no server is sent this line."""


class Post:
    """The post of one brand.

    Args:
        mail: The server, the sender and the readers.
        brand: Whose letters they are.
        ledger: Keeps which were sent.
        spool: Where letters wait.
    """

    def __init__(self, mail: Mail, brand: str, ledger: Ledger, spool: Path = SPOOL) -> None:
        self._mail, self._brand, self._sent = mail, brand, Sent(ledger, brand)
        self._folder = spool / safe_name(brand)

    def send(self, letters: Iterable[Letter], at: datetime) -> Posted:
        """Send letters, and those that wait since an earlier post; a letter that was sent is left.

        Nothing is raised where the server is away or refuses: the letters wait.

        Args:
            letters: What to send.
            at: The time now, aware.

        Raises:
            ConfigError: `mail.smtp` names a server that no letter may go to.
        """
        _require_safe(self._mail.smtp)
        for letter in letters:
            message = message_of(letter, brand=self._brand, sender=self._mail.from_, at=at)
            if not self._sent.was(str(message["Message-ID"])):
                name = sha256(str(message["Message-ID"]).encode()).hexdigest()[:32]
                write_private(self._folder / f"{name}.eml", message.as_bytes(policy=policy.SMTP))
        posted = self._deliver(at)
        self._sent.leave("mail", posted)
        return posted

    def _deliver(self, at: datetime) -> Posted:
        waiting = sorted(self._folder.glob("*.eml")) if self._folder.is_dir() else []
        if not waiting:
            return Posted(0)
        sent, reason = 0, None
        try:
            with _connected(self._mail.smtp) as server:
                for place in waiting:
                    reason = self._deliver_one(server, place, at) or reason
                    sent += not place.exists()
        except (OSError, smtplib.SMTPException) as exc:
            reason = f"the mail server does not take letters ({type(exc).__name__})"
        return Posted(sent, len(waiting) - sent, reason if sent < len(waiting) else None)

    def _deliver_one(self, server: smtplib.SMTP, place: Path, at: datetime) -> str | None:
        """Send one letter; return why it has to wait."""
        try:
            message = message_from_bytes(place.read_bytes(), policy=policy.SMTP)
        except FileNotFoundError:
            return None  # another process has just sent it
        named, left, reason = str(message["Message-ID"]), message[LEFT], None
        del message[LEFT]
        if left is not None or not self._sent.was(named):
            try:
                refused = server.send_message(message, to_addrs=left and str(left).split(", "))
            except smtplib.SMTPServerDisconnected:
                raise  # nobody is there for the other letters either
            except (smtplib.SMTPException, UnicodeError) as exc:
                return _why(exc)
            if refused:
                # Before it is noted as sent: were this process killed in between, nobody else would get it.
                message[LEFT] = ", ".join(refused)
                write_private(place, message.as_bytes(policy=policy.SMTP))
                reason = "the mail server refuses a reader; check mail.to"
            self._sent.note(named, at)
        if reason is None:
            place.unlink(missing_ok=True)
        return reason


def _why(exc: Exception) -> str:
    """Say why a server does not take a letter."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return "the mail server refuses the readers; check mail.to"
    if isinstance(exc, smtplib.SMTPResponseException):
        return f"the mail server refuses a letter (code {exc.smtp_code})"
    if isinstance(exc, smtplib.SMTPNotSupportedError):
        return "the mail server cannot write to a reader's address; check mail.to"
    return f"the mail server cannot take a letter ({type(exc).__name__})"


def readers_of(mail: Mail, owner: str) -> tuple[str, ...]:
    """Return who reads the letters of an owner."""
    return mail.to.get(owner) or mail.to["default"]


@contextlib.contextmanager
def _connected(url: str) -> Iterator[smtplib.SMTP]:
    """Open the server, once more after a fault that may pass."""
    with contextlib.ExitStack() as stack:
        for attempt in stamina.retry_context(on=OSError, attempts=ATTEMPTS, timeout=TIMEOUT_S):
            with attempt:
                server = stack.enter_context(opened(url))
        yield server


def _require_safe(url: str) -> None:
    if not urlsplit(url).hostname:
        raise ConfigError("mail.smtp: no server is named; write one like smtp://mail.example:587.")
