"""Whatever a command writes or prints names nobody, tells no secret, obeys no text and is private.

One sandbox, every command: see `tests/outward.py`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import stat
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
import stamina
import yaml

from tests.outward import ATTACKS, ELSEWHERE, HOOK, MARK, commands, outward
from tests.test_injection import ESCAPES, elements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.outward import Outward

FORMULA = ("=", "+", "-", "@", "\t", "\r")
MAY_NAME_PEOPLE = re.compile(r"var/(nordlys(\.published)?\.duckdb|plans/nordlys-[^/]*\.json)\Z")
"""docs/data-map.md: the warehouse, its copy, and the values that a plan sets."""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outward]:
    with (
        stamina.set_testing(True, attempts=1, cap=True),
        outward(tmp_path_factory.mktemp("outward")) as made,
    ):
        yield made


def letters(out: Outward) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of every part of every letter, and their heads."""
    for content in out.letters:
        message = message_from_bytes(content, policy=policy.SMTP)
        yield "head", "\n".join(f"{name}: {value}" for name, value in message.items())
        for part in message.walk():
            if part.get_content_maintype() == "text":
                yield part.get_content_type(), part.get_content()


def text_of(path: Path) -> str:
    if path.suffix == ".parquet":
        return json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False)
    return path.read_bytes().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def written(out: Outward) -> dict[str, str]:
    """Give all that came out but for the stores, by where it stood."""
    files = {path.relative_to(out.folder).as_posix(): path for path in out.files()}
    parts = {f"said by {words}": said for words, said in out.said.items()}
    parts |= {f"letter {place}": text for place, (_, text) in enumerate(letters(out))}
    return parts | {name: text_of(path) for name, path in files.items()}


def test_every_command_was_run(out: Outward):
    assert set(commands()) - out.called - set(ELSEWHERE) == set()


def test_every_way_out_was_taken(out: Outward):
    endings = {path.suffix for path in out.files()}
    assert {".html", ".csv", ".parquet", ".json"} - endings == set()
    assert out.letters


def test_nobody_is_named_but_in_the_warehouse_and_in_plans(written: dict[str, str]):
    naming = {place for place, text in written.items() if MARK in text.lower()}
    assert {place for place in naming if not MAY_NAME_PEOPLE.match(place)} == set()


def test_the_marks_would_be_found(written: dict[str, str]):
    assert any(MARK in text for place, text in written.items() if MAY_NAME_PEOPLE.match(place))


def test_neither_telephone_nor_street_is_ever_asked_for(out: Outward):
    asked = re.compile(r"phone|address1|address2|zipCode|\bcity\b", re.IGNORECASE)
    rows = out.shop.running.log.rows()
    queries = [row.body.decode() for row in rows if row.path.endswith("/graphql")]
    assert queries
    assert [query for query in queries if asked.search(query)] == []


def test_no_secret_is_told(out: Outward, written: dict[str, str]):
    secrets = {*out.shop.running.environ.values(), HOOK}
    told = {place for place, text in written.items() if any(one in text for one in secrets)}
    assert told == set()


def test_what_commands_made_is_private(out: Outward):
    roots = (out.folder / "var", out.folder / "reports")
    paths = [path for root in roots for path in (root, *root.rglob("*"))]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    open_to_others = {
        str(path): oct(mode)
        for path, mode in modes.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    }
    assert open_to_others == {}


def test_settings_that_were_written_are_private(out: Outward):
    assert stat.S_IMODE((out.folder / "other.yaml").stat().st_mode) == 0o600


def test_no_host_is_asked_that_the_settings_do_not_name(out: Outward):
    named = {"127.0.0.1:9", "127.0.0.1"}
    named |= {
        urlsplit(url).netloc for url in _urls(yaml.safe_load(out.shop.running.settings.read_text()))
    }
    own = {socket.gethostname(), socket.getfqdn()}  # what a mail client calls itself
    assert out.hosts - named - own == set()
    assert len(out.hosts & named) > 1


def _urls(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _urls(inner)
    elif isinstance(value, str) and "://" in value:
        yield value


def test_attacks_are_shown_and_not_left_out(written: dict[str, str]):
    place = next(name for name in written if name.endswith("index.html") and "T" in name)
    assert "&lt;script&gt;alert(1)" in written[place]
    assert any("alert(1)" in text for name, text in written.items() if name.endswith(".csv"))
    assert "alert(1)" in written["said by findings"]


def test_no_terminal_is_given_an_order(out: Outward):
    assert {words for words, said in out.said.items() if ESCAPES.search(said)} == set()


def test_no_text_begins_a_line_of_its_own(out: Outward):
    forged = {words for words, said in out.said.items() if "\nERROR auditor: forged" in said}
    assert forged == set()


def test_no_page_obeys_a_text(written: dict[str, str]):
    pages = {name: text for name, text in written.items() if name.endswith(".html")}
    assert pages
    assert {name for name, page in pages.items() if elements(page).handlers} == set()
    attacks = ("<script>alert", "<svg onload")
    assert {name for name, page in pages.items() if any(one in page for one in attacks)} == set()


def test_no_page_and_no_file_holds_what_a_reader_cannot_see(written: dict[str, str]):
    ends = (".html", ".csv", "audit.json")
    shown = {name: text for name, text in written.items() if name.endswith(ends)}
    assert {name for name, text in shown.items() if ESCAPES.search(text)} == set()


def test_no_cell_of_a_file_for_people_is_a_formula(written: dict[str, str]):
    tables = {
        name: text
        for name, text in written.items()
        if name.endswith(".csv") and "compensation_file" not in name and "reattribution" not in name
    }
    assert tables
    cells = [
        (name, cell)
        for name, text in tables.items()
        for row in csv.reader(io.StringIO(text, newline=""))
        for cell in row
    ]
    assert [one for one in cells if one[1].startswith(FORMULA) and not _is_number(one[1])] == []


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-\d+(\.\d+)?", cell) is not None


def test_no_letter_obeys_a_text(out: Outward):
    for content in out.letters:
        message = message_from_bytes(content, policy=policy.SMTP)
        assert message["Bcc"] is None
    for kind, text in letters(out):
        assert ESCAPES.search(text.replace("\r\n", "\n")) is None
        if kind == "text/html":
            found = elements(text)
            assert (found.handlers, {"script", "svg"} & set(found.tags)) == ([], set())


def test_no_chat_obeys_a_text(written: dict[str, str]):
    waiting = [text for name, text in written.items() if name.endswith(".chat.json")]
    assert waiting
    assert [text for text in waiting if "<!" in text or "<http" in text] == []


@pytest.mark.parametrize("text", [text for text in ATTACKS if "{" in text and "$" not in text])
def test_no_template_unfolds_a_text(written: dict[str, str], text: str):
    assert any(text in said for name, said in written.items() if name.endswith(".csv"))
