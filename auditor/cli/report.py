"""`auditor report`: writes the report of a stored run again, and opens it."""

from __future__ import annotations

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options


@click.command(
    short_help="Write the report of a stored run again.",
    epilog="""\b
Examples:
  auditor report                          of the last audit
  auditor report --open                   and show it in the browser
  auditor report 2026-11-16T05:00:00Z-7f3a
  auditor --format json report
""",
)
@click.argument("wanted", metavar="[RUN]", required=False)
@click.option("--open", "is_opened", is_flag=True, help="Show it in the browser.")
@shared_options
@pass_invocation
def command(invocation: Invocation, wanted: str | None, *, is_opened: bool) -> int:
    """Write the report of a run from what was kept of it: the same bytes as at the time.

    Runs are kept as long as privacy.retain says. The list of all runs is renewed, too.
    """
    import json

    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, report, show

    with shown_progress() as progress:
        run = Run(
            invocation.settings(needs_secrets=False),
            invocation.config.resolve().parent,
            utc_now,
            progress,
        )
        page = report(run, wanted)
    if invocation.format == "json":
        click.echo(json.dumps({"format": 1, "report": page.as_posix()}))
    else:
        click.echo(f"Report: {page}")
    if is_opened and not show(page):
        click.echo("There is no browser here; open the file yourself.", err=True)
    return 0
