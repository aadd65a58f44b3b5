"""An explanation laid out for people: both sides beside each other, the timeline, the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from auditor.explain.explanation import plain, veiled
from auditor.hostile import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from auditor.explain.explanation import Explanation
    from auditor.model.finding import Finding
    from auditor.model.personal import Veil
    from auditor.report.figures import Figures

ROWS_BESIDE = 3
"""Rows of one table in the text; the terminal is no wider."""


def sections(
    explanation: Explanation, found: Sequence[Finding], figures: Figures, veil: Veil
) -> Iterator[RenderableType]:
    """Yield an explanation in sections that a terminal and a notebook show.

    Args:
        explanation: What is known.
        found: The findings about it.
        figures: How numbers and times are written.
        veil: What stands in the place of personal values.
    """
    subject = explanation.subject
    yield Text(f"{subject.kind.capitalize()} {veil.shown('', subject.key)}", style="bold")
    yield from _findings_table(found, figures)
    yield Text()
    yield _beside(*(_side(explanation, system, veil) for system in ("centra", "emarsys")))
    yield Text("\nTimeline", style="bold")
    yield from _timeline(explanation, figures, veil)
    yield Text("\nRule trace", style="bold")
    yield from _trace(explanation, veil)
    yield Text("\nRules, in order", style="bold")
    yield from _rules(explanation, veil)


def _beside(left: RenderableType, right: RenderableType) -> RenderableType:
    """Put both systems beside each other."""
    grid = Table.grid(padding=(0, 3))
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(left, right)
    return grid


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _add(table: Table, *cells: object) -> None:
    # As text, never as markup: the cells come from the systems.
    table.add_row(*(Text(_one_line(cell)) for cell in cells))


def _one_line(value: object) -> str:
    return "" if value is None else printable(str(value), " ")


def _findings_table(found: Sequence[Finding], figures: Figures) -> Iterator[RenderableType]:
    yield Text("\nFindings", style="bold")
    if not found:
        yield Text("  None.")
        return
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


def _timeline(explanation: Explanation, figures: Figures, veil: Veil) -> Iterator[RenderableType]:
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
    table = _table("about", "term", "value", "meaning")
    for term in explanation.trace:
        value = plain(veil.shown(term.column, term.value))
        _add(table, term.about, term.column, value, term.meaning)
    yield table


def _rules(explanation: Explanation, veil: Veil) -> Iterator[RenderableType]:
    if not explanation.rules:
        yield Text("  None was asked.")
        return
    table = _table("about", "check", "holds", "")
    for answer in explanation.rules:
        check = answer.check or f"nothing: {answer.reason}"
        unasked = answer.reason if answer.check else ""
        decides = "decides" if answer.decides else unasked
        _add(table, veil.shown("", answer.about), check, _yes(answer.holds), decides)
    yield table


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
