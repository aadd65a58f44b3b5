"""The letter about what was corrected while nobody watched."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from auditor.config.settings import Mail
from auditor.config.values import MailUrl
from auditor.correct.applying.journal import Receipt
from auditor.mail.corrections import Night, letters
from auditor.resources import bundled_folder
from tests.correct.applying.test_rails import NOW, change, plan_of

if TYPE_CHECKING:
    from auditor.mail.letter import Letter
    from auditor.model.plan import Change

TEMPLATES = Path(str(bundled_folder("reports/templates/mail")))
GOLD = Path(__file__).parent.parent / "gold"
MAIL = Mail(
    smtp=MailUrl("smtp://mail.example"),
    from_="auditor@nordlys.example",
    to={"default": ("ops@nordlys.example",), "crm": ("crm@nordlys.example",)},
)
MOST_BYTES = 90_000


def of(owner: str, check: str, number: int) -> Change:
    made = change(number)
    return replace(made, origin=replace(made.origin, owner=owner, check=check))


CHANGES = (
    of("crm", "consent.withdrawn_but_opted_in", 1),
    of("crm", "consent.withdrawn_but_opted_in", 2),
    of("crm", "consent.erased_but_contactable", 3),
    of("crm", "consent.erased_but_contactable", 4),
    of("ecommerce", "sales.missing_order", 5),
)
RECEIPTS = {
    "c1": Receipt("c1", "verified", 1, None, NOW),
    "c2": Receipt("c2", "superseded", 0, "it is so already", None),
    "c3": Receipt("c3", "failed", 1, "Emarsys refuses the row (code 2007)", NOW),
    "c5": Receipt("c5", "pending", 1, None, NOW),
}


def written(**parts: Any) -> dict[str, Letter]:
    values: dict[str, Any] = {
        "plan": plan_of(*CHANGES, brand="nordlys"),
        "digest": "3f9a" * 16,
        "changes": CHANGES,
        "receipts": RECEIPTS,
        "stopped": "1 of 3 changes failed, more than 2%; see why with `auditor verify`",
        "undo": "auditor apply var/plans/back.json --digest 77aa",
    }
    made = letters(Night(**(values | parts)), MAIL, TEMPLATES, NOW)
    return {one.key.rpartition(":")[2]: one for one in made}


@pytest.mark.parametrize(
    ("form", "file"), [("text", "corrections.txt"), ("html", "corrections.html")]
)
def test_the_letter_is_as_it_was(form, file, request):
    said = getattr(written()["crm"], form)
    if request.config.getoption("--regen-gold"):
        (GOLD / file).write_text(said)
    assert said == (GOLD / file).read_text()


@pytest.mark.parametrize("form", ["text", "html"])
def test_what_waits_for_a_person_is_said(form):
    assert "of opt_out there is more." in getattr(
        written(waiting="of opt_out there is more")["crm"], form
    )


def test_each_owner_gets_what_is_his():
    made = written()
    assert made.keys() == {"crm", "ecommerce"}
    assert "sales.missing_order" not in made["crm"].text


def test_an_owner_without_readers_writes_to_the_default():
    made = written()
    assert (made["crm"].to, made["ecommerce"].to) == (MAIL.to["crm"], MAIL.to["default"])


def test_the_subject_says_what_was_made_and_what_was_not():
    assert written()["crm"].subject == "[nordlys] 1 corrected, 3 not: crm"


class Words(HTMLParser):
    """The words of a page, and what it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data.split()

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [str(value) for name, value in attrs if name in ("src", "href", "background")]


def test_both_forms_say_the_same_numbers():
    one = written()["crm"]
    in_text = sorted(word.strip(",:") for word in one.text.split() if word.strip(",:").isdecimal())
    assert in_text
    assert set(in_text) <= {word.strip(",:") for word in Words(one.html).text}


def test_nothing_is_loaded():
    assert Words(written()["crm"].html).loads == []


def test_hostile_words_are_shown_and_not_obeyed():
    bad = Receipt("c3", "failed", 1, "<script>alert(1)</script>\x1b[31m", NOW)
    one = written(receipts=RECEIPTS | {"c3": bad})["crm"]
    assert "<script>" not in one.html
    assert "\x1b" not in one.html + one.text


def test_it_is_small_however_many_changes_there_were():
    many = tuple(of("crm", "consent.withdrawn_but_opted_in", n) for n in range(100_000))
    receipts = {f"c{n}": Receipt(f"c{n}", "verified", 1, None, NOW) for n in range(100_000)}
    one = written(changes=many, receipts=receipts)["crm"]
    assert len(one.html.encode()) + len(one.text.encode()) < MOST_BYTES


@pytest.mark.parametrize("form", ["text", "html"])
def test_without_trouble_there_is_no_word_of_it(form):
    said = getattr(written(stopped=None, undo=None)["crm"], form)
    assert "stopped" not in said
    assert "take back" not in said
