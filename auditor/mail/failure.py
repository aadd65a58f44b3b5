"""The letter, and the chat message, that say that the auditor failed, which is not that the brand is clean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.mail.chat import plain, shown
from auditor.mail.letter import Letter
from auditor.mail.post import readers_of
from auditor.mail.templates import Templates

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from auditor.config import Settings

OWNER = "default"
SILENCE = "This says nothing about the brand: until it works again, nobody knows whether both systems agree."


def failure_letter(settings: Settings, name: str, why: str, folder: Path, now: datetime) -> Letter:
    """Return the letter about work that failed; the same kind on the same day is the same letter.

    Args:
        settings: The brand's, with mail in them.
        name: What failed.
        why: As a sentence.
        folder: Of the templates.
        now: Aware.
    """
    assert settings.mail is not None  # noqa: S101 - who calls has looked
    local = now.astimezone(settings.timezone)
    subject = _subject(settings, name)
    facts = {"brand": settings.brand, "name": name, "why": why, "at": local, "subject": subject}
    templates = Templates(folder)
    return Letter(
        key=_key(settings, name, now),
        to=readers_of(settings.mail, OWNER),
        subject=subject,
        text=templates.text("failure", facts),
        html=templates.html("failure", facts),
    )


def failure_messages(
    settings: Settings, name: str, why: str, now: datetime
) -> dict[str, dict[str, Any]]:
    """Return the same for a chat, by its key.

    Args:
        settings: The brand's, with a chat in them.
        name: What failed.
        why: As a sentence.
        now: Aware.
    """
    subject = _subject(settings, name)
    parts = (f":red_circle: {plain(subject)}.", plain(why), SILENCE)
    return {f"chat:{settings.brand}:{_key(settings, name, now)}": shown(plain(subject), parts)}


def _subject(settings: Settings, name: str) -> str:
    return f"[{settings.brand}] The auditor failed: {name} did not come to an end"


def _key(settings: Settings, name: str, now: datetime) -> str:
    return f"failure:{name}:{now.astimezone(settings.timezone):%Y-%m-%d}"
