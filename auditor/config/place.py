"""The folder that the auditor runs in, where relative paths begin: whether a brand's stores are elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

EMBEDDED = ("duckdb", "sqlite")


def require_stores_here(config: Path, *urls: str) -> None:
    """Return unless stores would be begun anew here, while the folder of the settings has them.

    An empty ledger knows of no upload and no letter, and would let both go out again.

    Args:
        config: The settings file.
        urls: The stores' addresses, as the settings have them.

    Raises:
        ConfigError: a folder at or above that of the settings has a store, and this folder has none.
    """
    files = tuple(_relative_files(urls))
    if any(map(_holds_something, files)):
        return
    beside = config.resolve().parent
    for folder in (beside, *beside.parents):
        found = next((file for file in files if _holds_something(folder / file)), None)
        if found is not None:
            raise ConfigError(
                f"store: {found} is in {folder}, not in {Path.cwd()}, where the auditor runs now and "
                f"would begin anew; run it in {folder}, or give the stores whole paths in {config}."
            )


def _holds_something(file: Path) -> bool:
    """Tell whether a file may be a store; one that is empty, or another user's, is none of this brand."""
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def _relative_files(urls: tuple[str, ...]) -> Iterator[Path]:
    for url in urls:
        engine, mark, place = url.partition(":///")
        file = Path(place.partition("?")[0])
        if mark and engine.partition("+")[0] in EMBEDDED and file.name and not file.is_absolute():
            yield file
