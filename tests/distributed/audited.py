"""An audit of stores that hold a snapshot, and what it found."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.pipeline import Run, audit
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.config import Settings
    from auditor.model.audit import Audit
    from auditor.model.finding import Finding

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def audited(settings: Settings, folder: Path) -> tuple[Audit, list[Finding]]:
    """Judge the snapshot of the stores in the present folder."""
    done = audit(Run(settings, folder, lambda: NOW, Silent()), take_snapshot=False)
    with closing(Ledger(settings.store.ledger)) as ledger:
        return done.audit, list(query.findings(ledger, settings.brand))
