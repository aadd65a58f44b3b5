"""Measure a snapshot, from bytes on the wire to rows in the store, beside dropping the same bytes.

The answers of both sandbox systems are recorded while a world is read once. Then a process of its own
serves these bytes on a loopback port, and one process reads them: as a snapshot does, into a store, and
with the same client and as many threads, dropping each answer. Open Data is a database and no part of it.
Run by `make bench`.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measure import child, peak_kib, spread, started, tell, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.config import Settings

ROUNDS = 3
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
OF_DATABASE = {"sales", "si_contacts", "unsubscribes", "external_events"}
TAPE, SETTINGS = "tape.pickle", "auditor.yaml"
_READ_AT = NOW + timedelta(minutes=1)


def clock() -> datetime:
    """Return the moment at which everything is read: requests are then always the same."""
    return _READ_AT


def record(folder: Path, customers: int) -> dict[str, Any]:
    """Read a world over sockets once, and keep every answer."""
    from auditor.config import load_settings
    from auditor.sandbox.emarsys.options import EmarsysOptions
    from auditor.sandbox.start import Plan, sandbox
    from auditor.sandbox.world import Scale
    from tests.benchmarks.recorded import recording
    from tests.brand import FAST

    account = EmarsysOptions(rate_limit=10**9, export_polls=1, run_polls=1)
    plan = Plan(folder, lambda: NOW, Scale.of(customers=customers), centra=FAST, emarsys=account)
    with sandbox(plan) as running, recording() as tape:
        settings = load_settings(running.settings, running.environ)
        rows = read(settings, folder)["rows"]
        text = running.settings.read_text()
        for url in running.urls.values():
            text = text.replace(url, "URL")
    (folder / SETTINGS).write_text(text)
    (folder / "environ.txt").write_text("\n".join(f"{k}={v}" for k, v in running.environ.items()))
    tape.save(folder / TAPE)
    return {"bytes": tape.wire_bytes, "requests": len(tape.exchanges), "rows": rows}


def read(settings: Settings, folder: Path) -> dict[str, Any]:
    """Read both systems' APIs into a new store."""
    from auditor.snapshot.take import Reading, take
    from auditor.systems.connect import connected
    from auditor.warehouse import Warehouse
    from tests.test_large_worlds import Silent

    warehouse = Warehouse(f"duckdb:///{folder / str(time.monotonic_ns())}.duckdb")
    with (
        timed() as took,
        closing(warehouse),  # timed as well: it writes from the log into the file
        connected(settings, clock, lambda _: None, warehouse) as systems,
    ):
        streams = [s for s in systems.streams if s.name not in OF_DATABASE]
        taken = take(streams, Reading("run", warehouse, Silent(), clock, time.perf_counter))
    unread = [line.stream for line in taken.coverage if line.reason and line.mode != "off"]
    if unread:
        raise RuntimeError(f"{unread[0]} was not read to its end")
    return {
        "wall_s": took.wall_s,
        "cpu_s": took.cpu_s,
        "rows": sum(line.rows for line in taken.coverage),
        "peak_kib": peak_kib(),
    }


def drop(url: str, folder: Path) -> dict[str, Any]:
    """Read the recorded answers by the same client and as many threads, and drop them."""
    from concurrent.futures import ThreadPoolExecutor

    from auditor.snapshot.take import WORKERS
    from auditor.systems.http import HttpClient
    from tests.benchmarks.recorded import Tape

    asked = [exchange[0] for exchange in Tape.load(folder / TAPE).exchanges]
    with closing(HttpClient(system="x", setting="x")) as client:

        def ask(one: tuple[bytes, bytes, bytes]) -> int:
            method, path, body = one
            answer = client.request(method.decode(), f"{url}{path.decode()}", content=body)
            return len(answer.content)

        with timed() as took, ThreadPoolExecutor(WORKERS) as pool:
            total = sum(pool.map(ask, asked))
    return {"wall_s": took.wall_s, "cpu_s": took.cpu_s, "content_bytes": total}


def replay(url: str, folder: Path) -> dict[str, Any]:
    """Take a snapshot of the recorded answers."""
    from auditor.config import load_settings

    file = folder / f"settings-{time.monotonic_ns()}.yaml"
    file.write_text((folder / SETTINGS).read_text().replace("URL", url))
    pairs = (line.partition("=") for line in (folder / "environ.txt").read_text().splitlines())
    return read(load_settings(file, {name: value for name, _, value in pairs}), folder)


def serve_tape(folder: Path) -> None:
    """Serve the recorded answers until nobody holds stdin open any more."""
    from tests.benchmarks.recorded import Tape, serve

    url, _ = serve(Tape.load(folder / TAPE))
    sys.stdout.write(url + "\n")
    sys.stdout.flush()
    sys.stdin.read()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the recorded answers in a process of its own; give its address."""
    with started("wire", "--part", "serve", "--folder", folder) as server:
        assert server.stdout
        yield server.stdout.readline().strip()


def measured(customers: int, rounds: int) -> dict[str, Any]:
    """Record a world, then read it and drop it so many times in turn, each from a new server."""
    reads: list[dict[str, Any]] = []
    drops: list[dict[str, Any]] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        tape = child("wire", "--part", "record", "--folder", folder, "--customers", customers)
        for _ in range(rounds):
            for part, found in (("drop", drops), ("replay", reads)):
                with served(folder) as url:
                    found.append(child("wire", "--part", part, "--folder", folder, "--url", url))
    megabytes = tape["bytes"] / 1e6
    return {
        "customers": customers,
        **tape,
        "rows": reads[0]["rows"],
        "snapshot_s": spread(one["wall_s"] for one in reads),
        "dropping_s": spread(one["wall_s"] for one in drops),
        "snapshot_mb_per_s": spread(megabytes / one["wall_s"] for one in reads),
        "dropping_mb_per_s": spread(megabytes / one["wall_s"] for one in drops),
        "share_of_dropping": spread(
            d["wall_s"] / r["wall_s"] for d, r in zip(drops, reads, strict=True)
        ),
        "cpu_share_of_dropping": spread(
            d["cpu_s"] / r["cpu_s"] for d, r in zip(drops, reads, strict=True)
        ),
        "peak_kib": max(one["peak_kib"] for one in reads),
    }


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    return [
        [f"reading {result['bytes'] / 1e6:,.1f} MB, {result['rows']:,} rows", ""],
        ["snapshot, s", result["snapshot_s"]],
        ["reading and dropping, s", result["dropping_s"]],
        ["snapshot, MB/s", result["snapshot_mb_per_s"]],
        ["reading and dropping, MB/s", result["dropping_mb_per_s"]],
        ["share of dropping", result["share_of_dropping"]],
    ]


def main() -> None:
    """Measure, or run one part of that in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--part", choices=("record", "serve", "drop", "replay"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--url", default="")
    asked = parser.parse_args()
    if asked.part == "serve":
        serve_tape(asked.folder)
    elif asked.part == "record":
        tell(record(asked.folder, asked.customers))
    elif asked.part:
        part = drop if asked.part == "drop" else replay
        tell(part(asked.url, asked.folder))
    else:
        result = measured(asked.customers, asked.rounds)
        tell(result, table(result))


if __name__ == "__main__":
    main()
