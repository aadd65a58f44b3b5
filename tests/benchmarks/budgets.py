"""The budgets of the auditor, and what a set of results says of each.

A budget has a value that must be reached and one that is aimed at. What was not measured, or not at the
size that the budget names, is neither met nor missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any, Literal

from tests.benchmarks.measure import KIB
from tests.benchmarks.world import SIZES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Results = Mapping[str, Mapping[str, Any]]

Outcome = Literal["aim met", "met", "missed", "not measured"]
PEER_AIMS = {
    "polars": 1.5,
    "pandas": 5.0,
    "datacompy_polars": 10.0,
    "datacompy_pandas": 10.0,
    "reladiff": 15.0,
}
"""How many times as long as the auditor each of the others is to take."""
FINDINGS, CHANGES = 1_000_000, 100_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a budget.

    Attributes:
        what: What it says of, where a budget has several.
        value: What counts; None where it was not measured.
        shown: The value with its spread.
        must: What it must reach.
        aim: What is aimed at; None where nothing is.
        unit: Behind the numbers.
        more_is_better: Whether it must be at least that much, otherwise at most.
    """

    what: str
    value: float | None
    shown: str
    must: float | None
    aim: float | None = None
    unit: str = ""
    more_is_better: bool = False

    @property
    def outcome(self) -> Outcome | None:
        """Tell what became of the budget; None where there is none."""
        if self.must is None:
            return None
        if self.value is None:
            return "not measured"
        if self.aim is not None and self._reaches(self.value, self.aim):
            return "aim met"
        return "met" if self._reaches(self.value, self.must) else "missed"

    def _reaches(self, value: float, wanted: float) -> bool:
        return value >= wanted if self.more_is_better else value <= wanted


@dataclass(frozen=True, slots=True)
class Budget:
    """A row of the budgets.

    Attributes:
        key: Names it where the reason of a miss is told.
        what: What it is of.
        values: Takes from all results what was measured.
    """

    key: str
    what: str
    values: Callable[[Results], Iterator[Measured]]


def _middle(result: Mapping[str, Any] | None, *path: str) -> tuple[float | None, str]:
    """Return the middle of a spread and how it is shown, or a single value."""
    found: Any = result
    for name in path:
        found = None if found is None else found.get(name)
    if found is None:
        return None, "-"
    if isinstance(found, dict):
        shown = f"{_short(found['median'])} ({_short(found['min'])} to {_short(found['max'])})"
        return float(found["median"]), shown
    return float(found), _short(found)


def _short(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _at(results: Results, name: str, size: str) -> Mapping[str, Any] | None:
    """Return a result if it is of the world of that size."""
    result = results.get(name)
    if result is None or result.get("customers") != SIZES[size].customers:
        return None
    return result


def _audit(results: Results) -> Iterator[Measured]:
    result = _at(results, "audit_L", "L")
    later, shown = _middle(result, "audit_to_scan")
    first, _ = _middle(result, "first_to_scan")
    worst = None if later is None or first is None else max(later, first)
    told = shown if first is None else f"{shown}; the first {_short(first)}"
    yield Measured("times the scan, the first audit or a later one", worst, told, 6, 3, " x")
    peak, _ = _middle(result, "peak_kib")
    gigabytes = None if peak is None else peak * KIB / 1e9
    told = "-" if gigabytes is None else _short(gigabytes)
    yield Measured("peak memory of the process", gigabytes, told, 2.5, 1.5, " GB")


def _growth(results: Results) -> Iterator[Measured]:
    large, medium = _at(results, "audit_L", "L"), _at(results, "audit_M", "M")
    exponent = None
    if large is not None and medium is not None:
        times = large["audit_s"]["median"] / medium["audit_s"]["median"]
        exponent = log(times) / log(large["rows"] / medium["rows"])
    shown = "-" if exponent is None else _short(exponent)
    yield Measured("exponent, in rows", exponent, shown, 1.1, 1.0)


def _compare(results: Results) -> Iterator[Measured]:
    result = _at(results, "compare", "L")
    for peer, aim in PEER_AIMS.items():
        value, shown = _middle(result, "times_ours", peer)
        name = peer.replace("_", " on ")
        yield Measured(f"times as long: {name}", value, shown, 1, aim, " x", more_is_better=True)


def _again(results: Results) -> Iterator[Measured]:
    result = _at(results, "again", "L")
    for what, name, must, aim in (
        ("nothing changed, share of a full audit", "unchanged_share", 0.25, 0.05),
        ("1 % changed, share of a full audit", "changed_share", 0.4, 0.15),
    ):
        value, shown = _middle(result, name)
        yield Measured(what, value, shown, must, aim)


def _wire(results: Results) -> Iterator[Measured]:
    value, shown = _middle(results.get("snapshot"), "share_of_dropping")
    yield Measured("share of the rate of dropping", value, shown, 0.5, 0.7, more_is_better=True)


def _rate(results: Results) -> Iterator[Measured]:
    limits = (results.get("centra_rate") or {}).get("limited") or {}
    for name in ("requests", "points", "growth_plan"):
        value, shown = _middle(limits.get(name), "share")
        told = name.replace("_", " ")
        yield Measured(f"Centra, limited by {told}", value, shown, 0.9, 0.98, more_is_better=True)
    value, shown = _middle((results.get("emarsys_rate") or {}).get("limited"), "share")
    yield Measured("Emarsys", value, shown, 0.9, 0.98, more_is_better=True)


def _start(results: Results) -> Iterator[Measured]:
    value, shown = _middle(results.get("start_up"), "times_pass", "auditor --help")
    yield Measured("times as long", value, shown, 12, 6, " x")


def _report(results: Results) -> Iterator[Measured]:
    sizes = (results.get("report") or {}).get("sizes", [])
    largest = next((one for one in sizes if one["findings"] == FINDINGS), None)
    size, _ = _middle(largest, "page_bytes")
    megabytes = None if size is None else size / 1e6
    shown = "-" if megabytes is None else _short(megabytes)
    yield Measured("size of the page", megabytes, shown, 2, 1, " MB")
    value, shown = _middle(largest, "seconds")
    yield Measured("seconds to write all of it", value, shown, 3, 1, " s")


def _changes(results: Results) -> Iterator[Measured]:
    plan, apply = (_of_changes(results.get(name)) for name in ("plan", "apply"))
    value, shown = _middle(plan, "plan_s")
    yield Measured("seconds to plan", value, shown, None)
    value, shown = _middle(apply, "share_of_allowed_rate")
    yield Measured("apply, share of the allowed rate", value, shown, 0.9, 0.98, more_is_better=True)


def _of_changes(result: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return result if result is not None and result["changes"] == CHANGES else None


BUDGETS = (
    Budget(
        "audit",
        "audit of L (reconcile + expect + findings), against hashing every column of every canonical "
        "table once in the same file",
        _audit,
    ),
    Budget("growth", "growth M -> L", _growth),
    Budget(
        "compare",
        "contact compare, against polars / pandas / datacompy / reladiff on the same rows",
        _compare,
    ),
    Budget("again", "re-audit with nothing changed; with 1 % changed", _again),
    Budget(
        "snapshot",
        "snapshot, bytes on the wire to rows in the store, one process, against reading the same bytes "
        "and dropping them",
        _wire,
    ),
    Budget("rate", "use of the allowed API rate while reading", _rate),
    Budget("start_up", "`auditor --help` against `python -c pass`", _start),
    Budget("report", "report with 1M findings", _report),
    Budget("apply", "plan of 100k changes; apply throughput against the allowed rate", _changes),
)

WHY: dict[str, str] = {
    "audit": (
        "a scan reads each column once; an audit is 570 statements, of which joins on keys that are texts, "
        "sums per order line (DuckDB adds BIGINT up in 128 bits), what both sides agreed on last, and the "
        "marks by which the next audit knows what was touched take most. To join order lines with their "
        "orders and add them up takes a quarter of the scan, and with numbers for keys, as was tried, two "
        "thirds of that: six scans would be some two dozen such joins for all checks, or three dozen with "
        "numbers. Memory is kept."
    ),
    "again": (
        "only what drifted and changed, or came of age, is judged again; but all rows are marked again to find "
        "those that changed (a sixth of the time), and the bridge, the populations and the causes are asked of "
        "everything."
    ),
    "snapshot": (
        "of the processor's time some 30 % make typed rows of answers and columns of these, most of them orders "
        "with their lines; 12 % are HTTP, which is all that dropping does; 14 % stage the columns; 17 % write "
        "versions with their hashes and publish; 12 % write DuckDB's log into the file. Decoding and "
        "typing alone take three times as long as dropping, so no page could become Python objects if half "
        "were to be reached; the rate that the systems allow is used all the same."
    ),
    "report": (
        "the page keeps to its size; the time goes into the 404 MB of CSV and Parquet beside it, which hold "
        "every row of the million. It is the one budget in seconds, and so one of the machine, too."
    ),
}
"""Why a budget is missed, by its key; shown where it is."""
