from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from auditor.config import load_settings
from tests.config.sample import TEMPLATE_ENVIRON


@pytest.fixture
def written(tmp_path, call):
    path = tmp_path / "brand.yaml"
    call("init", path)
    return path


def test_the_file_loads_once_its_variables_are_set(written):
    assert load_settings(written, TEMPLATE_ENVIRON).brand == "my-brand"


def test_only_its_owner_may_read_the_file(written):
    assert written.stat().st_mode & 0o777 == 0o600


def test_the_next_step_is_printed(tmp_path, call):
    path = tmp_path / "brand.yaml"
    said = call("init", path)
    assert f"`auditor doctor --config {path}`" in said.out


def test_a_folder_that_is_not_there_is_made(tmp_path, call):
    call("init", tmp_path / "brands" / "nordlys.yaml")
    assert (tmp_path / "brands" / "nordlys.yaml").exists()


def test_the_process_environment_fills_the_file(written, monkeypatch):
    for name, value in TEMPLATE_ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert load_settings(written).centra.token.reveal() == TEMPLATE_ENVIRON["CENTRA_TOKEN"]


def test_json_goes_to_stdout_alone(tmp_path, call):
    path = tmp_path / "brand.yaml"
    said = call("init", path, "--format", "json")
    assert json.loads(said.out) == {"format": 1, "settings": str(path)}


def test_without_a_path_it_writes_where_config_says(tmp_path, call):
    call("--config", tmp_path / "brand.yaml", "init")
    assert (tmp_path / "brand.yaml").exists()


def test_without_anything_it_writes_the_default_file(tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("init")
    assert (tmp_path / "auditor.yaml").exists()


def test_another_file_is_never_overwritten(written, call):
    written.write_text("mine")
    call("init", written)
    assert written.read_text() == "mine"


def test_a_file_that_is_there_is_named(written, call):
    said = call("init", written)
    assert (said.code, said.err) == (
        2,
        f"auditor: {written}: is there already; give another path, or replace it with --force.\n",
    )


def test_force_replaces_a_file(written, call):
    written.write_text("mine")
    call("init", "--force", written)
    assert load_settings(written, TEMPLATE_ENVIRON).brand == "my-brand"


def test_force_hides_a_file_that_all_could_read(written, call):
    written.chmod(0o644)
    call("init", "--force", written)
    assert written.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("force", "content"), [(["--force"], "mine"), ([], None)])
def test_a_full_disk_leaves_what_was_there(tmp_path, call, monkeypatch, force, content):
    path = tmp_path / "brand.yaml"
    if content:
        path.write_text(content)
    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(Path, "write_bytes", full)
    assert call("init", *force, path).code == 2
    assert [one.read_text() for one in tmp_path.glob("*brand*")] == ([content] if content else [])


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["", "/proc/x/brand.yaml"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, call, name):
    path = tmp_path / name
    said = call("init", "--force", path)
    assert (said.code, said.err) == (
        2,
        f"auditor: {path}: cannot be written; name a file in a folder that is yours.\n",
    )
