"""`auditor apply`: makes the changes of an approved plan, or shows what that would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from auditor.pipeline import Rehearsed


@click.command(
    short_help="Make the changes of an approved plan.",
    epilog="""\b
Examples:
  auditor apply var/plans/nordlys-....json                 look, send nothing
  auditor apply var/plans/nordlys-....json --digest 3f9a...
  auditor apply crm.json --digest "$(auditor --format json plan --out crm.json | jq -r .digest)"

\b
Exit codes:
  0 nothing failed   2 usage or settings   3 a system could not be read
  4 the plan is refused, or a change failed, was superseded or left
""",
)
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--digest",
    metavar="SHA256",
    help="What `auditor plan` printed; giving it is the approval. Without it nothing is sent.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, *, plan: Path, digest: str | None) -> int:
    """Make the changes of PLAN, each one read before and after, and stop when something is wrong.

    A change whose record is no longer as the plan expects is skipped. After a crash or a stop the same
    command goes on where it ended; what was sent is never sent again. `auditor halt` stops it.
    """
    from auditor.cli.progress import shown_progress
    from auditor.cli.receipts import tell
    from auditor.clock import utc_now
    from auditor.pipeline import Run, apply, rehearse

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        if digest is None:
            rehearsed = rehearse(run, plan)
        else:
            applied = apply(run, plan, digest.strip().lower())
    if digest is None:
        _tell(invocation, rehearsed)
        return 0
    return tell(invocation, applied)


def _tell(invocation: Invocation, rehearsed: Rehearsed) -> None:
    import json

    if invocation.format == "json":
        click.echo(
            json.dumps(
                {
                    "format": 1,
                    "plan": rehearsed.path.as_posix(),
                    "digest": rehearsed.digest,
                    "dry_run": True,
                    "due": rehearsed.due,
                    "verified": 0,
                    "pending": 0,
                    "superseded": sum(rehearsed.reasons.values()),
                    "failed": 0,
                    "undo": None,
                }
            )
        )
        return
    click.echo(f"{rehearsed.due} changes would be made; nothing was sent.")
    for reason, count in sorted(rehearsed.reasons.items()):
        click.echo(f"{count} would be skipped: {reason}")
    click.echo(f"To make them: auditor apply {rehearsed.path} --digest {rehearsed.digest}")
