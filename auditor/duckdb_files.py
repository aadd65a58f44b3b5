"""What the auditor sets on each connection to a DuckDB file, its own or another's."""

from __future__ import annotations

from typing import Any

OFFLINE: dict[str, object] = {"autoinstall_known_extensions": False}
"""DuckDB fetches what it lacks from its makers' server; the auditor asks no host that nobody named."""


def for_reading() -> dict[str, Any]:
    """Return the arguments of a connection that never writes or creates its file."""
    return {"read_only": True, "config": dict(OFFLINE)}
