"""Emarsys Open Data: the views with the columns that are read, and the age of their newest row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.doctor.result import Result, probe
from auditor.doctor.run import failure
from auditor.errors import AbsentError, AuditorError
from auditor.model.currency import MINOR_DIGITS
from auditor.systems.centra.places import base_currency
from auditor.systems.emarsys import columns as read
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.emarsys.open_data_views import View
from auditor.systems.emarsys.streams import open_data_views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit

OLD = timedelta(days=2)
LOADED = ("loaded_at", "load_date")
"""When a row came into a view; which of the two there is depends on the view (Emarsys reference 7)."""

ALWAYS_MOVING = frozenset({"sales", "external_events"})
_NEWEST = sa.Table("newest", sa.MetaData(), sa.Column("at", sa.DateTime))


class Newest(View):
    """A view of which only the time of the newest row is read."""

    def select(self, relation: sa.TableClause, *_: object, **__: object) -> sa.Select[Any]:
        """Return the select of that one time, from whenever it is."""
        return sa.select(*(sa.func.max(column) for column in relation.c))


@probe("emarsys.open_data", "emarsys")
def views(visit: Visit) -> Iterator[Result]:
    """Look at every view that is read."""
    settings = visit.settings.emarsys.open_data
    wanted = open_data_views(_any_currency(visit))
    if settings is None:
        yield Result("off", "emarsys.open_data is not configured.", streams=tuple(wanted))
        return
    try:
        source = OpenData(settings)
    except AuditorError as exc:
        yield failure(exc, streams=tuple(wanted))
        return
    for stream, view in wanted.items():
        yield _result(visit, source, stream, view)


def _result(visit: Visit, source: OpenData, stream: str, view: View) -> Result:
    try:
        source.require(view)
    except AbsentError as exc:
        return Result("off", f"{exc}.", streams=(stream,), id=stream)
    except AuditorError as exc:
        return failure(exc, streams=(stream,), part=stream)
    newest = _newest(source, view)
    if newest is None:
        return Result(
            "ok", f"{view.name} has every column; the age of its rows is unknown.", id=stream
        )
    age = visit.clock() - newest
    hours = f"{max(age / timedelta(hours=1), 0):,.0f} h"
    detail = f"{view.name} has every column; its newest row came {hours} ago."
    if age > OLD and stream in ALWAYS_MOVING:
        fix = "Ask Emarsys Support whether the view is still loaded."
        return Result("warn", detail, fix, id=stream)
    return Result("ok", detail, id=stream)


def _newest(source: OpenData, view: View) -> datetime | None:
    for column in LOADED:
        newest = Newest(view.name, _NEWEST, {"at": (column, read.moments)}, repeats="kept")
        try:
            pages = [page.tables[_NEWEST.name] for page in source.read(newest, date.min)]
        except AuditorError:
            continue
        found = [at for page in pages for at in page.column("at").to_pylist() if at is not None]
        return max(found).replace(tzinfo=UTC) if found else None
    return None


def _any_currency(visit: Visit) -> str:
    """Return the account's currency; where Centra does not tell it, any will do to find columns."""
    try:
        return base_currency(visit.centra())
    except AuditorError:
        return next(iter(MINOR_DIGITS))
