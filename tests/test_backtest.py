"""A stored run can be judged again, a run compared with an earlier one, and every check be proved to work."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.backtest.compare import Subject, compare
from auditor.cli import main
from auditor.model.audit import StreamLag
from auditor.model.finding import Check, CheckResult
from auditor.pipeline.rehearsal import learn, without_past
from auditor.reconcile.streams import learned_lags
from auditor.warehouse import Warehouse
from tests.config.sample import ENVIRON, MINIMAL
from tests.stores import warehouse_in
from tests.test_audit_faults import lasting

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.finding import Outcome
    from tests.brand import Brand

OPT_IN = 31


def told(brand: Brand, *words: str) -> dict[str, Any]:
    brand.auditor("--format", "json", "audit", *words)
    answer: dict[str, Any] = json.loads(brand.out)
    return answer


def opted_in_since(brand: Brand) -> str:
    """Opt somebody in whom nothing vouches for, and return the contact."""
    subject = next(s for c, s in brand.planted if c == "consent.erased_but_present")
    contact = next(c for c in brand.running.world.emarsys.contacts if str(c.id) == subject)
    contact.values[OPT_IN] = "1"
    return subject


@dataclass
class Judged:
    """What was said of one brand's first run, then and later.

    Attributes:
        canary: Of the audit that made the run.
        on_other_terms: The run judged without its marketplaces.
        contact: Who was opted in after it.
        since: The next audit, compared with it.
        again: The run judged once more.
        nowhere: The exit code and the last line of judging a run that is not there.
    """

    canary: dict[str, Any]
    on_other_terms: dict[str, Any]
    contact: str
    since: dict[str, Any]
    again: dict[str, Any]
    nowhere: tuple[int, str]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    with lasting(tmp_path_factory.mktemp("backtest")) as drifted:
        first = told(drifted, "--canary")
        settings = drifted.running.settings.read_text()
        drifted.change_settings(lambda s: s["centra"].update(marketplaces={}))
        on_other_terms = told(drifted, "--run", first["run"])
        drifted.running.settings.write_text(settings)
        contact = opted_in_since(drifted)
        since = told(drifted, "--since", first["run"])["since"]
        again = told(drifted, "--run", first["run"])
        nowhere = (drifted.auditor("audit", "--run", "2020"), drifted.err.splitlines()[-1])
        return Judged(first["canary"], on_other_terms, contact, since, again, nowhere)


def test_a_run_is_compared_with_an_earlier_one(judged: Judged):
    changed = {(row["check"], row["subject"]["key"]) for row in judged.since["gained"]}
    assert changed == {("consent.erased_but_contactable", judged.contact)}


def test_an_earlier_run_is_judged_as_it_was(judged: Judged):
    assert (judged.again["gained"], judged.again["lost"]) == ([], [])


def test_other_terms_find_something_else_in_the_same_run(judged: Judged):
    lost = {row["check"] for row in judged.on_other_terms["lost"]}
    assert "channel.marketplace_in_sales" in lost


def test_the_canary_detects_a_case_of_every_check(judged: Judged):
    assert (judged.canary["missed"], judged.canary["detected"]) == ([], judged.canary["planted"])


def test_a_run_that_is_not_there_is_one_sentence(judged: Judged):
    told = "auditor: --run 2020: there is no such run; the report's index lists them."
    assert judged.nowhere == (2, told)


@pytest.mark.parametrize("words", [("--canary",), ("--tell",), ("--since", "2020")])
def test_what_only_a_new_audit_does_is_refused_of_a_stored_run(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    code = main(["audit", "--run", "2020", *words])
    told = f"Error: --run judges a stored run and keeps nothing; leave out {words[0]}."
    assert (code, capsys.readouterr().err.splitlines()[-1]) == (2, told)


@pytest.mark.parametrize(("outcome", "code"), [("pass", 0), ("error", 3), ("skipped", 3)])
def test_a_stored_run_on_which_a_check_could_not_judge_is_incomplete(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outcome: Outcome, code: int
):
    check = Check("sales.missing_order", "sales", "t", "critical", "ecommerce", ())
    told = compare("r", (), (), (CheckResult(check, outcome, reason="StopIteration"),))
    monkeypatch.setattr("auditor.pipeline.backtest", lambda *_, **__: told)
    (tmp_path / "auditor.yaml").write_text(MINIMAL)
    monkeypatch.chdir(tmp_path)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert main(["audit", "--run", "r"]) == code


# --- what is not restored as it was --------------------------------------------------------------------


def test_a_stored_run_is_judged_by_the_lag_that_was_known_then(tmp_path: Path):
    with closing(Warehouse(warehouse_in(tmp_path))) as shadow:
        learn(shadow, [StreamLag("orders", None, 0, 500, 3_600, 200_000, 1)])
        with shadow.engine.connect() as conn:
            assert learned_lags(conn) == {"orders": timedelta(seconds=200_000)}


def test_what_goes_by_corrections_is_not_judged_on_a_stored_run():
    check = Check("freshness.correction_undone", "freshness", "t", "warning", "integration", ())
    judged = (without_past(CheckResult(check, "pass", 1)),)
    assert compare("r", {Subject(check.id, "config", "corrections.x")}, (), judged).lost == ()
