"""The files that a brand's runs leave behind: which of them give a person away, and that these go."""

from __future__ import annotations

import re
from email import message_from_bytes
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.hostile import safe_name
from auditor.model.not_json import NOT_JSON

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from auditor.forget.person import Person


def of_brand(roots: Iterable[Path], brand: str, but: Collection[Path]) -> Iterator[Path]:
    """Yield the files under some folders that are a brand's.

    That one brand's name begins with another's, as `nordlys-no` with `nordlys`, makes none of its files the
    other's: a folder has the name itself, a file the name and the time of a run, a plan tells its brand, and
    a store that the settings no longer name is called as it is where they name none.

    Args:
        roots: Where files are written.
        brand: Whose.
        but: The stores, which are looked into as databases.
    """
    name = safe_name(brand)
    theirs = re.compile(
        rf"\.?{re.escape(name)}(?:-\d{{4}}-\d{{2}}-\d{{2}}T|\.(?:published\.)?duckdb|-ledger\.sqlite)"
    )
    for root in roots:
        for path in sorted(root.rglob("*")):
            if not path.is_file() or path.resolve() in but:
                continue
            folders = path.relative_to(root).parts[:-1]
            if name in folders or theirs.match(path.name) or _tells_brand(path, brand):
                yield path


def _tells_brand(path: Path, brand: str) -> bool:
    """Tell whether a file is a plan, whatever it is called, of this brand."""
    if path.suffix != ".json":
        return False
    try:
        content = msgspec.json.decode(path.read_bytes())
    except NOT_JSON:
        return False
    return isinstance(content, dict) and content.get("brand") == brand


def gives_away(path: Path, person: Person) -> bool:
    """Tell whether a file holds a person's address, or first and last name near each other."""
    if path.suffix == ".parquet":
        return any(_tells(row, person) for row in _rows(path))
    content = path.read_bytes()
    return any(_tells(line, person) for text in _texts(path, content) for line in text.splitlines())


def _tells(line: str, person: Person) -> bool:
    return person.has_address_in(line) or person.is_named_in(line)


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
