"""The fields of campaigns and lowest prices.

Source: Centra reference 6.3. It names the campaign types and none of their fields: those are
inferred from `LowestPrice` and from how Centra names the like elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.centra.field import Field, Request, attr, members, moment, ref
from auditor.sandbox.centra.money import Money
from auditor.sandbox.centra.paging import page_of

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Arguments, Getter
    from auditor.sandbox.world.model import Campaign, CampaignVariant, LowestPrice


def _variants(request: Request, arguments: Arguments) -> Getter:
    groups = request.view.campaign_variants.groups("campaign_id")

    def answer(row: Campaign) -> list[CampaignVariant]:
        return page_of(request, groups.get(row.id, []), arguments)

    return answer


def _amount(name: str) -> Field:
    def bind(request: Request, _arguments: Arguments) -> Getter:
        pricelists = request.view.pricelists.by("id")
        currencies = request.view.currencies.by("code")

        def answer(row: CampaignVariant | LowestPrice) -> Money:
            currency = currencies[pricelists[row.pricelist_id].currency]
            return Money(getattr(row, name), currency, currency.rate)

        return answer

    return bind


FIELDS: dict[str, dict[str, Field]] = {
    "Campaign": {
        "id": attr("id"),
        "name": attr("name"),
        "status": attr("status"),
        "startDate": moment("start_at"),
        "stopDate": moment("stop_at"),
        "updatedAt": moment("updated_at"),
        "markets": members("market_ids", "markets"),
        "variants": _variants,
    },
    "CampaignVariant": {
        "id": attr("id"),
        "productVariant": ref("variant_id", "variants"),
        "pricelist": ref("pricelist_id", "pricelists"),
        "price": _amount("minor"),
    },
    "LowestPrice": {
        "productVariant": ref("variant_id", "variants"),
        "pricelist": ref("pricelist_id", "pricelists"),
        "originalPrice": _amount("original_minor"),
        "price": _amount("minor"),
        "startDate": moment("start_at"),
        "markets": members("market_ids", "markets"),
    },
}
