"""Let Great Expectations judge: one suite per table, and one for all drift checks.

Importing this module imports Great Expectations, which takes seconds; `auditor.expect.judge` does so
when there is something to judge.
"""

from __future__ import annotations

import contextlib
import logging
from itertools import product
from typing import TYPE_CHECKING

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.expectations.row_conditions import AndCondition, Column, OrCondition

from auditor.expect import kept
from auditor.expect.expectation import NO_DRIFT
from auditor.expect.no_drift import ExpectNoDrift
from auditor.expect.source import WarehouseSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation as Rule
    from great_expectations.expectations.row_conditions import Condition

    from auditor.expect.expectation import Case, Scalar

with contextlib.suppress(ImportError):
    # Great Expectations loads this dialect wherever the extra is installed.
    import auditor.bigquery  # noqa: F401

# It logs statements with their values, which are personal data, before it reports a crash to us.
logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
# This one sets its own level when it is imported.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.CRITICAL)

# Counts only: with 0 unexpected values, nothing that belongs to a person enters a result.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


class Court:
    """An ephemeral context of Great Expectations over one open connection."""

    def __init__(self, connection: sa.Connection) -> None:
        context = gx.get_context(mode="ephemeral")
        context.enable_analytics(enable=False)
        context.variables.progress_bars = ProgressBarsConfig(
            globally=False, metric_calculations=False
        )
        # Each table that is added would write all of it down as YAML, to be kept nowhere.
        context._save_project_config = lambda: None  # noqa: SLF001 - there is no public switch
        self._source = context.data_sources.add_warehouse(WarehouseSource.over(connection))

    def judge(
        self, name: str, cases: Sequence[Case], *, select: str | None = None
    ) -> dict[str, kept.Result]:
        """Judge cases on the same rows; the results by check id.

        One query answers for most of them, so an expectation that the database refuses takes its
        neighbours down with it: those that crashed are judged again, each alone.

        Args:
            name: The table's name; with a select, any name that no other judging has.
            cases: What to judge.
            select: The rows, a SELECT as text; None for the table itself.
        """
        results: dict[str, kept.Result] = {}
        built = []
        for case in cases:
            try:
                built.append((case, _build(case)))
            except Exception as exc:  # noqa: BLE001 - one expectation; the crash is its result
                results[case.id] = kept.crashed(case.expectation, exc)
        try:
            rows = self._rows(name, select)
        except Exception as exc:  # noqa: BLE001 - one table; the crash is the result of its checks
            return {case.id: kept.crashed(case.expectation, exc) for case in cases}
        results |= _validate(rows, name, [one for _, one in built])
        for case, one in built if len(built) > 1 else ():
            if results[case.id].crash:
                results |= _validate(rows, name, [one])
        return results

    def _rows(self, name: str, select: str | None) -> Batch:
        if select is None:
            asset = self._source.add_table_asset(name, table_name=name)
        else:
            asset = self._source.add_query_asset(name, query=select)
        return asset.add_batch_definition_whole_table(name).get_batch()


def _validate(rows: Batch, name: str, built: Sequence[Rule]) -> dict[str, kept.Result]:
    suite = gx.ExpectationSuite(name=name, expectations=list(built))
    return {
        result.expectation_config.meta["check"]: kept.of_result(result.to_json_dict())
        for result in rows.validate(suite, result_format=RESULT_FORMAT).results
    }


def _build(case: Case) -> Rule:
    check = case.expectation.check
    common = {
        "severity": check.severity,
        "meta": {"check": check.id, "title": check.title, "owner": check.owner},
    }
    if case.expectation.type == NO_DRIFT:
        limits = {"max_rows": check.max_rows, "max_share": check.max_share}
        return ExpectNoDrift(check_id=check.id, **limits, **common)
    rule = get_expectation_impl(case.expectation.type)
    return rule(**case.kwargs, row_condition=_condition(case.expectation.where), **common)


def _condition(where: Mapping[str, Sequence[Scalar]]) -> Condition | None:
    # Great Expectations takes alternatives of conjunctions, never a conjunction of alternatives.
    ways = [
        [
            Column(n).is_null() if v is None else Column(n) == v
            for n, v in zip(where, way, strict=True)
        ]
        for way in product(*where.values())
    ]
    return OrCondition(conditions=[AndCondition(conditions=way) for way in ways]) if where else None
