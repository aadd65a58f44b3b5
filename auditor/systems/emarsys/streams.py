"""The streams that Emarsys offers to a snapshot."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from auditor.model.stream import Page, Stream
from auditor.model.tables import (
    emarsys_event_definition,
    emarsys_quarantine,
    emarsys_segment_member,
)
from auditor.systems.arrow import arrow_table
from auditor.systems.emarsys import open_data_views as views
from auditor.systems.emarsys.catalogue import read_catalogue
from auditor.systems.emarsys.client import api_opener, require_all, unless_refused
from auditor.systems.emarsys.contact_rows import asked_fields
from auditor.systems.emarsys.contacts import audience_of, read_contacts
from auditor.systems.emarsys.currency import minor_digits
from auditor.systems.emarsys.events import UNTOLD_USAGES, USAGES, event_names, usage_count
from auditor.systems.emarsys.feed import feed_client
from auditor.systems.emarsys.item_rows import Reading
from auditor.systems.emarsys.lists import list_id_of, member_count, member_ids
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.emarsys.open_data_in_place import InPlace
from auditor.systems.emarsys.query import read_queried_contacts
from auditor.systems.emarsys.segments import (
    PAGE,
    finished_run,
    run_members,
    segment_members,
    segment_size,
    start_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import date, datetime

    from auditor.config import Settings
    from auditor.config.systems import OpenData as OpenDataSettings
    from auditor.model.snapshot import Dropped
    from auditor.model.stream import Beside, Start
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.open_data_views import View
    from auditor.systems.http import HttpClient

log = logging.getLogger(__name__)

SYSTEM: Literal["emarsys"] = "emarsys"


def emarsys_streams(
    settings: Settings,
    *,
    since: date,
    account_currency: str,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> list[Stream]:
    """Return every stream of Emarsys; what the settings do not configure is off.

    Args:
        settings: The brand's settings.
        since: The first day whose sales and events count.
        account_currency: The currency that Emarsys keeps amounts in.
        clock: The time now, aware.
        sleep: Waits for that many seconds.

    Raises:
        ConfigError: an address in the settings is not usable, or the currency is not known.
    """
    emarsys = settings.emarsys
    open_api = api_opener(emarsys, clock=clock, sleep=sleep)
    audience, fields = audience_of(emarsys.contacts), asked_fields(settings)
    quarantine = emarsys.quarantine_list
    segments = sorted({one.segment for one in settings.audiences or ()})
    return [
        _over_api(
            "contacts",
            open_api,
            lambda api: (
                read_queried_contacts(api, fields)
                if audience is None
                else read_contacts(api, fields, audience)
            ),
        ),
        _off("quarantine", "emarsys.quarantine_list is not configured")
        if quarantine is None
        else _over_api("quarantine", open_api, lambda api: read_quarantine(api, quarantine)),
        _over_api("segment_members", open_api, lambda api: read_segment_members(api, segments))
        if segments
        else _off("segment_members", "audiences is not configured"),
        _over_events(open_api, emarsys.events.values()),
        *(
            _over_open_data(name, emarsys.open_data, view, since)
            for name, view in open_data_views(account_currency).items()
        ),
        _over_feed(settings, account_currency),
    ]


def open_data_views(account_currency: str) -> dict[str, View]:
    """Return the Open Data view behind each stream.

    Raises:
        ConfigError: the currency is not known.
    """
    return {
        "sales": views.sales(minor_digits(account_currency)),
        "si_contacts": views.SI_CONTACTS,
        "unsubscribes": views.UNSUBSCRIBES,
        "external_events": views.EXTERNAL_EVENTS,
        "automation_executions": views.AUTOMATION_EXECUTIONS,
        "latest_products": views.latest_products(minor_digits(account_currency)),
    }


def read_quarantine(api: CoreApi, name: str) -> Iterator[Page]:
    """Yield the contacts on the quarantine list; a list that nobody made yet is an empty one.

    Raises:
        ReadError: the list cannot be read to its end.
    """
    list_id = list_id_of(api, name)
    if list_id is None:
        yield Page(
            {emarsys_quarantine.name: arrow_table(emarsys_quarantine, {"contact_id": []})}, 0, 0
        )
        return
    before = unless_refused(lambda: member_count(api, list_id))
    read = 0
    for ids in member_ids(api, list_id):
        read += len(ids)
        table = arrow_table(emarsys_quarantine, {"contact_id": ids})
        yield Page({emarsys_quarantine.name: table}, rows=len(ids), total=before)
    after = unless_refused(lambda: member_count(api, list_id))
    require_all("the quarantine list", read, before, after)


def read_segment_members(api: CoreApi, segment_ids: Iterable[int]) -> Iterator[Page]:
    """Yield the contacts of some segments, one segment after the other.

    Raises:
        ConfigError: the account has no such segment.
        ReadError: a segment cannot be read to its end.
    """
    for segment_id in segment_ids:
        for ids in _members(api, segment_id):
            columns = {"segment_id": [str(segment_id)] * len(ids), "contact_id": ids}
            table = arrow_table(emarsys_segment_member, columns)
            yield Page({emarsys_segment_member.name: table}, rows=len(ids))


def _members(api: CoreApi, segment_id: int) -> Iterator[list[str]]:
    """Return the members of a segment: those of one page at once, more from the list of a run.

    A run leaves a list that stands still while it is paged. An account runs one segment at a time, so
    the list is read to its end before another run begins.

    Source:
        Emarsys reference 9.2.
    """
    if segment_size(api, segment_id, "audiences") <= PAGE:
        return segment_members(api, segment_id)
    return run_members(api, finished_run(api, start_run(api, segment_id)))


def read_event_definitions(api: CoreApi, configured: Collection[str] = ()) -> Iterator[Page]:
    """Yield the external events that the account has.

    Args:
        api: The core API.
        configured: Names of the events of which is asked what they set off.

    Raises:
        ReadError: they cannot be read.
    """
    names = event_names(api)
    asked = {event_id for event_id, name in names.items() if name in configured}
    columns = {
        "event_type_id": list(names),
        "name": list(names.values()),
        "usages": [
            unless_refused(partial(usage_count, api, event_id)) if event_id in asked else None
            for event_id in names
        ],
    }
    yield Page(
        {emarsys_event_definition.name: arrow_table(emarsys_event_definition, columns)},
        rows=len(names),
        total=len(names),
    )


def _off(name: str, reason: str) -> Stream:
    return Stream(SYSTEM, name, lambda: iter(()), off=reason)


def _over_api(
    name: str, open_api: Callable[[], CoreApi], pages: Callable[[CoreApi], Iterator[Page]]
) -> Stream:
    opened: list[CoreApi] = []

    def read() -> Iterator[Page]:
        api = open_api()
        opened.append(api)
        try:
            yield from pages(api)
        finally:
            api.close()

    return Stream(SYSTEM, name, read, requests=lambda: sum(api.requests for api in opened))


def _over_events(open_api: Callable[[], CoreApi], configured: Collection[str]) -> Stream:
    untold: list[Dropped] = []
    lacking = f"{UNTOLD_USAGES.field} was not read; grant {USAGES.permission} to the API user."

    def pages(api: CoreApi) -> Iterator[Page]:
        untold.clear()
        for page in read_event_definitions(api, configured):
            rows = page.tables[emarsys_event_definition.name].select(["name", "usages"]).to_pylist()
            if any(row["name"] in configured and row["usages"] is None for row in rows):
                untold[:] = [UNTOLD_USAGES]
            yield page

    return replace(
        _over_api("event_definitions", open_api, pages),
        notes=lambda: (lacking,) if untold else (),
        dropped=lambda: tuple(untold),
    )


def _over_feed(settings: Settings, currency: str) -> Stream:
    if settings.emarsys.catalogue is None:
        return _off("catalogue", "emarsys.catalogue is not configured")
    source = settings.emarsys.catalogue.feed
    reading = Reading(currency, minor_digits(currency), settings.catalogue.own_columns)
    opened: list[HttpClient] = []

    def read() -> Iterator[Page]:
        http = feed_client()
        opened.append(http)
        with closing(http):
            yield from read_catalogue(source, http, reading)

    return Stream(SYSTEM, "catalogue", read, requests=lambda: sum(one.requests for one in opened))


def _over_open_data(
    name: str, settings: OpenDataSettings | None, view: View, since: date
) -> Stream:
    if settings is None:
        return _off(name, "emarsys.open_data is not configured")

    def read_from(start: Start) -> Iterator[Page]:
        return OpenData(settings).read(view, since, start.changed_since)

    def in_place(start: Start, beside: Beside) -> Iterator[Page]:
        source = InPlace(settings, view, since, beside)
        plan = source.plan(start.changed_since)
        if isinstance(plan, str):
            log.info("Open Data: %s is read through the auditor, for %s.", view.name, plan)
            return read_from(start)
        return source.pages(plan)

    return Stream(
        SYSTEM,
        name,
        lambda: OpenData(settings).read(view, since),
        read_from=None if view.loaded is None else read_from,
        home=settings.url,
        in_place=in_place,
    )
