"""The digest of a run for each group of readers: what is new, what stands, and what they do first.

A group hears of a run when something of its own is new, worse, back or resolved, or when the run is
incomplete; else once a week, so that silence is never taken for health.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from auditor.hostile import safe_name
from auditor.mail.letter import Letter
from auditor.mail.templates import Templates
from auditor.model.finding import NEWS, Tally
from auditor.report import words
from auditor.report.build import stakes_of
from auditor.report.figures import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from auditor.config.settings import Mail
    from auditor.model.finding import CheckResult, Money, Verdict
    from auditor.report.build import Incident, ReportData

HEARTBEAT = timedelta(days=7)
SLACK = timedelta(hours=1)
"""A run that begins a little earlier than a week ago still counts as a week later."""

DEFAULT = "default"
MOST_BYTES = 88_000
"""Of a letter's HTML: clients clip a mail somewhere above 100 kB, and 90 kB are promised."""

_SAID = {"new": "new", "worse": "worse", "regressed": "back again", "resolved": "resolved"}


@dataclass(frozen=True, slots=True)
class Digest:
    """What one group of readers is told of a run.

    Attributes:
        group: The key of `mail.to` that names the readers.
        data: The whole report.
        incidents: Those of the group, by exposure.
        results: The checks of the group.
        tally: How the findings of the group stand.
        link: Where the report is.
        quiet_since: When the group was last written to, where nothing has happened since; else None.
        ended: Findings of the group that were accepted until this run, and count again.
        untold: Findings of the group that changed in audits that it was not told of.
    """

    group: str
    data: ReportData
    incidents: tuple[Incident, ...]
    results: tuple[CheckResult, ...]
    tally: Tally
    link: str
    quiet_since: datetime | None = None
    ended: int = 0
    untold: int = 0

    @property
    def key(self) -> str:
        """Return what makes this digest the same, told once: the run, and what of the group's was judged.

        Where more suites of the run are judged later, what they find is another digest.
        """
        audit = self.data.audit
        left = {one.check.suite for one in self.results if not audit.is_asked(one.check)}
        return ":".join((audit.run, *([f"without {','.join(sorted(left))}"] if left else [])))

    @property
    def verdict(self) -> Verdict:
        """Return the verdict as it is for this group."""
        if self.data.audit.verdict == "incomplete":
            return "incomplete"
        if any(incident.severity == "critical" for incident in self.open_incidents):
            return "critical"
        return "drift" if self.open_incidents else "clean"

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """Return the incidents of the group that count for the verdict."""
        return tuple(one for one in self.incidents if one.counts)

    @property
    def has_news(self) -> bool:
        """Tell whether something happened that the group has to hear."""
        changed = any(getattr(self.tally, name) for name in NEWS)
        return changed or bool(self.ended or self.untold) or self.verdict == "incomplete"

    @property
    def unjudged(self) -> tuple[CheckResult, ...]:
        """Return the checks of the group that could not judge."""
        return tuple(one for one in self.results if one.could_not_judge)

    @property
    def stakes(self) -> tuple[Money, ...]:
        """Return what is at stake in the incidents of the group together, by currency."""
        return stakes_of(self.incidents)

    @property
    def delta(self) -> str:
        """Return what happened in words, such as `3 new, 2 resolved`."""
        figures = self.data.figures
        said = [
            f"{figures.number(count)} {_SAID[name]}"
            for name in NEWS
            if (count := getattr(self.tally, name))
        ]
        if self.ended:
            said.append(f"{figures.number(self.ended)} no longer accepted")
        if self.untold:
            said.append(f"{figures.number(self.untold)} changed since the last word")
        return ", ".join(said) or "nothing changed"

    @property
    def subject(self) -> str:
        """Return the subject: the verdict, and what happened."""
        audit, figures = self.data.audit, self.data.figures
        whose = "" if self.group == DEFAULT else f" ({self.group})"
        open_ = f"{figures.number(self.tally.total)} open"
        verdict = self.verdict.capitalize()
        if self.verdict == "clean" and audit.suites:
            verdict += f", {words.only(audit)}"
        return f"[{audit.brand}] {verdict}: {self.delta}, {open_}{whose}"

    def news_of(self, incident: Incident) -> str:
        """Return how an incident's rows have changed, in words; empty where they have not."""
        tally = self.data.changes.get(incident.id, Tally())
        figures = self.data.figures
        said = [
            f"{figures.number(count)} {_SAID[name]}"
            for name in NEWS
            if (count := getattr(tally, name))
        ]
        return ", ".join(said)


def digests(
    data: ReportData,
    mail: Mail,
    link: str,
    heard_at: Mapping[str, datetime | None],
    ended: Mapping[str, int] = MappingProxyType({}),
    untold: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
) -> list[Digest]:
    """Return the digests that are due, one for each group of readers that has to hear of this run.

    Args:
        data: The report of the run.
        mail: Who reads what.
        link: Where the report is.
        heard_at: When each group was last written to.
        ended: How many findings of each check were accepted until this run, and count again.
        untold: By group, how many findings of each check changed in audits that it was not told of.
    """
    groups = [group for group, readers in mail.to.items() if readers]
    made = (
        digest_of(data, group, _owners(data, groups, group), link, heard_at.get(group), ended)
        for group in groups
    )
    caught_up = (catching_up(one, untold.get(one.group, {})) for one in made)
    return [digest for digest in caught_up if is_due(digest)]


def catching_up(digest: Digest, untold: Mapping[str, int]) -> Digest:
    """Return a digest that also tells of what changed in audits that its readers were not told of."""
    count = sum(untold.get(one.check.id, 0) for one in digest.results)
    return replace(digest, untold=count, quiet_since=None) if count else digest


def is_due(digest: Digest) -> bool:
    """Tell whether the readers have to hear of it: news, the first word at all, or a week of silence."""
    since = digest.quiet_since
    return since is None or digest.data.audit.as_of - since >= HEARTBEAT - SLACK


def digest_of(
    data: ReportData,
    group: str,
    owners: Iterable[str],
    link: str,
    heard_at: datetime | None,
    ended: Mapping[str, int] = MappingProxyType({}),
) -> Digest:
    """Return what a group is told of a run, whether it has to hear of it or not."""
    mine = frozenset(owners)
    results = tuple(one for one in data.audit.checks if one.check.owner in mine)
    made = Digest(
        group=group,
        data=data,
        incidents=tuple(one for one in data.incidents if one.result.check.owner in mine),
        results=results,
        tally=_together(data.changes.get(one.check.id, Tally()) for one in results),
        link=link,
        ended=sum(ended.get(one.check.id, 0) for one in results),
    )
    return made if made.has_news or heard_at is None else replace(made, quiet_since=heard_at)


def letters(made: Iterable[Digest], mail: Mail, templates: Path) -> list[Letter]:
    """Return a letter for each digest.

    Args:
        made: What is told.
        mail: Who reads what.
        templates: The folder of the templates.
    """
    return [_letter(one, mail, templates) for one in made]


def link_to(page: Path, brand: str, mail: Mail | None) -> str:
    """Return where the readers find the page of a run: its address where they have one, else its file."""
    if mail is None or mail.reports is None:
        return page.as_posix()
    folder = quote(f"{safe_name(brand)}/{page.parent.name}/{page.name}")
    return f"{str(mail.reports).rstrip('/')}/{folder}"


def _owners(data: ReportData, groups: Iterable[str], group: str) -> set[str]:
    owners = {one.check.owner for one in data.audit.checks}
    return owners - set(groups) if group == DEFAULT else {group}


def _together(tallies: Iterable[Tally]) -> Tally:
    found = list(tallies)
    return Tally(**{name: sum(getattr(t, name) for t in found) for name in Tally.__slots__})


def _letter(digest: Digest, mail: Mail, folder: Path) -> Letter:
    figures, as_of = digest.data.figures, digest.data.audit.as_of
    templates = Templates(
        folder,
        {
            "number": figures.number,
            "money": figures.money,
            "moment": figures.moment,
            "age": lambda moment: figures.age(moment, as_of),
            "counted": lambda value, noun: counted(value, noun, figures),
            "step": words.incident_step,
            "marks": lambda incident: words.marks(incident, figures),
        },
    )
    shown = len(digest.incidents)
    html = templates.html("digest", _facts(digest, shown))
    while len(html.encode()) > MOST_BYTES and shown:
        shown //= 2
        html = templates.html("digest", _facts(digest, shown))
    return Letter(
        key=f"digest:{digest.key}:{digest.group}",
        to=mail.to[digest.group],
        subject=digest.subject,
        text=templates.text("digest", _facts(digest, shown)),
        html=html,
    )


def _facts(digest: Digest, shown: int) -> dict[str, object]:
    data = digest.data
    return {
        "digest": digest,
        "audit": data.audit,
        "data": data,
        "headline": words.headline(data.audit, digest.verdict),
        "judged": (*words.judged(data.audit), *words.unlooked(data.audit)),
        "first": words.incident_step(digest.open_incidents[0]) if digest.open_incidents else None,
        "mend": words.next_step(data) if digest.verdict == "incomplete" else None,
        "gaps": [
            line for line in data.audit.coverage if words.coverage_state(line) == "incomplete"
        ],
        "incidents": digest.incidents[:shown],
        "hidden": len(digest.incidents) - shown,
        "is_web": digest.link.startswith(("http://", "https://")),
    }
