"""Emarsys: the segments whose rules the settings declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.doctor.result import Result, probe, shown
from auditor.doctor.run import failure
from auditor.errors import AuditorError, ConfigError
from auditor.systems.emarsys.exports import Audience, audience_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.config import Audience as Declared
    from auditor.doctor.visit import Visit
    from auditor.systems.emarsys.client import CoreApi


STREAMS = ("segment_members",)


@probe("emarsys.audience", "emarsys", after="emarsys.credentials", streams=STREAMS)
def audiences(visit: Visit) -> Iterator[Result]:
    """Count every segment that `audiences` names."""
    declared = visit.settings.audiences
    if not declared:
        yield Result("off", "No audience is declared in audiences.", streams=STREAMS)
        return
    for one in declared:
        yield _counted(visit.emarsys(), one)


def _counted(api: CoreApi, declared: Declared) -> Result:
    part, name = str(declared.segment), shown(declared.name)
    try:
        size = audience_size(api, Audience("segment", declared.segment))
    except ConfigError:
        detail = f"audiences: the account has no segment {part} ({name})."
        fix = "Take the id from the segment's page in Emarsys."
        return Result("fail", detail, fix, STREAMS, id=part)
    except AuditorError as exc:
        return failure(exc, part=part)
    count = "is being counted" if size is None else f"holds {size:,} contacts"
    return Result("ok", f"Segment {part} ({name}) {count}.", id=part)
