"""`auditor findings`: lists what the checks found."""

from __future__ import annotations

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options


@click.command(
    short_help="List the findings.",
    epilog="""\b
Examples:
  auditor findings
  auditor findings --check sales.missing_order --limit 20
  auditor findings --state resolved
  auditor --format json findings | jq .subject.key
""",
)
@click.option("--run", metavar="RUN", help="Only what this run found or saw resolved.")
@click.option("--check", metavar="ID", help="Only findings of this check.")
@click.option(
    "--state",
    type=click.Choice(["new", "ongoing", "worse", "regressed", "resolved", "accepted"]),
    help="Only findings in this state; every open one unless given.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most this many.")
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    *,
    run: str | None,
    check: str | None,
    state: str | None,
    limit: int | None,
) -> None:
    """List findings, the gravest first. With --format json, one object per line."""
    from contextlib import closing

    from auditor.findings.ledger import Ledger
    from auditor.findings.query import findings
    from auditor.report.audit_json import finding_json

    settings = invocation.settings()
    with closing(Ledger(settings.store.ledger)) as ledger:
        rows = findings(ledger, settings.brand, run=run, check=check, state=state, limit=limit)
        for row in rows:
            if invocation.format == "json":
                click.echo(finding_json(row))
                continue
            money = f"{row.money.minor} {row.money.currency} minor" if row.money else ""
            click.echo(
                f"{row.severity:<9}{row.state:<10}{row.check:<42}"
                f"{row.subject_kind} {row.subject_key}  {money}"
            )
