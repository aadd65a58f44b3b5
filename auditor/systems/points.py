"""Single records of both systems, read again: a few calls instead of a snapshot."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.systems.centra.client import CentraClient
from auditor.systems.centra.listing import Tenant
from auditor.systems.centra.order_api import OrderApiClient
from auditor.systems.centra.order_points import OrderApiPoints
from auditor.systems.centra.pace import Timing
from auditor.systems.centra.points import CentraPoints
from auditor.systems.centra.schema import learn_schema
from auditor.systems.centra.streams import order_terms
from auditor.systems.emarsys.client import api_opener
from auditor.systems.emarsys.contact_rows import asked_fields
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.emarsys.points import EmarsysPoints
from auditor.systems.emarsys.streams import open_data_views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from auditor.config import Settings
    from auditor.systems.centra.order_points import Agreement
    from auditor.systems.centra.schema import Memory

_LOOKED_UP_BY = {
    "sales": "order_number",
    "unsubscribes": "contact_id",
    "external_events": "contact_id",
}


@dataclass(frozen=True, slots=True)
class SystemPoints:
    """Records of both systems by their keys; where the settings name it, of the legacy Order API too."""

    centra: CentraPoints
    emarsys: EmarsysPoints
    order_api: OrderApiPoints | None = None

    @property
    def requests(self) -> int:
        """Return how many calls were made so far, those that open the systems included."""
        legacy = 0 if self.order_api is None else self.order_api.requests
        return self.centra.requests + self.emarsys.requests + legacy

    @property
    def streams(self) -> frozenset[str]:
        """Return the streams of which single records can be read."""
        return self.centra.streams | self.emarsys.streams

    def read(
        self, stream: str, keys: Sequence[str], emails: Sequence[str] = ()
    ) -> Mapping[str, pa.Table]:
        """Return the records that are there now, as canonical rows by table.

        Raises:
            ReadError: a system does not tell.
            ConfigError: Open Data cannot be opened.
        """
        if stream in self.centra.streams:
            return self.centra.read(stream, keys, emails)
        return self.emarsys.read(stream, keys)

    def agreements(self, emails: Sequence[str]) -> Sequence[Agreement]:
        """Return what the legacy Order API tells now of a yes of these e-mails; nothing where none is asked.

        Raises:
            ReadError: it does not tell.
        """
        return [] if self.order_api is None else self.order_api.agreements(emails)


@contextmanager
def opened_points(
    settings: Settings,
    currency: str,
    clock: Callable[[], datetime],
    memory: Memory | None = None,
) -> Iterator[SystemPoints]:
    """Open both systems for single records until the block ends.

    Args:
        settings: The brand's settings.
        currency: Centra's base currency.
        clock: The time now, aware.
        memory: Keeps from run to run what a tenant of Centra has.

    Raises:
        ConfigError: an address in the settings is not usable.
        ReadError: a system does not answer as agreed.
    """
    token, share = settings.centra.token.reveal(), settings.centra.rate_share
    emarsys, tax = settings.emarsys, settings.sales.tax
    views = open_data_views(currency)
    with ExitStack() as stack:
        client = stack.enter_context(
            closing(CentraClient(settings.centra.url, token, Timing(clock), share=share))
        )
        api = stack.enter_context(closing(api_opener(emarsys, clock=clock, sleep=time.sleep)()))
        client.check_access()
        tenant = Tenant(client, learn_schema(client, memory))
        yield SystemPoints(
            CentraPoints(tenant, order_terms(settings.centra, settings.centra.catalogue.item, tax)),
            EmarsysPoints(
                api,
                asked_fields(settings),
                None if emarsys.open_data is None else OpenData(emarsys.open_data),
                {stream: (views[stream], column) for stream, column in _LOOKED_UP_BY.items()},
                settings.sales.since,
            ),
            _legacy(settings, clock, stack),
        )


def _legacy(
    settings: Settings, clock: Callable[[], datetime], stack: ExitStack
) -> OrderApiPoints | None:
    """Open the legacy Order API, where the settings name it."""
    named = settings.centra.order_api
    if named is None:
        return None
    client = stack.enter_context(closing(OrderApiClient(named, clock)))
    return OrderApiPoints(client, settings.timezone, named.consents)
