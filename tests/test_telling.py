"""An audit that tells its readers: letters and a chat message over real sockets, once each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stamina

from auditor.errors import ConfigError
from auditor.sandbox.world import Scale
from tests.brand import brand
from tests.mail.conftest import Server, serving
from tests.mail.test_chat import Room, room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.brand import Brand

__all__ = ["room"]

FIRST_NAME, OPT_IN = 1, 31
GROUPS = {"default": ["ops@nordlys.example"], "crm": ["crm@nordlys.example"]}


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], room: Room
) -> Iterator[tuple[Brand, Server, Room]]:
    """Give a brand with drift, a mail server and a chat that its settings name."""
    monkeypatch.setenv("CHAT_WEBHOOK", room.chat.webhook.reveal())
    with (
        stamina.set_testing(True, attempts=1),
        serving(Server()) as server,
        brand(tmp_path, monkeypatch, capsys, Scale.of(customers=60), drift=False) as made,
    ):
        mail = {
            "smtp": f"smtp://127.0.0.1:{server.port}",
            "from": "a@nordlys.example",
            "to": GROUPS,
        }
        made.change_settings(
            lambda known: known.update(mail=mail, chat={"webhook": "${CHAT_WEBHOOK}"})
        )
        yield made, server, room


def test_each_group_and_the_chat_hear_of_a_run_once_and_a_server_that_is_away_fails_nothing(
    shop: tuple[Brand, Server, Room],
):
    made, server, room = shop
    code, audit = made.audit("--tell")
    assert sorted(reader for readers in server.readers for reader in readers) == [
        "crm@nordlys.example",
        "ops@nordlys.example",
    ]
    assert [
        message["text"].startswith("[nordlys] Clean: nothing changed") for message in room.got
    ] == [True]
    told = {message["To"]: message for message in server.messages}
    assert "(crm)" in told["crm@nordlys.example"]["Subject"]
    _no_personal_data(made, server, room)

    server.answers, room.answers = ["451 later"] * 2, [503]
    _drift_more(made)
    again, _ = made.audit("--suite", "consent", "--suite", "identity", "--tell")
    assert (code, again, "wait to be sent" in made.err) == (0, 1, True)

    # The report of the same run says what waits, and then it is sent: once.
    made.audit("--no-snapshot", "--suite", "consent", "--tell")
    page = Path(audit["report"]).parent.parent
    newest = max(page.glob("*/index.html"), key=lambda path: path.parent.name)
    assert "of earlier runs wait to be sent" in newest.read_text()
    assert (len(server.messages), len(room.got)) == (4, 2)


def test_what_an_audit_found_that_nobody_was_told_of_is_told_by_the_next(
    shop: tuple[Brand, Server, Room],
):
    made, server, room = shop
    made.audit("--tell")
    _drift_more(made)
    made.audit()
    made.audit("--tell")
    said = {message["To"]: message["Subject"] for message in server.messages[2:]}
    assert sorted(said) == ["crm@nordlys.example", "ops@nordlys.example"]
    assert all("changed since the last word" in subject for subject in said.values())
    assert "changed since the last word" in room.got[-1]["text"]


def test_the_result_is_printed_before_anybody_is_told(
    shop: tuple[Brand, Server, Room], monkeypatch: pytest.MonkeyPatch
):
    made, _, _ = shop

    def tell(*_: object) -> None:
        raise ConfigError("mail.smtp: no server is named.")

    monkeypatch.setattr("auditor.pipeline.tell", tell)
    code, audit = made.audit("--tell")
    assert (code, audit["verdict"]) == (2, "clean")


def _drift_more(made: Brand) -> None:
    """Let Emarsys lose an opt-in and change a name, so that every group has news."""
    for contact in made.running.world.emarsys.contacts:
        if contact.values.get(OPT_IN) == "1":
            contact.values[OPT_IN] = None
        contact.values[FIRST_NAME] = "Another"


def _no_personal_data(made: Brand, server: Server, room: Room) -> None:
    said = b"".join(server.got).decode() + json.dumps(room.got)
    known: list[Any] = [c.email for c in made.running.world.centra.customers]
    assert not [address for address in known if address in said]
    assert set(re.findall(r"[\w.]+@[\w.]+", said)) <= {
        "a@nordlys.example", "crm@nordlys.example", "ops@nordlys.example",
        *re.findall(r"auditor\.\w+@nordlys\.example", said),
    }  # fmt: skip
