"""`auditor audit`: reads both systems, reconciles, judges, keeps findings, writes the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, require_alone, shared_options
from auditor.hostile import in_a_line

if TYPE_CHECKING:
    from auditor.backtest.compare import Comparison
    from auditor.model.audit import Reread
    from auditor.model.finding import Severity
    from auditor.pipeline import Done, Run


@click.command(
    short_help="Read both systems, judge them, write the report.",
    epilog="""\b
Examples:
  auditor audit
  auditor audit --suite consent --suite sales
  auditor audit --no-snapshot            judge the last snapshot again
  auditor audit --no-snapshot --anew     and everything of it, whatever was judged before
  auditor audit --since 2026-11-16T05:00:00Z-7f3a
  auditor audit --run 2026-11-16T05:00:00Z-7f3a
  auditor audit --canary                 prove that every check still works
  auditor audit --tell                   and send the digests, as the service does
  auditor audit --fail-on critical       warnings leave the exit code 0
  auditor --format json audit > audit.json
""",
)
@click.option(
    "--suite", "suites", multiple=True, metavar="NAME", help="Judge only this suite; repeatable."
)
@click.option(
    "--no-snapshot", is_flag=True, help="Judge the last snapshot again instead of reading."
)
@click.option(
    "--anew",
    is_flag=True,
    help="Judge everything, not only what was touched since the last run.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "critical"]),
    default="warning",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option(
    "--canary",
    is_flag=True,
    help="Prove on a shadow copy that every check still finds what it is for.",
)
@click.option(
    "--tell", "is_told", is_flag=True, help="Send the digests to those who have to hear of it."
)
@click.option("--since", metavar="RUN", help="Also list what was gained and lost since this run.")
@click.option(
    "--run",
    "stored",
    metavar="RUN",
    help="Judge this stored run under the present expectations, and keep nothing of it.",
)
@shared_options
@pass_invocation
def command(  # noqa: PLR0913 - one per option
    invocation: Invocation,
    suites: tuple[str, ...],
    *,
    no_snapshot: bool,
    anew: bool,
    fail_on: Severity,
    canary: bool,
    is_told: bool,
    since: str | None,
    stored: str | None,
) -> int:
    """Read both systems, reconcile them, run the expectation suites, keep the findings, write the report.

    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 settings, 3 incomplete. With --run: 0 when
    the run is judged as it was then, 1 when findings were gained or lost, 3 when a check could not judge.
    """
    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, audit, changes_since, require_run, tell

    if stored is not None:
        others = {"--canary": canary, "--tell": is_told, "--since": since is not None}
        require_alone("--run", "judges a stored run and keeps nothing", others)
    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        if stored is not None:
            return _backtest(invocation, run, stored, suites)
        if since is not None:
            require_run(run, since)
        done = audit(
            run,
            suites=suites,
            take_snapshot=not no_snapshot,
            with_canary=canary,
            is_told=is_told,
            anew=anew,
        )
    comparison = changes_since(run, done, since) if since is not None else None
    if invocation.format == "json":
        click.echo(_json(done, comparison))
    else:
        _tell(done)
        if comparison is not None:
            _tell_changes(comparison)
    # The result stands, whatever becomes of the letters.
    for sentence in tell(run, done).sentences() if is_told else ():
        click.echo(sentence, err=True)
    return done.exit_code(fail_on)


def _backtest(invocation: Invocation, run: Run, stored: str, suites: tuple[str, ...]) -> int:
    import json

    from auditor.pipeline import backtest
    from auditor.report.audit_json import FORMAT, comparison_json
    from auditor.verdict import CLEAN, FINDINGS, INCOMPLETE

    comparison = backtest(run, stored, suites=suites)
    if invocation.format == "json":
        told = {"format": FORMAT, "brand": run.settings.brand, **comparison_json(comparison)}
        click.echo(json.dumps(told))
    else:
        _tell_changes(comparison)
    if not comparison.is_complete:
        return INCOMPLETE
    return CLEAN if comparison.is_same else FINDINGS


def _json(done: Done, comparison: Comparison | None) -> str:
    import json

    from auditor.report.audit_json import comparison_json

    if comparison is None:
        return done.json.decode()
    return json.dumps({**json.loads(done.json), "since": comparison_json(comparison)})


def _tell_changes(comparison: Comparison) -> None:
    click.echo(
        f"Compared with {comparison.run}: {len(comparison.gained)} gained, "
        f"{len(comparison.lost)} lost"
    )
    for sign, subjects in (("+", comparison.gained), ("-", comparison.lost)):
        for subject in subjects:
            click.echo(in_a_line(f"  {sign} {subject.check:<44}{subject.kind} {subject.key}"))
    for result in comparison.checks:
        if result.could_not_judge or result.outcome == "off":
            click.echo(in_a_line(f"  {result.outcome:<9}{result.check.id:<44}{result.reason}"))


def _tell(done: Done) -> None:
    from auditor.report.words import judged, unlooked

    audit = done.audit
    click.echo(f"Verdict: {audit.verdict}")
    for sentence in (*judged(audit), *unlooked(audit)):
        click.echo(in_a_line(f"  {sentence}"))
    for result in audit.checks:
        if result.outcome == "fail":
            click.echo(
                f"  {result.check.severity:<9}{result.check.id:<44}"
                f"{result.failed:>8,} of {result.checked:,}"
            )
        elif result.could_not_judge:
            click.echo(in_a_line(f"  {result.outcome:<9}{result.check.id:<44}{result.reason}"))
    if audit.canary is not None:
        missed = f"; NOT detected: {', '.join(audit.canary.missed)}" if audit.canary.missed else ""
        click.echo(f"Canary: {audit.canary.detected} of {audit.canary.planted} detected{missed}")
        if audit.canary.unasked:
            click.echo(in_a_line(f"  not asked: {', '.join(audit.canary.unasked)}"))
    if audit.reread is not None:
        click.echo(_second_look(audit.reread))
    tally = audit.tally
    click.echo(
        f"Findings: {tally.total} ({tally.new} new, {tally.ongoing} ongoing, {tally.worse} worse, "
        f"{tally.regressed} regressed, {tally.accepted} accepted); {tally.resolved} resolved"
    )
    click.echo(f"Report: {done.report}")


def _second_look(seen: Reread) -> str:
    text = f"Read again: {seen.confirmed} confirmed, {seen.late} only late"
    if seen.unconfirmed:
        text += f", {seen.unconfirmed} unconfirmed ({seen.reason})"
    return f"{text}; {seen.requests} calls"
