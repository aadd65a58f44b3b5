"""An audit with far more findings than a page or a process may hold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from auditor.model.finding import Audit, CheckResult, Finding, Money, Tally
from tests.report import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS, FINDINGS = 24, 200_000
OF_EACH = FINDINGS // CHECKS


class Counted(Finding):
    """A finding that knows how many of its kind are alive."""

    __slots__ = ()
    alive = 0
    peak = 0

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        Counted.alive += 1
        Counted.peak = max(Counted.peak, Counted.alive)

    def __del__(self) -> None:
        Counted.alive -= 1


def audit() -> Audit:
    missing = examples.CHECKS["sales.missing_order"]
    results = tuple(
        CheckResult(
            dataclasses.replace(missing, id=f"sales.rule_{n:02}"),
            "fail",
            checked=1_000_000,
            failed=OF_EACH,
            people=8_000,
            money=Money(10_000_000 + n, "SEK"),
        )
        for n in range(CHECKS)
    )
    return dataclasses.replace(
        examples.critical_audit(),
        coverage=examples.COVERAGE[:5],
        checks=results,
        tally=Tally(total=FINDINGS, new=FINDINGS),
    )


def findings(check: str) -> Iterator[Finding]:
    """Yield findings one at a time."""
    plain = examples.finding(check, "plain")
    shared = {field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)}
    for n in range(OF_EACH):
        values = {
            "subject_key": f"{100_000 + n}",
            "customer_id": f"{5_000_000 + n}",
            "contact_id": f"{990_000_000 + n}",
            "centra": {"status": "SHIPPED", "quantity": 2, "amount_minor": n},
            "emarsys": {"quantity": 1, "amount_minor": 2 * n, "rows": 3, "contact_id": f"{n}"},
            "money": Money(129_900 + n, "SEK"),
            "cause": "The unit price was sent as the line total.",
        }
        yield Counted(**(shared | values))
