"""An open auditor that keeps Centra and Emarsys telling the same truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.frames import Brand

__version__ = "0.1.0"


def open(config: str | Path | None = None, folder: str | Path | None = None) -> Brand:  # noqa: A001 - as in `auditor.open`
    """Open a brand for reading: runs, findings, both sides, charts and explanations, as pandas frames.

    Args:
        config: Its settings file; None takes `$AUDITOR_CONFIG`, else `auditor.yaml`.
        folder: Where the auditor runs, with `var/` in it; None takes the present folder, or that of the
            settings file where only that one has `var/`.

    Raises:
        ConfigError: the settings are missing or wrong.
    """
    from auditor.frames import open_brand  # it takes a second, and few commands need it

    return open_brand(config, folder)
