"""The fields of stores, markets, price lists, warehouses and countries.

Source: Centra reference 1.2, 4.1, 6.3 and 6.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.centra.field import Field, Request, attr, const, ref
from auditor.sandbox.centra.paging import page_of

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Arguments, Getter
    from auditor.sandbox.world.model import Country, Market, Pricelist


def _countries(request: Request, arguments: Arguments) -> Getter:
    by_code = request.view.countries.by("code")

    def answer(row: Market | Pricelist) -> list[Country]:
        known = [by_code[code] for code in row.country_codes if code in by_code]
        return page_of(request, known, arguments)

    return answer


FIELDS: dict[str, dict[str, Field]] = {
    "Store": {"id": attr("id"), "name": attr("name"), "type": attr("type")},
    "Market": {
        "id": attr("id"),
        "name": attr("name"),
        "store": ref("store_id", "stores"),
        "assignedToCountries": _countries,
    },
    "Pricelist": {
        "id": attr("id"),
        "name": attr("name"),
        "status": attr("status"),
        "currency": ref("currency", "currencies", "code"),
        "store": ref("store_id", "stores"),
        "assignedToCountries": _countries,
    },
    "Warehouse": {"id": attr("id"), "name": attr("name"), "threshold": attr("threshold")},
    "Country": {
        "id": attr("id"),
        "name": attr("name"),
        "code": attr("code"),
        "states": const([]),
    },
    "State": {"id": attr("id"), "name": attr("name"), "code": attr("code")},
}
