"""How many decimals a currency has, by ISO 4217; one that is not listed is refused, never guessed."""

from __future__ import annotations

from auditor.errors import ConfigError
from auditor.model.currency import MINOR_DIGITS


def minor_digits(code: str) -> int:
    """Return the decimals of a currency.

    Raises:
        ConfigError: the currency is not known.
    """
    if code not in MINOR_DIGITS:
        raise ConfigError(f"Emarsys account currency: {code!r} is no currency of ISO 4217.")
    return MINOR_DIGITS[code]
