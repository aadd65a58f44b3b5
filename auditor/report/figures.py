"""Numbers, amounts and times as a person reads them, in the brand's locale and time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.model.currency import MINOR_DIGITS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from auditor.model.finding import Money

Locale = Literal["en", "sv", "de"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Style(NamedTuple):
    group: str
    point: str
    day: str


_STYLES: dict[Locale, _Style] = {
    "en": _Style(",", ".", "{d} {name} {y}"),
    # A no-break space, so that a number never wraps.
    "sv": _Style("\u00a0", ",", "{y}-{m:02}-{d:02}"),
    "de": _Style(".", ",", "{d:02}.{m:02}.{y}"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Writes figures in one locale and one time zone.

    Attributes:
        locale: Digit grouping, decimal mark and order of dates; the words stay English.
        zone: Times are shown in it, and name it.
    """

    locale: Locale
    zone: ZoneInfo

    def number(self, value: int) -> str:
        """Write a whole number with grouped digits."""
        return f"{value:,}".replace(",", _STYLES[self.locale].group)

    def money(self, money: Money) -> str:
        """Write an amount with its currency's decimals; one of unknown decimals in minor units."""
        digits = MINOR_DIGITS.get(money.currency)
        if digits is None:
            return f"{self.number(money.minor)} minor units of {money.currency}"
        sign = "-" if money.minor < 0 else ""
        whole, rest = divmod(abs(money.minor), 10**digits)
        fraction = f"{_STYLES[self.locale].point}{rest:0{digits}}" if digits else ""
        return f"{sign}{self.number(whole)}{fraction}\u00a0{money.currency}"

    def percent(self, share: float) -> str:
        """Write a share (0 to 1) with one decimal, rounded down: only a whole reads as 100."""
        tenths = int(share * 1000 + 1e-9)
        return f"{tenths // 10}{_STYLES[self.locale].point}{tenths % 10}\u00a0%"

    def day(self, moment: datetime) -> str:
        """Write the day a moment falls on in the brand's time zone."""
        local = moment.astimezone(self.zone)
        name = MONTHS[local.month - 1]
        style = _STYLES[self.locale].day
        return style.format(d=local.day, m=local.month, y=local.year, name=name)

    def moment(self, moment: datetime) -> str:
        """Write a moment to the minute, with the zone it is told in."""
        local = moment.astimezone(self.zone)
        return f"{self.day(moment)}, {local:%H:%M} {local.tzname()}"

    def seconds(self, seconds: float) -> str:
        """Write a duration that was measured: hundredths below a minute, whole seconds above."""
        if seconds < timedelta(minutes=1).total_seconds():
            return f"{seconds:.2f}".replace(".", _STYLES[self.locale].point) + "\u00a0s"
        minutes, rest = divmod(round(seconds), 60)
        return f"{self.number(minutes)}\u00a0min {rest}\u00a0s"

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
