"""Report, list of runs and mails in a browser, under an accessibility checker: light, dark and narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.report.figures import Figures
from auditor.report.write import write_index, write_report
from tests.mail import test_digest as mail
from tests.report import examples

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from playwright.sync_api import Browser

PAGES = ("rich", "clean", "index", "mail", "quiet_mail")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write everything that people open."""
    out = tmp_path_factory.mktemp("pages")
    found = {}
    for name, audit in (("rich", examples.rich_audit()), ("clean", examples.clean_audit())):
        record = examples.record(audit)
        found[name] = write_report(
            record,
            examples.all_stored(audit),
            out / name,
            examples.TEMPLATES,
        )
    figures = Figures("en_GB", examples.STOCKHOLM)
    found["index"] = write_index("nordlys", examples.HISTORY, figures, out, examples.TEMPLATES)
    letters = {
        "mail": mail.written(mail.told(examples.rich_audit()))["default"],
        "quiet_mail": mail.written(mail.told(examples.clean_audit(), {}), {})["default"],
    }
    for name, letter in letters.items():
        found[name] = out / f"{name}.html"
        found[name].write_text(letter.html, encoding="utf-8")
    return found


def violations(
    browser: Browser, axe: str, page: Path, scheme: Literal["light", "dark"], width: int
) -> list[str]:
    context = browser.new_context(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 800}
    )
    opened = context.new_page()
    opened.goto(page.as_uri())
    # The rows of one check stand for those of the others: every cell is looked at, one by one.
    opened.evaluate(
        "for (const d of document.querySelectorAll('details:not(.rows), .rows:last-of-type')) d.open = true"
    )
    opened.evaluate(axe)
    result: dict[str, Any] = opened.evaluate("axe.run()")
    context.close()
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in result["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_no_rule_of_accessibility_is_broken(
    browser: Browser, axe: str, pages: dict[str, Path], name: str, scheme: Any, width: int
):
    assert violations(browser, axe, pages[name], scheme, width) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_request_leaves_the_page(browser: Browser, pages: dict[str, Path], name: str):
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    page.wait_for_timeout(50)
    page.close()
    assert asked == [pages[name].as_uri()]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways(browser: Browser, pages: dict[str, Path], name: str):
    page = browser.new_page()
    page.goto(pages[name].as_uri())
    spare = {}
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        spare[width] = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    page.close()
    assert max(spare.values()) <= 0, spare
