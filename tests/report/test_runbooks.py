"""The runbooks: a paragraph for each check, written for people, and linked from the report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.expect.suites import load_checks
from auditor.hostile import safe_name
from auditor.report.runbooks import link_of, paragraphs, write_runbooks
from auditor.resources import expectation_files
from tests.report import examples
from tests.report.test_write import RICH, write

RUNBOOKS = Path(__file__).parent.parent.parent / "docs" / "runbooks"
CHECKS = [e.check for e in load_checks(expectation_files())]
READERS = {
    "crm": "crm",
    "cx": "cx",
    "ecommerce": "ecommerce",
    "merchandising": "ecommerce",
    "integration": "operator",
}


def test_each_check_has_one_paragraph_in_the_book_of_its_owner():
    wanted = {
        check.id if check.suite != "quality" else "quality": READERS[check.owner]
        for check in CHECKS
    }
    assert paragraphs() == wanted


def test_no_check_has_two_paragraphs():
    every = [
        found
        for path in RUNBOOKS.glob("*.md")
        for found in re.findall(r"^### `([a-z_.]+)`$", path.read_text(), re.MULTILINE)
    ]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_each_paragraph_says_what_one_may_do_and_when_to_escalate(path: Path):
    parts = re.split(r"^### ", path.read_text(), flags=re.MULTILINE)[1:]
    assert all("**What you may do.**" in part for part in parts)
    assert all("**When to escalate.**" in part for part in parts)


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_each_book_says_what_to_look_at_each_morning_or_month(path: Path):
    assert re.search(r"Each (morning|month)", path.read_text())


def test_every_command_in_a_book_is_one_of_the_auditor_s():
    from auditor.cli import group

    known = set(group.list_commands(group.make_context("auditor", [], resilient_parsing=True)))
    named = {
        found
        for path in RUNBOOKS.glob("*.md")
        for found in re.findall(r"`auditor ([a-z]+)", path.read_text())
    }
    assert named <= known


def test_every_link_of_a_report_leads_to_its_paragraph(tmp_path: Path):
    page = write(RICH, tmp_path)
    links = re.findall(r'href="(\.\./runbooks/[^"]+)"', page.read_text())
    assert len(links) == sum(result.outcome == "fail" for result in examples.RESULTS)
    for link in links:
        file, _, place = link.partition("#")
        assert f'id="{place}"' in (page.parent / file).read_text()


def test_a_quality_check_leads_to_the_paragraph_of_its_suite():
    assert link_of("quality.centra_order.expect_x") == "../runbooks/operator.html#quality"


def test_a_check_of_the_brand_s_own_leads_nowhere():
    assert link_of("house.rule") is None


def test_a_book_is_one_page_that_loads_nothing(tmp_path: Path):
    write_runbooks(tmp_path, examples.TEMPLATES)
    for page in (tmp_path / "runbooks").glob("*.html"):
        assert not re.search(r"https?://|<script|<img", page.read_text())
        assert safe_name("x") == "x"
