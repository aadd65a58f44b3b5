"""Centra: one row of every stream, by the very queries of an audit, so every permission is proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.doctor.result import CENTRA_STREAMS, Result, probe
from auditor.doctor.run import failure, grant
from auditor.errors import AuditorError
from auditor.systems.centra.answers import MissingPermissionError
from auditor.systems.centra.streams import centra_streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.tiny import TinyClient
    from auditor.doctor.visit import Visit
    from auditor.model.stream import Stream


@probe("centra.stream", "centra", after="centra.token", streams=CENTRA_STREAMS)
def streams(visit: Visit) -> Iterator[Result]:
    """Read one row of every stream.

    Source:
        Centra reference 0: the schema says which fields there are. 1.3: each answer that lacks a
        permission names it.
    """
    settings, client = visit.settings, visit.centra()
    for stream in centra_streams(
        settings.centra,
        client=client,
        since=settings.sales.since,
        item=settings.centra.catalogue.item,
        tax=settings.sales.tax,
    ):
        yield _result(stream, client)


def _result(stream: Stream, client: TinyClient) -> Result:
    name, lost = stream.name, (stream.name,)
    if stream.off:
        return Result("off", stream.off, streams=lost, id=name)
    client.lacking = frozenset()
    try:
        next(iter(stream.read()), None)
    except MissingPermissionError as exc:
        needed = " and ".join(sorted(exc.permissions))
        detail = f"The token may not read {name}: it lacks {needed}."
        return Result("fail", detail, grant(needed), lost, id=name)
    except AuditorError as exc:
        return failure(exc, streams=lost, part=name)
    return _readable(stream, client)


def _readable(stream: Stream, client: TinyClient) -> Result:
    """Say what is left out of a stream that can be read, field by field."""
    dropped = stream.dropped()
    if not dropped:
        return Result("ok", "Readable.", id=stream.name)
    fields = ", ".join(one.field for one in dropped)
    fix = "Ask Centra whether a newer version has it."
    detail = f"Readable, but without {fields}"
    if client.lacking:
        lacking = " and ".join(sorted(client.lacking))
        detail, fix = f"{detail}: the token lacks {lacking}", grant(lacking)
    columns = tuple(column for one in dropped for column in one.columns)
    return Result("warn", f"{detail}.", fix, columns=columns, id=stream.name)
