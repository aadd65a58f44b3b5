"""The wholesale side of a Centra tenant, as plain rows.

Times are as in `tenant_rows.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Account:
    """A wholesale account."""

    id: int
    name: str
    status: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Buyer:
    """A person who buys for a wholesale account."""

    id: int
    account_id: int
    store_id: int
    status: str
    email: str
    first_name: str
    last_name: str
    created_at: datetime
    updated_at: datetime
    total_orders: int = 0
