"""What a snapshot says about itself: one coverage line per stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - read at run time when coverage is decoded
from typing import Literal

System = Literal["centra", "emarsys"]
Mode = Literal["full", "incremental", "off"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A field that a read left out, because the tenant has none or the token may not read it.

    Attributes:
        field: Its name in the API, as `Type.field`.
        columns: The canonical columns that stay empty for it, as `table.column`.
    """

    field: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How completely one stream was read; a stream that is not complete proves no absence.

    Attributes:
        system: Which side the stream belongs to.
        stream: The stream's public name, e.g. `orders`.
        rows: Rows in the store after the read.
        complete: Whether it was read to its end with all the permissions it needs.
        mode: `off` when the settings do not configure its source.
        as_of: When reading began: no later change is promised to be in it.
        reason: Why it is incomplete or off, as a sentence without personal data.
        set_aside: Rows that could not be parsed; kept in `unparsed_row`, never dropped.
        requests: Calls that reading took.
        seconds: Wall time that reading took.
        notes: What was left out and why, and what reading cost; sentences without personal data.
        dropped: The fields that were left out.
    """

    system: System
    stream: str
    rows: int
    complete: bool
    mode: Mode
    as_of: datetime
    reason: str | None = None
    set_aside: int = 0
    requests: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether checks may conclude from it."""
        return self.complete and self.mode != "off"

    @property
    def is_broken(self) -> bool:
        """Whether it was to be read, and was not read to its end; `off` is no fault."""
        return not self.complete and self.mode != "off"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of both systems.

    Attributes:
        run: The run's id, e.g. `2026-11-23T05:00:00Z-7f3a`.
        as_of: When it began; ages (settle times) are measured from here.
        coverage: One line per stream, in reading order.
    """

    run: str
    as_of: datetime
    coverage: tuple[Coverage, ...]

    @property
    def untold(self) -> frozenset[str]:
        """Return the canonical columns that stay empty, for their fields were left out."""
        return frozenset(
            column for line in self.coverage for one in line.dropped for column in one.columns
        )

    def line(self, stream: str) -> Coverage | None:
        """Return the coverage of one stream, None when no such stream was tried."""
        return next((c for c in self.coverage if c.stream == stream), None)
