"""One letter: who gets it, what it says in plain text and in HTML, and what makes it this one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from auditor.hostile import clipped, visible

if TYPE_CHECKING:
    from datetime import datetime

SUBJECT_LIMIT = 150


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent to the readers of one owner.

    Attributes:
        key: What it is about; the same key for the same readers is the same letter, sent once.
        to: The addresses of the readers.
        text: Plain text that says the same as the HTML.
    """

    key: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str


def message_of(letter: Letter, *, brand: str, sender: str, at: datetime) -> EmailMessage:
    """Return a letter as it goes to a mail server.

    Its Message-ID follows from brand, key and readers, so that a server or a mailbox that gets it a
    second time knows it.

    Args:
        letter: What it says.
        brand: Whose it is.
        sender: The address it comes from.
        at: Its date, aware.
    """
    message = EmailMessage()
    message["Subject"] = clipped(" ".join(visible(letter.subject).split()), SUBJECT_LIMIT)
    message["From"] = sender
    message["To"] = ", ".join(letter.to)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(letter, brand=brand, sender=sender)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def message_id(letter: Letter, *, brand: str, sender: str) -> str:
    """Return what names a letter for ever."""
    named = "\x1f".join((brand, letter.key, *sorted(letter.to)))
    domain = sender.rpartition("@")[2]
    return f"<auditor.{hashlib.sha256(named.encode()).hexdigest()[:32]}@{domain}>"
