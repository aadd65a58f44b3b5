"""The environment as programs that the auditor starts shall see it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment_with(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the process environment with some variables added or replaced."""
    return {**os.environ, **extra}  # noqa: TID251 - auditor/config is the one place that may
