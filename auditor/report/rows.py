"""All rows of each check, streamed to CSV and Parquet in one pass; the page gets the first of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from auditor.hostile import FORMULA, safe_name
from auditor.model.finding import SEVERITIES, Finding, Money
from auditor.private_file import keep_names, replaced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime
    from pathlib import Path

    from auditor.model.finding import Severity

ROWS_PER_CHECK = 500
"""Rows of one check in the page; all of them stand in the files beside it."""

FORMATS = ("csv", "parquet")

_TEXT, _MOMENT = pa.string(), pa.timestamp("us", "UTC")

SCHEMA = pa.schema(
    [
        ("fingerprint", _TEXT),
        ("check", _TEXT),
        ("severity", _TEXT),
        ("state", _TEXT),
        ("owner", _TEXT),
        ("subject_kind", _TEXT),
        ("subject_key", _TEXT),
        ("customer_id", _TEXT),
        ("contact_id", _TEXT),
        ("since", _MOMENT),
        ("first_seen", _MOMENT),
        ("last_seen", _MOMENT),
        ("people", pa.int64()),
        ("money_minor", pa.int64()),
        ("currency", _TEXT),
        ("contained", pa.bool_()),
        ("cause", _TEXT),
        ("remedy", _TEXT),
        ("moved_by", _TEXT),
        ("centra", _TEXT),
        ("emarsys", _TEXT),
        ("agreed", _TEXT),
        ("run", _TEXT),
    ]
)
"""The columns of the files; `centra`, `emarsys` and `agreed` are JSON objects."""

_KEYS = frozenset({"fingerprint", "subject_key", "customer_id", "contact_id", "centra", "emarsys"})
_OFTEN_THE_SAME = [
    name
    for name in SCHEMA.names
    if name not in _KEYS and not pa.types.is_boolean(SCHEMA.field(name).type)
]
"""Columns that Parquet keeps a dictionary of; one of keys would be given up after half of its rows."""

_FORMULA = pa.array(FORMULA)
_DECODER = msgspec.json.Decoder(dict[str, Any])


@dataclass(slots=True)
class Taken:
    """The rows of one check.

    Attributes:
        findings: The first of them, in the order in which they were stored.
        total: How many there are.
        stands_since: Since when the oldest of them all stands.
        accepted: How many somebody has taken on.
        critical_since: Since when the oldest of the others that are critical stands, None without any.
        gravest: The severity of the gravest of the others, likewise.
        judged_at: When a check last looked at them.
        minor: What they are worth, in minor units by currency.
        open_minor: What those are worth that nobody has taken on, likewise.
    """

    findings: list[Finding] = field(default_factory=list)
    total: int = 0
    stands_since: datetime | None = None
    accepted: int = 0
    critical_since: datetime | None = None
    gravest: Severity | None = None
    judged_at: datetime | None = None
    minor: dict[str, int] = field(default_factory=dict)
    open_minor: dict[str, int] = field(default_factory=dict)

    @property
    def money(self) -> tuple[Money, ...]:
        """Return what the rows are worth, an amount for each currency."""
        return _amounts(self.minor)

    @property
    def open_money(self) -> tuple[Money, ...]:
        """Return what the rows are worth that nobody has taken on, an amount for each currency."""
        return _amounts(self.open_minor)


def _amounts(minor: Mapping[str, int]) -> tuple[Money, ...]:
    return tuple(Money(amount, currency) for currency, amount in sorted(minor.items()))


def take(findings: Iterable[pa.RecordBatch], checks: Collection[str]) -> dict[str, Taken]:
    """Return the first rows of each of some checks, with how many there are."""
    taken: dict[str, Taken] = {}
    for batch in findings:
        for check, rows in _by_check(batch, checks):
            _take(taken.setdefault(check, Taken()), rows)
    return taken


def write_rows(
    findings: Iterable[pa.RecordBatch], folder: Path, checks: Collection[str]
) -> dict[str, Taken]:
    """Write all rows of some checks into `<check>.csv` and `<check>.parquet`, each replaced in one step.

    In the CSV, what is text is defused: a cell that begins like a formula gets an apostrophe in front. In
    both, the values of each side are one JSON object, and `since` is when the finding began to stand. Both
    formats are written side by side, while the next batch is read; two batches are held at most.

    Args:
        findings: Batches of stored findings.
        folder: Where the files go; it is there.
        checks: Ids of the checks; one without rows gets files without rows.

    Returns:
        The first rows of each check, as of `take`.
    """
    taken: dict[str, Taken] = {}
    with ExitStack() as stack:
        writers = {check: _Writers(stack, folder, check) for check in sorted(checks)}
        pool = stack.enter_context(ThreadPoolExecutor(len(FORMATS), "rows"))
        begun: Sequence[Future[None]] = ()
        for batch in findings:
            parts = list(_by_check(batch, checks))
            shown = [(writers[check], _shown(rows)) for check, rows in parts]
            _end(begun)
            begun = [pool.submit(write, shown) for write in (_write_csv, _write_parquet)]
            for check, rows in parts:
                _take(taken.setdefault(check, Taken()), rows)
        _end(begun)
    keep_names(folder)
    return taken


def _end(begun: Iterable[Future[None]]) -> None:
    for writing in begun:
        writing.result()


def finding_of(row: Mapping[str, Any]) -> Finding:
    """Read one stored finding, given by the names of its columns."""
    values: dict[str, Any] = {name: row[name] for name in row if name not in _OWN_NAMES}
    values |= {side: _side(row[side]) for side in ("centra", "emarsys", "agreed")}
    has_money = row["money_minor"] is not None and row["currency"] is not None
    return Finding(
        **values,
        check=row["check_id"],
        money=Money(row["money_minor"], row["currency"]) if has_money else None,
        moved_by=row["moved_by"] or "unknown",
        moved_at=row["since"],
    )


_OWN_NAMES = frozenset(
    {"check_id", "money_minor", "currency", "moved_by", "since", "centra", "emarsys", "agreed"}
    | {"stands_since", "accepted_severity", "accepted_people", "accepted_minor"}
)


def _take(taken: Taken, rows: pa.RecordBatch) -> None:
    wanted = ROWS_PER_CHECK - len(taken.findings)
    if wanted > 0:
        taken.findings += [finding_of(row) for row in rows.slice(0, wanted).to_pylist()]
    taken.total += rows.num_rows
    taken.stands_since = _oldest(taken.stands_since, _began(rows))
    is_open = pc.not_equal(rows["state"], "accepted")
    others = rows if pc.all(is_open).as_py() else rows.filter(is_open)
    taken.accepted += rows.num_rows - others.num_rows
    is_critical = pc.equal(others["severity"], "critical")
    taken.critical_since = _oldest(taken.critical_since, _began(others).filter(is_critical))
    gravest = filter(None, (taken.gravest, *pc.unique(others["severity"]).to_pylist()))
    sums = _sums(rows)
    _add(taken.minor, sums)
    _add(taken.open_minor, sums if others is rows else _sums(others))
    newest = pc.max(rows["last_seen"]).as_py()
    taken.judged_at = max(filter(None, (taken.judged_at, newest)), default=None)
    taken.gravest = max(gravest, key=SEVERITIES.index, default=None)


def _sums(rows: pa.RecordBatch) -> dict[str, int]:
    """Return what rows are worth by currency."""
    if rows["currency"].null_count == rows.num_rows:
        return {}  # as of every check about people
    codes = rows["currency"].dictionary_encode()
    return {
        currency: pc.sum(rows["money_minor"].filter(pc.equal(codes.indices, number))).as_py() or 0
        for number, currency in enumerate(codes.dictionary.to_pylist())
    }


def _add(sums: dict[str, int], more: Mapping[str, int]) -> None:
    for currency, minor in more.items():
        sums[currency] = sums.get(currency, 0) + minor


def _began(rows: pa.RecordBatch) -> pa.Array:
    """Return since when each row stands; runs of an older auditor do not tell who came back."""
    if "stands_since" not in rows.schema.names:
        return rows["first_seen"]
    return pc.coalesce(rows["stands_since"], rows["first_seen"])


def _oldest(known: datetime | None, moments: pa.Array) -> datetime | None:
    found = pc.min(moments).as_py()
    return min(filter(None, (known, found)), default=None)


def _by_check(
    batch: pa.RecordBatch, checks: Collection[str]
) -> Iterator[tuple[str, pa.RecordBatch]]:
    ids = batch["check_id"].dictionary_encode()
    for number, check in enumerate(ids.dictionary.to_pylist()):
        if check in checks:
            yield check, batch.filter(pc.equal(ids.indices, number))


def _shown(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows in the columns of the files."""
    stored = {"check": "check_id"}
    columns = {name: rows[stored.get(name, name)] for name in SCHEMA.names}
    columns["since"] = pc.coalesce(rows["since"], rows["occurred_at"], rows["first_seen"])
    return pa.record_batch(
        [columns[name].cast(SCHEMA.field(name).type) for name in SCHEMA.names], schema=SCHEMA
    )


class _Writers:
    """The two files of one check."""

    def __init__(self, stack: ExitStack, folder: Path, check: str) -> None:
        csv, parquet = (
            stack.enter_context(
                replaced(folder / f"{safe_name(check)}.{end}", "wb", is_one_of_many=True)
            )
            for end in FORMATS
        )
        texts = _texts(pa.RecordBatch.from_pylist([], SCHEMA))
        self.csv = stack.enter_context(pyarrow.csv.CSVWriter(csv, texts.schema))
        self.parquet = stack.enter_context(
            pq.ParquetWriter(parquet, SCHEMA, compression="zstd", use_dictionary=_OFTEN_THE_SAME)
        )


def _write_csv(shown: Iterable[tuple[_Writers, pa.RecordBatch]]) -> None:
    for writers, rows in shown:
        writers.csv.write_batch(_texts(rows))


def _write_parquet(shown: Iterable[tuple[_Writers, pa.RecordBatch]]) -> None:
    for writers, rows in shown:
        writers.parquet.write_batch(rows)


def _texts(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows as a spreadsheet may open them."""
    return pa.record_batch([_text(column) for column in rows.columns], names=rows.schema.names)


def _text(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        few = column.dictionary_encode()  # the times of runs, mostly
        return _moments(few.dictionary).take(few.indices)
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "yes", "no")
    return _defused(column) if pa.types.is_string(column.type) else column


def _moments(column: pa.Array) -> pa.Array:
    whole = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S")
    return pc.binary_join_element_wise(pc.replace_substring_regex(whole, r"\.?0+$", ""), "Z", "")


def _defused(column: pa.Array) -> pa.Array:
    is_formula = pc.is_in(pc.utf8_slice_codeunits(column, 0, 1), _FORMULA)
    if not pc.any(is_formula).as_py():  # as nearly always
        return column
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)


def _side(text: str | None) -> dict[str, Any] | None:
    return None if text is None else _DECODER.decode(text)
