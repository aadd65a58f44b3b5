"""The letters against what the large mail clients support, by a well-kept table of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.mail import test_corrections, test_digest
from tests.report import examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.mail.letter import Letter

HARMLESS = {
    "@media": "only the rules for the dark stand in it; elsewhere the letter stays light",
    "@media (prefers-color-scheme)": "as above",
    "<style> element": "as above: what a client drops with it is the dark",
    "<body> element": "what is lost with its style stands on the cells, too",
    "display:none": "where the preheader shows, it is one pixel high in the colour of the ground",
    "role attribute": "tells a screen reader that a table is layout",
    "max-width": "the table between the conditional comments holds the width in Outlook",
    "word-break": "only a long command or path is broken by it",
}
"""What some clients do not support, and why it does no harm there."""


def letters() -> dict[str, Letter]:
    rich, clean = examples.rich_audit(), examples.clean_audit()
    return {
        "digest": test_digest.written(test_digest.told(rich))["default"],
        "quiet": test_digest.written(test_digest.told(clean, {}), {})["crm"],
        "corrections": test_corrections.written()["crm"],
    }


@pytest.mark.parametrize("name", ["digest", "quiet", "corrections"])
def test_nothing_is_used_that_a_large_client_does_not_show(
    unsupported: Callable[[Path], dict[str, list[str]]], tmp_path: Path, name: str
):
    file = tmp_path / "letter.html"
    file.write_text(letters()[name].html, encoding="utf-8")
    found = unsupported(file)
    assert {title: clients for title, clients in found.items() if title not in HARMLESS} == {}


@pytest.mark.parametrize("name", ["digest", "quiet", "corrections"])
def test_a_letter_is_small(name: str):
    assert len(letters()[name].html.encode()) <= 90_000


@pytest.mark.parametrize("name", ["digest", "quiet", "corrections"])
def test_every_link_leads_to_an_address(name: str):
    links = re.findall(r'href="([^"]*)"', letters()[name].html)
    assert all(link.startswith("https://") for link in links)
