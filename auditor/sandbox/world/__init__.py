"""A world: what a fashion brand's Centra tenant and Emarsys account hold at one moment.

`build_world` makes one in which both systems agree; `plant` puts known drift into it and returns the
answer key; `evolve` lets time pass; `brand_settings` tells what the brand itself would know about it.
"""

from __future__ import annotations

from auditor.sandbox.world.build import build_world
from auditor.sandbox.world.evolve import evolve
from auditor.sandbox.world.model import Planted, World
from auditor.sandbox.world.moments import EARLIER
from auditor.sandbox.world.planting import plant
from auditor.sandbox.world.scale import Scale
from auditor.sandbox.world.settings import brand_settings

__all__ = [
    "EARLIER",
    "Planted",
    "Scale",
    "World",
    "brand_settings",
    "build_world",
    "evolve",
    "plant",
]
