"""`auditor plan`: writes down what would be corrected, and sends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from auditor.config import Settings
    from auditor.pipeline import Planned

SHOWN = 40
"""Changes on the terminal; the file has them all."""


@click.command(
    short_help="Write down what would be corrected; nothing is sent.",
    epilog="""\b
Examples:
  auditor plan
  auditor plan --check consent.withdrawn_but_opted_in
  auditor plan --owner crm --max 50 --out crm.json
  auditor plan --format json | jq -r .digest

\b
Exit codes:
  0 a plan was written   2 settings   4 no plan can be made: audit again first
""",
)
@click.option("--check", metavar="ID", help="Only findings of this check.")
@click.option("--owner", metavar="NAME", help="Only findings of this owner.")
@click.option(
    "--max", "most", type=click.IntRange(min=1), metavar="N", help="At most this many changes."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the plan goes; a file in var/plans unless given.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    *,
    check: str | None,
    owner: str | None,
    most: int | None,
    out: Path | None,
) -> int:
    """Make a plan of the last audit's findings: every write, what it expects to find, and its undo.

    The plan holds personal data and is readable by its owner alone. What only a person may do is put
    into worklists beside it. Nothing is sent to any system.
    """
    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, plan

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        planned = plan(run, check=check, owner=owner, most=most, out=out)
    told(invocation, planned, settings)
    if planned.why_empty is not None:
        click.echo(planned.why_empty, err=True)
    return 0


def told(invocation: Invocation, planned: Planned, settings: Settings) -> None:
    """Print a plan as the caller wants it."""
    if invocation.format == "json":
        click.echo(_json(planned))
    else:
        _print(planned, settings)


def _json(planned: Planned) -> str:
    import json

    from auditor.report.audit_json import zulu

    plan = planned.plan
    return json.dumps(
        {
            "format": plan.format,
            "plan": planned.path.as_posix(),
            "digest": planned.digest,
            "changes": len(plan.changes),
            "by_class": plan.by_class(),
            "proposals": plan.proposed,
            "expires_at": zulu(plan.expires_at),
            "files": [
                {"remedy": file.remedy, "path": file.path, "rows": file.rows}
                for file in plan.proposals
            ],
            "withheld": [
                {"remedy": one.remedy, "findings": one.findings, "reason": one.reason}
                for one in plan.withheld
            ],
        }
    )


def _print(planned: Planned, settings: Settings) -> None:
    from auditor.correct.listing import listing, totals
    from auditor.model.personal import Veil

    veil = Veil(settings.privacy.pepper.reveal() if settings.privacy.pepper else None)
    for line in listing(planned.plan, settings.emarsys.field_names, veil.shown, SHOWN):
        click.echo(line)
    click.echo("")
    for line in totals(planned.plan):
        click.echo(line)
    plan = planned.plan
    click.echo(f"\n{len(plan.changes)} changes, {plan.proposed} proposals; nothing was sent.")
    click.echo(f"Plan:    {planned.path}")
    click.echo(f"Digest:  {planned.digest}")
    click.echo(f"Expires: {plan.expires_at:%Y-%m-%d %H:%M} UTC")
    if plan.changes:
        click.echo(f"Approve: auditor apply {planned.path} --digest {planned.digest}")
