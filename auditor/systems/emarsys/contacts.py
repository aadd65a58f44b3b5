"""The stream `contacts`: the whole contact base, from an export of a segment or a list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from auditor.model.stream import Page
from auditor.model.tables import emarsys_contact
from auditor.private_file import unnamed
from auditor.systems.arrow import arrow_schema
from auditor.systems.emarsys.client import require_all, unless_refused
from auditor.systems.emarsys.contact_ids import ContactIds
from auditor.systems.emarsys.contact_rows import UNADDRESSED, Rows, contact_rows, set_aside
from auditor.systems.emarsys.export_file import ExportFile
from auditor.systems.emarsys.exports import (
    Audience,
    audience_size,
    download_export,
    start_export,
    wait_for_export,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.config.systems import Contacts
    from auditor.model.stream import Aside
    from auditor.systems.emarsys.client import CoreApi

BATCH_ROWS = 20_000


def audience_of(contacts: Contacts) -> Audience | None:
    """Return what the settings export, None where they ask for the query instead."""
    if contacts.segment is not None:
        return Audience("segment", contacts.segment)
    return None if contacts.list is None else Audience("list", contacts.list)


def read_contacts(api: CoreApi, fields: Mapping[str, int], audience: Audience) -> Iterator[Page]:
    """Yield every contact of the audience.

    Args:
        api: The core API.
        fields: The field ids to read by canonical column.
        audience: Whom to read.

    Raises:
        ConfigError: the account has no such segment, list or field.
        IncompleteSnapshotError: the export holds fewer rows than the audience has contacts.
        ReadError: the contacts cannot be read to their end.
    """
    read = 0
    with unnamed() as file:
        before = unless_refused(lambda: audience_size(api, audience))
        export_id = start_export(api, audience, list(fields.values()))
        wait_for_export(api, export_id)
        download_export(api, export_id, file)
        after = unless_refused(lambda: audience_size(api, audience))
        for page in _pages(api, file, fields):
            read += page.rows
            yield replace(page, total=after)
    require_all("the contact export", read, before, after)


def _pages(api: CoreApi, file: BinaryIO, fields: Mapping[str, int]) -> Iterator[Page]:
    """Yield the exported rows; some accounts put the contact id before the asked columns."""
    export = ExportFile(file, (len(fields), len(fields) + 1))
    has_ids = export.width > len(fields)
    names = [*(["contact_id"] if has_ids else []), *fields]
    lookup = _Lookup(api, fields)
    for columns, malformed in export.batches():
        rows = contact_rows(dict(zip(names, columns, strict=True)))
        found = identified(rows.table) if has_ids else lookup.keyed(rows.table)
        yield _page(found, (*malformed, *rows.aside), len(columns[0]) + len(malformed))
    for found in lookup.rest():
        yield _page(found, (), 0)


def _page(found: Rows, aside: tuple[Aside, ...], exported: int) -> Page:
    return Page({emarsys_contact.name: found.table}, rows=exported, aside=aside + found.aside)


def identified(table: pa.Table) -> Rows:
    """Return the rows of an export that names contact ids; one without an id is set aside."""
    known = pc.is_valid(table.column("contact_id"))
    lost = set_aside(table, _indices(pc.invert(known)), "the row has no contact id")
    return Rows(table.filter(known), tuple(lost))


class _Lookup:
    """Gives exported rows their ids: rows with an external id at once, the others at the end."""

    def __init__(self, api: CoreApi, fields: Mapping[str, int]) -> None:
        self._ids = ContactIds(api, fields)
        self._waiting: list[pa.Table] = []

    def keyed(self, table: pa.Table) -> Rows:
        """Return the rows with an external id; keep those with an e-mail only for later."""
        keyed = pc.is_valid(table.column("external_id"))
        mailed = pc.is_valid(table.column("email"))
        self._waiting.append(table.filter(pc.and_not(mailed, keyed)))
        rows = self._ids.resolve(table.filter(keyed), "external_id")
        neither = _indices(pc.invert(pc.or_(mailed, keyed)))
        lost = set_aside(table, neither, UNADDRESSED)
        return Rows(rows.table, (*rows.aside, *lost))

    def rest(self) -> Iterator[Rows]:
        """Yield the rows that waited."""
        waiting = pa.concat_tables([arrow_schema(emarsys_contact).empty_table(), *self._waiting])
        for start in range(0, waiting.num_rows, BATCH_ROWS):
            yield self._ids.resolve(waiting.slice(start, BATCH_ROWS), "email")


def _indices(mask: pa.ChunkedArray) -> list[int]:
    return list(pc.indices_nonzero(mask).to_pylist())
