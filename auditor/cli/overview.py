"""`auditor overview`: one page over all brands that somebody looks after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, read_settings, shared_options

if TYPE_CHECKING:
    from auditor.model.audit import PastRun


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

    Exit codes: 0 all clean, 1 a brand is not or only some of its suites were judged, 2 settings.
    """
    import json

    from auditor.pipeline.reporting import overview

    brands = [read_settings(file) for file in configs or (invocation.config,)]
    page, stands = overview(brands)
    if invocation.format == "json":
        told = [
            {
                "brand": one.brand,
                "verdict": one.last and one.last.verdict,
                "findings": one.last and one.last.findings,
                **({"suites": one.last.suites} if one.last and one.last.suites else {}),
            }
            for one in stands
        ]
        click.echo(json.dumps({"format": 1, "overview": page.as_posix(), "brands": told}))
    else:
        for one in stands:
            click.echo(f"{one.brand:<24}{_said(one.last)}")
        click.echo(f"Overview: {page}")
    return 0 if all(_is_clean(one.last) for one in stands) else 1


def _is_clean(last: PastRun | None) -> bool:
    """Tell whether both systems agree, in every suite."""
    return last is not None and last.verdict == "clean" and not last.suites


def _said(last: PastRun | None) -> str:
    from auditor.report.words import only

    if last is None:
        return "never audited"
    return ", ".join(filter(None, [last.verdict, str(last.findings), only(last)]))
