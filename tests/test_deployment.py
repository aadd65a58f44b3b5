"""The files of docs/: as far as this machine can check them, they work."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli import group
from tests.correct.desk import read_settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NODE = shutil.which("node") and (ROOT / "tests" / "browser" / "node_modules").exists()


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DOCS / "auditor.service")
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_takes_the_unit(tmp_path: Path):
    # The user and the folder are those of another machine.
    text = (DOCS / "auditor.service").read_text().replace("User=auditor\n", "")
    (tmp_path / "auditor.service").write_text(text)
    run = ["systemd-analyze", "verify", str(tmp_path / "auditor.service")]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "auditor.service" in line]
    assert ours == []


def test_the_unit_waits_longer_than_the_service_takes_to_end():
    assert int(unit()["Service"]["TimeoutStopSec"]) > 10


def test_the_unit_starts_a_command_there_is():
    words = shlex.split(shlex.split(unit()["Service"]["ExecStart"])[-1])
    command = words[words.index("serve")]
    assert command in group.list_commands(group.make_context("auditor", [], resilient_parsing=True))


@pytest.mark.skipif(not NODE, reason="needs what `make system` takes from the npm registry")
def test_the_container_file_has_no_fault():
    run = [
        "node",
        str(ROOT / "tests" / "browser" / "lint_container.mjs"),
        str(DOCS / "Containerfile"),
    ]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_container_copies_what_is_there():
    copied = re.findall(r"^COPY (.*) \S+$", (DOCS / "Containerfile").read_text(), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


CRON = [
    row
    for row in (DOCS / "auditor.crontab").read_text().splitlines()
    if row and not row.startswith("#")
]


@pytest.mark.parametrize(
    ("line", "said"),
    list(zip(CRON, (r"^auditor: .*Centra", "^Deleted 0 runs"), strict=True)),
    ids=("audit", "forget"),
)
def test_the_lines_of_cron_run(tmp_path: Path, line: str, said: str):
    """Run it as cron would; the brand has no systems to reach, so that an audit ends with a sentence."""
    (tmp_path / "brands").mkdir()
    read_settings(tmp_path / "brands", lambda _: None)
    (tmp_path / "brands" / "auditor.yaml").rename(tmp_path / "brands" / "brand.yaml")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    (tmp_path / "auditor.env").write_text("TOKEN=none\n")
    command = line.split(maxsplit=5)[5].replace("/srv/auditor", str(tmp_path))
    command = command.replace("/etc/auditor.env", str(tmp_path / "auditor.env"))
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd="/",
        env={"HOME": str(tmp_path), "PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert re.search(said, done.stdout + done.stderr, re.MULTILINE), done.stderr


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_link_of_the_docs_leads_somewhere(path: Path):
    links = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
