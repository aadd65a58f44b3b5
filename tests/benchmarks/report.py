"""How large a report is and how long it takes, from the archive of a run to the last file beside the page.

The floor in the same run is reading the stored findings once and dropping them. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auditor.archive import Archive
from auditor.findings.standing import SCHEMA
from auditor.report.write import write_report
from tests.benchmarks.measure import tell
from tests.report import examples, huge

SIZES = (0, 1, 1_000, 1_000_000)


def measured(findings: int, folder: Path) -> dict[str, Any]:
    """Return sizes in bytes and times in seconds for a run with so many findings."""
    record = examples.record(huge.audit() if findings else examples.clean_audit())
    archive, run = Archive("nordlys", folder / "runs"), record.audit.run
    archive.keep(record, huge.batches_of_all(findings), SCHEMA)
    began = time.perf_counter()
    rows = sum(batch.num_rows for batch in archive.findings(run))
    read = time.perf_counter() - began
    began = time.perf_counter()
    page = write_report(
        archive.record(run), archive.findings(run), folder / "out", examples.TEMPLATES
    )
    took = time.perf_counter() - began
    beside = sum(path.stat().st_size for path in (page.parent / "rows").iterdir())
    return {
        "findings": rows,
        "page_bytes": page.stat().st_size,
        "beside_bytes": beside,
        "seconds": round(took, 3),
        "read_seconds": round(read, 3),
        "times_the_read": round(took / read, 1),
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    rows: list[list[object]] = [["findings", "page", "beside", "seconds", "read", "peak KiB"]]
    shown = ("findings", "page_bytes", "beside_bytes", "seconds", "read_seconds", "peak_kib")
    return rows + [[one[name] for name in shown] for one in result["sizes"]]


def main() -> None:
    """Measure every size, the smallest first, after one that nobody counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, nargs="*", default=SIZES)
    sizes = parser.parse_args().findings
    with TemporaryDirectory() as folder:
        measured(1, Path(folder) / "first")  # imports, and the fonts of the pictures
        result = {"sizes": [measured(size, Path(folder) / str(size)) for size in sizes]}
    tell(result, table(result))


if __name__ == "__main__":
    main()
