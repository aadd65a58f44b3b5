"""The log of merged customers that a brand keeps beside Centra, which leaves no trace of them itself.

Source:
    Centra reference 3.2: a merge leaves no pointer. The log is the brand's own, a CSV file.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTING = "centra.merges"
COLUMNS = ("customer_id", "survivor_id")


def read_merge_log(name: str) -> tuple[tuple[str, str], ...]:
    """Return who was merged into whom, as pairs of customer ids, each pair once.

    A survivor who was merged in turn stands for the one who is left at the end.

    Args:
        name: The file, from the folder that the auditor runs in: CSV in UTF-8 with the columns
            `customer_id` and `survivor_id`; others are not read.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or holds something that is no id.
    """
    try:
        with Path(name).open(encoding="utf-8-sig", newline="") as file:
            pairs = _pairs(name, csv.DictReader(file, restval=""))
    except OSError as exc:
        raise ConfigError(
            f"{SETTING}: {name} cannot be read ({exc.strerror}); check the path."
        ) from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise ConfigError(f"{SETTING}: {name} is no CSV file in UTF-8; save it as one.") from exc
    heirs: dict[str, set[str]] = {}
    for gone, survivor in pairs:
        heirs.setdefault(gone, set()).add(survivor)
    return tuple(dict.fromkeys((gone, _last(survivor, heirs)) for gone, survivor in pairs))


def _pairs(name: str, rows: csv.DictReader[str]) -> list[tuple[str, str]]:
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ConfigError(
            f"{SETTING}: {name} has no column {' and no column '.join(missing)}; name both in its first line."
        )
    pairs = []
    for row in rows:
        gone, survivor = ((row[column] or "").strip() for column in COLUMNS)
        if not (_is_id(gone) and _is_id(survivor)) or gone == survivor:
            raise ConfigError(
                f"{SETTING}: {name}, line {rows.line_num}: needs the ids of two customers; correct the line."
            )
        pairs.append((gone, survivor))
    return pairs


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _last(survivor: str, heirs: Mapping[str, set[str]]) -> str:
    """Follow a chain of merges to its end; one that forks or closes ends there."""
    seen = {survivor}
    while len(heirs.get(survivor, ())) == 1:
        (survivor,) = heirs[survivor]
        if survivor in seen:
            break
        seen.add(survivor)
    return survivor
