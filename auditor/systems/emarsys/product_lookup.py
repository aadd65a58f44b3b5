"""One product as Emarsys holds it, behind the feed: the look-up of the recommender.

Source:
    Emarsys reference 6, read back (2): without credentials and undocumented, so its field list is
    partly inferred and nothing but the item is required; be gentle with it.
"""

# No `from __future__ import annotations` here: msgspec reads these annotations while it runs.

from decimal import Decimal
from urllib.parse import quote

import httpx
import msgspec

from auditor.errors import RefusedError, SchemaDriftError
from auditor.model.not_json import NOT_JSON
from auditor.systems.http import HttpClient, require_safe_url

RECOMMENDER = "https://recommender.scarabresearch.com"
PATH = "productinfo/merchants"


class Product(msgspec.Struct, frozen=True):
    """A product of the catalogue; amounts in the catalogue's currency, exact."""

    item: str
    title: str | None = None
    link: str | None = None
    image: str | None = None
    category: str | None = None
    available: bool | None = None
    price: Decimal | None = None
    msrp: Decimal | None = None


def product_client() -> HttpClient:
    """Return a client for the look-up; it carries no credentials."""
    return HttpClient(system="The Emarsys product look-up", setting="the address of the look-up")


class ProductLookup:
    """The look-up of one merchant.

    Args:
        http: Sends the requests.
        merchant: The merchant's id in the paths of the uploads.
        url: The recommender's address.

    Raises:
        ConfigError: the address is not usable.
    """

    def __init__(self, http: HttpClient, merchant: str, url: str = RECOMMENDER) -> None:
        require_safe_url(url, "the address of the product look-up")
        self._http = http
        self._address = f"{url.rstrip('/')}/{PATH}/{quote(merchant, safe='')}/"

    def product(self, item: str) -> Product | None:
        """Return the product with this id, None where the catalogue has none.

        Raises:
            RefusedError: the merchant is not known there.
            SchemaDriftError: the answer is not of the agreed shape.
            TransientReadError: a fault that did not pass.
        """
        response = self._http.request("GET", self._address, params={"v": f"i:{item}"})
        if response.status_code != httpx.codes.OK:
            raise RefusedError(
                "The Emarsys product look-up answers with "
                f"HTTP {response.status_code}; check the merchant id."
            )
        try:
            found = msgspec.json.decode(response.content, type=dict[str, Product])
        except NOT_JSON:
            # `from None`: the cause may quote the answer.
            raise SchemaDriftError(
                "The Emarsys product look-up gives an answer that the auditor does not know."
            ) from None
        return found.get(item)
