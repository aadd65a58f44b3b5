"""The registry of plants: one function per check, found by the module it stands in."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.canary.shadow import Shadow

    Plant = Callable[[Shadow], str | None]

_PACKAGE = "auditor.canary"
_PLANTS: dict[bool, dict[str, Plant]] = {False: {}, True: {}}
"""By whether they are planted alone."""


def plant(check: str, *, alone: bool = False) -> Callable[[Plant], Plant]:
    """Register a function that plants one case of a check and returns its subject key.

    It returns None where the terms leave nothing to plant, as a brand without marketplaces does.

    Args:
        check: Its id.
        alone: Whether the case shows only where no sample of the brand's rows stands beside it: one of
            something that is missing, which the sample has.
    """

    def register(function: Plant) -> Plant:
        _PLANTS[alone][check] = function
        return function

    return register


def plants(*, alone: bool = False) -> dict[str, Plant]:
    """Return every plant by its check: those that stand in a sample, or those that stand alone."""
    for module in iter_modules(import_module(_PACKAGE).__path__):
        if module.name.startswith("of_"):
            import_module(f"{_PACKAGE}.{module.name}")
    return dict(sorted(_PLANTS[alone].items()))
