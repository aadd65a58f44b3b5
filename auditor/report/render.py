"""Turn the report's values into one self-contained page that fits its size whatever it reports."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from auditor.hostile import clipped, safe_name, visible
from auditor.report import words
from auditor.report.audit_json import since
from auditor.report.build import ROWS_PER_CHECK
from auditor.report.chart import bars
from auditor.report.figures import counted
from auditor.report.sides import sides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from auditor.model.finding import Finding
    from auditor.report.build import Incident, ReportData

MAX_BYTES = 2_000_000
"""Size of the page, below the 2 MB that mail gateways and viewers were promised."""

_NOTE_BYTES = 200
"""What naming the number of rows may add per check once it is known."""


def render_html(data: ReportData, templates: Path | jinja2.BaseLoader) -> str:
    """Render the report; the same values give the same bytes.

    Args:
        data: What to say.
        templates: Folder that holds `report.html`, or a loader that finds it.
    """
    env = _environment(data, templates)
    page = env.get_template("report.html")
    facts = _facts(data, env)
    bare = page.render(facts, rows={incident.id: [] for incident in data.incidents})
    room = MAX_BYTES - len(bare.encode()) - _NOTE_BYTES * len(data.incidents)
    return page.render(facts, rows=rows_that_fit(data.incidents, _macro(env, "row.html"), room))


def rows_that_fit(
    incidents: Sequence[Incident], row: Callable[[Finding], str], room: int
) -> dict[str, list[str]]:
    """Render rows by check until `room` bytes are full, as many of each check as of any other."""
    rows: dict[str, list[str]] = {incident.id: [] for incident in incidents}
    for rank in range(ROWS_PER_CHECK):
        lines = {i.id: row(i.findings[rank]) for i in incidents if rank < len(i.findings)}
        room -= sum(len(line.encode()) + 1 for line in lines.values())
        if room < 0:
            break
        for check, line in lines.items():
            rows[check].append(line)
    return rows


def digest(text: str) -> str:
    """Return the hash by which a content security policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _environment(data: ReportData, templates: Path | jinja2.BaseLoader) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=_loader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = data.figures
    env.filters |= {
        "number": figures.number,
        "money": figures.money,
        "percent": figures.percent,
        "day": figures.day,
        "moment": figures.moment,
        "seconds": figures.seconds,
        "counted": lambda value, noun: counted(value, noun, figures),
        "age": lambda moment: figures.age(moment, data.audit.as_of),
        "sides": lambda finding: sides(finding, figures),
        "since": since,
        "safe_name": safe_name,
        "coverage_state": words.coverage_state,
        "step": words.incident_step,
        "remedy": words.remedy,
    }
    env.globals["movers"] = words.MOVERS
    return env


def _loader(templates: Path | jinja2.BaseLoader) -> jinja2.BaseLoader:
    if isinstance(templates, jinja2.BaseLoader):
        return templates
    return jinja2.FileSystemLoader(templates)


def _shown(value: object) -> object:
    """Treat every text that a template writes, before it is escaped; markup is the templates' own."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(clipped(value))
    return value


def _facts(data: ReportData, env: jinja2.Environment) -> Mapping[str, object]:
    return {
        "data": data,
        "audit": data.audit,
        "headline": words.HEADLINES[data.audit.verdict],
        "meaning": words.meaning(data),
        "next_step": words.next_step(data),
        "commands": words.commands(data),
        "bars": bars(data),
        "most_rows": ROWS_PER_CHECK,
        "script_digest": digest(env.get_template("report.js").render()),
        "style_digest": digest(env.get_template("report.css").render()),
    }


def _macro(env: jinja2.Environment, template: str) -> Callable[[Finding], str]:
    module: Any = env.get_template(template).module
    row: Callable[[Finding], str] = module.row
    return row
