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
  4 the plan is refused, or a change failed, was superseded or left
""",
)
@shared_options
@pass_invocation
def command(invocation: Invocation) -> int:
    """Plan the corrections of the last audit and make those of class auto, without asking anybody.

    The same rails hold as for any plan. What is of class confirm stays in the plan, for a person to
    approve. The owners are told by mail what was done, where `mail` is configured.
    """
    from auditor.cli.progress import shown_progress
    from auditor.cli.receipts import tell
    from auditor.clock import utc_now
    from auditor.pipeline import Run, correct

    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        corrected = correct(run)
    _say_posted(corrected)
    if corrected.applied is not None:
        return tell(invocation, corrected.applied)
    _tell_nothing(invocation, corrected)
    return 0


def _say_posted(corrected: Corrected) -> None:
    posted = corrected.posted
    if posted is not None and posted.reason is not None:
        click.echo(f"auditor: {posted.waiting} mails wait: {posted.reason}.", err=True)


def _tell_nothing(invocation: Invocation, corrected: Corrected) -> None:
    import json

    from auditor.correct.applying.journal import OUTCOMES

    if invocation.format == "json":
        told: dict[str, object] = {"format": 1, "plan": corrected.planned.path.as_posix()}
        told |= {**dict.fromkeys(map(str, OUTCOMES), 0), "undo": None}
        click.echo(json.dumps(told))
    else:
        others = len(corrected.planned.plan.changes)
        click.echo(f"Nothing of class auto to correct; {others} changes wait for approval.")
