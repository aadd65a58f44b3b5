"""Every pair of states that a run can be in, in as few runs as possible: for the gold files."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from auditor.model.audit import Canary, Reread, Undelivered
from auditor.model.finding import CheckResult, Money, Tally
from auditor.report.build import build_report
from auditor.report.rows import take
from tests.report import examples
from tests.report.stored import stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.audit import Audit, Record
    from auditor.model.finding import Finding
    from auditor.report.build import ReportData

STATES: dict[str, tuple[str, ...]] = {
    "verdict": ("clean", "drift", "critical", "incomplete"),
    "news": ("none", "new", "worse", "back", "resolved"),
    "money": ("none", "one currency", "two currencies"),
    "contained": ("no", "some", "all"),
    "history": ("none", "some"),
    "lags": ("none", "some"),
    "bridge": ("none", "one market", "many markets"),
    "locale": ("en_GB", "sv_SE", "de_DE"),
    "undelivered": ("none", "some"),
    "canary": ("none", "all", "missed"),
    "reread": ("none", "some"),
    "accepted": ("no", "yes"),
}
Mix = dict[str, str]


def mixes() -> list[Mix]:
    """Return combinations in which every two values of two states meet at least once.

    Greedy: each next one holds as many pairs that have not met as can be found value by value.
    """
    owed = {
        ((a, x), (b, y))
        for (a, xs), (b, ys) in itertools.combinations(STATES.items(), 2)
        for x, y in itertools.product(xs, ys)
    }
    found: list[Mix] = []
    while owed:
        mix: Mix = dict(min(owed))
        for name, values in STATES.items():
            if name not in mix:
                mix[name] = max(values, key=lambda value: _gain(owed, mix, name, value))
        owed -= _pairs(mix)
        found.append({name: mix[name] for name in STATES})
    return found


def _gain(owed: set[Any], mix: Mix, name: str, value: str) -> int:
    return len(owed & _pairs({**mix, name: value})) - len(owed & _pairs(mix))


def _pairs(mix: Mix) -> set[Any]:
    chosen = [(name, mix[name]) for name in STATES if name in mix]
    return set(itertools.combinations(chosen, 2))


def named(mix: Mix) -> str:
    return ", ".join(f"{name} {value}" for name, value in mix.items())


def record_of(mix: Mix) -> Record:
    audit = _audit(mix)
    plain = examples.record(audit, locale=mix["locale"])
    news = {"back": "regressed"}.get(mix["news"], mix["news"])
    tally = Tally(total=2, ongoing=2) if news == "none" else Tally(**{"total": 2, news: 1})
    return dataclasses.replace(
        plain,
        history=() if mix["history"] == "none" else plain.history,
        lags=() if mix["lags"] == "none" else plain.lags,
        undelivered=None if mix["undelivered"] == "none" else Undelivered(2, "it is away"),
        changes={one.check.id: tally for one in audit.checks if one.outcome == "fail"},
    )


def report_of(mix: Mix) -> ReportData:
    record = record_of(mix)
    ids = [result.check.id for result in record.audit.checks]
    taken = take(stored(_findings(record.audit, mix)), ids)
    return dataclasses.replace(build_report(record, taken), version="1.2.3")


def _audit(mix: Mix) -> Audit:
    verdict = mix["verdict"]
    base = examples.rich_audit() if verdict == "incomplete" else examples.critical_audit()
    results = tuple(_results(base, mix))
    failing = sum(result.outcome == "fail" for result in results)
    news = {"back": "regressed"}.get(mix["news"], mix["news"])
    counts = {} if news == "none" else {news: failing}
    accepted = 1 if mix["accepted"] == "yes" else 0
    canary = {
        "none": None,
        "all": Canary(40, 40),
        "missed": Canary(40, 39, ("sales.missing_line",)),
    }
    return dataclasses.replace(
        base,
        verdict=verdict,  # type: ignore[arg-type]
        checks=results,
        tally=Tally(total=2 * failing + accepted, accepted=accepted, **counts),
        bridge={"none": (), "one market": examples.BRIDGE[:1], "many markets": examples.BRIDGE}[
            mix["bridge"]
        ],
        canary=canary[mix["canary"]],
        reread=None if mix["reread"] == "none" else Reread(3, 1, 1, 9, "the budget was used up"),
        standing={"critical": failing},
    )


def _results(base: Audit, mix: Mix) -> Iterator[CheckResult]:
    for place, result in enumerate(base.checks):
        if result.outcome != "fail":
            yield result
        elif mix["verdict"] == "clean":
            yield CheckResult(result.check, "pass", result.checked)
        else:
            check = result.check
            if mix["verdict"] == "drift" and check.severity == "critical":
                check = dataclasses.replace(check, severity="warning")
            currency = "SEK" if mix["money"] == "one currency" or place % 2 else "JPY"
            yield dataclasses.replace(
                result,
                check=check,
                failed=2,
                people=2,
                money=None if mix["money"] == "none" else Money(129_900, currency),
                contained={"no": 0, "some": 1, "all": 2}[mix["contained"]],
            )


def _findings(audit: Audit, mix: Mix) -> Iterator[Finding]:
    for result in audit.checks:
        for number in range(2 if result.outcome == "fail" else 0):
            yield examples.finding(
                result.check.id,
                f"{number}",
                severity=result.check.severity,
                state="new" if mix["news"] == "new" else "ongoing",
                centra={"amount_minor": 129_900},
                emarsys=None if number else {"amount_minor": 99_900},
                agreed={"run": "r", "centra": {"amount_minor": "99900"}, "emarsys": {"rows": "1"}}
                if number
                else None,
                money=result.money,
                people=1,
                contained=number < result.contained,
                moved_by="centra" if number else "unknown",
                first_seen=examples.AS_OF - timedelta(days=3 + number),
            )
