"""`auditor explain`: both records, the timeline and the rule trace of one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from auditor.explain.subject import Kind


PIPED = 240
"""Columns where nobody's terminal is in the way: no heading and no key is broken at these."""


@click.command(
    short_help="Show both records, the timeline and the rules of one key.",
    epilog="""\b
Examples:
  auditor explain 990017                    a contact
  auditor explain centra:4711               a customer
  auditor explain 100017                    an order
  auditor explain 100017 --kind order       when the number names something else too
  auditor explain NL-100-BLK-M              an item
  auditor explain 100017-1                  a shipment
  auditor explain event:5501                an event without one
  auditor explain 200001/990017             a member of a segment
  auditor explain orders                    a stream
  auditor explain emarsys.events.shipped    a setting with a finding
  auditor explain anna@example.com --reveal
""",
)
@click.argument("key")
@click.option(
    "--kind",
    type=click.Choice(["contact", "customer", "order", "item", "shipment", "stream", "config"]),
    help="What the key names, where it could be several things.",
)
@click.option("--reveal", is_flag=True, help="Show e-mail addresses and names; at a terminal only.")
@shared_options
@pass_invocation
def command(invocation: Invocation, *, key: str, kind: Kind | None, reveal: bool) -> None:
    """Show what both systems hold about KEY, when it changed, and which terms decided.

    KEY is a key as findings name it, or an e-mail address. What is shown is what the last run read;
    while an audit is under way, what the one before it read.
    """
    import json
    from contextlib import closing

    from auditor.explain.explanation import as_dict
    from auditor.explain.shown import sections
    from auditor.model.personal import Veil
    from auditor.pipeline.explaining import explain, opened_to_read
    from auditor.report.audit_json import FORMAT, finding_json, zulu
    from auditor.report.figures import Figures
    from auditor.warehouse.publish import Published

    _require_terminal(reveal=reveal)
    settings = invocation.settings(needs_secrets=False)
    pepper = settings.privacy.pepper
    veil = Veil(pepper.reveal() if pepper else None, reveal)
    with closing(opened_to_read(settings.store.warehouse)) as warehouse:
        folder = invocation.config.resolve().parent
        known = explain(settings, warehouse, key, kind, beside=folder)
    if isinstance(warehouse, Published) and known.as_of is not None:
        read_at = f"{known.as_of:%Y-%m-%d %H:%M} UTC"
        click.echo(
            f"The warehouse is in use by another process; this is the copy of {read_at}.", err=True
        )
    if invocation.format == "json":
        began = None if known.as_of is None else zulu(known.as_of)
        told = {"format": FORMAT, "as_of": began, **as_dict(known.explanation, veil)}
        told["findings"] = [json.loads(finding_json(row)) for row in known.findings]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    figures = Figures(settings.locale, settings.timezone)
    _print(sections(known.explanation, known.findings, figures, veil))


def _require_terminal(*, reveal: bool) -> None:
    import sys

    from auditor.errors import ConfigError

    if reveal and not sys.stdout.isatty():
        raise ConfigError("--reveal shows names and addresses to a person at a terminal only.")


def _print(sections: Iterable[RenderableType]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPED)
    for section in sections:
        console.print(section)
