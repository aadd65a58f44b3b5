"""`auditor apply`, `verify`, `undo` and `halt` as their user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from auditor.cli import main
from auditor.resources import expectation_files
from tests.correct.applying.shop import OPT_IN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.correct.applying.shop import Shop

CONTRACT = {"format", "plan", "verified", "pending", "superseded", "failed", "undo"}


@pytest.fixture
def auditor(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the auditor; return the exit code, stdout and stderr."""
    for name, value in shop.running.environ.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["--config", str(shop.running.settings), *words])
        return code, *capsys.readouterr()

    return run


def told(out: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(out)
    return result


def test_without_a_digest_nothing_is_sent(shop, auditor):
    path, digest = shop.plan(shop.opt_out())
    code, out, _ = auditor("apply", str(path))
    assert (code, shop.sent("PUT")) == (0, [])
    assert f"auditor apply {path} --digest {digest}" in out


def test_the_json_holds_what_others_rely_on(shop, auditor):
    path, digest = shop.plan(shop.opt_out(), shop.rename())
    _, out, _ = auditor("--format", "json", "apply", str(path), "--digest", digest)
    result = told(out)
    assert result.keys() >= CONTRACT
    assert (result["plan"], result["verified"], result["failed"]) == (path.as_posix(), 2, 0)
    assert Path(result["undo"]).exists()


@pytest.mark.parametrize("words", [("apply",), ("verify",)])
def test_a_look_has_the_same_keys(shop, auditor, words):
    path, digest = shop.plan(shop.opt_out())
    if words == ("verify",):
        auditor("apply", str(path), "--digest", digest)
    _, out, _ = auditor("--format", "json", *words, str(path))
    assert told(out).keys() >= CONTRACT


def test_a_digest_may_be_pasted_with_spaces_and_capitals(shop, auditor):
    path, digest = shop.plan(shop.opt_out())
    assert auditor("apply", str(path), "--digest", f" {digest.upper()} ")[0] == 0


def test_another_digest_is_refused(shop, auditor):
    path, _ = shop.plan(shop.opt_out())
    code, _, err = auditor("apply", str(path), "--digest", "abc")
    assert (code, "--digest" in err, shop.sent("PUT")) == (4, True, [])


def test_a_plan_that_was_edited_is_refused(shop, auditor):
    path, digest = shop.plan(shop.rename("Ann"))
    path.write_bytes(path.read_bytes().replace(b"Ann", b"Eve"))
    assert (auditor("apply", str(path), "--digest", digest)[0], shop.sent("PUT")) == (4, [])


@pytest.mark.parametrize("command", ["apply", "verify", "undo"])
def test_a_plan_that_is_not_there_is_told(auditor, command):
    code, _, err = auditor(command, "none.json")
    assert (code, "none.json" in err) == (2, True)


@pytest.mark.parametrize("command", ["apply", "verify", "undo"])
def test_what_is_no_plan_is_told(auditor, command):
    Path("some.json").write_text("{}")
    code, _, err = auditor(command, "some.json")
    assert (code, "auditor plan" in err) == (4, True)


def test_a_superseded_change_is_told_by_the_exit_code_and_in_words(shop, auditor):
    change = shop.opt_out()
    path, digest = shop.plan(change)
    shop.contacts[int(change.request.contact_id)].values[OPT_IN] = "2"
    code, out, _ = auditor("apply", str(path), "--digest", digest)
    assert (code, "it is so already" in out) == (4, True)


def test_no_address_and_no_name_is_printed(shop, auditor):
    changes = shop.of_every_kind()
    path, digest = shop.plan(*changes)
    printed = "".join(
        out + err
        for words in (
            ("apply", str(path), "--digest", digest),
            ("verify", str(path)),
            ("undo", str(path)),
            ("uploads",),
            ("--format", "json", "uploads"),
        )
        for _, out, err in [auditor(*words)]
    )
    assert printed
    assert "@" not in printed
    assert "Renamed" not in printed


def test_an_undo_is_a_plan_to_approve(shop, auditor):
    path, digest = shop.plan(shop.rename())
    auditor("apply", str(path), "--digest", digest)
    code, out, _ = auditor("--format", "json", "undo", str(path), "--out", "back.json")
    back = told(out)
    assert (code, back["plan"], back["changes"]) == (0, "back.json", 1)
    assert auditor("apply", "back.json", "--digest", back["digest"])[0] == 0


def test_what_cannot_be_undone_is_told_with_its_reason(shop, auditor):
    path, digest = shop.plan(shop.opt_out())
    auditor("apply", str(path), "--digest", digest)
    code, _, err = auditor("undo", str(path))
    assert (code, "an opt-out stays" in err) == (4, True)


def test_halted_it_stops_and_lifted_it_goes_on(shop, auditor):
    path, digest = shop.plan(shop.opt_out())
    auditor("halt", "--reason", "campaign at noon")
    halted = auditor("apply", str(path), "--digest", digest)
    auditor("halt", "--lift")
    assert (halted[0], "campaign at noon" in halted[2]) == (4, True)
    assert auditor("apply", str(path), "--digest", digest)[0] == 0


def test_halting_needs_no_secret_and_no_other_setting(shop, auditor, monkeypatch):
    for name in shop.running.environ:
        monkeypatch.delenv(name)
    raw = yaml.safe_load(shop.running.settings.read_text())
    kept = {name: raw[name] for name in ("brand", "store") if name in raw}
    shop.running.settings.write_text(yaml.safe_dump(kept | {"centra": "broken"}))
    assert auditor("halt", "--reason", "campaign at noon")[0] == 0


def test_lifting_for_a_reason_is_refused_and_lifts_nothing(auditor):
    auditor("halt", "--reason", "noon")
    code, _, err = auditor("halt", "--lift", "--reason", "it is over")
    assert (code, "--reason" in err) == (2, True)
    assert "may go on" in auditor("halt", "--lift")[1]


def test_halting_is_told_as_json(auditor):
    code, out, _ = auditor("--format", "json", "halt", "--reason", "noon")
    told = json.loads(out)
    assert (code, told["halted"], "noon" in told["reason"]) == (0, True, True)


def test_a_stop_file_outlasts_the_lifted_flag(shop, auditor):
    (shop.folder / "var").mkdir(exist_ok=True)
    (shop.folder / "var/STOP").touch()
    auditor("halt")
    code, out, _ = auditor("halt", "--lift")
    assert (code, "stopped still" in out) == (0, True)


def test_lifting_what_is_not_halted_is_told(auditor):
    code, out, _ = auditor("halt", "--lift")
    assert (code, "not halted" in out) == (0, True)


def test_a_system_that_cannot_be_read_is_exit_code_3(shop, auditor):
    from auditor.sandbox.wire import Fault

    shop.running.faults.arm(Fault("emarsys", "status", match="getdata", times=None))
    path, digest = shop.plan(shop.opt_out())
    code, _, err = auditor("apply", str(path), "--digest", digest)
    assert (code, "Emarsys" in err) == (3, True)


TAMPERED: dict[str, Callable[[bytes], bytes]] = {
    "another person": lambda content: content.replace(b'"contact_id":"', b'"contact_id":"9'),
    "a space": lambda content: content.replace(b"{", b"{ ", 1),
    "more": lambda content: content + b"\n{}",
    "less": lambda content: content[: len(content) // 2],
}


@pytest.mark.parametrize("command", ["apply", "verify", "undo"])
def test_a_plan_that_was_tampered_with_is_refused(shop, auditor, command):
    path, digest = shop.plan(shop.opt_out())
    content = path.read_bytes()
    for how, tamper in TAMPERED.items():
        path.write_bytes(tamper(content))
        code, _, err = auditor(command, str(path), *(("--digest", digest) * (command == "apply")))
        assert (code in (2, 4), shop.sent("PUT"), err.count("\n")) == (True, [], 1), how


def edit_suite(shop: Shop) -> None:
    """Let the brand have a suite of its own, which is not that of the plan."""
    folder = shop.folder / "expectations"
    folder.mkdir()
    shipped = next(file for file in expectation_files() if file.name == "consent.yaml")
    (folder / "consent.yaml").write_text(shipped.read_text() + "\n")


@pytest.mark.parametrize("is_approved", [True, False])
def test_once_a_suite_was_changed_a_plan_is_refused(shop, auditor, *, is_approved: bool):
    path, digest = shop.plan(shop.opt_out())
    edit_suite(shop)
    code, _, err = auditor("apply", str(path), *(("--digest", digest) * is_approved))
    assert (code, shop.sent("PUT")) == (4, [])
    assert "expectations were changed since the plan was made" in err


def test_what_was_sent_before_a_suite_was_changed_can_be_verified_and_taken_back(shop, auditor):
    path, digest = shop.plan(shop.rename())
    assert auditor("apply", str(path), "--digest", digest)[0] == 0
    edit_suite(shop)
    assert auditor("verify", str(path))[0] == 0
    back = told(auditor("--format", "json", "undo", str(path))[1])
    assert auditor("apply", back["plan"], "--digest", back["digest"])[0] == 0
