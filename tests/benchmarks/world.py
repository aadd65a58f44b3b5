"""Worlds as large as the budgets name them, made once and kept: sizes, and where each one lies.

A world is as many smaller ones as fit two processes, each with its own people and all with one
assortment, put into one store with ids and addresses that stay distinct. About one of a hundred
subjects of each topic drifts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from auditor.sandbox.world import Scale

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "var" / "bench"
DRIFT_SHARE = 0.01
CUSTOMERS_PER_SHARD = 52_500
SMALLEST_SHARD = 200
_L, _L_ORDERS, _L_PRODUCTS = 1_050_000, 3_000_000, 14_100
"""World L: about 1M contacts, 3M orders and 200k sizes; the other tables follow from these."""
_FEWEST_PRODUCTS = 24
_MAKERS = (
    "auditor/sandbox/world",
    "auditor/model/tables.py",
    "auditor/model/history.py",
    "auditor/warehouse/schema.py",
    "tests/direct.py",
    "tests/benchmarks/world.py",
    "tests/benchmarks/shards.py",
    "tests/benchmarks/merge.py",
)
"""What a kept world was made by; of another state of these it is made anew."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a world is.

    Attributes:
        customers: Customer rows in Centra.
        drift: The share of each topic's subjects that drift.
    """

    customers: int
    drift: float = DRIFT_SHARE

    @property
    def shards(self) -> int:
        """How many smaller worlds it is made of: two at least where there is room."""
        return max(ceil(self.customers / CUSTOMERS_PER_SHARD), min(2, self._most_shards))

    @property
    def _most_shards(self) -> int:
        return max(1, self.customers // SMALLEST_SHARD)

    @property
    def scale(self) -> Scale:
        """The scale of one of the smaller worlds: its own people, the assortment of all."""
        return Scale(
            customers=self.customers // self.shards,
            orders=self.customers * _L_ORDERS // _L // self.shards,
            products=max(_FEWEST_PRODUCTS, self.customers * _L_PRODUCTS // _L),
        )


SIZES = {"L": Size(_L), "M": Size(_L // 10), "S": Size(_L // 100)}


def add_world(parser: argparse.ArgumentParser, size: str = "L") -> None:
    """Let a benchmark be asked for a world."""
    parser.add_argument("--size", default=size, help="L, M, S, or a number of customers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=CACHE, help="the folder that keeps worlds")


def size_of(text: str) -> Size:
    """Return the size of a name, or of a number of customers."""
    return SIZES[text] if text in SIZES else Size(int(text))


def world_of(asked: argparse.Namespace) -> Path:
    """Return the folder of the world that was asked for."""
    return kept_world(size_of(asked.size), asked.seed, asked.cache)


def kept_world(size: Size, seed: int, cache: Path = CACHE) -> Path:
    """Return the folder of a world, which is made where it is not kept yet.

    It holds the stores, `auditor.yaml`, and `world.json` with the rows of each table and how often
    each check was planted for. Whoever changes the stores works on a copy: see `copy_of`.
    """
    from tests.benchmarks.shards import make

    name = f"world-{size.customers}-{size.drift:g}-{seed}-{_made_by()}"
    folder = cache / name
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = Path(mkdtemp(prefix="part-", dir=cache))
        try:
            make(size, seed, part)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def facts_of(folder: Path) -> dict[str, Any]:
    """Return what a kept world is."""
    facts: dict[str, Any] = json.loads((folder / "world.json").read_text())
    return facts


@contextmanager
def copy_of(folder: Path) -> Iterator[Path]:
    """Lend a copy of a world, which goes away afterwards."""
    work = Path(mkdtemp(prefix="work-", dir=folder.parent))
    try:
        shutil.copytree(folder, work, dirs_exist_ok=True)
        yield work
    finally:
        shutil.rmtree(work)


def _made_by() -> str:
    """Return a digest over the sources that decide what a world is."""
    digest = hashlib.sha256()
    for maker in _MAKERS:
        path = ROOT / maker
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def main() -> None:
    """Make a world, and print its folder and what it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_world(parser)
    asked = parser.parse_args()
    folder = world_of(asked)
    print(json.dumps({"folder": str(folder), **facts_of(folder)}, indent=1))  # noqa: T201 - a program


if __name__ == "__main__":
    main()
