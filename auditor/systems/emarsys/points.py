"""Single records of Emarsys, read again by their keys: contacts, and what Open Data has of some.

Source:
    Emarsys reference 3.4 (`getdata` by `id`; whom it does not find is among the errors), 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from auditor.errors import IncompleteSnapshotError
from auditor.model.tables import emarsys_contact
from auditor.systems.arrow import arrow_schema
from auditor.systems.emarsys.contact_rows import contact_rows_of_data
from auditor.systems.emarsys.lookup import NOT_FOUND, getdata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.open_data import OpenData
    from auditor.systems.emarsys.open_data_views import View

UNREAD = "Some of Emarsys' {} could not be read again."


class EmarsysPoints:
    """Records of one account by their keys.

    Args:
        api: The core API.
        fields: The field ids of a contact by column, as the contacts were read.
        open_data: Where the views are; None where they are not configured.
        views: By stream, with the column by which its rows are looked up.
        since: The first day whose sales and events count.
    """

    def __init__(
        self,
        api: CoreApi,
        fields: Mapping[str, int],
        open_data: OpenData | None,
        views: Mapping[str, tuple[View, str]],
        since: date,
    ) -> None:
        self._api, self._fields = api, fields
        self._open_data, self._views, self._since = open_data, views, since
        self._selects = 0

    @property
    def requests(self) -> int:
        """Return how many requests and selects were sent so far."""
        return self._api.requests + self._selects

    @property
    def streams(self) -> frozenset[str]:
        """Return the streams of which single records can be read."""
        return frozenset({"contacts", *(self._views if self._open_data else ())})

    def read(self, stream: str, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        """Return the records that are there now, as canonical rows by table.

        Args:
            stream: One of `streams`.
            keys: Ids of contacts; for sales, the numbers of the orders.

        Raises:
            IncompleteSnapshotError: a record cannot be read.
            ReadError: as for `CoreApi.call`.
            ConfigError: Open Data cannot be opened.
        """
        if stream == "contacts":
            return {emarsys_contact.name: self._contacts(keys)}
        return self._rows(*self._views[stream], keys)

    def _contacts(self, ids: Sequence[str]) -> pa.Table:
        parts, untold = [arrow_schema(emarsys_contact).empty_table()], set(ids)
        for found in getdata(self._api, "id", ids, list(self._fields.values())):
            rows = contact_rows_of_data(found.rows, self._fields)
            parts.append(rows.table)
            untold -= {*rows.table.column("contact_id").to_pylist()}
            untold -= {key for key, code in found.failed.items() if code == NOT_FOUND}
        if untold:
            raise IncompleteSnapshotError(UNREAD.format("contacts"))
        return pa.concat_tables(parts)

    def _rows(self, view: View, column: str, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        if self._open_data is None:
            raise IncompleteSnapshotError(UNREAD.format(view.name))
        self._selects += 1
        pages = list(self._open_data.read_some(view, self._since, column, keys))
        if any(page.aside for page in pages):
            raise IncompleteSnapshotError(UNREAD.format(view.name))
        name = view.table.name
        return {name: pa.concat_tables([page.tables[name] for page in pages])} if pages else {}
