"""`auditor findings`: lists what the checks found, and accepts what is not to be mended now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options
from auditor.hostile import printable

if TYPE_CHECKING:
    from auditor.findings.ledger import Ledger
    from auditor.findings.query import Only
    from auditor.model.finding import Finding
    from auditor.report.figures import Figures

SHORT = 12
"""Characters of a fingerprint in the listing: enough to accept by, among millions."""


LAST_DAY = datetime(9999, 12, 29)  # noqa: DTZ001 - a day of any zone
MOST = 1_000_000_000
"""Rows that may be asked for: more than any ledger holds, and a number that every database takes."""


@click.group(
    invoke_without_command=True,
    short_help="List the findings, or accept one.",
    epilog="""\b
Examples:
  auditor findings
  auditor findings --owner crm --severity critical
  auditor findings --check sales.missing_order --limit 20
  auditor findings --state resolved
  auditor findings --format json | jq .subject.key
  auditor findings accept 3f9a12 --until 2027-01-31 --reason "new feed in January"
""",
)
@click.option("--run", metavar="RUN", help="Only what this run found or saw resolved.")
@click.option("--check", metavar="ID", help="Only findings of this check.")
@click.option(
    "--state",
    type=click.Choice(["new", "ongoing", "worse", "regressed", "resolved", "accepted"]),
    help="Only findings in this state; every open one unless given.",
)
@click.option("--owner", metavar="NAME", help="Only findings of this owner.")
@click.option(
    "--severity",
    type=click.Choice(["critical", "warning", "info"]),
    help="Only findings of this severity.",
)
@click.option("--limit", type=click.IntRange(1, MOST), metavar="N", help="At most this many.")
@shared_options
@pass_invocation
@click.pass_context
def command(
    context: click.Context,
    invocation: Invocation,
    /,
    *,
    run: str | None,
    limit: int | None,
    **only: str | None,
) -> None:
    """List findings, the gravest first. With --format json, one object per line."""
    if context.invoked_subcommand is not None:
        return
    from contextlib import closing

    from auditor.findings.ledger import Ledger
    from auditor.findings.past import findings_of_run
    from auditor.findings.query import Only, findings, runs
    from auditor.report.audit_json import finding_json
    from auditor.report.figures import Figures

    settings = invocation.settings(needs_secrets=False)
    figures, number = Figures(settings.locale, settings.timezone), 0
    with closing(Ledger(settings.store.ledger)) as ledger:
        asked = Only(**only)
        _require_names(invocation, ledger, settings.brand, asked)
        if run is None:
            rows = findings(ledger, settings.brand, asked, limit=limit)
        else:
            rows = findings_of_run(ledger, settings.brand, run, asked, limit=limit)
        for number, row in enumerate(rows, 1):
            if invocation.format == "json":
                click.echo(finding_json(row))
                continue
            if number == 1:
                click.echo(_HEAD)
            click.echo(_line(row, figures))
        if number == 0 and not runs(ledger, settings.brand, limit=1):
            click.echo("Nothing was audited yet; run `auditor audit` first.", err=True)


def _require_names(invocation: Invocation, ledger: Ledger, brand: str, asked: Only) -> None:
    from auditor.expect.suites import load_checks
    from auditor.findings.past import require_check, require_owner
    from auditor.resources import expectation_files

    suites = expectation_files(invocation.config.resolve().parent)
    checks = [one.check for one in load_checks(suites)]
    require_check(ledger, brand, asked.check, (one.id for one in checks))
    require_owner(ledger, brand, asked.owner, (one.owner for one in checks))


@command.command(
    short_help="Accept a finding until a date, or until it gets worse.",
    epilog="""\b
Examples:
  auditor findings accept 3f9a12 --until 2027-01-31 --reason "new feed in January"
""",
)
@click.argument("fingerprint")
@click.option(
    "--until",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Last day of the waiver, as 2027-01-31, in the brand's time zone.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why it stands; kept with it.")
@shared_options
@pass_invocation
def accept(invocation: Invocation, *, fingerprint: str, until: datetime, reason: str) -> None:
    """Accept the finding whose fingerprint begins with FINGERPRINT.

    It stays listed and no longer counts for the verdict. When the date has passed, or when it gets
    graver or reaches more people or money than now, it is open again.
    """
    from contextlib import closing
    from datetime import timedelta

    from auditor.clock import utc_now
    from auditor.errors import ConfigError
    from auditor.findings.ledger import Ledger
    from auditor.findings.waivers import accept as accept_finding
    from auditor.report.audit_json import finding_json

    settings = invocation.settings(needs_secrets=False)
    # The last day that there is has no next one, in some zones not even the one before.
    end = (min(until, LAST_DAY) + timedelta(days=1)).replace(tzinfo=settings.timezone)
    if end <= utc_now():
        raise ConfigError(f"--until {until:%Y-%m-%d}: this day is past; name today or a later one.")
    if not reason.strip():
        raise ConfigError("--reason: it is empty; say in a few words why the finding may stand.")
    with closing(Ledger(settings.store.ledger)) as ledger:
        found = accept_finding(
            ledger, settings.brand, fingerprint, until=end, reason=reason.strip()
        )
    if invocation.format == "json":
        click.echo(finding_json(found))
        return
    click.echo(f"Accepted until {until:%Y-%m-%d}: {found.check}, {_subject(found)}.")


_COLUMNS = "{:<12}  {:<8}  {:<9}  {:<41}  {:<28}  {:<13}  {:>6}  {:>18}  {}"
_HEAD = _COLUMNS.format(
    "fingerprint", "severity", "state", "check", "subject", "owner", "people", "money", "since"
)


def _line(row: Finding, figures: Figures) -> str:
    from auditor.report.audit_json import since

    return _COLUMNS.format(
        row.fingerprint[:SHORT],
        row.severity,
        row.state,
        row.check,
        _subject(row),
        row.owner,
        figures.number(row.people),
        figures.money(row.money) if row.money else "",
        figures.day(since(row)),
    )


def _subject(row: Finding) -> str:
    return printable(f"{row.subject_kind} {row.subject_key}")
