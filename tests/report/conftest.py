"""The gold files of the report; `--regen-gold` rewrites them, and a missing one fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.report.build import build_report
from auditor.report.render import render_html
from auditor.report.rows import take
from tests.report import examples, huge

if TYPE_CHECKING:
    from collections.abc import Callable

GOLD = Path(__file__).parent.parent / "gold"


@pytest.fixture
def assert_gold(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the gold file of that name."""

    def check(name: str, text: str) -> None:
        path = GOLD / name
        if request.config.getoption("--regen-gold"):
            path.write_bytes(text.encode())
        assert path.exists(), f"{name} is missing; look at the output, then run with --regen-gold"
        assert text.encode() == path.read_bytes()

    return check


@pytest.fixture(scope="session")
def rich_page() -> str:
    return render_html(examples.report(examples.rich_audit()), examples.TEMPLATES)


@pytest.fixture(scope="session")
def clean_page() -> str:
    return render_html(examples.report(examples.clean_audit()), examples.TEMPLATES)


@pytest.fixture(scope="session")
def huge_page() -> str:
    ids = [result.check.id for result in huge.audit().checks]
    data = build_report(examples.record(huge.audit()), take(huge.batches(), ids))
    return render_html(data, examples.TEMPLATES)


@pytest.fixture(params=["rich", "clean", "huge"])
def page(request: pytest.FixtureRequest) -> str:
    """Give each page in turn."""
    text: str = request.getfixturevalue(f"{request.param}_page")
    return text
