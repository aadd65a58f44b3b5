"""Finds the folders that ship beside the code: expectations and report templates.

A wheel carries them inside the package, as `_bundled`; a checkout has them at its top, where an
edit shows at once.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIXES = (".yaml", ".yml")


def bundled_folder(folder: str) -> Traversable:
    """Return a folder that ships with the auditor, e.g. `expectations` or `reports/templates`.

    Raises:
        ConfigError: the installation lacks it.
    """
    places: tuple[Traversable, ...] = (
        files("auditor").joinpath("_bundled", folder),
        Path(__file__).parent.parent / folder,
    )
    for place in places:
        if place.is_dir():
            return place
    raise ConfigError(f"The folder {folder} is not installed; install the auditor again.")


def expectation_files(config_dir: Path | None = None) -> list[Traversable]:
    """Return the expectation suites of a brand, by name.

    Args:
        config_dir: The folder of the brand's settings file. A suite in its `expectations/` replaces
            the shipped one of the same name. None gives the shipped ones.
    """
    shipped = _suites(bundled_folder("expectations"))
    own = {} if config_dir is None else _suites(config_dir / "expectations")
    return [suite for _, suite in sorted((shipped | own).items())]


def _suites(folder: Traversable) -> dict[str, Traversable]:
    if not folder.is_dir():
        return {}
    return {Path(f.name).stem: f for f in folder.iterdir() if f.name.endswith(_SUFFIXES)}
