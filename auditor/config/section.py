"""What every section is made of: the kinds of text and number, and rules between keys."""

# No `from __future__ import annotations` here: `build` reads these annotations while it runs.

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True)
class Keys:
    """The only keys that a mapping may have."""

    names: tuple[str, ...]


class SettingError(ValueError):
    """A rule between settings is broken; `key` is the setting below the section at fault."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


Brand = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z",
        description="a short name of letters, digits, - and _",
    ),
]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f]*\Z",
        description="text (in quotes where YAML reads a number or a yes/no)",
    ),
]
Email = Annotated[
    str,
    Meta(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+\Z", description="an address such as crm@brand.example"),
]
Share = Annotated[float, Meta(ge=0, le=1, description="a share from 0 to 1")]
UsedShare = Annotated[float, Meta(gt=0, le=1, description="a share above 0 and at most 1")]
MOST = 1_000_000_000_000
"""Of anything that is counted or numbered: a thousandfold of it still fits into the integers of a database."""
Count = Annotated[int, Meta(ge=0, le=MOST, description=f"a whole number from 0 to {MOST:,}")]
Id = Annotated[int, Meta(ge=1, le=MOST, description=f"a whole number from 1 to {MOST:,}")]
Dataset = Annotated[
    str, Meta(pattern=r"^[\w.-]*\Z", description="the name of a schema or dataset, or empty")
]
Column = Annotated[
    str, Meta(pattern=r"^[A-Za-z]\w*\Z", description="a column name such as item or s_channel")
]
