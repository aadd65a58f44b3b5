"""`auditor explain`: both records, the timeline and the rule trace of one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from auditor.config import Settings
    from auditor.explain.explanation import Explanation
    from auditor.explain.subject import Kind
    from auditor.explain.timeline import Moment
    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Finding
    from auditor.model.personal import Veil
    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse


ROWS_BESIDE = 3
"""Rows of one table in the text; the terminal is no wider."""


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

    KEY is a key as findings name it, or an e-mail address. What is shown is what the last run read.
    """
    import json
    from contextlib import closing

    from auditor.explain.explanation import as_dict, explain
    from auditor.findings.ledger import Ledger
    from auditor.model.personal import Veil
    from auditor.report.audit_json import FORMAT, finding_json
    from auditor.warehouse import Warehouse

    _require_terminal(reveal=reveal)
    settings = invocation.settings()
    pepper = settings.privacy.pepper
    veil = Veil(pepper.reveal() if pepper else None, reveal)
    with (
        closing(Warehouse(settings.store.warehouse)) as warehouse,
        closing(Ledger(settings.store.ledger)) as ledger,
    ):
        terms = _terms(settings, warehouse, ledger)
        with warehouse.engine.connect() as conn:
            explanation = explain(conn, key, kind, terms=terms)
        found = _findings(settings, ledger, explanation)
        explanation = _with_findings(explanation, ledger, found)
    if invocation.format == "json":
        told = {"format": FORMAT, **as_dict(explanation, veil)}
        told["findings"] = [json.loads(finding_json(row)) for row in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    _print(_sections(explanation, found, settings, veil))


def _require_terminal(*, reveal: bool) -> None:
    import sys

    from auditor.errors import ConfigError

    if reveal and not sys.stdout.isatty():
        raise ConfigError("--reveal shows names and addresses to a person at a terminal only.")


def _terms(settings: Settings, warehouse: Warehouse, ledger: Ledger) -> Terms | None:
    """Return what the last run was judged by; None before the first."""
    from auditor.findings.query import last_snapshot
    from auditor.pipeline.judging import terms_of_run

    snapshot = last_snapshot(ledger, settings.brand)
    return None if snapshot is None else terms_of_run(settings, warehouse, snapshot)


def _findings(settings: Settings, ledger: Ledger, explanation: Explanation) -> list[Finding]:
    from auditor.findings.query import findings_about

    ids = explanation.subject.ids
    keys = {explanation.subject.key}.union(
        *(ids.get(name, ()) for name in ("order_number", "item", "number", "contact_id"))
    )
    return list(
        findings_about(ledger, settings.brand, keys=keys, contacts=ids.get("contact_id", ()))
    )


def _with_findings(
    explanation: Explanation, ledger: Ledger, found: Iterable[Finding]
) -> Explanation:
    """Put what the findings were from run to run into the timeline."""
    from dataclasses import replace

    moments = [*explanation.timeline, *(m for row in found for m in _of_finding(ledger, row))]
    moments.sort(key=lambda moment: (moment.at, moment.source, moment.what))
    return replace(explanation, timeline=tuple(moments))


def _of_finding(ledger: Ledger, finding: Finding) -> Iterator[Moment]:
    from auditor.explain.timeline import Moment
    from auditor.findings.query import history

    before: dict[str, object] = {}
    for past in history(ledger, finding.fingerprint):
        now = {
            f"{side}.{name}": value
            for side, values in (("centra", past.centra), ("emarsys", past.emarsys))
            for name, value in (values or {}).items()
        }
        changes = tuple(
            (name, before.get(name), now.get(name))
            for name in sorted({*before, *now})
            if before and before.get(name) != now.get(name)
        )
        what = f"finding {finding.check} {finding.subject_key} {past.state}, {past.severity}"
        yield Moment(past.seen_at, "auditor", what, changes)
        before = now


def _sections(
    explanation: Explanation, found: Sequence[Finding], settings: Settings, veil: Veil
) -> Iterator[RenderableType]:
    from rich.text import Text

    subject = explanation.subject
    yield Text(f"{subject.kind.capitalize()} {veil.shown('', subject.key)}", style="bold")
    yield from _findings_table(found, settings)
    yield Text()
    yield _beside(*(_side(explanation, system, veil) for system in ("centra", "emarsys")))
    yield Text("\nTimeline", style="bold")
    yield from _timeline(explanation, settings, veil)
    yield Text("\nRule trace", style="bold")
    yield from _trace(explanation, veil)
    yield Text("\nRules, in order", style="bold")
    yield from _rules(explanation, veil)


def _beside(left: RenderableType, right: RenderableType) -> RenderableType:
    """Put both systems beside each other."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 3))
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(left, right)
    return grid


def _table(*headings: str) -> Any:  # noqa: ANN401 - rich is imported where it is needed
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _add(table: Any, *cells: object) -> None:  # noqa: ANN401 - as above
    from rich.text import Text

    # As text, never as markup: the cells come from the systems.
    table.add_row(*(Text(_one_line(cell)) for cell in cells))


def _one_line(value: object) -> str:
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() else " " for char in text)


def _findings_table(found: Sequence[Finding], settings: Settings) -> Iterator[RenderableType]:
    from rich.text import Text

    from auditor.report.figures import Figures

    yield Text("\nFindings", style="bold")
    if not found:
        yield Text("  None.")
        return
    figures = Figures(settings.locale, settings.timezone)
    table = _table(
        *("check", "severity", "state", "subject", "money", "cause"),
        *("remedy", "first seen", "moved by", "since"),
    )
    for row in found:
        money = figures.money(row.money) if row.money else ""
        seen = figures.moment(row.first_seen)
        subject = f"{row.subject_kind} {row.subject_key}"
        moved = figures.moment(row.moved_at) if row.moved_at else ""
        about = (row.check, row.severity, row.state, subject, money, row.cause)
        _add(table, *about, row.remedy, seen, row.moved_by, moved)
    yield table


def _side(explanation: Explanation, system: str, veil: Veil) -> RenderableType:
    """Lay the records of one system below each other, a column per row, a line per field."""
    from rich.console import Group
    from rich.text import Text

    from auditor.explain.explanation import veiled

    parts: list[RenderableType] = [Text(system.capitalize(), style="bold")]
    records = explanation.side(system)
    if not records:
        parts.append(Text("No record."))
    for one in records:
        rows = [veiled(row, veil) for row in one.rows[:ROWS_BESIDE]]
        more = f", {len(rows)} shown; --format json has more" if one.total > len(rows) else ""
        table = _table(f"{one.source.name} ({one.total}{more})", *("" for _ in rows))
        for name in dict.fromkeys(name for row in rows for name in row):
            _add(table, name, *(row.get(name) for row in rows))
        parts.append(table)
    return Group(*parts)


def _timeline(explanation: Explanation, settings: Settings, veil: Veil) -> Iterator[RenderableType]:
    from auditor.report.figures import Figures

    figures = Figures(settings.locale, settings.timezone)
    table = _table("when", "source", "what")
    for moment in explanation.timeline:
        changes = ", ".join(
            f"{name} {veil.shown(name, before)} -> {veil.shown(name, after)}"
            for name, before, after in moment.changes
        )
        what = f"{veil.shown('', moment.what)}{': ' if changes else ''}{changes}"
        _add(table, figures.moment(moment.at), moment.source, what)
    yield table


def _trace(explanation: Explanation, veil: Veil) -> Iterator[RenderableType]:
    from auditor.explain.explanation import plain

    table = _table("about", "term", "value", "meaning")
    for term in explanation.trace:
        value = plain(veil.shown(term.column, term.value))
        _add(table, term.about, term.column, value, term.meaning)
    yield table


def _rules(explanation: Explanation, veil: Veil) -> Iterator[RenderableType]:
    from rich.text import Text

    if not explanation.rules:
        yield Text("  None was asked.")
        return
    table = _table("about", "check", "holds", "")
    for answer in explanation.rules:
        check = answer.check or f"nothing: {answer.reason}"
        decides = "decides" if answer.decides else ""
        _add(table, veil.shown("", answer.about), check, _yes(answer.holds), decides)
    yield table


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _print(sections: Iterable[RenderableType]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for section in sections:
        console.print(section)
