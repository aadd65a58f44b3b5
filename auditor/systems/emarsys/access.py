"""What must hold before an audit reads anything from Emarsys.

A wrong setting shall cost a second and one sentence, not an hour and a half-read snapshot.
"""

from __future__ import annotations

import logging
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from auditor.config import Wsse
from auditor.errors import (
    AbsentError,
    ConfigError,
    IncompleteSnapshotError,
    RefusedError,
    TransientReadError,
)
from auditor.systems.emarsys.client import api_opener
from auditor.systems.emarsys.events import event_names
from auditor.systems.emarsys.feed import feed_client, feed_head
from auditor.systems.emarsys.feed_file import FeedFile
from auditor.systems.emarsys.fields import field_names
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.emarsys.streams import open_data_views

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from auditor.config import Settings
    from auditor.systems.emarsys.client import CoreApi

log = logging.getLogger(__name__)


def check_access(
    settings: Settings,
    *,
    account_currency: str,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> None:
    """Return when the credentials work and everything that the settings name is there.

    Raises:
        ConfigError: a field, an event, a view, the feed or a column of it is not there, or the
            database cannot be opened.
        RefusedError: credentials, permission or address are wrong.
        ReadError: as for `CoreApi.call`.
    """
    emarsys = settings.emarsys
    if isinstance(emarsys.auth, Wsse):
        log.warning("emarsys.auth: Emarsys ends WSSE on 2026-12-31; set type oauth2 before")
    api = api_opener(emarsys, clock=clock, sleep=sleep)()
    try:
        _require_fields(api, emarsys.fields)
        if emarsys.events:
            _require_events(api, emarsys.events)
    finally:
        api.close()
    if emarsys.catalogue is not None:
        _require_feed(emarsys.catalogue.feed, settings.catalogue.own_columns)
    if emarsys.open_data is not None:
        source = OpenData(emarsys.open_data)
        for view in open_data_views(account_currency).values():
            refused = (RefusedError,) if view.is_optional else ()
            # Its stream says why; what an account need not have, or has not now, stops no other.
            with suppress(AbsentError, TransientReadError, *refused):
                source.require(view)


def _require_fields(api: CoreApi, fields: Mapping[str, int]) -> None:
    known = field_names(api)
    for name, field_id in fields.items():
        if field_id not in known:
            raise ConfigError(
                f"emarsys.fields.{name}: the account has no field {field_id}; "
                "take the number from the account's own list of fields."
            )


def _require_events(api: CoreApi, events: Mapping[str, str]) -> None:
    known = set(event_names(api).values())
    for name, event in events.items():
        if event not in known:
            raise ConfigError(
                f"emarsys.events.{name}: the account has no external event {event!r}; "
                "take the name from the account's own list of events."
            )


def _require_feed(source: str, own: Mapping[str, str]) -> None:
    """Judge the feed's address and header; a feed that is away for a moment is no wrong setting."""
    with (
        closing(feed_client()) as http,
        suppress(TransientReadError, IncompleteSnapshotError),
    ):
        FeedFile(feed_head(source, http), own)
