"""The order of the stages: snapshot, reconcile, expect, findings, report. Nothing else knows it.

`reading` takes the snapshot, `auditing` goes on from it to the report, and `rehearsal` judges copies:
the canary's, and stored runs.
"""

from auditor.pipeline.auditing import audit
from auditor.pipeline.planning import Planned, plan
from auditor.pipeline.reading import snapshot
from auditor.pipeline.rehearsal import backtest, changes_since
from auditor.pipeline.run import REPORTS, Done, Progress, Run

__all__ = ["REPORTS", "Done", "Planned", "Progress", "Run", "audit", "backtest", "changes_since"]
__all__ += ["plan", "snapshot"]
