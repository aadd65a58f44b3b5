"""Put a report on disk: readable by its owner alone, and never half-written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.hostile import safe_name
from auditor.private_file import private_folder, replaced
from auditor.report.audit_json import audit_json
from auditor.report.render import render_html
from auditor.report.rows_csv import write_rows

if TYPE_CHECKING:
    from pathlib import Path

    import jinja2

    from auditor.report.build import FindingsOf, ReportData


def report_path(out: Path, brand: str, run: str) -> Path:
    """Return where the page of a run stands, whether it is written or not."""
    return out / safe_name(brand) / safe_name(run.replace(":", "-")) / "index.html"


def write_report(
    data: ReportData, out: Path, templates: Path | jinja2.BaseLoader, *, findings: FindingsOf
) -> Path:
    """Write the page, the rows of every failing check and the audit as JSON; return the page's path.

    Each file is replaced in one step, the page last, so that whoever opens it finds what it links.
    Rows of an earlier writing that no longer belong are removed after that.

    Args:
        data: What the page says.
        out: Folder of all reports; the page goes to `<brand>/<run>/index.html` in it.
        templates: As for `render_html`.
        findings: All rows of a check, streamed into its CSV.
    """
    page = report_path(out, data.audit.brand, data.audit.run)
    folder, rows = page.parent, page.parent / "rows"
    for part in (folder.parent, folder, rows):
        private_folder(part)
    written = {rows / f"{safe_name(incident.id)}.csv": incident.id for incident in data.incidents}
    for path, check in written.items():
        with replaced(path) as file:
            write_rows(findings(check), file)
    with replaced(folder / "audit.json") as file:
        file.write(audit_json(data.audit, page.as_posix()).decode())
    html = render_html(data, templates)
    with replaced(page) as file:
        file.write(html)
    for stale in set(rows.glob("*.csv")) - set(written):
        stale.unlink()
    return page
