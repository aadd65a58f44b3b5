"""The dates that both systems share: how far history reaches and when sales data is loaded."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

HISTORY = timedelta(days=150)
SALES_WINDOW = timedelta(days=120)
EVENT_WINDOW = timedelta(days=30)
DAY = timedelta(days=1)

# Old enough that no stream still owes anything, whatever the settle times of a brand are.
SETTLED = timedelta(hours=72)

# How long ago an auditor first looks at a world whose drift shows only by comparing.
EARLIER = timedelta(days=5)

# The last load is always this old, whatever the hour of `now`: so every world has young orders on
# both sides of it, and none that is older than 26 hours is left out.
LAST_LOAD_AGE = timedelta(hours=9)


def sales_since(now: datetime) -> date:
    """Return the day from which the brand sends its sales."""
    return now.date() - SALES_WINDOW


def sales_since_at(now: datetime) -> datetime:
    """Return the first moment of the day from which the brand sends its sales, in UTC."""
    return datetime.combine(sales_since(now), time.min, UTC)


def load_after(now: datetime, sent_at: datetime) -> datetime:
    """Return when the daily load takes in what was sent at `sent_at`; after `now` if not yet.

    Source:
        Emarsys reference 5.1: an upload is accepted before it is loaded, by a daily batch.
    """
    last_load_at = now - LAST_LOAD_AGE
    return last_load_at - ((last_load_at - sent_at) // DAY) * DAY
