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
@click.option("--reason", metavar="TEXT", help="What those who are stopped read; else `by hand`.")
@click.option("--lift", is_flag=True, help="Let corrections go on.")
@shared_options
@pass_invocation
def command(invocation: Invocation, *, reason: str | None, lift: bool) -> int:
    """Stop every correction of the brand before its next request, also one that is running.

    The flag stands in the ledger until it is lifted. What was sent stays sent; applying the same plan
    later goes on where it stopped.
    """
    if lift and reason is not None:
        raise click.UsageError("--reason says why corrections stop; --lift goes without it.")
    import json
    from contextlib import closing

    from auditor.clock import utc_now
    from auditor.config import load_switch, require_stores_here
    from auditor.correct.applying.halt import Halt
    from auditor.findings.ledger import Ledger

    switch = load_switch(invocation.config)
    require_stores_here(invocation.config, switch.ledger)
    with closing(Ledger(switch.ledger)) as ledger:
        flag = Halt(ledger, switch.brand, switch.stop_file)
        was_halted = None if not lift else flag.lift()
        if not lift:
            flag.set(reason or "by hand", utc_now())
        why = flag.reason()
    if invocation.format == "json":
        told = {"brand": switch.brand, "halted": why is not None, "reason": why}
        click.echo(json.dumps({"format": 1, **told}))
    elif not lift:
        click.echo(f"Corrections of {switch.brand} are stopped; `auditor halt --lift` ends that.")
    elif why is not None:
        click.echo(f"Corrections of {switch.brand} are stopped still: {why}.")
    elif was_halted:
        click.echo(f"Corrections of {switch.brand} may go on.")
    else:
        click.echo(f"Corrections of {switch.brand} were not halted.")
    return 0
