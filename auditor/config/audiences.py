"""Segments and the rules that they claim to follow, and the audiences that are judged ahead of a launch."""

# No `from __future__ import annotations` here: `build` reads these annotations while it runs.

from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct, field

from auditor.config.section import Count, Id, Name, SettingError
from auditor.config.values import Cron, Duration
from auditor.prose import in_a_row


class LifetimeValue(Struct, frozen=True, kw_only=True):
    """People whose orders are worth more than `over`, in whole units of the base currency."""

    over: Count


class OrderCount(Struct, frozen=True, kw_only=True):
    """People who placed a number of orders."""

    at_least: Id = 1


class SkuCount(Struct, frozen=True, kw_only=True):
    """People who bought an item a number of times: units that did not come back."""

    sku: Name
    at_least: Id = 1


class Category(Struct, frozen=True, kw_only=True):
    """People who bought so many units in a category, named as Centra's displays name it."""

    name: Name
    at_least: Id = 1


class LastOrder(Struct, frozen=True, kw_only=True):
    """People whose last order was placed before, or after, a day."""

    before: date | None = None
    after: date | None = None

    def __post_init__(self) -> None:
        """Refuse none or both."""
        if (self.before is None) == (self.after is None):
            raise SettingError("", "must hold exactly one of before and after")


class Rule(Struct, frozen=True, kw_only=True):
    """What puts a person into an audience: exactly one of these."""

    lifetime_value: LifetimeValue | None = None
    order_count: OrderCount | None = None
    sku_count: SkuCount | None = None
    category: Category | None = None
    last_order: LastOrder | None = None

    def __post_init__(self) -> None:
        """Refuse none and several."""
        if len([name for name in self.__struct_fields__ if getattr(self, name) is not None]) != 1:
            raise SettingError("", f"must hold exactly one of {in_a_row(self.__struct_fields__)}")


class Audience(Struct, frozen=True, kw_only=True):
    """A segment and the rule that it claims to follow."""

    segment: Id
    name: Name
    rule: Rule


def require_once(audiences: Iterable[Audience]) -> None:
    """Refuse a segment with two rules: whoever is in it is judged by both, and is one finding.

    Raises:
        SettingError: a segment stands twice.
    """
    known: dict[int, int] = {}
    for number, audience in enumerate(audiences):
        first = known.setdefault(audience.segment, number)
        if first != number:
            told = f"is the segment of audiences[{first}], too"
            raise SettingError(f"audiences[{number}].segment", told)


class PlannedPreflight(Struct, frozen=True, kw_only=True):
    """An audience that is judged ahead of each launch: exactly one of segment, list and campaign.

    Attributes:
        at: Cron line of the launches, in the brand's time zone.
    """

    at: Cron
    segment: Id | None = None
    list_: Id | None = field(name="list", default=None)
    campaign: Id | None = None
    items: tuple[Name, ...] = ()

    def __post_init__(self) -> None:
        """Refuse none and several."""
        if len([one for one in (self.segment, self.list_, self.campaign) if one is not None]) != 1:
            raise SettingError("", "must hold exactly one of segment, list and campaign")

    @property
    def about(self) -> str:
        """Return which audience it is, such as `segment:200001`."""
        named = {"segment": self.segment, "list": self.list_, "campaign": self.campaign}
        return next(f"{kind}:{number}" for kind, number in named.items() if number is not None)


class Preflights(Struct, frozen=True, kw_only=True):
    """When an audience is judged, and how long that holds.

    Attributes:
        expiry: A verdict says nothing after this long.
        ahead: How long before a launch the service judges.
    """

    expiry: Duration = Duration(timedelta(hours=2))
    ahead: Duration = Duration(timedelta(hours=1))
    planned: tuple[PlannedPreflight, ...] = ()

    def __post_init__(self) -> None:
        """Refuse to judge so early that nothing is known any more when it is launched."""
        if self.planned and self.ahead > self.expiry:
            told = "must not be longer than expiry, else a verdict ends before its launch"
            raise SettingError("ahead", told)
