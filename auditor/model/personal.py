"""What of a record is personal, and what may stand in its place outside the stores."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.keyed_hash import keyed_hash

PERSONAL = frozenset({"email", "email_key", "first_name", "last_name", "person"})
"""Columns whose values are e-mail addresses or names."""

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Veil:
    """Shows values without telling whose they are.

    Attributes:
        pepper: Keys the hash that stands for a value; without one, a value is merely hidden.
        is_lifted: Whether a person at the terminal asked to see everything.
    """

    pepper: str | None = None
    is_lifted: bool = False

    def shown(self, column: str, value: object) -> object:
        """Return a value, or what stands for it when it is personal."""
        is_personal = column in PERSONAL or (isinstance(value, str) and "@" in value)
        if self.is_lifted or value is None or not is_personal:
            return value
        return self.hashed(str(value))

    def hashed(self, value: str) -> str:
        """Return a keyed hash: the same for the same value, and no way back without the pepper."""
        found = keyed_hash(value, self.pepper)
        return "***" if found is None else f"#{found[:_DIGITS]}"
