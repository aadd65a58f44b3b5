"""Read the suites: YAML entries in, typed expectations out, or one sentence that says what is wrong.

Two kinds of entry. `expect_no_drift` judges one check of the reconcile stage. Any other `type` is a
Great Expectations built-in on one canonical table; its `kwargs` go to Great Expectations as they are,
where `{$PARAMETER: read_at}` and `{$PARAMETER: read_on}` stand for the end of the reading (a time, a
date) and `{$PARAMETER: <table>.<column>}` for the values that a column of another table has.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from auditor.config.reading import MAX_BYTES, parsed
from auditor.errors import ConfigError
from auditor.expect.expectation import NO_DRIFT, Expectation, Scalar, listed
from auditor.model.finding import Check, Severity
from auditor.model.tables import STREAM_TABLES, metadata
from auditor.prose import nearest
from auditor.resources import expectation_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable


_Values = Annotated[tuple[Scalar, ...], msgspec.Meta(min_length=1)]


class _Remedy(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    class_: Literal["auto", "confirm", "propose", "none"] = msgspec.field(name="class")


class _Suite(msgspec.Struct, forbid_unknown_fields=True):
    suite: str
    owner: str
    expectations: list[dict[str, Any]]


class _DriftEntry(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    check: str
    title: str
    severity: Severity
    needs: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    needs_before: tuple[str, ...] = ()
    needs_told: tuple[str, ...] = ()
    owner: str | None = None
    remedy: _Remedy | None = None
    max_rows: Annotated[int, msgspec.Meta(ge=0)] = 0
    max_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    heeds: tuple[str, ...] = ()
    rule: str = ""


class _TableEntry(msgspec.Struct, forbid_unknown_fields=True):
    type: Annotated[str, msgspec.Meta(pattern="^expect_")]
    table: str
    title: str
    severity: Severity
    check: str | None = None
    owner: str | None = None
    where: dict[str, _Values] = {}
    kwargs: dict[str, Any] = {}


def load_checks(files: Iterable[Traversable]) -> tuple[Expectation, ...]:
    """Read suites in the order given.

    Raises:
        ConfigError: a file that cannot be read, an entry that is wrong, or an id that stands twice.
    """
    found: dict[str, Expectation] = {}
    for file in files:
        for place, expectation in _load_suite(file):
            if expectation.check.id in found:
                raise ConfigError(f"{place}: the check id stands twice; rename one of the two.")
            found[expectation.check.id] = expectation
    return tuple(found.values())


def _load_suite(file: Traversable) -> Iterator[tuple[str, Expectation]]:
    suite = _read_suite(file)
    for number, entry in enumerate(suite.expectations, start=1):
        place = f"{file.name}, entry {number} ({entry.get('check') or entry.get('type')})"
        try:
            yield place, _expectation(entry, suite)
        except msgspec.ValidationError as exc:
            raise ConfigError(f"{place}: {_sentence(exc)}") from exc


def _read_suite(file: Traversable) -> _Suite:
    try:
        return msgspec.convert(parsed(_text(file), takes_aliases=True), _Suite)
    except ConfigError as exc:
        raise ConfigError(f"{file.name}: {exc}") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{file.name}: the suite cannot be read; check the file.") from exc
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{file.name}: {_sentence(exc)}") from exc


def _text(file: Traversable) -> str:
    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ConfigError(f"is larger than {MAX_BYTES // 1024} kB; this is no suite.")
    return content.decode("utf-8")


def _expectation(entry: dict[str, Any], suite: _Suite) -> Expectation:
    if entry.get("type") == NO_DRIFT:
        expectation = _of_drift(msgspec.convert(entry, _DriftEntry), suite)
    else:
        expectation = _of_table(msgspec.convert(entry, _TableEntry), suite)
    check = expectation.check
    if not check.id.startswith(f"{suite.suite}."):
        raise msgspec.ValidationError(f"the check id must start with `{suite.suite}.`")
    if expectation.type == NO_DRIFT:
        _refuse_what_is_not_reconciled(check)
    _refuse_unknown_needs(check)
    return expectation


def _refuse_unknown_needs(check: Check) -> None:
    for key in ("needs", "heeds", "needs_before"):
        for stream in getattr(check, key):
            if stream not in STREAM_TABLES:
                raise msgspec.ValidationError(f"{key} names `{stream}`, which is no stream")
    for name in check.needs_told:
        table, _, column = name.partition(".")
        if table not in metadata.tables or column not in metadata.tables[table].c:
            raise msgspec.ValidationError(f"needs_told names `{name}`, which is no column")


def _refuse_what_is_not_reconciled(check: Check) -> None:
    known = _reconciled()
    if check.id not in known:
        close = nearest(check.id, sorted(known), cutoff=0.8)
        own = sorted(name for name in known if name.startswith(f"{check.suite}."))
        hint = f"did you mean {close}?" if close else f"there are {', '.join(own) or 'none'}."
        raise msgspec.ValidationError(f"no such check; {hint}")


@cache
def _reconciled() -> frozenset[str]:
    """Return the checks that the reconcile stage knows: all of them stand in the suites that ship."""
    return frozenset(
        str(entry.get("check"))
        for file in expectation_files()
        for entry in _read_suite(file).expectations
        if entry.get("type") == NO_DRIFT
    )


def _of_drift(entry: _DriftEntry, suite: _Suite) -> Expectation:
    check = Check(
        id=entry.check,
        suite=suite.suite,
        title=entry.title,
        severity=entry.severity,
        owner=entry.owner or suite.owner,
        needs=entry.needs,
        remedy=entry.remedy.name if entry.remedy else None,
        remedy_class=entry.remedy.class_ if entry.remedy else "none",
        max_rows=entry.max_rows,
        max_share=entry.max_share,
        heeds=entry.heeds,
        needs_before=entry.needs_before,
        needs_told=entry.needs_told,
        rule=entry.rule,
    )
    return Expectation(check)


def _of_table(entry: _TableEntry, suite: _Suite) -> Expectation:
    owner = entry.owner or suite.owner
    check = Check(entry.check or "", suite.suite, entry.title, entry.severity, owner, needs=())
    draft = Expectation(check, entry.type, entry.table, entry.where, entry.kwargs)
    _refuse_unknown_names(draft)
    _refuse_what_engines_disagree_on(draft)
    derived = ".".join([suite.suite, entry.table, entry.type, "-".join(draft.columns)])
    tables = (entry.table, *(table for table, _ in draft.references))
    check = replace(
        check,
        id=entry.check or derived.rstrip("."),
        needs=tuple(dict.fromkeys(_stream(table) for table in tables)),
    )
    return replace(draft, check=check)


def _refuse_unknown_names(draft: Expectation) -> None:
    table = draft.table or ""
    own = [(table, column) for column in (*draft.columns, *draft.where)]
    for name, column in ((table, None), *own, *draft.references):
        _stream(name)
        if column is not None and column not in metadata.tables[name].c:
            raise msgspec.ValidationError(f"the table {name} has no column `{column}`")


def _refuse_what_engines_disagree_on(draft: Expectation) -> None:
    patterns = [*listed(draft.kwargs.get("regex", [])), *listed(draft.kwargs.get("regex_list", []))]
    if not all(p.startswith("^") and p.endswith("$") for p in patterns):
        raise msgspec.ValidationError(
            "a pattern must begin with ^ and end with $, for engines differ on those that do not"
        )
    if "row_condition" in draft.kwargs:
        raise msgspec.ValidationError("row_condition is not taken; write `where` beside `kwargs`")


def _stream(table: str) -> str:
    for stream, tables in STREAM_TABLES.items():
        if table in (t.name for t in tables):
            return stream
    raise msgspec.ValidationError(f"`{table}` is neither a canonical table nor a parameter")


def _sentence(exc: msgspec.ValidationError) -> str:
    said = str(exc)
    return said if said.endswith((".", "?")) else f"{said}."
