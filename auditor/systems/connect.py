"""Both systems, reached and proved before anything is read from either."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.errors import MachineError
from auditor.systems.centra.client import CentraClient
from auditor.systems.centra.merge_log import read_merge_log
from auditor.systems.centra.order_api import OrderApiClient, consent_stream
from auditor.systems.centra.pace import Timing
from auditor.systems.centra.places import base_currency
from auditor.systems.centra.streams import centra_streams
from auditor.systems.emarsys.access import check_access
from auditor.systems.emarsys.streams import emarsys_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from auditor.config import Settings
    from auditor.model.stream import Stream
    from auditor.systems.centra.schema import Memory


MOST_SKEW = timedelta(minutes=10)
"""As much as two readings overlap: a change that came within it is read by the next one."""


@dataclass(frozen=True, slots=True)
class Systems:
    """What can be read.

    Attributes:
        streams: Of both systems.
        currency: Centra's base currency.
    """

    streams: tuple[Stream, ...]
    currency: str


@contextmanager
def connected(
    settings: Settings,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
    memory: Memory | None = None,
) -> Iterator[Systems]:
    """Open both systems until the block ends.

    Args:
        settings: The brand's settings.
        clock: The time now, aware.
        sleep: Waits for that many seconds, for whoever paces himself.
        memory: Keeps from run to run what a tenant of Centra has.

    Raises:
        ConfigError: the settings name something that a system does not have.
        RefusedError: credentials or an address are wrong.
        ReadError: a system does not answer as agreed.
        MachineError: this machine's clock is wrong.
    """
    if settings.centra.merges is not None:
        read_merge_log(settings.centra.merges)  # a wrong one is told before anything is read
    timing = Timing(clock, sleep=sleep)
    token = settings.centra.token.reveal()
    share = settings.centra.rate_share
    with ExitStack() as stack:
        client = stack.enter_context(
            closing(CentraClient(settings.centra.url, token, timing, share=share))
        )
        client.check_access()
        require_time(client.date, clock())
        currency = base_currency(client)
        check_access(settings, account_currency=currency, clock=clock, sleep=sleep)
        since = settings.sales.since
        centra = centra_streams(
            settings.centra,
            client=client,
            since=since,
            item=settings.centra.catalogue.item,
            tax=settings.sales.tax,
            memory=memory,
        )
        emarsys = emarsys_streams(
            settings, since=since, account_currency=currency, clock=clock, sleep=sleep
        )
        yield Systems((*emarsys, *centra, *_legacy(settings, clock, stack)), currency)


def require_time(there: datetime | None, here: datetime) -> None:
    """Read nothing by a clock that is wrong.

    What would be read next is what changed since now, and a record is judged by its age: by a clock that is
    ahead changes would be skipped, and records would be found missing that are only young.

    Args:
        there: What time it is at Centra; None where it does not tell.
        here: What time it is by this machine's clock.

    Raises:
        MachineError: they are too far apart.
    """
    if there is None or abs(here - there) <= MOST_SKEW:
        return
    way = "ahead of" if here > there else "behind"
    minutes = abs(here - there).total_seconds() / 60
    raise MachineError(
        f"This machine's clock is {minutes:,.0f} minutes {way} Centra's, so nothing was read; let it take "
        "its time from a time server (NTP)."
    )


def _legacy(
    settings: Settings, clock: Callable[[], datetime], stack: ExitStack
) -> Iterator[Stream]:
    """Yield what the legacy Order API gives, where the settings name it."""
    if settings.centra.order_api is not None:
        client = OrderApiClient(settings.centra.order_api, clock)
        stack.enter_context(closing(client))
        yield consent_stream(client, settings.timezone)
