"""Sets a damaged warehouse aside, so that a new one can be read: nothing of it is deleted."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.private_file import PRIVATE_FILE
from auditor.warehouse.connect import SETTING, clear_spill, file_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

BROKEN = ".broken-"


def set_aside(url: str, at: datetime) -> Path | None:
    """Rename the file of a warehouse, with what was not yet written into it; return its new name.

    Args:
        url: The warehouse's; no connection to it is open.
        at: Becomes part of the new name; aware.

    Returns:
        None where there is no such file.

    Raises:
        ConfigError: its engine keeps it in no file.
        OSError: it cannot be renamed.
    """
    file = file_of(url)
    if file is None:
        raise ConfigError(
            f"--rebuild: {SETTING} is kept in no file; restore that database from its own backup."
        )
    aside = file.with_name(f"{file.name}{BROKEN}{at.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}")
    log = file.with_name(f"{file.name}.wal")
    if log.exists():  # first: a new warehouse must never find the log of another
        _renamed(log, aside.with_name(f"{aside.name}.wal"))
    clear_spill(file)
    return _renamed(file, aside) if file.exists() else None


def _renamed(file: Path, to: Path) -> Path:
    file.chmod(PRIVATE_FILE)
    return file.replace(to)
