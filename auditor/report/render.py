"""Turn the report's values into one self-contained page that fits its size whatever it reports."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

from auditor.hostile import clipped, safe_name, visible
from auditor.report import words
from auditor.report.audit_json import since
from auditor.report.figures import Figures, counted
from auditor.report.pictures import course, pictures
from auditor.report.rows import ROWS_PER_CHECK
from auditor.report.sides import agreed, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from jinja2.bccache import Bucket

    from auditor.model.audit import PastRun
    from auditor.model.finding import Finding
    from auditor.report.build import Incident, ReportData

MAX_BYTES = 2_000_000
"""Size of the page, below the 2 MB that mail gateways and viewers were promised."""

_NOTE_BYTES = 200
"""What naming the number of rows may add per check once it is known."""


def render_html(
    data: ReportData,
    templates: Path | jinja2.BaseLoader,
    runbook: Callable[[str], str | None] = lambda _: None,
) -> str:
    """Render the report; the same values give the same bytes.

    Args:
        data: What to say.
        templates: Folder that holds `report.html`, or a loader that finds it.
        runbook: Gives the link to a check's paragraph in the runbooks, None where it has none.
    """
    env = _environment(data.figures, data.audit.as_of, templates)
    env.globals["runbook"] = runbook
    page = env.get_template("report.html")
    facts = _facts(data, env)
    bare = page.render(facts, rows={incident.id: [] for incident in data.incidents})
    room = MAX_BYTES - len(bare.encode()) - _NOTE_BYTES * len(data.incidents)
    return page.render(facts, rows=rows_that_fit(data.incidents, _macro(env, "row.html"), room))


def render_index(
    brand: str,
    runs: Sequence[PastRun],
    pages: Mapping[str, str],
    figures: Figures,
    templates: Path | jinja2.BaseLoader,
) -> str:
    """Render the list of a brand's runs, newest first.

    Args:
        brand: Whose runs.
        runs: What to list.
        pages: The page of each run that has one, as a link.
        figures: How numbers and times are written.
        templates: As for `render_html`.
    """
    env = _environment(figures, runs[0].as_of if runs else None, templates)
    return env.get_template("index.html").render(
        brand=brand,
        runs=runs,
        pages=pages,
        figures=figures,
        headline=words.headline(runs[0], runs[0].verdict) if runs else "",
        judged=words.judged(runs[0]) if runs else (),
        course=course(tuple(reversed(runs)), figures) if runs else None,
        style_digest=digest(env.get_template("report.css").render()),
    )


def render_page(name: str, templates: Path | jinja2.BaseLoader, **facts: object) -> str:
    """Render a page that has no run, such as a runbook or the list of brands.

    Args:
        name: Of the template.
        templates: As for `render_html`.
        facts: What it says.
    """
    env = _environment(Figures("en_GB", ZoneInfo("UTC")), None, templates)
    env.filters["markup"] = Markup
    style = digest(env.get_template("report.css").render())
    return env.get_template(name).render(facts, style_digest=style)


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


def _environment(
    figures: Figures, as_of: datetime | None, templates: Path | jinja2.BaseLoader
) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=_loader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )
    env.filters |= {
        "number": figures.number,
        "money": figures.money,
        "percent": figures.percent,
        "day": figures.day,
        "moment": figures.moment,
        "seconds": figures.seconds,
        "duration": figures.duration,
        "seconds_of": lambda moment: int(moment.timestamp()),
        "counted": lambda value, noun: counted(value, noun, figures),
        "age": lambda moment: figures.age(moment, as_of or moment),
        "sides": lambda finding: sides(finding, figures),
        "agreed": lambda finding: agreed(finding, figures),
        "since": since,
        "safe_name": safe_name,
        "coverage_state": words.coverage_state,
        "only": words.only,
        "step": words.incident_step,
        "marks": lambda incident: words.marks(incident, figures),
        "remedy": words.remedy,
    }
    env.globals["movers"] = words.MOVERS
    return env


class _Compiled(jinja2.BytecodeCache):
    """What templates were compiled to in this process: each page has an environment of its own."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, unless its template has changed since."""
        if (code := self._code.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a template was compiled to."""
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


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
        "headline": words.headline(data.audit, data.audit.verdict),
        "meaning": words.meaning(data),
        "next_step": words.next_step(data),
        "commands": words.commands(data),
        "pictures": pictures(data),
        "most_rows": ROWS_PER_CHECK,
        "script_digest": digest(env.get_template("report.js").render()),
        "style_digest": digest(env.get_template("report.css").render()),
    }


def _macro(env: jinja2.Environment, template: str) -> Callable[[Finding], str]:
    module: Any = env.get_template(template).module
    row: Callable[[Finding], str] = module.row
    return row
