"""The gold files of the report; `--regen-gold` rewrites them, and a missing one fails."""

from __future__ import annotations

import pytest

from auditor.report.build import build_report
from auditor.report.render import render_html
from auditor.report.rows import take
from tests.report import examples, huge


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
