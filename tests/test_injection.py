"""Names and titles that attack whoever reads them, through every way on which they leave."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import logging
import re
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_values

from auditor.explain.shown import _one_line
from auditor.hostile import defused
from auditor.logs import configure
from auditor.mail.chat import message_of as chat_message_of
from auditor.mail.letter import message_of
from auditor.model.plan import ContactFields
from auditor.report.charts import short
from auditor.report.render import render_html
from tests.correct.test_law import change
from tests.correct.test_listing import lines, plan_of
from tests.mail.test_digest import due, told, written
from tests.report import examples

if TYPE_CHECKING:
    from auditor.model.audit import Audit

HOSTILE = (
    "<script>alert(1)</script>", "</title><svg onload=alert(1)>", "=HYPERLINK(\"https://x.example\")",
    "a\r\nBcc: all@x.example", "\x1b]0;owned\x07", "\x1b[2J", "\u202egnp.exe", "{{7*7}}", "{% raw %}",
    "%s%n", "{}", "{0.__class__}", "${AUDITOR_PEPPER}", "[red]x[/red]", "<!channel>", "<https://x|y>",
)  # fmt: skip
TOGETHER = ("".join(HOSTILE[::2]), "".join(HOSTILE[1::2]))
"""The same in two texts, where reading one takes long."""

ESCAPES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
log = logging.getLogger("auditor.test")


class Elements(HTMLParser):
    """Notes every element and handler of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def elements(page: str) -> Elements:
    found = Elements()
    found.feed(page)
    return found


def attacked(text: str) -> Audit:
    """Return an audit whose brand, titles and reasons are a hostile text."""
    audit = examples.critical_audit()
    checks = tuple(
        dataclasses.replace(r, check=dataclasses.replace(r.check, title=text)) for r in audit.checks
    )
    return dataclasses.replace(audit, brand=text, checks=checks)


@pytest.fixture(scope="module")
def honest_tags() -> list[str]:
    return sorted(set(elements(page_of("An honest title")).tags))


def page_of(text: str) -> str:
    finding = dataclasses.replace(
        next(iter(examples.rich_findings(FIRST))), subject_key=text, owner=text, cause=text
    )
    data = examples.report(attacked(text), findings=lambda _: [finding])
    return render_html(data, examples.TEMPLATES)


FIRST = "consent.withdrawn_but_opted_in"


def test_no_text_becomes_an_element_of_the_page(honest_tags: list[str]):
    for text in TOGETHER:
        found = elements(page_of(text))
        assert (sorted(set(found.tags)), found.handlers) == (honest_tags, []), text


def test_no_text_is_taken_for_a_template():
    assert "{{7*7}}" in page_of("{{7*7}}")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_escapes_a_chart(text: str):
    assert ESCAPES.search(short(text)) is None


@pytest.mark.parametrize("text", TOGETHER)
def test_no_text_leaves_its_place_in_a_letter(text: str):
    for letter in written(told(attacked(text))).values():
        content = message_of(
            letter, brand=text, sender="auditor@x.example", at=examples.AS_OF
        ).as_bytes(policy=policy.SMTP)
        message = message_from_bytes(content, policy=policy.SMTP)
        assert message["Bcc"] is None
        assert elements(letter.html).handlers == []
        assert not {"script", "svg"} & set(elements(letter.html).tags)
        assert ESCAPES.search(letter.text + letter.html + str(message["Subject"])) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_obeyed_by_a_chat(text: str):
    for digest in due(told(attacked(text))).values():
        said = json.dumps(chat_message_of(digest), ensure_ascii=False)
        assert ("<!" in said, "<http" in said, ESCAPES.search(said)) == (False, False, None)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_begins_a_log_line(text: str, capsys: pytest.CaptureFixture[str]):
    configure()
    log.warning("name: %s", f"a\n{text}")
    said = capsys.readouterr().err
    assert (said.count("\n"), ESCAPES.search(said)) == (1, None)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_a_log_line_for_machines(text: str, capsys: pytest.CaptureFixture[str]):
    configure("json")
    log.warning("name: %s", text)
    said = capsys.readouterr().err
    assert ESCAPES.search(json.loads(said)["message"]) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_worklist_is_a_formula(text: str):
    out = io.StringIO()
    csv.writer(out).writerow([defused(text)])
    (cell,) = next(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_plan_reaches_the_terminal(text: str):
    plan = with_values(plan_of(), changes=(change(ContactFields("1", {"1": text}, {})),))
    assert ESCAPES.search("".join(lines(plan))) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_an_explanation_reaches_the_terminal(text: str):
    assert ESCAPES.search(_one_line(text)) is None
