"""Lists below a row that end at a limit: what lies behind it is asked for, row by row.

Most lists below a row come whole. Where the tenant's API ends one at a limit, a row that has as many
entries as the limit may have more; they are read page by page in queries of that row alone, so that
nothing is capped in silence.

Source:
    Centra reference 2.2: nested lists take `limit` (1 to 200, 20 by default) and `page`, or are whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from auditor.errors import IncompleteSnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.systems.centra.query import Want
    from auditor.systems.centra.schema import Schema


@dataclass(frozen=True, slots=True)
class Nested:
    """A list below the rows of another.

    Attributes:
        name: Its field.
        attribute: The attribute of a record that holds it.
        row: A record that holds nothing but this list.
        filter: The filter that finds one row by its key.
        key: Tells entries of the list apart.
        limit: Entries to ask for at once.
        is_limited: Whether it ends at a default even where the schema does not show one.
    """

    name: str
    attribute: str
    row: type[Any]
    filter: str
    key: Callable[[Any], int]
    limit: int = 200
    is_limited: bool = False

    def applies(self, schema: Schema, type_name: str) -> bool:
        """Return whether the list ends at a limit in this tenant."""
        found = schema.field(type_name, self.name)
        limit = found.argument("limit") if found else None
        return limit is not None and (self.is_limited or limit.default_value is not None)

    def limited(self, want: Want, page: int | None = None) -> Want:
        """Return a field with the limit as an argument, and with a page number if one is given."""
        parts = [want.args] if want.args else []
        parts.append(f"limit: {self.limit}")
        if page is not None:
            parts.append(f"page: {page}")
        return replace(want, args=", ".join(parts))

    def fill(self, entries: list[Any], more: Callable[[int], list[Any]]) -> None:
        """Append to a list what lies behind its limit.

        Args:
            entries: What is known of the list.
            more: Returns a page of it, from 2.

        Raises:
            IncompleteSnapshotError: a page gave only what was known.
        """
        known = {self.key(entry) for entry in entries}
        page, found = 1, entries[:]
        while len(found) >= self.limit:
            page += 1
            found = more(page)
            news = {self.key(entry): entry for entry in found if self.key(entry) not in known}
            if found and not news:
                raise IncompleteSnapshotError(f"Centra repeated a page of {self.name}.")
            known |= news.keys()
            entries.extend(news.values())
