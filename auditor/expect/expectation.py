"""An expectation: a check, and how Great Expectations judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.finding import Check

NO_DRIFT = "expect_no_drift"
READ_AT, READ_ON = "read_at", "read_on"
Scalar = str | int | bool | None

_PARAMETER = "$PARAMETER"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A check and how Great Expectations judges it.

    Attributes:
        type: `expect_no_drift` or the name of a built-in.
        table: The canonical table a built-in looks at, None for `expect_no_drift`.
        where: Rows to look at: per column the values that qualify (None is NULL), all of them at once.
        kwargs: What the built-in takes, parameters not yet filled in.
    """

    check: Check
    type: str = NO_DRIFT
    table: str | None = None
    where: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it judges, in the order a person would name them."""
        keys = ("column", "column_A", "column_B", "column_list")
        return tuple(name for key in keys for name in listed(self.kwargs.get(key, [])))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `{$PARAMETER: name}` leaves to be filled in."""
        return tuple(v[_PARAMETER] for v in self.kwargs.values() if _is_parameter(v))

    @property
    def references(self) -> tuple[tuple[str, str], ...]:
        """The columns of other tables among its parameters, as table and column."""
        return tuple(
            (name.partition(".")[0], name.partition(".")[2])
            for name in self.parameters
            if name not in (READ_AT, READ_ON)
        )

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return its arguments with the parameters' values in place."""
        return {
            key: values[value[_PARAMETER]] if _is_parameter(value) else value
            for key, value in self.kwargs.items()
        }


@dataclass(frozen=True, slots=True)
class Case:
    """An expectation in one run: its parameters have their values."""

    expectation: Expectation
    kwargs: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The check's id."""
        return self.expectation.check.id


def listed(value: object) -> list[str]:
    """Return one name or a list of names as a list of text, whatever a user wrote."""
    return [str(name) for name in value] if isinstance(value, list) else [str(value)]


def _is_parameter(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {_PARAMETER}
