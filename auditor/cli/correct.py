"""`auditor correct`: what the service does at `schedule.correct`, by hand or from cron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from auditor.pipeline import Corrected


@click.command(
    short_help="Plan, and apply what is of class auto.",
    epilog="""\b
Examples:
  auditor audit; auditor correct          from cron, at night
  auditor --format json correct | jq .verified

\b
Exit codes:
  0 nothing failed, or nothing to make   2 usage or settings   3 a system could not be read
  4 the plan is refused, or a change failed, was superseded or left, or waits because of a cap
""",
)
@shared_options
@pass_invocation
def command(invocation: Invocation) -> int:
    """Plan the corrections of the last audit and make those of class auto, without asking anybody.

    The same rails hold as for any plan. What is of class confirm stays in the plan, for a person to
    approve, and so does all of a remedy of which there is more than its cap: that may be a fault
    upstream. The owners are told by mail what was done, where `mail` is configured.
    """
    from auditor.cli.progress import shown_progress
    from auditor.cli.receipts import tell
    from auditor.clock import utc_now
    from auditor.errors import UnsafePlanError
    from auditor.pipeline import Run, correct

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        corrected = correct(run)
    for sentence in corrected.sentences():
        click.echo(f"auditor: {sentence}", err=True)
    code = 0
    if corrected.applied is not None:
        code = tell(invocation, corrected.applied)
    else:
        _tell_nothing(invocation, corrected)
    return code or (UnsafePlanError.exit_code if corrected.held else 0)


def _tell_nothing(invocation: Invocation, corrected: Corrected) -> None:
    import json

    from auditor.correct.applying.journal import OUTCOMES

    if invocation.format == "json":
        told: dict[str, object] = {"format": 1, "plan": corrected.planned.path.as_posix()}
        told |= {**dict.fromkeys(map(str, OUTCOMES), 0), "undo": None}
        click.echo(json.dumps(told))
    else:
        others = len(corrected.planned.plan.changes)
        click.echo(f"Nothing was corrected; {others} changes wait for approval.")
