"""Contacts whose consent changed: the export `getchanges`, a delta for opt-in and e-mail only.

Source:
    Emarsys reference 3.9: of changes by the API only those of e-mail and opt-in are sure to be told,
    imports never; days count, and a day is one of Vienna (2.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from auditor.errors import ConfigError
from auditor.model.stream import Page
from auditor.model.tables import emarsys_contact
from auditor.private_file import unnamed
from auditor.systems.emarsys.contact_rows import contact_rows
from auditor.systems.emarsys.contacts import identified
from auditor.systems.emarsys.envelope import Endpoint
from auditor.systems.emarsys.export_file import ExportFile
from auditor.systems.emarsys.exports import (
    RUNNING_ALREADY,
    download_export,
    export_body,
    start_by,
    wait_for_export,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import BinaryIO

    from auditor.systems.emarsys.client import CoreApi

CHANGES = Endpoint("POST", "contact/getchanges", "export.contact.changed", RUNNING_ALREADY)

VIENNA = ZoneInfo("Europe/Vienna")
NEVER_TOLD = frozenset({27, 28, 29, 32, 33})
MOST_FIELDS = 20


def consent_changes(
    api: CoreApi, fields: Mapping[str, int], since: datetime, until: datetime
) -> Iterator[Page]:
    """Yield the contacts that changed between two moments, as they are now.

    Whole days are asked for, so more than asked may come, and whoever goes on from an earlier call
    lets the two overlap. A change by an import is never among them: a full export stays the truth.

    Args:
        api: The core API.
        fields: The field ids to read by canonical column; those that getchanges refuses are left out.
        since: The first moment, aware.
        until: The last moment, aware.

    Raises:
        ConfigError: more fields than getchanges takes.
        ReadError: the changes cannot be read to their end.
    """
    asked = {name: number for name, number in fields.items() if number not in NEVER_TOLD}
    if not 1 <= len(asked) <= MOST_FIELDS:
        raise ConfigError(f"emarsys.fields: {CHANGES.path} takes 1 to {MOST_FIELDS} fields.")
    days = [moment.astimezone(VIENNA).date().isoformat() for moment in (since, until)]
    wanted = {"origin": "all", "origin_id": "0", "time_range": days}
    export_id = start_by(api, CHANGES, {**wanted, **export_body(list(asked.values()))}, {})
    with unnamed() as file:
        wait_for_export(api, export_id)
        download_export(api, export_id, file)
        yield from _pages(file, ("contact_id", *asked))


def _pages(file: BinaryIO, names: tuple[str, ...]) -> Iterator[Page]:
    export = ExportFile(file, (len(names),))
    for columns, malformed in export.batches():
        rows = contact_rows(dict(zip(names, columns, strict=True)))
        found = identified(rows.table)
        aside = (*malformed, *rows.aside, *found.aside)
        yield Page(
            {emarsys_contact.name: found.table}, rows=len(columns[0]) + len(malformed), aside=aside
        )
