"""Put a report on disk: readable by its owner alone, and never half-written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from auditor.hostile import safe_name
from auditor.private_file import private_folder, replaced
from auditor.report.audit_json import audit_json
from auditor.report.build import build_report
from auditor.report.figures import Figures
from auditor.report.render import render_html, render_index, render_page
from auditor.report.rows import FORMATS, write_rows
from auditor.report.runbooks import link_of, write_runbooks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    import jinja2
    import pyarrow as pa

    from auditor.model.audit import PastRun, Record


def brand_folder(out: Path, brand: str) -> Path:
    """Return the folder of a brand's reports."""
    return out / safe_name(brand)


def report_path(out: Path, brand: str, run: str) -> Path:
    """Return where the page of a run stands, whether it is written or not."""
    return brand_folder(out, brand) / safe_name(run.replace(":", "-")) / "index.html"


def write_report(
    record: Record,
    findings: Iterable[pa.RecordBatch],
    out: Path,
    templates: Path | jinja2.BaseLoader,
) -> Path:
    """Write the page, the rows of every check that fails or stands and the audit as JSON; return the page's path.

    Each file is replaced in one step, the page last, so that whoever opens it finds what it links.
    Rows of an earlier writing that no longer belong are removed after that. The same record and findings
    give the same bytes.

    Args:
        record: What the run came to.
        findings: Its findings, check by check, the worst first.
        out: Folder of all reports; the page goes to `<brand>/<run>/index.html` in it.
        templates: As for `render_html`.
    """
    audit = record.audit
    page = report_path(out, audit.brand, audit.run)
    folder, rows = page.parent, page.parent / "rows"
    for part in (folder.parent, folder, rows):
        private_folder(part)
    taken = write_rows(findings, rows, record.with_rows)
    with replaced(folder / "audit.json") as file:
        file.write(audit_json(audit, page.as_posix()).decode())
    html = render_html(build_report(record, taken), templates, link_of)
    with replaced(page) as file:
        file.write(html)
    write_runbooks(folder.parent, templates)
    written = {f"{safe_name(check)}.{end}" for check in record.with_rows for end in FORMATS}
    for stale in rows.iterdir():
        if stale.name not in written:
            stale.unlink()
    return page


def write_index(
    brand: str,
    runs: Sequence[PastRun],
    figures: Figures,
    out: Path,
    templates: Path | jinja2.BaseLoader,
) -> Path:
    """Write the page that lists a brand's runs with links to their reports; return its path.

    Args:
        brand: Whose runs.
        runs: The newest runs, newest first; what is older is not listed, so that the cost stays the same.
        figures: How numbers and times are written.
        out: Folder of all reports.
        templates: As for `render_html`.
    """
    folder = brand_folder(out, brand)
    private_folder(folder)
    pages = {
        run.run: path.relative_to(folder).as_posix()
        for run in runs
        if (path := report_path(out, brand, run.run)).exists()
    }
    html = render_index(brand, runs, pages, figures, templates)
    with replaced(folder / "index.html") as file:
        file.write(html)
    return folder / "index.html"


@dataclass(frozen=True, slots=True)
class Stands:
    """How a brand stands, for the page over all brands.

    Attributes:
        last: Its last run; None before the first.
        told: When that was, in the brand's own time.
        age: How long ago.
        is_overdue: Whether another one was due since, and has not come.
        link: The list of its runs, where there is one.
    """

    brand: str
    last: PastRun | None
    told: str
    age: str
    is_overdue: bool
    link: str | None


def write_overview(
    brands: Sequence[Stands], now: datetime, out: Path, templates: Path | jinja2.BaseLoader
) -> Path:
    """Write the page over all brands, those that need a look first; return its path.

    It says when that was: whoever opens it later reads of no brand how it stands by then.
    """
    private_folder(out)
    told = Figures("en_GB", ZoneInfo("UTC")).moment(
        now
    )  # brands have time zones, the page is of all
    html = render_page("overview.html", templates, brands=brands, now=told)
    with replaced(out / "index.html") as file:
        file.write(html)
    return out / "index.html"
