"""The letter that says that the auditor failed, which is not that the brand is clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.mail.letter import Letter
from auditor.mail.post import readers_of
from auditor.mail.templates import Templates

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from auditor.config import Settings

OWNER = "default"


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
    subject = f"[{settings.brand}] The auditor failed: {name} did not come to an end"
    facts = {"brand": settings.brand, "name": name, "why": why, "at": local, "subject": subject}
    templates = Templates(folder)
    return Letter(
        key=f"failure:{name}:{local:%Y-%m-%d}",
        to=readers_of(settings.mail, OWNER),
        subject=subject,
        text=templates.text("failure", facts),
        html=templates.html("failure", facts),
    )
