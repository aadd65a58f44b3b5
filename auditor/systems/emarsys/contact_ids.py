"""Contact ids for exported rows that come without one.

A segment export names no contact id, and a key may stand on several contacts. Each row is looked up
by its key; where the key has several contacts, those are read anew by id and replace the exported
rows, so that every duplicate is in the store exactly once.

Source:
    Emarsys reference 3.6 (checkids), 3.4 (getdata by `id`), 3.12 (duplicates).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from auditor.model.tables import emarsys_contact
from auditor.systems.arrow import arrow_schema
from auditor.systems.emarsys.contact_rows import (
    VANISHED,
    Rows,
    aside,
    contact_rows_of_data,
    set_aside,
    taken,
)
from auditor.systems.emarsys.envelope import id_or_none
from auditor.systems.emarsys.lookup import AMBIGUOUS, NOT_FOUND, UNUSABLE_KEY, checkids, getdata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Literal

    from auditor.model.stream import Aside
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.lookup import Ids

UNTOLD = "Emarsys leaves this contact out of its answer and says no reason"
REASONS: dict[int | None, str] = {
    NOT_FOUND: VANISHED,
    AMBIGUOUS: "several contacts have this key and Emarsys does not give their ids",
    UNUSABLE_KEY: "Emarsys does not accept the key of this contact",
    None: "Emarsys finds nobody by the key of this contact and gives no reason that is known",
}


class ContactIds:
    """Finds ids for exported rows, remembering which contacts it has given out.

    Args:
        api: The core API.
        fields: The field ids by column, as they were exported.
    """

    def __init__(self, api: CoreApi, fields: Mapping[str, int]) -> None:
        self._api, self._fields = api, fields
        self._known: set[str] = set()
        self._reread: set[str] = set()

    def resolve(self, table: pa.Table, key: Literal["external_id", "email"]) -> Rows:
        """Return the rows with their ids; every row given has that key.

        Rows with an external id must come first: an e-mail also finds contacts that have one.

        Raises:
            ReadError: as for `CoreApi.call`.
        """
        if table.num_rows == 0:
            return Rows(table)
        rows_of: dict[str, list[int]] = {}
        for row, value in enumerate(table.column(key).to_pylist()):
            rows_of.setdefault(value, []).append(row)
        batch = _Batch(table, rows_of)
        for ids in checkids(self._api, self._fields[key], rows_of):
            self._sort(batch, ids)
        parts = [batch.with_ids(), *self._read_anew(batch.several)]
        return Rows(
            pa.concat_tables([part.table for part in parts]),
            tuple(one for part in parts for one in part.aside),
        )

    def _sort(self, batch: _Batch, ids: Ids) -> None:
        for key, found in ids.of_key.items():
            if key not in batch.rows_of:  # then the key that was asked for is among the failed
                continue
            new = [one for one in found if one not in self._known]
            self._known.update(new)
            if new and len(found) == 1 and len(batch.rows_of[key]) == 1:
                batch.id_of[batch.rows_of[key][0]] = new[0]
            elif new:
                batch.several.extend(new)
            elif self._reread.isdisjoint(found):
                batch.put_aside(key, VANISHED)
        for key, code in ids.failed.items():
            batch.put_aside(key, REASONS.get(code) or f"Emarsys answers its key with code {code}")

    def _read_anew(self, several: list[str]) -> Iterator[Rows]:
        self._reread.update(several)
        return rows_by_id(self._api, self._fields, several)


def rows_by_id(api: CoreApi, fields: Mapping[str, int], ids: Sequence[str]) -> Iterator[Rows]:
    """Yield the contacts with these ids, read anew; whoever Emarsys leaves out or fails at is set aside.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    untold = dict.fromkeys(ids)
    for found in getdata(api, "id", ids, list(fields.values())):
        rows = contact_rows_of_data(found.rows, fields)
        for one in (*(id_or_none(row.get("id")) for row in found.rows), *found.failed):
            untold.pop(one or "", None)
        failed = (aside(_why(code), {"contact_id": one}) for one, code in found.failed.items())
        yield Rows(rows.table, (*rows.aside, *failed))
    if untold:
        nobody = arrow_schema(emarsys_contact).empty_table()
        yield Rows(nobody, tuple(aside(UNTOLD, {"contact_id": one}) for one in untold))


def _why(code: int | None) -> str:
    """Say why a contact is not read by its id; only one that is not there hides nobody."""
    return VANISHED if code == NOT_FOUND else f"Emarsys answers its id with code {code}"


class _Batch:
    """Exported rows, and what became of each."""

    def __init__(self, table: pa.Table, rows_of: dict[str, list[int]]) -> None:
        self.table, self.rows_of = table, rows_of
        self.id_of: dict[int, str] = {}
        self.several: list[str] = []
        self._aside: list[Aside] = []

    def put_aside(self, key: str, reason: str) -> None:
        """Set aside all rows with this key."""
        self._aside.extend(set_aside(self.table, self.rows_of[key], reason))

    def with_ids(self) -> Rows:
        """Return the rows whose id was found, and those that were set aside."""
        rows = sorted(self.id_of)
        ids = pa.array([self.id_of[row] for row in rows], pa.string())
        column = self.table.schema.get_field_index("contact_id")
        return Rows(
            taken(self.table, rows).set_column(column, self.table.schema.field(column), ids),
            tuple(self._aside),
        )
