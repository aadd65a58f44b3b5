"""What each run leaves in `var/runs`: its record and its findings, from which its report is made again.

A folder per run, complete or not there: `record.json` and `findings.parquet`, in the order in which the
report tells them. Findings hold hashes in place of personal data, and subject keys.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from auditor.errors import StoreError
from auditor.hostile import safe_name
from auditor.model.audit import Record
from auditor.model.not_json import NOT_JSON
from auditor.private_file import private_folder, replaced, write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import pyarrow as pa

RUNS = Path("var/runs")
RECORD, FINDINGS = "record.json", "findings.parquet"

ROWS_PER_GROUP = 20_000


class _Suites(msgspec.Struct):
    suites: tuple[str, ...] = ()


class _Outline(msgspec.Struct):
    """As much of a record as the list of runs tells; the rest is not built."""

    audit: _Suites


class Archive:
    """The runs of one brand.

    Args:
        brand: Whose runs.
        folder: Where those of all brands are.

    Attributes:
        folder: Where its own are.
    """

    def __init__(self, brand: str, folder: Path = RUNS) -> None:
        self.folder = folder / safe_name(brand)

    def keep(self, record: Record, findings: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Keep a run; one that is judged again takes the place of what was kept of it.

        The findings are written first, so that a run with a record is complete.

        Args:
            record: What the run came to.
            findings: Those that stand, in the columns of `schema`, in the report's order.
            schema: Of the findings.
        """
        import pyarrow.parquet as pq

        place = self._place(record.audit.run)
        private_folder(place)
        (place / RECORD).unlink(missing_ok=True)
        with (
            replaced(place / FINDINGS, "wb") as file,
            pq.ParquetWriter(file, schema, compression="zstd") as writer,
        ):
            for batch in findings:
                writer.write_batch(batch, row_group_size=ROWS_PER_GROUP)
        write_private(place / RECORD, msgspec.json.encode(record))

    def record(self, run: str) -> Record:
        """Return what a run came to.

        Raises:
            StoreError: the run is not kept, or its record cannot be read.
        """
        place = self._place(run) / RECORD
        try:
            return msgspec.json.decode(place.read_bytes(), type=Record)
        except FileNotFoundError:
            raise StoreError(
                f"Nothing is kept of the run {run}; `auditor report` without a run takes the last."
            ) from None
        except NOT_JSON as exc:
            raise StoreError(
                f"{place} cannot be read; `auditor audit --no-snapshot` writes that of the last run anew."
            ) from exc

    def suites(self, run: str) -> tuple[str, ...]:
        """Return the suites that were judged in a run, where not all were; none where nothing is kept."""
        try:
            content = (self._place(run) / RECORD).read_bytes()
            return msgspec.json.decode(content, type=_Outline).audit.suites
        except (OSError, *NOT_JSON):
            return ()

    def findings(self, run: str) -> Iterator[pa.RecordBatch]:
        """Yield the findings that stood after a run, in the report's order; a batch without rows where none did.

        Raises:
            StoreError: they are not kept, or cannot be read.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        place = self._place(run) / FINDINGS
        try:
            with pq.ParquetFile(place) as file:
                if not file.metadata.num_rows:
                    yield pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
                yield from file.iter_batches(batch_size=ROWS_PER_GROUP)
        except (OSError, pa.ArrowInvalid) as exc:
            raise StoreError(f"The findings of the run {run} cannot be read from {place}.") from exc

    def waivers_ended(self, before: str, run: str) -> dict[str, int]:
        """Return by check how many findings were accepted after a run and stand open after a later one.

        Raises:
            StoreError: the findings of one of the two cannot be read.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        accepted = pa.chunked_array(
            [rows["fingerprint"] for rows in self._in_state(before, "accepted")], pa.string()
        )
        if not len(accepted):
            return {}
        ended: Counter[str] = Counter()
        for rows in self._in_state(run, "ongoing"):  # what got worse is told as that
            again = rows.filter(pc.is_in(rows["fingerprint"], accepted))
            ended.update(again["check_id"].to_pylist())
        return dict(ended)

    def _in_state(self, run: str, state: str) -> Iterator[pa.RecordBatch]:
        import pyarrow.compute as pc

        for rows in self.findings(run):
            yield rows.filter(pc.equal(rows["state"], state))

    def _place(self, run: str) -> Path:
        return self.folder / _folder_of(run)


def old_runs(folder: Path, before: datetime) -> list[Path]:
    """Return the folders of the runs in a folder that began before a moment (aware)."""
    # A run's name begins with its time, in UTC, so that names sort as times do.
    limit = _folder_of(f"{before.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    return sorted(
        place for place in folder.glob("*/") if _RUN.match(place.name) and place.name < limit
    )


def delete_before(folder: Path, moment: datetime) -> list[str]:
    """Delete the runs in a folder that began before a moment (aware); return the names of their folders."""
    old = old_runs(folder, moment)
    for place in old:
        shutil.rmtree(place)
    return [place.name for place in old]


_RUN = re.compile(r"\d{4}-\d{2}-\d{2}T")


def _folder_of(run: str) -> str:
    return safe_name(run.replace(":", "-"))
