"""The palette: every pair of colours that meet, in both schemes, against WCAG AA."""

from __future__ import annotations

import re

import pytest

from tests.report.examples import TEMPLATES

STYLE = (TEMPLATES / "report.css").read_text()
LIGHT, DARK, PRINT = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE.replace(":root { --gutter", ""), re.DOTALL)
)
PRINT = LIGHT | PRINT
SCHEMES = {"light": LIGHT, "dark": DARK, "print": PRINT}
TONES = ("critical", "warning", "info", "good", "unknown")

TEXT_PAIRS = [
    *((front, back) for front in ("ink", "muted", "link", *TONES) for back in ("paper", "panel")),
    *((front, f"{tone}-soft") for tone in TONES for front in ("ink", "muted", tone)),
    ("ink", "sunk"),
    ("ink", "marked"),
]
SHAPE_PAIRS = [
    ("field", "panel"),
    ("bar-critical", "paper"),
    ("bar-warning", "paper"),
    ("bar-info", "paper"),
]


def luminance(colour: str) -> float:
    """Return WCAG's relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_both_schemes_define_the_same_colours():
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_can_be_read(scheme: str, front: str, back: str):
    colours = SCHEMES[scheme]
    assert contrast(colours[front], colours[back]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), SHAPE_PAIRS)
def test_shapes_stand_out(scheme: str, front: str, back: str):
    colours = SCHEMES[scheme]
    assert contrast(colours[front], colours[back]) >= 3


@pytest.mark.parametrize("tone", TONES)
def test_no_tone_is_shared_by_two_meanings(tone: str):
    others = [LIGHT[other] for other in TONES if other != tone]
    assert LIGHT[tone] not in others


def test_colours_are_used_by_name_only():
    rules = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rules) == []
