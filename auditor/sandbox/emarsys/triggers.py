"""Which triggers of external events were handled already, and the record of those that fired.

Source:
    Emarsys reference 8: `trigger_id` is processed once; how long it is remembered is unknown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.model import FiredEvent

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.sandbox.emarsys.options import EmarsysOptions
    from auditor.sandbox.world.model import EmarsysAccount


class Triggers:
    """Fires events into the account's rows, each `trigger_id` once per event and contact."""

    def __init__(self, account: EmarsysAccount, options: EmarsysOptions) -> None:
        self._account, self._options = account, options
        self._last: dict[tuple[int, int, str], datetime] = {}
        self._read = self._count = 0

    def fire(
        self, definition_id: int, contact_id: int, trigger_id: str | None, now: datetime
    ) -> bool:
        """Fire an event unless its trigger id is remembered; tell whether it fired."""
        self._catch_up()
        if trigger_id is not None and self._is_known((definition_id, contact_id, trigger_id), now):
            return False
        self._count += 1
        loaded_at = now + timedelta(seconds=self._options.open_data_lag_s)
        event_id = f"api-{self._count:012d}"
        self._account.fired_events.append(
            FiredEvent(event_id, definition_id, contact_id, now, loaded_at, trigger_id)
        )
        self._catch_up()
        return True

    def _is_known(self, key: tuple[int, int, str], now: datetime) -> bool:
        last, memory_s = self._last.get(key), self._options.trigger_memory_s
        if last is None:
            return False
        return memory_s is None or now - last <= timedelta(seconds=memory_s)

    def _catch_up(self) -> None:
        fired = self._account.fired_events
        if len(fired) < self._read:
            self._read = 0
        for event in fired[self._read :]:
            if event.trigger_id is not None:
                key = (event.definition_id, event.contact_id, event.trigger_id)
                self._last[key] = event.fired_at
        self._read = len(fired)
