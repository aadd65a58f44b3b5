"""From thousands of rows to the few causes behind them: what is named, and what never is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from auditor.model.finding import fingerprint
from auditor.model.incident import Candidate, Cause

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LEAST_ROWS = 5
LEAST_SHARE = 0.8
LEAST_LIFT = 5
MOST_PEELS = 4
"""Causes of one check, one on what the other left; a fifth would explain less than a thousandth."""

MOST_CHANCE = 0.01
MOST_FEATURES = 10
"""How many features a row has at most, for the number of coincidences that were possible."""


class Evidence(Protocol):
    """Whoever knows the features of the drifted rows and their populations."""

    def candidates(self, checks: Collection[str], least: int, share: float) -> list[Candidate]:
        """Count what rows that belong to no incident yet have in common.

        Args:
            checks: Only of these.
            least: Drifted subjects of a check that have it, at least.
            share: Of the drifted subjects of that check, at least.
        """

    def claim(self, candidate: Candidate, incident: str) -> None:
        """Let the rows with this feature belong to an incident."""

    def claim_rest(self, incidents: Mapping[str, str]) -> None:
        """Let all other rows belong to the incident of their check."""


def find_causes(evidence: Evidence, checks: Collection[str], *, brand: str) -> list[Cause]:
    """Give every drifted row its incident, and name the causes of those that share one.

    Causes are peeled off one after another: the next must meet the whole rule on what is left. The
    rows that remain are one incident without a cause.

    Args:
        evidence: Of the drift that stands.
        checks: Those that ran.
        brand: Part of every incident's id.
    """
    named: list[Cause] = []
    open_checks = set(checks)
    for _ in range(MOST_PEELS):
        best = _best(evidence.candidates(open_checks, LEAST_ROWS, LEAST_SHARE))
        for check, candidate in best.items():
            cause = Cause(
                _id(brand, check, f"{candidate.feature}={candidate.value}"), check, candidate.words
            )
            evidence.claim(candidate, cause.incident)
            named.append(cause)
        open_checks = set(best)
        if not best:
            break
    rest = [Cause(_id(brand, check, ""), check) for check in sorted(checks)]
    evidence.claim_rest({cause.check: cause.incident for cause in rest})
    return named + rest


def is_cause(candidate: Candidate) -> bool:
    """Tell whether a feature may be named as the cause.

    It explains at least 80 % of the rows, at least five of them, is at least five times as common
    among them as elsewhere, and is no coincidence: with that many rows and features, chance alone
    would show it in less than one audit of a hundred.
    """
    elsewhere = candidate.looked_at - candidate.drifted
    if candidate.hits < LEAST_ROWS or elsewhere <= 0:
        return False
    share, rate = _share(candidate), _rate(candidate)
    return (
        share >= LEAST_SHARE
        and share >= LEAST_LIFT * rate
        and math.exp(-_surprise(candidate)) * candidate.drifted * MOST_FEATURES <= MOST_CHANCE
    )


def _best(candidates: Collection[Candidate]) -> dict[str, Candidate]:
    """Return the most telling cause of each check that has one."""
    best: dict[str, Candidate] = {}
    # Sorted, so that equals are told apart by name and not by the order of a database.
    for candidate in sorted(candidates, key=lambda c: (-_surprise(c), c.feature, c.value)):
        if is_cause(candidate):
            best.setdefault(candidate.check, candidate)
    return best


def _share(candidate: Candidate) -> float:
    # Where the key of a population stands twice, so do its hits.
    return min(candidate.hits / candidate.drifted, 1.0)


def _rate(candidate: Candidate) -> float:
    elsewhere = max(candidate.looked_at - candidate.drifted, 1)
    return max(candidate.looked_at_hits - candidate.hits, 0) / elsewhere


def _surprise(candidate: Candidate) -> float:
    """Return the Chernoff bound on chance, as minus its logarithm: rows x divergence of the rates.

    A feature that nobody else has counts as if half a subject had it.
    """
    share = _share(candidate)
    rate = max(_rate(candidate), 0.5 / max(candidate.looked_at, 1))
    if share <= rate:
        return 0.0
    divergence = share * math.log(share / rate)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - rate))
    return candidate.drifted * divergence


def _id(brand: str, check: str, cause: str) -> str:
    return fingerprint(brand, f"incident:{check}", cause)
