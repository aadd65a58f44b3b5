"""`auditor doctor` from the command line, against the sandbox."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

import auditor.cli
from auditor.sandbox.centra.options import CentraOptions, Token
from auditor.sandbox.centra.plans import ENTERPRISE
from tests.cli.conftest import Said
from tests.doctor.clinic import clinic

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = {"format", "brand", "probes", "ok"}
PROBE = {"id", "system", "state", "detail", "fix", "disables"}
NO_ORDERS = CentraOptions(
    rate_plan=ENTERPRISE, tokens=(Token("sandbox", permissions=frozenset({"Store:read"})),)
)


def doctor(folder: Path, *words: str, **plan: Any) -> Said:
    """Run the command over a sandbox with some options."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, clinic(folder, **plan) as opened:
        for name, value in opened.running.environ.items():
            patch.setenv(name, value)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = auditor.cli.main(["--config", str(opened.running.settings), *words, "doctor"])
    return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    said = doctor(tmp_path_factory.mktemp("well"), "--format", "json")
    return said.code, json.loads(said.out)


@pytest.fixture(scope="module")
def ill(tmp_path_factory):
    return doctor(tmp_path_factory.mktemp("ill"), centra=NO_ORDERS)


@pytest.fixture(scope="module")
def ill_json(tmp_path_factory):
    said = doctor(tmp_path_factory.mktemp("ill"), "--format", "json", centra=NO_ORDERS)
    return json.loads(said.out)


def test_a_healthy_brand_exits_with_0(well):
    assert well[0] == 0


def test_json_is_one_object_of_the_agreed_shape(well):
    said = well[1]
    assert (said.keys(), said["format"], said["brand"], said["ok"]) == (FORMAT, 1, "nordlys", True)
    assert {frozenset(probe) for probe in said["probes"]} == {frozenset(PROBE)}


def test_what_is_fine_disables_nothing(well):
    assert not [p["id"] for p in well[1]["probes"] if p["state"] == "ok" and p["disables"]]


def test_warnings_leave_the_exit_code_0(tmp_path):
    said = doctor(tmp_path, edit=lambda settings: settings.pop("credentials"))
    assert (said.code, "warn  centra.token_expiry" in said.out) == (0, True)


def test_the_name_of_every_probe_stands_apart_from_what_it_says(ill, ill_json):
    names = [probe["id"] for probe in ill_json["probes"]]
    assert [name for name in names if f" {name} " not in ill.out] == []


def test_a_failure_exits_with_2(ill):
    assert ill.code == 2


def test_a_gap_names_the_checks_it_disables(ill_json):
    orders = next(p for p in ill_json["probes"] if p["id"] == "centra.stream.orders")
    assert "sales.missing_order" in orders["disables"]
    assert "consent.withdrawn_but_opted_in" not in orders["disables"]


def test_what_the_settings_do_not_name_disables_what_goes_by_it(tmp_path):
    def without_confirmed(settings):
        del settings["emarsys"]["events"]["confirmed"]

    said = json.loads(doctor(tmp_path, "--format", "json", edit=without_confirmed).out)
    (gap,) = (p for p in said["probes"] if "fulfilment.missing_confirmation" in p["disables"])
    assert (gap["state"], gap["detail"]) == (
        "off",
        "emarsys.events.confirmed is not configured.",
    )


def test_the_text_names_the_checks_that_a_gap_disables(ill):
    _, _, disabled = ill.out.partition("Disabled checks:")
    assert "centra.stream.orders" in disabled
    assert "sales.missing_order" in disabled


def test_a_failure_stands_above_its_next_step(ill):
    lines = ill.out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("fail  centra.stream.orders"))
    assert lines[at + 1].strip().startswith("-> Grant ")


def test_nothing_but_the_result_is_printed(ill):
    assert ill.err == ""


def test_settings_that_cannot_be_read_are_a_failed_probe(call, tmp_path):
    said = call("--config", tmp_path / "none.yaml", "--format", "json", "doctor")
    answer = json.loads(said.out)
    assert (said.code, answer["brand"], answer["ok"]) == (2, None, False)
    assert [(p["id"], p["state"]) for p in answer["probes"]] == [("settings.loaded", "fail")]


def test_a_broken_suite_of_the_brand_is_a_failed_probe(tmp_path):
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "sales.yaml").write_text("suite: [")
    said = json.loads(doctor(tmp_path, "--format", "json").out)
    assert next(p for p in said["probes"] if p["id"] == "expectations")["state"] == "fail"
