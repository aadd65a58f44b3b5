"""Put a report on disk: readable by its owner alone, and never half-written."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TextIO

from auditor.report.audit_json import audit_json
from auditor.report.hostile import safe_name
from auditor.report.render import render_html
from auditor.report.rows_csv import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import jinja2

    from auditor.report.build import FindingsOf, ReportData

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


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
        part.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        part.chmod(PRIVATE_FOLDER)
    written = {rows / f"{safe_name(incident.id)}.csv": incident.id for incident in data.incidents}
    for path, check in written.items():
        with _replaced(path) as file:
            write_rows(findings(check), file)
    with _replaced(folder / "audit.json") as file:
        file.write(audit_json(data.audit, page.as_posix()).decode())
    html = render_html(data, templates)
    with _replaced(page) as file:
        file.write(html)
    for stale in set(rows.glob("*.csv")) - set(written):
        stale.unlink()
    return page


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[TextIO]:
    """Open a private file that takes the place of `path` once it is complete, or not at all."""
    draft = path.with_name(f".{path.name}.tmp")
    # A draft of a killed run goes first: whoever made it chose its mode.
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        # Lone surrogates cannot be encoded; they are shown, not refused.
        with os.fdopen(
            handle, "w", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
