"""A Centra client that takes one row of every list, and remembers which permissions it lacked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.systems.centra.answers import MissingPermissionError
from auditor.systems.centra.client import CentraClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec

_SIZE = re.compile(r"\b(first|limit): \d+")


class TinyClient(CentraClient):
    """Sends the very queries of an audit, but asks for a single row: that proves all it has to prove."""

    def query(self, text: str, variables: Mapping[str, object] | None = None) -> msgspec.Raw:
        """Return the `data` of an answer as JSON.

        Raises:
            ReadError: as for any query.
        """
        try:
            return super().query(_SIZE.sub(r"\1: 1", text), variables)
        except MissingPermissionError as exc:
            self.lacking = self.lacking | exc.permissions
            raise

    def branch(self) -> TinyClient:
        """Return this client: one thread reads every list, and what it lacks is kept here."""
        return self

    lacking: frozenset[str] = frozenset()
    """Permissions that answers so far have named as missing."""
