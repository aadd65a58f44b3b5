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
        Centra reference 1.3: each answer that lacks a permission names it.
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
    if client.lacking:
        lacking = " and ".join(sorted(client.lacking))
        detail = f"Readable, but without what needs {lacking}."
        return Result("warn", detail, grant(lacking), id=name)
    return Result("ok", "Readable.", id=name)
