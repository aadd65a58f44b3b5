"""The stream `catalogue`: the feed that Emarsys imports, as canonical items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.stream import Page
from auditor.model.tables import emarsys_feed
from auditor.systems.arrow import arrow_table
from auditor.systems.emarsys.feed import opened_feed
from auditor.systems.emarsys.feed_file import FeedFile
from auditor.systems.emarsys.item_rows import page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.systems.emarsys.item_rows import Reading
    from auditor.systems.http import HttpClient


def read_catalogue(source: str, http: HttpClient, reading: Reading) -> Iterator[Page]:
    """Yield the feed, first when it was written and then its items.

    Args:
        source: Address or path of the feed.
        http: Fetches an address.
        reading: How its cells are read.

    Raises:
        ConfigError: there is no such file, or a column is missing in it.
        ReadError: the feed cannot be read to its end.
    """
    with opened_feed(source, http) as feed:
        file = FeedFile(feed.file, reading.own)
        written = arrow_table(emarsys_feed, {"written_at": [feed.written_at]})
        yield Page({emarsys_feed.name: written}, rows=0)
        for columns, malformed in file.batches():
            yield page_of(file, columns, malformed, reading)
