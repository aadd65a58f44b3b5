"""Plants drift into a clean world and keeps the answer key.

A planter is a function that spoils some subjects of one check and yields their keys. It stands in a
module named `plant_<suite>.py`; a module that exists is found.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Literal, get_args

from auditor.sandbox.world.contacts import draw_segments
from auditor.sandbox.world.ground import Ground
from auditor.sandbox.world.model import Planted
from auditor.sandbox.world.scale import case_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.sandbox.world.model import World

    Planter = Callable[[Ground, int], Iterator[str]]

Abundance = Literal["rare", "few", "many"]

_ABUNDANCES = get_args(Abundance)
_PACKAGE = "auditor.sandbox.world"
_PLANTERS: dict[str, Planter] = {}
_TURNS: dict[str, int] = {}


def planter(check: str, *, subjects: Abundance = "many") -> Callable[[Planter], Planter]:
    """Register a function as the planter of a check.

    The function gets the ground and the number of cases, changes the world through the ground, and
    yields the subject key of each case.

    Args:
        check: The check it plants for.
        subjects: How many fit in a small world; the fewer, the earlier a planter chooses.
    """

    def register(function: Planter) -> Planter:
        if check in _PLANTERS:
            msg = f"{check} has two planters"
            raise ValueError(msg)
        _PLANTERS[check] = function
        _TURNS[check] = _ABUNDANCES.index(subjects)
        return function

    return register


def planters() -> dict[str, Planter]:
    """Return every planter by its check, in the order in which they choose their subjects."""
    for module in iter_modules(import_module(_PACKAGE).__path__):
        if module.name.startswith("plant_"):
            import_module(f"{_PACKAGE}.{module.name}")
    return {check: _PLANTERS[check] for check in sorted(_PLANTERS, key=_turn)}


def _turn(check: str) -> tuple[int, str]:
    return _TURNS[check], check


def plant(world: World, seed: int, cases_of: Callable[[str], int] | None = None) -> list[Planted]:
    """Put drift of every class into a clean world, in place, and return the sorted answer key.

    No two cases touch the same person, contact or order, and every case is old enough for its check
    to be decided.

    Args:
        world: What is spoiled.
        seed: Chooses the subjects.
        cases_of: How many cases of a check, none of one that gets 0; as many of each as suit the
            world's size unless given.

    Raises:
        ValueError: the world is too small to find subjects for every check.
    """
    ground = Ground(world, seed)
    usual = case_count(len(world.centra.customers))
    wanted = {check: cases_of(check) if cases_of else usual for check in planters()}
    answers = [
        Planted(check, subject)
        for check, function in planters().items()
        if wanted[check]
        for subject in function(ground, wanted[check])
    ]
    ground.finish()
    draw_segments(world)
    ground.lead_astray()
    return sorted(answers)
