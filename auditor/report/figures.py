"""Numbers, amounts and times as a person reads them, in the brand's locale and time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import babel.dates
import babel.numbers

from auditor.model.currency import MINOR_DIGITS

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from auditor.model.finding import Money


_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@dataclass(frozen=True)
class Figures:
    """Writes figures in one locale and one time zone.

    Attributes:
        locale: Such as en_GB or sv_SE; of digit grouping, decimal mark and dates. The words stay English.
        zone: Times are shown in it, and name it.
    """

    locale: str
    zone: ZoneInfo

    @cached_property
    def group(self) -> str:
        """Return what stands between groups of digits."""
        return babel.numbers.get_group_symbol(self.locale)

    @cached_property
    def point(self) -> str:
        """Return what stands before the decimals."""
        return babel.numbers.get_decimal_symbol(self.locale)

    def number(self, value: int) -> str:
        """Write a whole number with grouped digits."""
        return f"{value:,}".replace(",", self.group)

    def money(self, money: Money) -> str:
        """Write an amount with its currency's decimals; one of unknown decimals in minor units."""
        digits = MINOR_DIGITS.get(money.currency)
        if digits is None:
            return f"{self.number(money.minor)} minor units of {money.currency}"
        sign = "-" if money.minor < 0 else ""
        whole, rest = divmod(abs(money.minor), 10**digits)
        fraction = f"{self.point}{rest:0{digits}}" if digits else ""
        return f"{sign}{self.number(whole)}{fraction}\u00a0{money.currency}"

    def percent(self, share: float) -> str:
        """Write a share (0 to 1) with one decimal, rounded down: only a whole reads as 100."""
        tenths = int(share * 1000 + 1e-9)
        return f"{tenths // 10}{self.point}{tenths % 10}\u00a0%"

    def day(self, moment: datetime) -> str:
        """Write the day a moment falls on in the brand's time zone."""
        return _day(moment.astimezone(self.zone).date(), self.locale)

    def clock(self, moment: datetime) -> str:
        """Write the time of day of a moment, to the minute, in the brand's time zone."""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def moment(self, moment: datetime) -> str:
        """Write a moment to the minute, with the zone it is told in."""
        zone = moment.astimezone(self.zone).tzname()
        return f"{self.day(moment)}, {self.clock(moment)} {zone}"

    def seconds(self, seconds: float) -> str:
        """Write a duration that was measured: hundredths below a minute, whole seconds above."""
        if seconds < timedelta(minutes=1).total_seconds():
            return f"{seconds:.2f}".replace(".", self.point) + "\u00a0s"
        minutes, rest = divmod(round(seconds), 60)
        return f"{self.number(minutes)}\u00a0min {rest}\u00a0s"

    def duration(self, seconds: float) -> str:
        """Write a time that something takes in its two largest units: days and hours, or hours and so on."""
        for (unit, length), (smaller, part) in pairwise(_UNITS):
            if seconds >= length:
                rest = int(seconds % length // part)
                whole = f"{self.number(int(seconds // length))}\u00a0{unit}"
                return f"{whole} {rest}\u00a0{smaller}" if rest else whole
        return f"{int(seconds)}\u00a0s"

    def age(self, since: datetime, until: datetime) -> str:
        """Write the time between two moments in its largest whole unit."""
        gone = max(until - since, timedelta())
        for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
            if gone >= length:
                return counted(gone // length, unit, self)
        return counted(gone // timedelta(minutes=1), "minute", self)


def counted(value: int, noun: str, figures: Figures) -> str:
    """Write a number with its noun, in the plural unless it is one; `person` becomes `people`."""
    plural = "people" if noun == "person" else f"{noun}s"
    return f"{figures.number(value)} {noun if value == 1 else plural}"


def aware(moment: datetime) -> datetime:
    """Read a moment without zone as UTC, which is how the stores keep them."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)  # a page tells few days, many times
def _day(day: date, locale: str) -> str:
    return babel.dates.format_date(day, "medium", locale=locale)
