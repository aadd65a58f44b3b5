"""Plants drift into a clean world and keeps the answer key.

A planter is a function that spoils some subjects of one check and yields their keys. It stands in a
module named `plant_<suite>.py`; a module that exists is found.
"""

from __future__ import annotations

import pickle
from dataclasses import fields
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Literal, get_args

from auditor.sandbox.world.contacts import draw_segments
from auditor.sandbox.world.ground import Ground
from auditor.sandbox.world.model import Planted
from auditor.sandbox.world.scale import ROOMY, TooSmallError, case_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
    to be decided. In a small world a planter may find that others took all its subjects; then all
    begin anew, and it chooses first.

    Args:
        world: What is spoiled.
        seed: Chooses the subjects.
        cases_of: How many cases of a check, none of one that gets 0; as many of each as suit the
            world's size unless given.

    Raises:
        TooSmallError: the world is too small to find subjects for every check.
    """
    customers = len(world.centra.customers)
    usual = case_count(customers)
    cases = {check: cases_of(check) if cases_of else usual for check in planters()}
    wanted = {check: count for check, count in cases.items() if count}
    early: list[str] = []
    while True:
        clean = pickle.dumps(world) if customers < ROOMY else None  # a fifth of a deep copy's time
        order = [*early, *(check for check in wanted if check not in early)]
        try:
            return _spoil(world, seed, {check: wanted[check] for check in order})
        except _NoSubjectsError as exc:
            if clean is None or exc.check in early:
                raise TooSmallError(
                    f"{exc.__cause__}; a world of {customers} customers has no room for "
                    f"{exc.check} beside the others"
                ) from exc
            early.insert(0, exc.check)
            _make_as(world, pickle.loads(clean))  # noqa: S301 - our own, of a moment ago


class _NoSubjectsError(Exception):
    """A planter found too few subjects."""

    def __init__(self, check: str) -> None:
        super().__init__(check)
        self.check = check


def _spoil(world: World, seed: int, cases: Mapping[str, int]) -> list[Planted]:
    """Let planters choose in this order."""
    ground, functions = Ground(world, seed), planters()
    answers: list[Planted] = []
    for check, count in cases.items():
        try:
            answers += [Planted(check, subject) for subject in functions[check](ground, count)]
        except TooSmallError as exc:
            raise _NoSubjectsError(check) from exc
    ground.finish()
    draw_segments(world)
    ground.lead_astray()
    return sorted(answers)


def _make_as(world: World, other: World) -> None:
    """Fill both systems of a world, which servers may hold, with the rows of another."""
    for system, source in ((world.centra, other.centra), (world.emarsys, other.emarsys)):
        for part in fields(system):
            setattr(system, part.name, getattr(source, part.name))
