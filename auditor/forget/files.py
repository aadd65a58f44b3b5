"""The files that a brand's runs leave behind: which of them give a person away, and that these go."""

from __future__ import annotations

from email import message_from_bytes
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from auditor.forget.person import Person


def of_brand(roots: Iterable[Path], brand: str, but: Collection[Path]) -> Iterator[Path]:
    """Yield the files under some folders that are a brand's by their path.

    Args:
        roots: Where files are written.
        brand: Whose: a folder or a file is named after it.
        but: The stores, which are looked into as databases.
    """
    for root in roots:
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(root).parts
            is_theirs = any(
                part == brand or part.startswith((f"{brand}-", f"{brand}.")) for part in parts
            )
            if is_theirs and path.is_file() and path.resolve() not in but:
                yield path


def gives_away(path: Path, person: Person) -> bool:
    """Tell whether a file holds a person's address, or first and last name in one line or row."""
    if path.suffix == ".parquet":
        return any(_tells(row, person) for row in _rows(path))
    content = path.read_bytes()
    return any(_tells(line, person) for text in _texts(path, content) for line in text.splitlines())


def _tells(line: str, person: Person) -> bool:
    line = line.lower()
    return person.email in line or any(
        first in line and last in line for first, last in person.names
    )


def _rows(path: Path) -> Iterator[str]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            texts = [
                column.cast(pa.string()).to_pylist()
                for column in batch.columns
                if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            ]
            yield from (" ".join(filter(None, row)) for row in zip(*texts, strict=True))


def _texts(path: Path, content: bytes) -> Iterator[str]:
    """Yield what a file says: as it stands, and of a letter what its parts decode to."""
    yield content.decode("utf-8", "replace")
    if path.suffix == ".eml":
        for part in message_from_bytes(content).walk():
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                yield body.decode("utf-8", "replace")
