"""Critical findings that stand longer than their owner may let them: told to somebody else, once a week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.mail.letter import Letter
from auditor.mail.templates import Templates
from auditor.report.figures import counted

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from auditor.config.settings import Escalation
    from auditor.report.build import Incident, ReportData


@dataclass(frozen=True, slots=True)
class Overdue:
    """An incident whose owner is late.

    Attributes:
        since: Since when the oldest of its critical findings stands.
        allowed: How long the owner may let one stand, in words.
    """

    incident: Incident
    since: datetime
    allowed: str


def overdue(data: ReportData, limits: Escalation) -> list[Overdue]:
    """Return the critical incidents that stand for too long, by exposure.

    What is contained is none of them, nor what does not count for the verdict.
    """
    found = []
    for incident in data.open_incidents:
        owner, since = incident.result.check.owner, incident.critical_since
        allowed = limits.after.get(owner, limits.after["default"])
        if incident.severity != "critical" or since is None:
            continue
        if data.audit.as_of - since > allowed:
            told = data.figures.duration(allowed.total_seconds())
            found.append(Overdue(incident, since, told))
    return found


def escalation(
    late: list[Overdue], data: ReportData, limits: Escalation, folder: Path, link: str
) -> Letter | None:
    """Return the letter about what stands for too long, the same for the same incidents in a week.

    Args:
        late: What stands for too long.
        data: The report of the run.
        limits: Who is told.
        folder: Of the templates.
        link: Where the report is.
    """
    if not late:
        return None
    audit, figures = data.audit, data.figures
    year, week, _ = audit.as_of.astimezone(figures.zone).isocalendar()
    named = ",".join(sorted(one.incident.id for one in late))
    many = counted(len(late), "critical incident", figures)
    subject = f"[{audit.brand}] Overdue: {many} nobody has mended"
    facts = {"audit": audit, "late": late, "link": link, "subject": subject}
    templates = Templates(
        folder,
        {
            "moment": figures.moment,
            "age": lambda moment: figures.age(moment, audit.as_of),
            "counted": lambda value, noun: counted(value, noun, figures),
        },
    )
    return Letter(
        key=f"escalation:{year}-{week}:{named}",
        to=limits.to,
        subject=subject,
        text=templates.text("escalation", facts),
        html=templates.html("escalation", facts),
    )
