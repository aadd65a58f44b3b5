"""Relative paths begin in the folder that the auditor runs in: stores that are elsewhere are not begun anew."""

from __future__ import annotations

from contextlib import chdir
from typing import TYPE_CHECKING, Any

import pytest

from auditor.cli import main
from auditor.config import require_stores_here
from auditor.errors import ConfigError
from tests.correct.desk import read_settings

if TYPE_CHECKING:
    from pathlib import Path

LEDGER, WAREHOUSE = "sqlite:///var/brand-ledger.sqlite", "duckdb:///var/brand.duckdb"


def touched(folder: Path, *names: str) -> None:
    (folder / "var").mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / "var" / name).write_bytes(b"rows")


@pytest.mark.parametrize("below", [".", "brands", "brands/nordic"])
@pytest.mark.parametrize("store", ["brand-ledger.sqlite", "brand.duckdb"])
def test_stores_at_or_above_the_settings_are_not_begun_anew_elsewhere(
    tmp_path: Path, below: str, store: str
):
    home, elsewhere = tmp_path / "auditor", tmp_path / "elsewhere"
    touched(home, store)
    elsewhere.mkdir()
    with chdir(elsewhere), pytest.raises(ConfigError) as caught:
        require_stores_here(home / below / "brand.yaml", LEDGER, WAREHOUSE)
    assert str(caught.value).startswith(f"store: var/{store} is in {home}, not in {elsewhere},")


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ((), ()),
        (("brand-ledger.sqlite",), ("brand-ledger.sqlite", "brand.duckdb")),
        (("brand.duckdb",), ("brand-ledger.sqlite",)),
        ((), ("other-ledger.sqlite",)),
    ],
    ids=["the first run", "both", "a warehouse that is read anew", "another brand's"],
)
def test_whatever_else_there_is_may_go_on(tmp_path: Path, here: Any, there: Any):
    touched(tmp_path / "here", *here)
    touched(tmp_path / "there", *there)
    with chdir(tmp_path / "here"):
        require_stores_here(tmp_path / "there" / "brand.yaml", LEDGER, WAREHOUSE)


def test_an_empty_file_is_no_store_that_could_be_begun_anew(tmp_path: Path):
    (tmp_path / "x").touch()
    (tmp_path / "here").mkdir()
    with chdir(tmp_path / "here"):
        require_stores_here(tmp_path / "brand.yaml", "sqlite:///x")


def test_a_file_where_a_folder_should_be_is_no_store(tmp_path: Path):
    (tmp_path / "var").touch()
    (tmp_path / "here").mkdir()
    with chdir(tmp_path / "here"):
        require_stores_here(tmp_path / "brand.yaml", LEDGER, WAREHOUSE)


def test_the_folder_above_the_settings_may_be_the_one_that_it_runs_in(tmp_path: Path):
    touched(tmp_path, "brand-ledger.sqlite")
    with chdir(tmp_path):
        require_stores_here(tmp_path / "brands" / "brand.yaml", LEDGER, WAREHOUSE)


@pytest.mark.parametrize(
    "url", ["sqlite:////{}/ledger.sqlite", "postgresql://host/var", "duckdb:///:memory:"]
)
def test_a_store_that_is_no_relative_file_is_wherever_it_is(tmp_path: Path, url: str):
    touched(tmp_path / "there", "ledger.sqlite")
    (tmp_path / "here").mkdir()
    with chdir(tmp_path / "here"):
        require_stores_here(
            tmp_path / "there" / "brand.yaml", url.format(str(tmp_path / "there/var").lstrip("/"))
        )


@pytest.mark.embedded("a server is wherever it is, whatever folder a command runs in")
@pytest.mark.parametrize(
    "words", [["audit"], ["findings"], ["plan"], ["halt"], ["overview"], ["serve", "--status"]]
)
def test_every_command_says_where_the_stores_are_and_begins_none(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
):
    monkeypatch.setenv("TOKEN", "none")
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    read_settings(home, lambda raw: raw.update(schedule={"audit": "0 5 * * *"}))
    touched(home, "desk-ledger.sqlite")
    with chdir(elsewhere):
        code = main(["--config", str(home / "auditor.yaml"), *words])
    assert (code, f"is in {home}" in capsys.readouterr().err, list(elsewhere.iterdir())) == (
        2,
        True,
        [],
    )
