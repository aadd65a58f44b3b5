"""What the README says is so."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from auditor.cli import group
from auditor.expect.suites import load_checks
from auditor.resources import expectation_files

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MAKEFILE = (ROOT / "Makefile").read_text()


def block(name: str) -> str:
    """Return what stands between two markers of the README."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README.read_text(), re.DOTALL)
    assert found
    return found[1]


def put(name: str, text: str) -> None:
    old = block(name)
    README.write_text(
        README.read_text().replace(
            f"<!-- {name} -->\n{old}<!-- /{name} -->", f"<!-- {name} -->\n{text}<!-- /{name} -->"
        )
    )


def help_text() -> str:
    run = [sys.executable, "-m", "auditor", "--help"]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT)
    return f"```text\n{done.stdout.replace('python -m auditor', 'auditor')}```\n"


def check_table() -> str:
    lines = ["| check | fails when | severity | owner |", "|---|---|---|---|"]
    lines += [
        f"| `{check.id}` | {check.title} | {check.severity} | {check.owner} |"
        for check in (e.check for e in load_checks(expectation_files(ROOT)))
        if check.suite != "quality"
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("name", "made"), [("help", help_text), ("checks", check_table)])
def test_a_generated_block_is_up_to_date(name, made, request):
    if request.config.getoption("--regen-gold"):
        put(name, made())
    assert block(name) == made()


@pytest.mark.parametrize("target", re.findall(r"`?make (\w+)", README.read_text()))
def test_every_make_target_exists(target: str):
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README.read_text()))
def test_every_link_leads_somewhere(link: str):
    assert (ROOT / link).exists()


@pytest.mark.parametrize(
    "path", re.findall(r"`((?:auditor|tests|reports|expectations)/[^`*<]+)`", README.read_text())
)
def test_every_path_exists(path: str):
    assert (ROOT / path).exists()


COMMANDS = sorted(set(re.findall(r"^\$ auditor (.*)$", README.read_text(), re.MULTILINE)))


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_exists_with_its_options(line: str):
    words = shlex.split(line)
    found: click.Command = group
    while words and isinstance(found, click.Group) and not words[0].startswith("-"):
        inner = found.get_command(click.Context(found), words[0])
        if inner is None:
            break
        words.pop(0)
        found = inner
    assert found is not None
    assert found is not group
    known = {option for param in found.params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_ci_runs_the_test_command_of_the_readme():
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_changelog_names_the_present_version_or_unreleased():
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()
