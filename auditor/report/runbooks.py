"""The runbooks: what each finding means in the words of those who run the business, as pages beside the reports."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import mistune

from auditor.hostile import safe_name
from auditor.private_file import private_folder, replaced
from auditor.report.render import render_page
from auditor.resources import bundled_folder

if TYPE_CHECKING:
    import jinja2

FOLDER = "docs/runbooks"
BESIDE = "runbooks"
"""The folder of the pages, beside the folders of a brand's runs."""

_PARAGRAPH = re.compile(r"^### `([a-z_.]+)`$", re.MULTILINE)
_HEADING = re.compile(r"<h3><code>([a-z_.]+)</code></h3>")


@cache
def paragraphs() -> dict[str, str]:
    """Return the runbook that holds the paragraph of each check, by its id; `quality` stands for its suite."""
    return {
        check: path.stem
        for path in _files()
        for check in _PARAGRAPH.findall(path.read_text(encoding="utf-8"))
    }


def link_of(check: str) -> str | None:
    """Return where the paragraph of a check stands, as a page of a run links it; None without one."""
    name = check if check in paragraphs() else check.partition(".")[0]
    file = paragraphs().get(name)
    return None if file is None else f"../{BESIDE}/{file}.html#{safe_name(name)}"


def write_runbooks(folder: Path, templates: Path | jinja2.BaseLoader) -> None:
    """Write every runbook as a page into the folder of a brand's reports."""
    place = folder / BESIDE
    private_folder(place)
    for path in _files():
        text = path.read_text(encoding="utf-8")
        body = str(mistune.create_markdown(plugins=["table"])(text))
        marked = _HEADING.sub(_with_id, body)
        title = text.partition("\n")[0].removeprefix("# ")
        page = render_page("runbook.html", templates, title=title, body=marked)
        with replaced(place / f"{path.stem}.html") as file:
            file.write(page)


def _with_id(found: re.Match[str]) -> str:
    return f'<h3 id="{safe_name(found[1])}"><code>{found[1]}</code></h3>'


def _files() -> list[Path]:
    return sorted(Path(str(bundled_folder(FOLDER))).glob("*.md"))
