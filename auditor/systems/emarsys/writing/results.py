"""What became of each row of a write: the row is judged, never the call.

Source:
    Emarsys reference 0.1, 0.2, 2.6 (codes), 3.3 (loose types, failures inside a success).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from auditor.systems.emarsys.envelope import int_or_none, row_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    AddsUp: TypeAlias = Callable[[Mapping[str, object], int], bool]

Fate: TypeAlias = Literal["ok", "failed", "not_taken", "unknown"]
State: TypeAlias = Literal[
    "done", "not_found", "ambiguous", "exists", "invalid", "idle", "failed", "not_taken", "unknown"
]

STATES: Mapping[int, State] = {
    2004: "invalid",
    2005: "invalid",
    2006: "invalid",
    2007: "invalid",
    2008: "not_found",
    2009: "exists",
    2010: "ambiguous",
    5005: "idle",
    5010: "invalid",
}
"""What a code of a row, or of a whole call, says about a row; any other is `failed`."""

NO_KEY = "<NO_KEY_ID>"
"""How rows are named whose key field is no key. Source: Emarsys reference 3.3."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one call.

    Attributes:
        fate: `ok` is a success of the call, whatever its rows say; `failed` a refusal, of which nothing
            was carried out; `not_taken` says the same, and that the call may be sent again; `unknown`
            that only reading can tell.
        code: The reply code of a refusal, None where it has none.
        data: What a success holds.
    """

    fate: Fate
    code: int | None = None
    data: object = None


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row.

    Attributes:
        key: The row's key, as it was given.
        state: `done`, or why not. `not_taken`: certainly nothing happened, it may be sent again.
            `unknown`: only reading can tell whether it happened. `idle`: nothing listens to the event.
        code: The reply code behind it, None where there is none.
    """

    key: str
    state: State
    code: int | None = None


def same_for_all(keys: Sequence[str], answer: Answer) -> tuple[RowResult, ...]:
    """Return the rows of a call that was not a success: they share its fate."""
    state = _state(answer.code) if answer.fate == "failed" else answer.fate
    assert state != "ok"  # noqa: S101 - a success is judged row by row, not here
    return tuple(RowResult(key, state, answer.code) for key in keys)


def judge_by_ids(keys: Sequence[str], answer: Answer) -> tuple[RowResult, ...]:
    """Return the rows of a call that answers with the ids of those that succeeded.

    The ids do not stand in the order of the rows, so they are only counted: where they do not make up
    for the rows without an error, nothing is known about these rows.

    Source:
        Emarsys reference 3.2 (positions), 3.3 (shapes), 8 (the same for triggers).
    """
    return _judge(keys, answer, lambda data, good: _is_list_of(data.get("ids"), good))


def judge_single(key: str, answer: Answer) -> RowResult:
    """Return the only row of a successful call that answers without rows: done, unless it names an error.

    Source:
        Emarsys reference 8: the single form of a trigger answers `{}`.
    """
    data = answer.data if isinstance(answer.data, dict) else {}
    for error in row_errors(data.get("errors")):
        return RowResult(key, _state(error.code), error.code)
    return RowResult(key, "done")


def judge_by_errors(keys: Sequence[str], answer: Answer, count: str) -> tuple[RowResult, ...]:
    """Return the rows of a call that answers with a count, which is smaller where nothing changed.

    Source:
        Emarsys reference 9.1: adding and removing members are idempotent in effect.
    """
    return _judge(keys, answer, lambda data, good: _is_at_most(data.get(count), good))


def _judge(keys: Sequence[str], answer: Answer, adds_up: AddsUp) -> tuple[RowResult, ...]:
    if answer.fate != "ok":
        return same_for_all(keys, answer)
    data = answer.data if isinstance(answer.data, dict) else {}
    failed = {error.key: error.code for error in row_errors(data.get("errors"))}
    good = [key for key in keys if key not in failed]
    rest: RowResult = RowResult("", "done")
    if NO_KEY in failed and not adds_up(data, len(good)):
        rest = RowResult("", _state(failed[NO_KEY]), failed[NO_KEY])
    elif not adds_up(data, len(good)):
        rest = RowResult("", "unknown")
    return tuple(
        RowResult(key, _state(failed[key]), failed[key])
        if key in failed
        else RowResult(key, rest.state, rest.code)
        for key in keys
    )


def _state(code: int | None) -> State:
    return "failed" if code is None else STATES.get(code, "failed")


def _is_list_of(raw: object, number: int) -> bool:
    return isinstance(raw, list) and len(raw) == number


def _is_at_most(raw: object, number: int) -> bool:
    count = int_or_none(raw)
    return count is not None and 0 <= count <= number
