"""The lock, the settings of the project and docs/dependencies.md tell of the same packages."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.supply import LOCK, ROOT, is_allowed, licence_of, locked, normal, vulnerabilities

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECT = [
    Requirement(line)
    for lines in (
        PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"].values(),
        PROJECT["dependency-groups"]["dev"],
    )
    for line in lines
]
DOCUMENTED = re.findall(
    r"^\| ([a-z0-9-]+) \| (\S.*) \| (\S.*) \|$",
    (ROOT / "docs" / "dependencies.md").read_text(),
    re.MULTILINE,
)


@pytest.mark.parametrize("wanted", DIRECT, ids=str)
def test_the_lock_has_what_the_project_asks_for(wanted: Requirement):
    assert wanted.specifier.contains(locked(LOCK.read_text())[normal(wanted.name)])


def test_every_package_of_the_lock_has_hashes():
    entries = re.split(r"^(?=\S)", LOCK.read_text(), flags=re.MULTILINE)[1:]
    assert [
        entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)
    ] == []


def test_the_lock_names_every_package_at_one_version():
    lines = re.findall(r"^[^\s#].*", LOCK.read_text(), re.MULTILINE)
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+", line)] == []


def test_no_host_stands_in_the_lock():
    assert "://" not in LOCK.read_text()


def test_each_direct_dependency_has_its_reason():
    assert [name for name, _, _ in DOCUMENTED] == [normal(one.name) for one in DIRECT]


@pytest.mark.parametrize(("name", "licence"), [(name, last) for name, _, last in DOCUMENTED])
def test_each_licence_is_the_one_that_the_package_states(name: str, licence: str):
    assert licence == licence_of(name)


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT AND Zlib", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND (GPL-3.0-only)", False),
        ("AGPL-3.0-only", False),
        ("none", False),
    ],
)
def test_a_licence_is_allowed_by_all_its_parts_or_one_of_its_choices(licence: str, allowed: bool):
    assert is_allowed(licence) is allowed


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages)})


FINE = {"name": "fine", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answer", "complaint", "is_safe", "said"),
    [
        (report(FINE), "", True, "0 in 1 packages"),
        (report(FINE, BAD), "", False, "bad 2: PYSEC-1"),
        (report(FINE, UNKNOWN), "", True, "not checked in 1"),
        (report(UNKNOWN), "", True, "the registry knows none"),
        ("", "requests.exceptions.ProxyError: no", True, "the registry does not answer"),
        ("", "no such file", False, "no such file"),
    ],
)
def test_only_what_is_known_against_a_package_fails(
    answer: str, complaint: str, is_safe: bool, said: str
):
    safe, line = vulnerabilities(answer, complaint)
    assert (safe, said in line) == (is_safe, True)
