"""An audit with far more findings than a page or a process may hold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from auditor.findings.standing import ROWS_PER_BATCH
from auditor.model.finding import CheckResult, Money, Tally
from tests.report import examples
from tests.report.stored import stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.audit import Audit

CHECKS, FINDINGS = 24, 1_000_000
OF_EACH = FINDINGS // CHECKS


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


def batches() -> Iterator[pa.RecordBatch]:
    """Yield the findings as an archive holds them, check by check."""
    return batches_of_all(FINDINGS)


def batches_of_all(findings: int) -> Iterator[pa.RecordBatch]:
    """Yield so many findings, spread over the checks, the first of which get what is left over."""
    each, rest = divmod(findings, CHECKS)
    for place, result in enumerate(audit().checks):
        of_check = each + (place < rest)
        for begin in range(0, of_check, ROWS_PER_BATCH):
            yield _batch(result.check.id, begin, min(begin + ROWS_PER_BATCH, of_check))


def _batch(check: str, begin: int, end: int) -> pa.RecordBatch:
    plain = examples.finding(
        check,
        "plain",
        cause="The unit price was sent as the line total.",
        money=Money(129_900, "SEK"),
    )
    (row,) = stored([plain])
    repeated = row.take(pa.array([0] * (end - begin), pa.int32()))
    number = pa.array(range(begin, end), pa.int64())
    text = pc.cast(number, pa.string())
    side = pc.binary_join_element_wise(
        '{"status":"SHIPPED","quantity":2,"amount_minor":', text, "}", ""
    )
    changed = {
        "fingerprint": pc.binary_join_element_wise(check, text, "-"),
        "subject_key": pc.binary_join_element_wise("100", text, ""),
        "customer_id": pc.binary_join_element_wise("500", text, ""),
        "money_minor": pc.add(number, 129_900),
        "centra": side,
        "emarsys": side,
    }
    return pa.record_batch(
        [changed.get(name, repeated[name]) for name in row.schema.names], schema=row.schema
    )
