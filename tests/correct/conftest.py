"""Ledgers on each engine, and a clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from auditor.findings.ledger import Ledger
from tests.correct.desk import Desk, read_settings
from tests.stores import ledger_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.reconcile.books import Books

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def desk(books: Books, tmp_path: Path) -> Iterator[Desk]:
    """Give a desk with empty books; findings are the same on every engine, so one will do."""
    opened = Ledger(ledger_in(tmp_path))
    yield Desk(books, opened, read_settings(tmp_path))
    opened.close()
