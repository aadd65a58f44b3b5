"""Centra, the commerce system: its Integration API as streams of canonical rows.

`client` asks, `schema` knows what the tenant has, `query` asks for no more than that, `paging` reads a
list to its end or says why not, and one module per group of streams turns rows into tables.
"""

from auditor.systems.centra.client import CentraClient
from auditor.systems.centra.pace import Timing
from auditor.systems.centra.streams import centra_streams

__all__ = ["CentraClient", "Timing", "centra_streams"]
