"""What the report says in whole sentences: the verdict, what it means, and what to do next."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.prose import in_a_row
from auditor.report.figures import aware, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.audit import Audit, PastRun
    from auditor.model.finding import Verdict
    from auditor.model.snapshot import Coverage
    from auditor.report.build import Incident, ReportData
    from auditor.report.figures import Figures

HEADLINES = {
    "clean": "Both systems agree.",
    "drift": "The systems disagree.",
    "critical": "The systems disagree, critically.",
    "incomplete": "This audit is incomplete.",
}
REMEDY_CLASSES = {
    "auto": "safe to do at once, it only narrows or fills in",
    "confirm": "to be done once a person has approved it",
    "propose": "a person carries it out; no tool may send it",
    "none": "there is nothing to send; the source has to be mended",
}
MOVERS = {
    "centra": "Centra changed.",
    "emarsys": "Emarsys changed.",
    "both": "Both sides changed.",
    "never_agreed": "They never agreed.",
}


PARTLY = "What was judged agrees."
"""In place of the first headline, where only some suites were judged."""

OWN = "Nothing of yours is wrong."
"""In place of the first headline, for those whose own checks agree while others do not."""

OWN_PARTLY = "Nothing of yours that was judged is wrong."
"""The same, where only some suites were judged: theirs may not be among them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        command: What to type for it, where there is something to type.
        target: Name of the place in the page that it speaks of.
    """

    text: str
    command: str | None = None
    target: str | None = None


def headline(run: Audit | PastRun, verdict: Verdict) -> str:
    """Say a verdict in a few words: that of the run, or of what a group of readers hears of it."""
    if verdict == "clean" and run.verdict != "clean":
        return OWN_PARTLY if run.suites else OWN
    return PARTLY if verdict == "clean" and run.suites else HEADLINES[verdict]


def meaning(data: ReportData) -> str:
    """Say in a few sentences what the verdict rests on."""
    tell = {
        "clean": _agreement,
        "drift": _disagreement,
        "critical": _disagreement,
        "incomplete": _gaps,
    }
    return " ".join(
        [
            *tell[data.audit.verdict](data),
            *_beside(data),
            *judged(data.audit),
            *unlooked(data.audit),
        ]
    )


def judged(run: Audit | PastRun) -> tuple[str, ...]:
    """Say which suites alone were judged; nothing where all were."""
    if not run.suites:
        return ()
    named, are_many = in_a_row(run.suites), len(run.suites) > 1
    which = f"suites {named} were" if are_many else f"suite {named} was"
    return (f"Only the {which} judged; what the others found before stands.",)


def unlooked(run: Audit) -> tuple[str, ...]:
    """Say of how many customers it is not known whether they were merged away; nothing where it is."""
    if not run.unlooked:
        return ()
    who = "1 customer" if run.unlooked == 1 else f"{run.unlooked} customers"
    return (
        f"{who} whose orders are another's now could not be looked up in Centra: what a merge left "
        "behind may be missing here.",
    )


def only(run: Audit | PastRun) -> str:
    """Say behind a verdict which suites alone it is of, as in "only consent and sales"; nothing if of all."""
    return f"only {in_a_row(run.suites)}" if run.suites else ""


def next_step(data: ReportData) -> Step:
    """Choose the one thing to do first."""
    if data.audit.verdict == "incomplete":
        return _mend(data)
    if data.open_incidents:
        first = data.open_incidents[0]
        step = incident_step(first)
        return Step(f"{first.result.check.title} {step.text}", step.command, f"incident-{first.id}")
    if data.audit.verdict != "clean":
        return Step("Look at the findings that stand open.", "auditor findings")
    if data.audit.suites:
        return Step("Audit the other suites: they were not judged.", "auditor audit")
    return Step("Nothing needs doing before the next audit.")


def marks(incident: Incident, figures: Figures) -> tuple[str, ...]:
    """Say in a few words what is special about an incident, and why it does not count where it does not."""
    result, said = incident.result, []
    if incident.is_contained:
        said.append("contained")
    if incident.is_accepted:
        said.append("accepted")
    if result.outcome == "pass":
        said.append("tolerated")
    elif result.outcome != "fail" and (result.holds or incident.judged_at is None):
        said.append("not judged this time")
    elif result.outcome != "fail" and incident.judged_at is not None:
        said.append(f"not judged since {figures.day(aware(incident.judged_at))}")
    return tuple(said)


def incident_step(incident: Incident) -> Step:
    """Say what the owner of an incident does about it."""
    check = incident.result.check
    if incident.result.outcome == "off" and not incident.result.holds:
        return Step("Its check is off, so that nobody looks: see why, or accept what stands.")
    if incident.is_contained:
        return Step("All of them are on the quarantine list: find the cause, then release them.")
    listing = f"auditor findings --check {shlex.quote(check.id)}"
    if check.remedy is None:
        return Step(f"Give the rows to {check.owner}: the source has to be mended.", listing)
    return Step(f"Give the rows to {check.owner}, who corrects them and mends the source.", listing)


def remedy(incident: Incident) -> str:
    """Name the proposed remedy and say in plain words what its class allows."""
    check = incident.result.check
    allowed = REMEDY_CLASSES[check.remedy_class]
    if check.remedy is None:
        return "None: " + REMEDY_CLASSES["none"] + "."
    return f"{check.remedy.replace('_', ' ').capitalize()}: {allowed}."


def commands(data: ReportData) -> tuple[tuple[str, str], ...]:
    """List the commands that lead to this report again, each with what it does."""
    run = shlex.quote(data.audit.run)
    names = data.audit.suites or [suite.name for suite in data.suites]
    suites = " ".join(f"--suite {shlex.quote(name)}" for name in names)
    return (
        ("auditor audit", "Read both systems and judge them anew."),
        (f"auditor audit --no-snapshot {suites}".rstrip(), "Judge what was read last, once more."),
        (f"auditor findings --run {run} --format json", "Every finding of this run, one a line."),
    )


def coverage_state(line: Coverage) -> str:
    """Return the word for how far a stream was read: complete, incomplete or off."""
    if line.mode == "off":
        return "off"
    return "complete" if line.complete else "incomplete"


def _agreement(data: ReportData) -> Iterator[str]:
    ran = data.count("pass", "fail")
    is_accepted = any(incident.is_accepted for incident in data.incidents)
    found = "nothing but what is accepted is found" if is_accepted else "none fails"
    yield f"{_count(data, ran, 'check')} ran over data that was read to its end; {found}."
    off = sum(one.outcome == "off" and data.audit.is_asked(one.check) for one in data.audit.checks)
    if off:
        yield f"{_count(data, off, 'check')} did not apply, for the reasons below."
    if data.audit.tally.accepted:
        verb = "stands" if data.audit.tally.accepted == 1 else "stand"
        yield f"{_count(data, data.audit.tally.accepted, 'finding')} {verb} accepted."


def _beside(data: ReportData) -> Iterator[str]:
    """Say what stands open and does not count for the verdict."""
    left = [one for one in data.incidents if not one.result.holds]
    off = sum(one.total - one.accepted for one in left if one.result.outcome == "off")
    tolerated = sum(one.total - one.accepted for one in left if one.result.outcome == "pass")
    if off:
        verb = "stands" if off == 1 else "stand"
        yield f"{_count(data, off, 'finding')} {verb} whose check is off: nobody looks any more."
    if tolerated:
        verb = "is" if tolerated == 1 else "are"
        yield f"{_count(data, tolerated, 'finding')} {verb} within what the checks tolerate."


def _disagreement(data: ReportData) -> Iterator[str]:
    incidents = data.open_incidents
    critical = sum(incident.severity == "critical" for incident in incidents)
    standing = sum(incident.is_standing for incident in incidents)
    checks = _count(data, len(incidents), "check")
    total = _count(data, data.audit.tally.total, "finding")
    grave = f"{critical} of them critical" if critical else "none of them critical"
    is_one = len(incidents) == 1
    if standing:
        verb = "has" if is_one else "have"
        yield f"{checks} {verb} open findings, {grave}, with {total} in all."
        verb = "was" if standing == 1 else "were"
        yield f"{data.figures.number(standing)} of them {verb} not judged this time."
    else:
        yield f"{checks} {'fails' if is_one else 'fail'}, {grave}, with {total} in all."
    reach = max((incident.result.people or 0 for incident in incidents), default=0)
    if reach:
        yield f"The widest reaches {_count(data, reach, 'person')}."


def _gaps(data: ReportData) -> Iterator[str]:
    states = [coverage_state(line) for line in data.audit.coverage]
    unread = states.count("incomplete")
    if unread:
        yield f"{_count(data, unread, 'stream')} {'was' if unread == 1 else 'were'} not read to the end."
    blind = data.count("error", "skipped")
    if blind:
        yield f"{_count(data, blind, 'check')} could not judge, and their silence proves nothing."
    missed = data.audit.canary.missed if data.audit.canary else ()
    if missed:
        verb = "misses" if len(missed) == 1 else "miss"
        yield f"{_count(data, len(missed), 'check')} {verb} drift that was planted: {', '.join(missed)}."
    if data.open_incidents:
        if not any(incident.is_standing for incident in data.open_incidents):
            yield "Of those that ran,"
        yield from _disagreement(data)


def _mend(data: ReportData) -> Step:
    for line in data.audit.coverage:
        if coverage_state(line) == "incomplete":
            text = f"Restore the stream {line.system} {line.stream}, then audit again."
            return Step(f"{text} {line.reason or ''}".rstrip(), "auditor audit", "coverage")
    for suite in data.suites:
        for result in suite.results:
            if result.could_not_judge:
                text = f"Find out why {result.check.id} could not judge, then audit again."
                return Step(f"{text} {result.reason or ''}".rstrip(), "auditor audit", "checks")
    if data.audit.canary and data.audit.canary.missed:
        text = f"Find out why {data.audit.canary.missed[0]} misses planted drift, then audit again."
        return Step(text, "auditor audit --canary", "checks")
    return Step("Find out what is missing, then audit again.", "auditor audit", "coverage")


def _count(data: ReportData, value: int, noun: str) -> str:
    return counted(value, noun, data.figures)
