"""Findings as a run keeps them, for tests that make their own."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from auditor.findings.standing import ROWS_PER_BATCH, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.model.finding import Finding


def stored(findings: Iterable[Finding]) -> Iterator[pa.RecordBatch]:
    """Yield findings in the batches of an archive."""
    for batch in _batched(findings):
        yield pa.RecordBatch.from_pylist([_row(finding) for finding in batch], schema=SCHEMA)


def _batched(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    source = iter(findings)
    while batch := list(itertools.islice(source, ROWS_PER_BATCH)):
        yield batch


def _row(finding: Finding) -> dict[str, Any]:
    values = asdict(finding)
    values["check_id"] = values.pop("check")
    money = values.pop("money")
    values["money_minor"], values["currency"] = (
        (money["minor"], money["currency"]) if money else (None, None)
    )
    values["since"] = values.pop("moved_at")
    for side in ("centra", "emarsys", "agreed"):
        if values[side] is not None:
            values[side] = msgspec.json.encode(dict(values[side])).decode()
    return values
