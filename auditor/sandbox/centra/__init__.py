"""A fake Centra tenant: its GraphQL Integration API on top of the rows of a `CentraTenant`."""

from __future__ import annotations

from auditor.sandbox.centra.app import centra_app
from auditor.sandbox.centra.options import DEFAULT_ABSENT, CentraOptions, Token
from auditor.sandbox.centra.plans import (
    ENHANCED,
    ENTERPRISE,
    GROWTH,
    HIGH_VOLUME,
    UNLIMITED,
    RatePlan,
)
from auditor.sandbox.centra.server import CentraServer

__all__ = [
    "DEFAULT_ABSENT",
    "ENHANCED",
    "ENTERPRISE",
    "GROWTH",
    "HIGH_VOLUME",
    "UNLIMITED",
    "CentraOptions",
    "CentraServer",
    "RatePlan",
    "Token",
    "centra_app",
]
