"""`auditor correct`: what is of class auto is made while nobody watches, and told by mail."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from auditor.cli import main
from auditor.config import load_settings
from auditor.correct.planning import CAPPED
from auditor.errors import ConfigError
from auditor.model.plan import decoded
from auditor.sandbox.world import Scale
from auditor.service import jobs
from auditor.service.scheduler import status_of
from tests.brand import brand
from tests.mail.conftest import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.brand import Brand

SCALE = Scale.of(customers=100)
AUTO = "consent.erased_but_contactable"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as made:
        yield made


@pytest.fixture
def audited(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: Server,
) -> Iterator[Brand]:
    """Give an audited brand with drift, and somebody to write to."""
    with brand(tmp_path, monkeypatch, capsys, SCALE) as shop:
        shop.change_settings(
            lambda raw: raw.update(
                corrections={"caps": {"default": {"count": 500, "share": 1}}},
                mail={
                    "smtp": f"smtp://127.0.0.1:{server.port}",
                    "from": "auditor@nordlys.example",
                    "to": {"default": ["ops@nordlys.example"]},
                },
            )
        )
        # All that is of class auto stands in these.
        shop.audit("--suite", "consent", "--suite", "identity")
        yield shop


def told(shop: Brand) -> tuple[int, dict[str, Any]]:
    code = shop.auditor("--format", "json", "correct")
    result: dict[str, Any] = json.loads(shop.out)
    return code, result


def test_what_is_auto_is_made_told_and_nothing_else(audited: Brand, server: Server):
    audited.auditor("--format", "json", "plan")
    classes = json.loads(audited.out)["by_class"]
    code, result = told(audited)
    made = result["verified"] + result["pending"]
    assert classes["confirm"] > 0
    assert (code, made) == (0, classes["auto"])
    bodies = [
        part.get_content() for m in server.messages for part in m.walk() if not part.is_multipart()
    ]
    assert bodies
    assert all("@" not in body.replace("@media", "") for body in bodies)
    _, again = told(audited)
    assert (again["verified"], len(server.messages)) == (0, len(bodies) // 2)


def test_of_what_there_is_more_of_than_its_cap_nothing_is_made_and_a_person_is_told(
    audited: Brand, server: Server
):
    audited.change_settings(
        lambda raw: raw["corrections"].update(caps={"default": {"count": 1, "share": 1}})
    )
    code, result = told(audited)
    plan = decoded(Path(result["plan"]).read_bytes())
    capped = {one.remedy for one in plan.withheld if one.reason == CAPPED}
    made = [c for c in plan.changes if c.kind == "auto" and c.remedy not in capped]
    assert capped & {change.remedy for change in plan.changes if change.kind == "auto"}
    assert (code, result["verified"] + result["pending"]) == (4, len(made))
    assert "corrections.caps" in audited.err
    assert any("corrections.caps" in str(message) for message in server.messages)


def test_a_mail_server_that_is_away_fails_nothing(audited: Brand):
    raw = yaml.safe_load(audited.running.settings.read_text())
    raw["mail"]["smtp"] = "smtp://127.0.0.1:1"
    audited.running.settings.write_text(yaml.safe_dump(raw))
    code = main(["--config", str(audited.running.settings), "correct"])
    assert (code, "mails wait" in audited.capsys.readouterr().err) == (0, True)


def unusable(*_: object) -> None:
    raise ConfigError("mail.smtp: no server is named.")


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "var/mail/letter.eml")


@pytest.mark.parametrize(
    ("spoil", "why"), [(unusable, "mail.smtp: no server is named."), (full, "the disk is full")]
)
def test_what_was_made_is_told_although_no_letter_can_be(
    audited: Brand, monkeypatch: pytest.MonkeyPatch, spoil: Any, why: str
):
    monkeypatch.setattr("auditor.mail.post.write_private", spoil)
    audited.auditor("--format", "json", "plan")
    classes = json.loads(audited.out)["by_class"]
    code = main(["--config", str(audited.running.settings), "--format", "json", "correct"])
    said = audited.capsys.readouterr()
    result = json.loads(said.out)
    assert (code, result["verified"] + result["pending"]) == (0, classes["auto"])
    assert "Nobody was told by mail: " in said.err
    assert why in said.err


def test_the_service_records_what_was_made_although_no_letter_can_be(
    audited: Brand, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("auditor.mail.post.write_private", unusable)
    audited.change_settings(lambda settings: settings.update(schedule={"correct": "0 4 * * *"}))
    jobs.work("correct", str(audited.running.settings))
    settings = load_settings(audited.running.settings, audited.running.environ)
    (work,) = status_of(settings, audited.running.settings).done
    assert work.failures == 1
    assert re.match(r"[1-9]\d* verified, .* Nobody was told by mail: mail.smtp: ", work.said or "")
