"""Centra: whether the stores and markets that the settings name are there."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import msgspec

from auditor.doctor.result import Result, probe, step_of
from auditor.places import CONSUMER, Kind, named_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit

NAMES_AT_ONCE = 200
"""Source: Centra reference 2.2: the upper bound of every page."""

SUITES = {"consent": ("consent",), "centra": ("channel",)}
"""What cannot be believed without a name, by the section that names it."""


ASKED: dict[Kind, tuple[str, str]] = {
    "store": ("stores", "name"),
    "consumer store": ("stores", "name type"),
    "market": ("markets", "name"),
}
"""The list and the fields that tell the names of each kind."""


class _Named(msgspec.Struct):
    name: str | None = None
    type: str | None = CONSUMER  # of a store, where that is asked


@probe("centra.names", "centra", after="centra.token")
def names(visit: Visit) -> Iterator[Result]:
    """Look for every store and market that the settings name."""
    places = [place for place in named_places(visit.settings) if place.names]
    there = {kind: _there(visit, kind) for kind in {place.kind for place in places}}
    wrong = [(place.setting, place.missing(there[place.kind])) for place in places]
    for setting, told in wrong:
        if told is not None:
            detail, fix = step_of(told)
            suites = SUITES[setting.partition(".")[0]]
            yield Result("fail", detail, fix, suites=suites, id=setting)
    if not places:
        yield Result("off", "The settings name no stores and markets.")
    elif not any(told for _, told in wrong):
        yield Result("ok", "Centra has every store and market that the settings name.")


def _there(visit: Visit, kind: Kind) -> set[str]:
    what, fields = ASKED[kind]
    # The size is a variable: the client cuts written sizes down to one row.
    text = f"query doctorNames($n: Int, $page: Int) {{ {what}(limit: $n, page: $page) {{ {fields} }} }}"
    seen: set[tuple[str, str | None]] = set()
    for page in count(1):
        data = visit.centra().query(text, {"n": NAMES_AT_ONCE, "page": page})
        found = msgspec.json.decode(data, type=dict[str, list[_Named]])[what]
        new = {(one.name, one.type) for one in found if one.name} - seen
        if not new:
            break
        seen |= new
    return {name for name, type_ in seen if type_ == CONSUMER}
