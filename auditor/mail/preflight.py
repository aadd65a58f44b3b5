"""The verdict of a preflight, as a letter to those who send the campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.mail.letter import Letter
from auditor.mail.post import readers_of
from auditor.mail.templates import Templates
from auditor.report.figures import counted

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.config.settings import Mail
    from auditor.preflight.verdict import Preflight
    from auditor.report.figures import Figures

OWNER = "crm"
"""Who sends campaigns."""


def letter_of(made: Preflight, digest: str, mail: Mail, folder: Path, figures: Figures) -> Letter:
    """Return the letter about a verdict.

    Args:
        made: The verdict.
        digest: Makes this one what it is, so that it is sent once.
        mail: Who reads what.
        folder: Of the templates.
        figures: How numbers and times are written.
    """
    templates = Templates(
        folder,
        {
            "number": figures.number,
            "moment": figures.moment,
            "counted": lambda value, noun: counted(value, noun, figures),
        },
    )
    about = made.audience
    subject = f"[{made.brand}] {made.verdict.upper()}: {about.kind} {about.id}"
    if made.offenders:
        subject += f", {figures.number(len(made.offenders))} should not be mailed"
    facts = {"made": made, "subject": subject}
    return Letter(
        key=f"preflight:{digest}",
        to=readers_of(mail, OWNER),
        subject=subject,
        text=templates.text("preflight", facts),
        html=templates.html("preflight", facts),
    )
