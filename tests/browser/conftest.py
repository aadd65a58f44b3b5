"""What comes from the npm registry: the accessibility checker, and what mail clients support."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.report.test_browser import CHROMIUM, QUIET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs more than Python where it is not installed; `make test` installs it."""
    missing = pytest.mark.skip(reason="needs Chromium and `make system`")
    for item in items:
        is_here = item.path.is_relative_to(HERE)
        if is_here and not (MODULES.exists() and CHROMIUM.exists()):
            item.add_marker(missing)


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the source of the accessibility checker."""
    return (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def unsupported() -> Callable[[Path], dict[str, list[str]]]:
    """Give what tells which clients do not support which parts of a mail."""

    def lint(file: Path) -> dict[str, list[str]]:
        run = ["node", str(HERE / "lint_mail.mjs"), str(file)]
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found

    return lint
