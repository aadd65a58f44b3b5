"""The catalogue, pushed whole: what the file leaves out, Emarsys forgets.

Source:
    Emarsys reference 6.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import UnsafePlanError
from auditor.systems.emarsys.writing.hapi import CATALOGUE, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.systems.emarsys.writing.hapi import Hapi

REQUIRED = ("item", "title", "link", "image", "category", "available", "price")
PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """A checked file: its size, digest and number of products."""

    path: Path
    length: int
    digest: str
    rows: int

    def __iter__(self) -> Iterator[bytes]:
        """Read it piece by piece, from the start each time."""
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def catalogue_file(path: Path) -> CatalogueFile:
    """Read a file through once and return it, if it is one that can replace the catalogue.

    Raises:
        UnsafePlanError: no products, a missing column, or a row that is not whole.
    """
    try:
        rows = _rows(path)
    except (csv.Error, UnicodeDecodeError) as exc:
        raise UnsafePlanError("Emarsys: the catalogue file is no CSV in UTF-8.") from exc
    if rows == 0:
        raise UnsafePlanError("Emarsys: an empty catalogue would remove every product.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return CatalogueFile(path, path.stat().st_size, digest, rows)


def push_catalogue(hapi: Hapi, file: CatalogueFile) -> Upload:
    """Replace the whole catalogue by a file; a second arrival changes nothing, so faults are retried.

    Raises:
        ForbiddenWriteError: the lock does not let it through; nothing was sent.
    """
    headers = {"Content-Length": str(file.length)}
    outcome, status = hapi.send(CATALOGUE, file, repeatable=True, headers=headers)
    return Upload(outcome, file.digest, file.rows, status)


def _rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        missing = [name for name in REQUIRED if name not in header]
        if missing:
            raise UnsafePlanError(f"Emarsys: the catalogue file has no column {missing[0]}.")
        return sum(_is_whole(row, header) for row in reader)


def _is_whole(row: list[str], header: list[str]) -> bool:
    if len(row) != len(header) or not row[header.index("item")]:
        raise UnsafePlanError("Emarsys: the catalogue file has a row that is not whole.")
    return True
