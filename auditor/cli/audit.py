"""`auditor audit`: reads both systems, reconciles, judges, keeps findings, writes the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from auditor.model.finding import Severity
    from auditor.pipeline import Done


@click.command(
    short_help="Read both systems, judge them, write the report.",
    epilog="""\b
Examples:
  auditor audit
  auditor audit --suite consent --suite sales
  auditor audit --no-snapshot            judge the last snapshot again
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
    "--fail-on",
    type=click.Choice(["info", "warning", "critical"]),
    default="warning",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation, suites: tuple[str, ...], *, no_snapshot: bool, fail_on: Severity
) -> int:
    """Read both systems, reconcile them, run the expectation suites, keep the findings, write the report.

    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 settings, 3 incomplete.
    """
    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, audit

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        done = audit(run, suites=suites, take_snapshot=not no_snapshot)
    if invocation.format == "json":
        click.echo(done.json.decode())
    else:
        _tell(done)
    return done.exit_code(fail_on)


def _tell(done: Done) -> None:
    audit = done.audit
    click.echo(f"Verdict: {audit.verdict}")
    for result in audit.checks:
        if result.outcome == "fail":
            click.echo(
                f"  {result.check.severity:<9}{result.check.id:<44}"
                f"{result.failed:>8,} of {result.checked:,}"
            )
        elif result.outcome in ("error", "skipped"):
            click.echo(f"  {result.outcome:<9}{result.check.id:<44}{result.reason}")
    tally = audit.tally
    click.echo(
        f"Findings: {tally.total} ({tally.new} new, {tally.ongoing} ongoing, {tally.worse} worse, "
        f"{tally.regressed} regressed, {tally.accepted} accepted); {tally.resolved} resolved"
    )
    click.echo(f"Report: {done.report}")
