"""The folder that `--dir` names: made for its owner, or refused in one sentence."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.cli.options import made_folder
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from tests.cli.conftest import Call


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path):
    assert stat.S_IMODE(made_folder(tmp_path / "play").stat().st_mode) == 0o700


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_a_folder_that_cannot_be_made_is_named(call: Call, command: str):
    said = call(command, "--dir", "/proc/x")
    assert (said.code, said.err) == (
        2,
        "auditor: --dir /proc/x: cannot be written; name a folder that is yours.\n",
    )


def test_a_folder_that_cannot_be_written_is_refused():
    with pytest.raises(ConfigError, match="--dir /proc: cannot be written"):
        made_folder(Path("/proc"))
