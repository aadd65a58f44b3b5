"""A planted cause is recovered from its rows; what chance shows is never named."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from auditor.findings.causes import find_causes, is_cause
from auditor.model.incident import Candidate

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Subject = dict[str, str]
CHECK = "sales.missing_order"


@dataclass
class Rows:
    """Subjects with features, some of them drifted: evidence without a database."""

    population: list[Subject]
    drifted: list[int]
    incidents: dict[int, str] = field(default_factory=dict)

    def candidates(self, checks: Collection[str], least: int, share: float) -> list[Candidate]:
        free = [number for number in self.drifted if number not in self.incidents]
        if CHECK not in checks:
            return []
        hits = Counter(pair for number in free for pair in self.population[number].items())
        common = Counter(pair for subject in self.population for pair in subject.items())
        return [
            Candidate(
                CHECK, name, value, f"in the {name} {value}",
                count, len(free), common[name, value], len(self.population),
            )
            for (name, value), count in hits.items()
            if count >= max(least, share * len(free))
        ]  # fmt: skip

    def claim(self, candidate: Candidate, incident: str) -> None:
        for number in self.drifted:
            if self.population[number][candidate.feature] == candidate.value:
                self.incidents.setdefault(number, incident)

    def claim_rest(self, incidents: Mapping[str, str]) -> None:
        for number in self.drifted:
            self.incidents.setdefault(number, incidents[CHECK])


def a_population(seed: int, size: int = 2_000) -> list[Subject]:
    chance = random.Random(seed)  # noqa: S311 - a made-up population, the same each time
    markets, weights = ["Sweden", "Norway", "Denmark", "Finland"], [6, 1, 2, 1]
    return [
        {
            "market": chance.choices(markets, weights)[0],
            "store": chance.choice(["Retail", "Outlet"]),
            "status": chance.choices(["SHIPPED", "CONFIRMED", "ARCHIVED"], [7, 1, 4])[0],
            "hour": str(chance.randrange(480)),
        }
        for _ in range(size)
    ]


def having(population: list[Subject], feature: str, value: str) -> list[int]:
    return [number for number, subject in enumerate(population) if subject[feature] == value]


def named(rows: Rows) -> list[str | None]:
    return [cause.words for cause in find_causes(rows, [CHECK], brand="nordlys") if cause.words]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("drifted", [5, 12, 200])
def test_random_drift_has_no_cause(seed: int, drifted: int):
    chance = random.Random(seed)  # noqa: S311 - which subjects drift, the same each time
    population = a_population(seed)
    assert named(Rows(population, chance.sample(range(len(population)), drifted))) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("feature", "value"), [("market", "Norway"), ("status", "CONFIRMED")])
def test_a_planted_cause_is_recovered(seed: int, feature: str, value: str):
    population = a_population(seed)
    drifted = having(population, feature, value)[:30] + list(range(3))
    assert named(Rows(population, sorted(set(drifted)))) == [f"in the {feature} {value}"]


def test_the_hour_of_a_release_is_recovered_from_five_rows():
    population = a_population(1) + [{"market": "Sweden", "store": "Retail", "status": "SHIPPED",
                                     "hour": "release"}] * 5  # fmt: skip
    assert named(Rows(population, having(population, "hour", "release"))) == ["in the hour release"]


def test_a_second_cause_is_peeled_off_what_the_first_left():
    population = a_population(2)
    first, second = (having(population, *of) for of in (("market", "Norway"), ("hour", "7")))
    population += [dict(population[second[0]], market="Sweden")] * 8
    second = [n for n in having(population, "hour", "7") if population[n]["market"] != "Norway"]
    rows = Rows(population, sorted({*first[:80], *second}))
    assert named(rows) == ["in the market Norway", "in the hour 7"]


def test_every_row_has_exactly_one_incident():
    population = a_population(3)
    drifted = sorted({*having(population, "market", "Norway")[:40], *range(5)})
    rows = Rows(population, drifted)
    causes = find_causes(rows, [CHECK], brand="nordlys")
    assert (set(rows.incidents), set(rows.incidents.values())) == (
        set(drifted),
        {cause.incident for cause in causes},
    )


def test_an_incident_keeps_its_id_while_its_rows_come_and_go():
    population = a_population(4)
    norway = having(population, "market", "Norway")
    first, later = (
        find_causes(Rows(population, some), [CHECK], brand="nordlys")[0].incident
        for some in (norway[:40], norway[20:70])
    )
    assert first == later


GOOD = Candidate(CHECK, "market", "Norway", "in the market Norway", 80, 100, 240, 1_100)


@pytest.mark.parametrize(
    ("candidate", "named"),
    [
        (GOOD, True),
        (replace(GOOD, hits=79, looked_at_hits=239), False),  # 79 % of the rows
        (replace(GOOD, looked_at_hits=241), False),  # 4.97 times as common
        (replace(GOOD, looked_at=100), False),  # there is no elsewhere
        (Candidate(CHECK, "a", "b", "", 4, 4, 4, 1_000), False),  # too few rows
        (Candidate(CHECK, "a", "b", "", 5, 5, 5, 1_000), True),
        (Candidate(CHECK, "a", "b", "", 4, 5, 100, 1_005), False),
    ],
)
def test_the_rule_holds_at_its_edges(candidate: Candidate, named: bool):
    assert is_cause(candidate) is named
