"""Rules in their order of precedence: the first that holds decides what is raised about a row.

A check's select makes one CASE of them, and an explanation asks each of them about one row, so that
both always say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.sql.elements import ColumnElement


class Rule(NamedTuple):
    """One condition.

    Attributes:
        check: What is raised where it decides; None raises nothing.
        holds: NULL is no.
        reason: Why nothing is raised, in words; empty where something is.
    """

    check: str | None
    holds: ColumnElement[bool]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The rules of a topic over the rows that they judge.

    Attributes:
        rows: What the rules are evaluated for.
        key: What tells the rows apart.
        about: What a row is, in a word.
        ids: The columns by which rows are found, by the kind of id that they hold.
        rules: In their order.
        is_exclusive: Whether the first that holds decides; else each that holds is raised.
    """

    rows: sa.FromClause
    key: ColumnElement[str]
    about: str
    ids: Mapping[str, ColumnElement[str]]
    rules: Sequence[Rule]
    is_exclusive: bool = True


def first_of(rules: Sequence[Rule]) -> ColumnElement[str | None]:
    """Return the check of the first rule that holds; NULL where that raises nothing, or none holds."""
    return sa.case(*((rule.holds, rule.check) for rule in rules), else_=None)
