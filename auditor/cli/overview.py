"""`auditor overview`: one page over all brands that somebody looks after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, read_settings, shared_options
from auditor.clock import utc_now
from auditor.verdict import CLEAN, FINDINGS, INCOMPLETE

if TYPE_CHECKING:
    from auditor.report.write import Stands


@click.command(
    short_help="One page over many brands.",
    epilog="""\b
Examples:
  auditor overview brands/*.yaml
  auditor --format json overview brands/*.yaml
""",
)
@click.argument("configs", nargs=-1, type=click.Path(path_type=Path), metavar="[CONFIG]...")
@shared_options
@pass_invocation
def command(invocation: Invocation, *, configs: tuple[Path, ...]) -> int:
    """Write a page that lists the last verdict of each brand, those that need a look first.

    It holds verdicts and numbers alone: no finding of one brand stands where another brand reads.

    A brand is overdue when schedule.audit was due hours ago, and nothing was read since.

    Exit codes: 0 all clean, 1 a brand is not or only some of its suites were judged, 2 settings, 3 the last
    audit of a brand is incomplete or overdue, or there is none.
    """
    import json

    from auditor.pipeline.reporting import overview

    brands = [read_settings(file, needs_secrets=False) for file in configs or (invocation.config,)]
    page, stands = overview(brands, utc_now())
    if invocation.format == "json":
        told = [
            {
                "brand": one.brand,
                "verdict": one.last and one.last.verdict,
                "findings": one.last and one.last.findings,
                "read": one.last and one.last.as_of.isoformat(),
                "overdue": one.is_overdue,
                **({"suites": one.last.suites} if one.last and one.last.suites else {}),
            }
            for one in stands
        ]
        click.echo(json.dumps({"format": 1, "overview": page.as_posix(), "brands": told}))
    else:
        for one in stands:
            click.echo(f"{one.brand:<24}{_said(one)}")
        click.echo(f"Overview: {page}")
    return max(map(_code, stands), default=CLEAN)


def _code(one: Stands) -> int:
    """Return the exit code of one brand; both systems agree only where every suite was judged of late."""
    if one.last is None or one.is_overdue or one.last.verdict == "incomplete":
        return INCOMPLETE
    return FINDINGS if one.last.verdict != "clean" or one.last.suites else CLEAN


def _said(one: Stands) -> str:
    from auditor.report.words import only

    if one.last is None:
        return "never audited"
    found = f"{one.last.findings} finding{'' if one.last.findings == 1 else 's'}"
    parts = (one.last.verdict, found, only(one.last), f"read {one.age} ago")
    return ", ".join(filter(None, [*parts, "overdue" if one.is_overdue else ""]))
