"""`auditor preflight`: go or no-go on exactly the audience that is about to be mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Invocation, pass_invocation, require_alone, shared_options
from auditor.hostile import in_a_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from auditor.config import Settings
    from auditor.errors import AuditorError
    from auditor.pipeline import Run
    from auditor.pipeline.applying import Applied
    from auditor.pipeline.preflight import Flown
    from auditor.preflight.verdict import Kind, Preflight
    from auditor.report.figures import Figures

EXIT_CODES = {"go": 0, "no-go": 1, "incomplete": 3}
EXPIRED = 3


@click.command(
    short_help="Go or no-go on the audience of a campaign.",
    epilog="""\b
Examples:
  auditor preflight --segment 200001
  auditor preflight --campaign 5243 --at "2026-11-27 18:00" --items NL-100-BLK-M,NL-101-GRA-L
  auditor preflight --segment 200001 --exclude       and put the offenders on the quarantine list
  auditor preflight --check var/preflight/nordlys/segment-200001-....json
""",
)
@click.option("--segment", type=click.IntRange(min=1), metavar="N", help="The segment to judge.")
@click.option("--list", "list_", type=click.IntRange(min=1), metavar="N", help="The contact list.")
@click.option(
    "--campaign",
    type=click.IntRange(min=1),
    metavar="N",
    help="The campaign, with whom it leaves out.",
)
@click.option("--at", metavar="TIME", help="When it goes out, in the brand's time zone.")
@click.option("--items", metavar="A,B", default="", help="Products that the mail shows.")
@click.option("--exclude", is_flag=True, help="Put the offenders on the quarantine list.")
@click.option(
    "--check",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Say whether a verdict still holds.",
)
@click.option(
    "--out", metavar="FILE", type=click.Path(dir_okay=False), help="Where the verdict goes."
)
@click.option(
    "--tell", "is_told", is_flag=True, help="Send the verdict to those who read crm in mail.to."
)
@shared_options
@pass_invocation
def command(  # noqa: PLR0913 - one per option
    invocation: Invocation,
    *,
    segment: int | None,
    list_: int | None,
    campaign: int | None,
    at: str | None,
    items: str,
    exclude: bool,
    check: str | None,
    out: str | None,
    is_told: bool,
) -> int:
    """Resolve an audience, read exactly those contacts afresh, and judge them.

    Checked are consent, identity, channel and value rules of everybody who is opted in, and price and
    availability of the products that --items names. Nothing is too young to count: a withdrawal of a
    minute ago blocks. The verdict is a file with a digest, and ends after preflight.expiry or at --at.

    Exit codes: 0 GO, 1 NO-GO, 2 usage or settings, 3 incomplete or expired, 4 the exclusion is refused.
    """
    from pathlib import Path

    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run
    from auditor.pipeline.preflight import Asked, preflight

    if check is not None:
        named = {"--segment": segment, "--list": list_, "--campaign": campaign}
        others = {"--at": at, "--items": items, "--exclude": exclude, "--out": out}
        does = "reads a verdict that is there"
        require_alone("--check", does, {**named, **others, "--tell": is_told})
    settings = invocation.settings()
    if check is not None:
        return _check(invocation, settings, Path(check), utc_now())
    kind, number = _audience(segment, list_, campaign)
    wanted = tuple(item.strip() for item in items.split(",") if item.strip())
    asked = Asked(kind, number, wanted, _moment(at, settings))
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        flown = preflight(run, asked, None if out is None else Path(out))
        excluded, refused = _hold_back(run, flown) if exclude else (None, None)
        if is_told:
            _tell(run, flown)
    _print(invocation, settings, flown, excluded)
    if refused is not None:
        raise refused
    if excluded is not None and excluded.exit_code:
        return excluded.exit_code
    return EXIT_CODES[flown.preflight.verdict]


def _hold_back(run: Run, flown: Flown) -> tuple[Applied | None, AuditorError | None]:
    """Exclude the offenders; a refusal is told after the verdict, which stands without it."""
    from auditor.errors import AuditorError
    from auditor.pipeline.preflight import hold_back

    try:
        return hold_back(run, flown), None
    except AuditorError as exc:
        return None, exc


def _audience(segment: int | None, list_: int | None, campaign: int | None) -> tuple[Kind, int]:
    named: dict[Kind, int | None] = {"segment": segment, "list": list_, "campaign": campaign}
    given = [(kind, number) for kind, number in named.items() if number is not None]
    if len(given) != 1:
        raise click.UsageError("Give exactly one of --segment, --list and --campaign, or --check.")
    return given[0]


def _moment(text: str | None, settings: Settings) -> datetime | None:
    from datetime import datetime

    from auditor.errors import ConfigError

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"--at {text}: write a time like 2026-11-27 18:00.") from exc
    return found if found.tzinfo else found.replace(tzinfo=settings.timezone)


def _check(invocation: Invocation, settings: Settings, path: Path, now: datetime) -> int:
    import json

    from auditor.preflight.verdict import read_verdict
    from auditor.report.figures import Figures

    pepper = settings.privacy.pepper.reveal() if settings.privacy.pepper else None
    made, digest = read_verdict(path, pepper, settings.brand)
    holds = now < made.expires_at
    if invocation.format == "json":
        click.echo(json.dumps({**_told(made, digest), "holds": holds}))
    else:
        figures = Figures(settings.locale, settings.timezone)
        until = figures.moment(made.expires_at)
        click.echo(
            f"{made.verdict.upper()}: {made.audience.kind} {made.audience.id}, "
            + (f"holds until {until}" if holds else f"expired {until}; make a new one")
        )
    return EXIT_CODES[made.verdict] if holds else EXPIRED


def _told(made: Preflight, digest: str) -> dict[str, Any]:
    from auditor.report.audit_json import zulu

    about = made.audience
    return {
        "format": made.format,
        "verdict": made.verdict,
        "audience": {
            "kind": about.kind,
            "id": about.id,
            "size": about.size,
            "mailable": about.mailable,
        },
        "expires_at": zulu(made.expires_at),
        "blocking": [{"check": one.check, "people": one.people} for one in made.blocking],
        "exclude": {"list": made.exclude.list, "contacts": made.exclude.contacts},
        "digest": digest,
        "read_from": zulu(made.read_from),
        "items": list(made.items),
        "gaps": list(made.gaps),
        "notes": list(made.notes),
    }


def _print(
    invocation: Invocation, settings: Settings, flown: Flown, applied: Applied | None
) -> None:
    import json

    from auditor.report.figures import Figures

    if invocation.format == "json":
        told = _told(flown.preflight, flown.digest)
        excluded = applied.outcomes if applied else None
        click.echo(json.dumps({**told, "file": flown.path.as_posix(), "excluded": excluded}))
        return
    for line in _lines(flown, applied, Figures(settings.locale, settings.timezone)):
        click.echo(in_a_line(line))  # a campaign's name is whatever somebody typed in Emarsys


def _lines(flown: Flown, applied: Applied | None, figures: Figures) -> Iterator[str]:
    made = flown.preflight
    about, name = made.audience, f" ({made.audience.name})" if made.audience.name else ""
    yield f"{made.verdict.upper()}: {about.kind} {about.id}{name}"
    yield (
        f"  {figures.number(about.size)} contacts, {figures.number(about.mailable)} of them opted in; "
        f"the oldest data is from {figures.moment(made.read_from)}"
    )
    for one in made.blocking:
        yield f"  {figures.number(one.people):>8}  {one.check:<40}{one.title}"
    for gap in made.gaps:
        yield f"  incomplete: {gap}"
    for note in made.notes:
        yield f"  note: {note}"
    if made.exclude.contacts and applied is None:
        yield (
            f"  {figures.number(made.exclude.contacts)} should be on the list {made.exclude.list or '(none)'}; "
            "--exclude puts them there, so that the campaign can go out without them"
        )
    if applied is not None:
        told = ", ".join(f"{count} {state}" for state, count in applied.outcomes.items())
        yield f"  put on the list {made.exclude.list}: {told}"
        if applied.undo is not None:
            back = applied.undo
            yield f"  to take that back: auditor apply {back.path} --digest {back.digest}"
    yield f"  holds until {figures.moment(made.expires_at)}"
    yield f"Verdict: {flown.path}"


def _tell(run: Run, flown: Flown) -> None:
    from auditor.pipeline.telling import tell_preflight

    for sentence in tell_preflight(run, flown):
        click.echo(sentence, err=True)
