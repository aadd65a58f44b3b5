"""`auditor overview`: how each brand stands, by its last audit."""

from __future__ import annotations

import contextlib
import io
import json
import re
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.archive import Archive
from auditor.cli import main
from auditor.clock import utc_now
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.findings.standing import SCHEMA
from auditor.model.snapshot import Snapshot
from tests.correct.desk import read_settings
from tests.report import examples

if TYPE_CHECKING:
    from auditor.model.audit import Audit

NIGHTLY = "0 5 * * *"


@dataclass
class Told:
    """What the command said, as text and as JSON of the brand, and the page."""

    code: int
    text: str
    brand: dict[str, Any]
    page: str


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return what is told of a brand after an audit, or none, some time ago."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")

    def overview(
        audit: Audit | None, ago: timedelta = timedelta(hours=1), cron: str | None = None
    ) -> Told:
        settings = read_settings(tmp_path, lambda raw: raw.update(schedule={"audit": cron}))
        if audit is not None:
            as_of = utc_now() - ago
            run = f"{as_of:%Y-%m-%dT%H:%M:%SZ}-7f3a"
            keep(settings, replace(audit, brand=settings.brand, run=run, as_of=as_of))
        _, text = said()
        code, answer = said("--format", "json")
        answer = json.loads(answer)
        return Told(code, text, answer["brands"][0], Path(answer["overview"]).read_text())

    return overview


def keep(settings: Any, audit: Audit) -> None:
    with closing(Ledger(settings.store.ledger)) as ledger:
        query.record_run(ledger, audit.brand, Snapshot(audit.run, audit.as_of, audit.coverage))
        query.close_run(ledger, audit)
    Archive(audit.brand).keep(examples.record(audit), [], SCHEMA)


def said(*words: str) -> tuple[int, str]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main([*words, "overview"])
    return code, out.getvalue()


def test_a_brand_of_which_some_suites_agree_is_not_told_as_clean(told):
    now = told(replace(examples.clean_audit(), suites=("consent", "sales")))
    assert (now.code, now.brand["suites"]) == (1, ["consent", "sales"])
    assert ", only consent and sales</td>" in now.page


def test_a_brand_of_which_all_suites_agree_is_clean(told):
    now = told(examples.clean_audit())
    assert (now.code, "suites" in now.brand, ", only" in now.page) == (0, False, False)


def test_findings_end_with_1(told):
    assert told(examples.critical_audit()).code == 1


def test_what_was_not_read_to_its_end_ends_with_3(told):
    assert told(replace(examples.clean_audit(), verdict="incomplete")).code == 3


def test_a_brand_that_was_never_audited_ends_with_3(told):
    now = told(None)
    assert (now.code, now.brand["read"], "never audited" in now.page) == (3, None, True)


def test_a_brand_is_told_with_the_age_of_what_is_known_of_it(told):
    now = told(examples.clean_audit(), timedelta(days=3))
    assert "clean, 0 findings, read 3 days ago" in now.text


def test_the_page_says_of_when_it_is(told):
    page = told(examples.clean_audit()).page
    assert re.search(r"as known on \d+ \w+ \d{4}, \d\d:\d\d UTC, ", page)


def test_a_clean_brand_whose_audits_stopped_is_overdue(told):
    now = told(examples.clean_audit(), timedelta(days=3), NIGHTLY)
    assert (now.code, now.brand["overdue"]) == (3, True)
    assert "ago, overdue" in now.text
    assert "Overdue" in now.page


def test_without_a_schedule_nothing_is_overdue(told):
    now = told(examples.clean_audit(), timedelta(days=3))
    assert (now.code, now.brand["overdue"], "Overdue" in now.page) == (0, False, False)


def test_an_audit_that_was_due_a_moment_ago_may_still_be_at_work(told):
    a_while_ago = utc_now() - timedelta(hours=2)
    cron = f"{a_while_ago.minute} {a_while_ago.hour} * * *"
    assert told(examples.clean_audit(), timedelta(hours=20), cron).brand["overdue"] is False
