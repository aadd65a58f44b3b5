"""The page's structure: valid, in order, and usable without eyes, mouse or scripts."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

VOID = {"meta", "input", "br", "link", "img", "hr"}
OWN_CLOSING = {"path", "rect", "circle", "use", "line"}


@dataclass
class Node:
    """One element with its attributes, its parent's path and the text in it."""

    tag: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    children: list[str] = field(default_factory=list)
    text: str = ""

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)


class Page(HTMLParser):
    """Reads a page into nodes and notes tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.open: list[Node] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{node.tag}> is never closed" for node in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = Counter(name for name, _ in attrs)
        self.faults += [f"<{tag} {name}> twice" for name, count in names.items() if count > 1]
        node = Node(tag, {k: v or "" for k, v in attrs}, tuple(n.tag for n in self.open))
        if self.open:
            self.open[-1].children.append(tag)
        self.nodes.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in OWN_CLOSING:
            self.faults.append(f"<{tag}/> closes itself")
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.faults.append(f"</{tag}> closes nothing")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for node in self.open:
            node.text += data

    def all(self, *tags: str) -> list[Node]:
        return [node for node in self.nodes if node.tag in tags]


@pytest.fixture(scope="module")
def rich(rich_page: str) -> Page:
    return Page(rich_page)


@pytest.fixture(scope="module", params=["rich", "clean"])
def parsed(request: pytest.FixtureRequest) -> Page:
    return Page(request.getfixturevalue(f"{request.param}_page"))


def test_every_tag_is_opened_and_closed_once(parsed: Page):
    assert parsed.faults == []


def test_ids_are_unique(parsed: Page):
    ids = Counter(node.get("id") for node in parsed.nodes if node.get("id") is not None)
    assert [name for name, count in ids.items() if count > 1] == []


def test_ids_hold_no_space(parsed: Page):
    assert not [n.get("id") for n in parsed.nodes if " " in (n.get("id") or "")]


@pytest.mark.parametrize("attribute", ["aria-labelledby", "for", "href"])
def test_references_lead_to_an_id(parsed: Page, attribute: str):
    ids = {node.get("id") for node in parsed.nodes}
    values = [value for node in parsed.nodes if (value := node.get(attribute)) is not None]
    if attribute == "href":
        names = [value.removeprefix("#") for value in values if value.startswith("#")]
    else:
        names = [name for value in values for name in value.split()]
    assert [name for name in names if name not in ids] == []


def test_nothing_is_loaded(parsed: Page):
    loading = {"src", "srcset", "action", "poster", "data", "background", "formaction"}
    assert [n.tag for n in parsed.nodes if loading & set(n.attributes)] == []
    assert parsed.all("link", "img", "iframe", "object", "embed", "base", "form") == []


def test_links_lead_into_the_page_or_to_the_files_beside_it(parsed: Page):
    links = [node.get("href") or "" for node in parsed.all("a", "use")]
    assert all(
        re.fullmatch(r"#[\w.~-]+|audit\.json|\.\./index\.html|rows/[\w.~-]+\.(?:csv|parquet)", link)
        for link in links
    )


def test_headings_begin_at_one_and_skip_no_level(parsed: Page):
    levels = [int(node.tag[1]) for node in parsed.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_no_heading_is_empty(parsed: Page):
    assert all(node.text.strip() for node in parsed.all("h1", "h2", "h3"))


def test_the_landmarks_are_there(parsed: Page):
    assert {tag: len(parsed.all(tag)) for tag in ("header", "nav", "main", "footer")} == {
        "header": 1, "nav": 1, "main": 1, "footer": 1
    }  # fmt: skip


def test_every_section_has_a_name(parsed: Page):
    assert all(node.get("aria-labelledby") for node in parsed.all("section", "article"))


def test_every_table_begins_with_a_caption(parsed: Page):
    assert all(node.children[0] == "caption" for node in parsed.all("table"))
    assert all(node.text.strip() for node in parsed.all("caption"))


def test_every_header_cell_has_a_scope(parsed: Page):
    assert {node.get("scope") for node in parsed.all("th")} <= {"col", "row"}


def test_every_row_of_a_table_has_as_many_cells_as_its_head(rich: Page):
    rows = [node for node in rich.all("tr") if node.path[-1] in {"thead", "tbody"}]
    widths: list[int] = []
    for row in rows:
        cells = [tag for tag in row.children if tag in {"td", "th"}]
        if row.path[-1] == "thead" and set(cells) == {"th"}:
            widths.append(len(cells))
        assert len(cells) == widths[-1]


def test_every_input_has_a_label(parsed: Page):
    labels = {node.get("for") for node in parsed.all("label") if node.text.strip()}
    assert [node.get("id") for node in parsed.all("input") if node.get("id") not in labels] == []


def test_controls_are_hidden_until_a_script_can_serve_them(rich: Page):
    controls = [n for n in rich.nodes if "controls" in (n.get("class") or "").split()]
    assert controls
    assert all(node.get("hidden") is not None for node in controls)


def test_every_summary_opens_its_details(parsed: Page):
    assert all(node.children[0] == "summary" for node in parsed.all("details"))


def test_whatever_scrolls_can_be_reached_by_keyboard_and_has_a_name(parsed: Page):
    scrollers = [n for n in parsed.nodes if n.get("class") == "scroller"]
    assert scrollers
    assert all(n.get("tabindex") == "0" and n.get("aria-label") for n in scrollers)


def test_a_status_is_never_told_by_colour_alone(parsed: Page):
    statuses = [n for n in parsed.nodes if (n.get("class") or "").startswith("status ")]
    assert statuses
    assert all(node.text.strip() and "svg" in node.children for node in statuses)


def test_pictures_that_only_repeat_words_are_hidden_from_readers(parsed: Page):
    silent = [n for n in parsed.all("svg") if n.get("role") != "img" and "p" not in n.path[-2:]]
    assert all(n.get("aria-hidden") == "true" for n in silent)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        ("findings", "sales: 212 critical, 41 warning;"),
        ("course", "From 9 open findings on 20 Nov 2026 to 269 on 23 Nov 2026."),
        ("lag", "orders: 3.3 hours of 26.0 allowed;"),
        ("bridge-2026-11", "Missing in Emarsys -1,299.00\u00a0SEK;"),
    ],
)
def test_a_picture_tells_in_words_what_it_shows(rich: Page, picture: str, said: str):
    words = next(node.text for node in rich.nodes if node.get("id") == f"{picture}-text")
    assert said in words


def test_the_page_names_its_language_and_title(parsed: Page):
    assert parsed.all("html")[0].get("lang") == "en"
    assert parsed.all("title")[0].text.startswith("nordlys: ")


def test_the_first_link_skips_to_the_verdict(parsed: Page):
    assert parsed.all("a")[0].get("href") == "#main"
