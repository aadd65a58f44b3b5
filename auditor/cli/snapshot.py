"""`auditor snapshot`: reads both systems and stores what they hold, without judging it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from auditor.model.snapshot import Coverage

INCOMPLETE = 3


@click.command(
    short_help="Read both systems and store what they hold.",
    epilog="""\b
Examples:
  auditor snapshot                 only what changed, where a system can tell
  auditor snapshot --full          everything, so that deletions are seen
  auditor snapshot --rebuild       everything into a new warehouse, where the file is damaged
  auditor audit --no-snapshot      judge what was read
  auditor --format json snapshot > coverage.json
""",
)
@click.option("--full", is_flag=True, help="Read every stream whole, not only what changed.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="Set the warehouse aside and read everything into a new one; findings stay.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, *, full: bool, rebuild: bool) -> int:
    """Read both systems and store what they hold, without judging it.

    A read that was broken off less than a day ago goes on where it stopped.

    Exit codes: 0 complete, 2 settings, 3 a stream is incomplete.
    """
    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, snapshot
    from auditor.report.audit_json import snapshot_json

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        taken = snapshot(run, full=full, rebuild=rebuild)
    if invocation.format == "json":
        click.echo(snapshot_json(taken, settings.brand).decode())
    else:
        click.echo(f"Run: {taken.run}")
        for line in taken.coverage:
            click.echo(_told(line))
    return INCOMPLETE if any(line.is_broken for line in taken.coverage) else 0


def _told(line: Coverage) -> str:
    state = "INCOMPLETE" if line.is_broken else line.mode
    return f"  {line.system:<9}{line.stream:<26}{line.rows:>12,}  {state}"
