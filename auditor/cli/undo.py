"""`auditor undo`: writes the plan that takes back what another has changed; `apply` applies it."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options


@click.command(
    short_help="Write the plan that takes a plan back.",
    epilog="""\b
Examples:
  auditor undo var/plans/nordlys-....json
  auditor undo var/plans/nordlys-....json --out back.json

\b
Exit codes:
  0 a plan was written   2 usage or settings   4 nothing of it can be undone
""",
)
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the new plan goes; a file in var/plans unless given.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, *, plan: Path, out: Path | None) -> int:
    """Write a new plan that takes back what PLAN has changed; approve it with `auditor apply`.

    It passes the same rails as any plan. An opt-out, an event that was fired and sales data that were
    sent are never taken back. Nothing is sent.
    """
    from auditor.cli.plan import told
    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, undo

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        planned = undo(run, plan, out)
    told(invocation, planned, settings)
    return 0
