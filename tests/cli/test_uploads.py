"""`auditor uploads`: what waits, and what a person says of it."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.clock import utc_now
from auditor.correct.uploads import Line, UploadLedger
from auditor.findings.ledger import Ledger, finding_table
from tests.config.sample import SAMPLE, values_for
from tests.stores import ledger_in, named_in

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cli.conftest import Call, Said

LINE = Line("100017", "NL-1", "sale", 1000, 129900, "SEK")
BACK = Line("100018", "NL-2", "return:7", -2000, -5050, "SEK")


@pytest.fixture
def uploads(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `auditor uploads` of a brand."""
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "auditor.yaml"
    settings.write_text(named_in(SAMPLE))
    for name, value in values_for(SAMPLE).items():
        monkeypatch.setenv(name, value)

    def run(*words: object) -> Said:
        return call("--config", settings, "uploads", *words)

    return run


def send(*lines: Line, ago: timedelta = timedelta(days=3), state: Any = "accepted") -> datetime:
    """Let lines be sent some time ago; return when."""
    at = utc_now() - ago
    with closing(Ledger(ledger_in(Path()))) as ledger:
        sent = UploadLedger(ledger, "nordlys")
        claim = sent.claim(lines, at=at, digest_of=lambda _: "d")
        if state != "intent":
            sent.settle(claim, state, at=at)
    return at


def states(*orders: str) -> list[str]:
    with closing(Ledger(ledger_in(Path()))) as ledger:
        return [one.state for one in UploadLedger(ledger, "nordlys").sent(*orders)]


def test_what_waits_is_listed(uploads):
    send(LINE)
    (_, line) = uploads().out.splitlines()
    assert line.split()[:6] == ["100017", "NL-1", "sale", "1", "1,299.00", "SEK"]


def test_units_and_amounts_that_come_back_are_negative(uploads):
    send(BACK)
    assert uploads().out.splitlines()[1].split()[2:6] == ["return:7", "-2", "-50.50", "SEK"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("intent", "being sent, or broken off"),
        ("accepted", "taken by Emarsys"),
        ("unknown", "without an answer"),
    ],
)
def test_the_state_is_told_in_words(uploads, state, words):
    send(LINE, state=state)
    assert words in uploads().out


def test_where_nothing_waits_one_sentence_says_so(uploads):
    send(LINE, state="refused")
    said = uploads()
    assert (said.code, said.out) == (
        0,
        "No sales line waits: all that were sent are seen in Emarsys, or decided.\n",
    )


def test_the_list_as_json(uploads):
    at = send(LINE)
    told = json.loads(uploads("--format", "json").out)
    (line,) = told.pop("waiting")
    assert told == {"format": 1, "brand": "nordlys"}
    assert line.pop("sent_at") == at.isoformat().replace("+00:00", "Z")
    assert line.pop("not_arrived_from") > at.isoformat()
    assert line == {
        "order": "100017",
        "item": "NL-1",
        "cause": "sale",
        "quantity_milli": 1000,
        "money": {"minor": 129900, "currency": "SEK"},
        "state": "accepted",
    }


def stall(state: str) -> None:
    """Let an audit have seen that no load of sales comes."""
    texts = ("fingerprint", "severity", "owner", "subject_kind", "run")
    row: dict[str, Any] = dict.fromkeys(texts, "x") | dict.fromkeys(
        ("first_seen", "last_seen"), utc_now().replace(tzinfo=None)
    )
    row |= {"brand": "nordlys", "check_id": "freshness.stream_stalled", "subject_key": "orders"}
    row |= {"state": state, "people": 0, "contained": False}
    with closing(Ledger(ledger_in(Path()))) as ledger, ledger.begin() as conn:
        conn.execute(finding_table.insert().values(row))


@pytest.mark.parametrize(("state", "said"), [("ongoing", "accepted"), ("resolved", "withdrawn")])
def test_that_a_line_did_not_arrive_is_not_said_while_no_load_comes(uploads, state, said):
    send(LINE)
    stall(state)
    code = uploads("--not-arrived", "100017").code
    assert (code, states("100017")) == (4 if said == "accepted" else 0, [said])


def test_that_a_line_arrived_is_said_although_no_load_comes(uploads):
    send(LINE)
    stall("ongoing")
    assert uploads("--arrived", "100017").code == 0


def test_json_of_nothing_is_an_empty_list(uploads):
    assert json.loads(uploads("--format", "json").out)["waiting"] == []


def test_what_did_not_arrive_is_told_with_its_lines(uploads):
    send(LINE, BACK)
    said = uploads("--not-arrived", "100017", "100018")
    first, _, *lines = said.out.splitlines()
    assert (said.code, first) == (
        0,
        "2 lines did not arrive by your word; the next plan may send them again.",
    )
    assert [line.split()[0] for line in lines] == ["100017", "100018"]


def test_what_arrived_is_told(uploads):
    send(LINE)
    said = uploads("--arrived", "100017")
    assert said.out.startswith("1 line arrived by your word; nothing waits for it any more.\n")
    assert uploads().out.startswith("No sales line waits")


def test_a_word_as_json(uploads):
    send(LINE, BACK)
    told = json.loads(uploads("--format", "json", "--not-arrived", "100017").out)
    (line,) = told.pop("lines")
    assert (line["order"], line["state"]) == ("100017", "withdrawn")
    assert told == {
        "format": 1,
        "brand": "nordlys",
        "word": "not_arrived",
        "changed": 1,
        "untouched": 0,
    }


@pytest.mark.parametrize("word", ["--arrived", "--not-arrived"])
def test_an_order_without_a_line_that_waits_is_named_and_nothing_is_written(uploads, word):
    send(LINE)
    said = uploads(word, "100017", "100099")
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "100099" in said.err
    assert states("100017") == ["accepted"]


def test_too_early_is_refused_with_the_moment(uploads):
    at = send(LINE, ago=timedelta(hours=25))
    said = uploads("--not-arrived", "100017")
    moment = at + timedelta(hours=26, minutes=1)
    assert (said.code, states("100017")) == (4, ["accepted"])
    assert f"From {moment:%Y-%m-%d %H:%M} UTC on" in said.err


def test_one_item_is_decided_alone(uploads):
    send(LINE, Line("100017", "NL-9", "sale", 1000, 100, "SEK"))
    uploads("--not-arrived", "100017", "--item", "NL-9")
    assert states("100017") == ["accepted", "withdrawn"]


@pytest.mark.parametrize(
    "words",
    [
        ("--arrived", "--not-arrived", "100017"),
        ("--arrived",),
        ("--not-arrived",),
        ("100017",),
        ("--item", "NL-1"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(uploads, words):
    send(LINE)
    assert (uploads(*words).code, states("100017")) == (2, ["accepted"])


def test_a_hostile_key_stays_on_its_line(uploads):
    send(Line("1\n2\x1b[31m", "NL\r", "sale", 1000, 100, "SEK"))
    said = uploads()
    assert (len(said.out.splitlines()), "\x1b" in said.out) == (2, False)


def test_what_was_decided_is_logged(uploads):
    send(LINE)
    said = uploads("--verbose", "--not-arrived", "100017")
    assert "A person said of 1 sales lines: not-arrived (orders 100017)" in said.err
