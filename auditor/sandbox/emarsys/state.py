"""The account behind the server: its rows, its indexes, and what the server itself remembers."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from auditor.sandbox.emarsys.access import Access
from auditor.sandbox.emarsys.contacts import Contacts
from auditor.sandbox.emarsys.fields import Fields
from auditor.sandbox.emarsys.pace import Pace
from auditor.sandbox.emarsys.sales import load_pending
from auditor.sandbox.emarsys.triggers import Triggers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from auditor.sandbox.emarsys.csv_files import SalesRow
    from auditor.sandbox.emarsys.export_jobs import Export
    from auditor.sandbox.emarsys.options import EmarsysOptions
    from auditor.sandbox.emarsys.segment_runs import Run
    from auditor.sandbox.world.model import EmarsysAccount

Origin = Literal["api", "form", "import"]


@dataclass(frozen=True, slots=True)
class Change:
    """A contact changed: what getchanges can tell. `is_new` marks a registration."""

    contact_id: int
    changed_at: datetime
    origin: Origin
    fields: frozenset[int]
    is_new: bool = False


class Emarsys:
    """One account being served; every change happens under `lock`.

    Attributes:
        changes: What changed since the server started; append to it to play a form or an import.
        blocklist: Blocked e-mail addresses and domains.
        erased: Ids of deleted contacts whose Open Data rows are still there.
    """

    def __init__(
        self, account: EmarsysAccount, options: EmarsysOptions, clock: Callable[[], datetime]
    ) -> None:
        self.account, self.options, self.clock = account, options, clock
        self.lock = threading.RLock()
        self.fields = Fields(account.key_field, options)
        self.contacts = Contacts(account)
        self.access = Access(options)
        self.pace = Pace(options.rate_limit)
        self.triggers = Triggers(account, options)
        self.changes: list[Change] = []
        self.exports: dict[int, Export] = {}
        self.runs: dict[str, Run] = {}
        self.evaluated: set[int] = set()
        self.blocklist: set[str] = set()
        self.erased: set[int] = set()
        self.pending_sales: list[SalesRow] = []
        self.races_left = options.upsert_races
        self.queries = 0

    def reindex(self) -> None:
        """Read the account's contacts again, after something outside changed them."""
        with self.lock:
            self.contacts.reindex_keeping_ids()

    def load_sales(self) -> int:
        """Play the daily load: uploaded sales count now, and Open Data is refreshed.

        Returns:
            How many uploaded rows were loaded.
        """
        with self.lock:
            return load_pending(self)

    def note(self, contact_id: int, fields: Iterable[int], *, is_new: bool = False) -> None:
        """Remember that the API changed fields of a contact."""
        self.changes.append(
            Change(contact_id, self.clock(), "api", frozenset(fields), is_new=is_new)
        )
