"""`auditor verify`: reads again what a plan has sent, and says what became of it."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options


@click.command(
    short_help="Read again what a plan has changed.",
    epilog="""\b
Examples:
  auditor verify var/plans/nordlys-....json
  auditor --format json verify var/plans/nordlys-....json | jq .pending

\b
Exit codes:
  0 nothing failed   2 usage or settings   3 a system could not be read
  4 a change failed or was superseded, or does not hold any more
""",
)
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
@shared_options
@pass_invocation
def command(invocation: Invocation, *, plan: Path) -> int:
    """Read the records of PLAN again: what was pending shows by now, or not yet; what held may not.

    After an audit it also says which findings of the plan are resolved, which persist, and which are
    new. Nothing is sent.
    """
    from auditor.cli.progress import shown_progress
    from auditor.cli.receipts import tell
    from auditor.clock import utc_now
    from auditor.pipeline import Run, verify

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        verified = verify(run, plan)
    return tell(invocation, verified)
