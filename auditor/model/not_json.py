"""What a JSON decoder raises at text that is no JSON of the wanted shape."""

from __future__ import annotations

import msgspec

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""msgspec reports broken UTF-8 and nesting without end by exceptions of Python's own."""
