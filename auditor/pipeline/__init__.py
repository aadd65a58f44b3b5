"""The order of the stages: snapshot, reconcile, expect, findings, report. Nothing else knows it.

`reading` takes the snapshot, `auditing` goes on from it to the findings, `reporting` to the report, and `rehearsal` judges copies:
the canary's, and stored runs. `planning` makes a plan of the findings, `applying` applies, verifies and
undoes it, `correcting` does both while nobody watches. `forgetting` erases a person from what all of them keep,
`cleaning` deletes what is too old of it.
"""

from auditor.pipeline.applying import Applied, Rehearsed, apply, rehearse, undo, verify
from auditor.pipeline.auditing import audit
from auditor.pipeline.cleaning import Cleaned, clean
from auditor.pipeline.correcting import Corrected, correct
from auditor.pipeline.forgetting import Forgotten, forget
from auditor.pipeline.planning import Planned, plan
from auditor.pipeline.reading import snapshot
from auditor.pipeline.rehearsal import backtest, changes_since, require_run
from auditor.pipeline.reporting import report, show
from auditor.pipeline.run import REPORTS, Done, Progress, Run
from auditor.pipeline.telling import Told, tell

__all__ = ["REPORTS", "Done", "Planned", "Progress", "Run", "audit", "backtest", "changes_since"]
__all__ += ["Applied", "Rehearsed", "apply", "plan", "rehearse", "snapshot"]
__all__ += ["Cleaned", "Corrected", "clean", "correct", "report", "show", "undo", "verify"]
__all__ += ["Forgotten", "Told", "forget", "require_run", "tell"]
