"""`auditor overview`: one page over all brands that somebody looks after."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import Invocation, pass_invocation, read_settings, shared_options


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

    Exit codes: 0 all clean, 1 a brand is not, 2 settings.
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
            }
            for one in stands
        ]
        click.echo(json.dumps({"format": 1, "overview": page.as_posix(), "brands": told}))
    else:
        for one in stands:
            said = (
                "never audited" if one.last is None else f"{one.last.verdict}, {one.last.findings}"
            )
            click.echo(f"{one.brand:<24}{said}")
        click.echo(f"Overview: {page}")
    return 0 if all(one.last and one.last.verdict == "clean" for one in stands) else 1
