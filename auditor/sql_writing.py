"""What the dialects of SQL that the auditor writes itself have in common: BigQuery's and Spark's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

import sqlalchemy as sa
from sqlalchemy.sql.type_api import NativeForEmulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.type_api import TypeEngineMixin
    from sqlalchemy.types import TypeEngine


class Seconds(NativeForEmulated, sa.types.TypeEngine[timedelta]):
    """A span of time, written in seconds.

    Attributes:
        unit: What the dialect calls them.
    """

    __visit_name__ = "INTERVAL"
    native = True
    unit: ClassVar[str]

    @classmethod
    def adapt_emulated_to_native(
        cls,
        impl: TypeEngine[Any] | TypeEngineMixin,  # noqa: ARG003 - SQLAlchemy's
        **_: Any,  # noqa: ANN401
    ) -> Self:
        """Take the place of SQLAlchemy's interval."""
        return cls()

    def literal_processor(self, dialect: sa.Dialect) -> Callable[[timedelta], str]:  # noqa: ARG002 - SQLAlchemy's
        """Write whole seconds: no setting of the auditor is finer."""
        return lambda span: f"INTERVAL {int(span.total_seconds())} {self.unit}"


def zone_and_moment(
    compiler: SQLCompiler,
    fn: sa.Function[Any],
    **kw: Any,  # noqa: ANN401
) -> tuple[str, str]:
    """Write both arguments of `timezone(zone, timezone('UTC', time))`, a time of UTC on a zone's clock.

    Raises:
        CompileError: it stands for anything else.
    """
    zone, inner = fn.clauses
    if not isinstance(inner, sa.Function) or inner.name != "timezone":
        raise sa.exc.CompileError("timezone() stands for a time of UTC alone; write it twice.")
    _, moment = inner.clauses
    return compiler.process(zone, **kw), compiler.process(moment, **kw)


def extracted(
    compiler: SQLCompiler,
    extract: Any,  # noqa: ANN401 - SQLAlchemy's
    epoch: str,
    **kw: Any,  # noqa: ANN401
) -> str:
    """Write an EXTRACT, of which neither dialect can count the seconds since 1970.

    Args:
        compiler: Of the dialect.
        extract: What is extracted.
        epoch: Counts them, with `{}` for the moment.
        kw: As the compiler got them.
    """
    moment = compiler.process(extract.expr, **kw)
    if extract.field == "epoch":
        return epoch.format(moment)
    return f"EXTRACT({extract.field} FROM {moment})"
