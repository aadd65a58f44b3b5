"""`expect_no_drift`: the custom expectation over one check of the reconcile stage.

Importing this module imports Great Expectations; only `auditor.expect.run` may.
"""

# Great Expectations is untyped for mypy here (see pyproject): its classes are Any, and so is what
# derives from them.
# mypy: disable-error-code="misc,untyped-decorator"

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

CHECK_ID, FAILED, CHECKED = "check_id", "failed", "checked"


class NotReconciledError(LookupError):
    """No population was recorded for a check: reconcile never looked at it."""


class _SumOfCheck(TableMetricProvider):
    value_keys = (CHECK_ID,)
    counted: ClassVar[str]

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sum(
        cls,  # noqa: N805 - Great Expectations hands the class in
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: object,
    ) -> tuple[sa.ColumnElement[int], dict[str, Any], dict[str, Any]]:
        mine = sa.column(CHECK_ID) == metric_value_kwargs[CHECK_ID]
        total = sa.func.sum(sa.case((mine, sa.column(cls.counted))))
        return sa.cast(total, sa.BigInteger), metric_domain_kwargs, {}


class DriftFailed(_SumOfCheck):
    """How many subjects of a check drifted; NULL when the tally does not know the check."""

    metric_name = "drift.failed"
    counted = FAILED


class DriftChecked(_SumOfCheck):
    """How many subjects a check looked at; NULL when the tally does not know the check."""

    metric_name = "drift.checked"
    counted = CHECKED


class ExpectNoDrift(BatchExpectation):
    """Expect a check to have drifted in at most `max_rows` subjects or `max_share` of them.

    Runs on a tally: rows of `check_id`, `failed` and `checked`, added up per check. All checks of a
    run share one query, for the two metrics are aggregates, which Great Expectations bundles.
    """

    check_id: str
    max_rows: int = 0
    max_share: float = 0.0

    metric_dependencies = (DriftFailed.metric_name, DriftChecked.metric_name)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    success_keys: ClassVar[tuple[str, ...]] = (CHECK_ID, "max_rows", "max_share")
    args_keys: ClassVar[tuple[str, ...]] = (CHECK_ID,)

    def _validate(self, metrics: dict[str, Any], **_: object) -> dict[str, Any]:
        failed, checked = metrics[DriftFailed.metric_name], metrics[DriftChecked.metric_name]
        if checked is None:
            raise NotReconciledError(self.check_id)
        share = failed / checked if checked else float(failed > 0)
        return {
            "success": failed <= self.max_rows or share <= self.max_share,
            "result": {"element_count": checked, "unexpected_count": failed},
        }
