"""`auditor halt`: the kill switch, on every machine that shares the brand's ledger."""

from __future__ import annotations

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options


@click.command(
    short_help="Stop every correction at once, or let them go on.",
    epilog="""\b
Examples:
  auditor halt --reason "campaign at noon"
  auditor halt --lift
  touch var/STOP                          without a database (corrections.stop_file)
""",
)
@click.option(
    "--reason", metavar="TEXT", default="by hand", help="What those who are stopped read."
)
@click.option("--lift", is_flag=True, help="Let corrections go on.")
@shared_options
@pass_invocation
def command(invocation: Invocation, *, reason: str, lift: bool) -> int:
    """Stop every correction of the brand before its next request, also one that is running.

    The flag stands in the ledger until it is lifted. What was sent stays sent; applying the same plan
    later goes on where it stopped.
    """
    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, halt
    from auditor.pipeline import lift as take_away

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        if not lift:
            halt(run, reason)
            click.echo(
                f"Corrections of {settings.brand} are stopped; `auditor halt --lift` ends that."
            )
        elif take_away(run):
            click.echo(f"Corrections of {settings.brand} may go on.")
        else:
            click.echo(f"Corrections of {settings.brand} were not halted.")
    return 0
