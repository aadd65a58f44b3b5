"""What single people said in the legacy Order API, read again by their e-mails.

Source:
    Centra reference 3.4: the list of customers takes an e-mail. Whether it is matched as a whole is not
    known, so that whoever else comes is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.errors import IncompleteSnapshotError
from auditor.model.known_consent import flag_word, keyed_word
from auditor.model.tables import centra_customer_flag, centra_keyed_consent
from auditor.systems.centra.order_api import CUSTOMERS_AT_ONCE, pages
from auditor.systems.text import email_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import tzinfo
    from typing import TypeAlias

    from auditor.model.stream import Page
    from auditor.systems.centra.order_api import OrderApiClient

Agreement: TypeAlias = "tuple[str, str, str]"
"""The normalised e-mail of a customer, its id, and the name of what says yes there."""


class OrderApiPoints:
    """What customers of one tenant said, by their e-mails.

    Args:
        client: Asks the tenant.
        zone: Of the tenant, in which the API writes its times.
        keys: Of the consents that mean marketing.
    """

    def __init__(self, client: OrderApiClient, zone: tzinfo, keys: Collection[str]) -> None:
        self._client, self._zone, self._keys = client, zone, frozenset(keys)

    @property
    def requests(self) -> int:
        """Return how many requests were sent so far."""
        return self._client.requests

    def agreements(self, emails: Iterable[str]) -> list[Agreement]:
        """Return what says yes now of the customers with these e-mails.

        Raises:
            IncompleteSnapshotError: a customer cannot be read, or the API does not keep to an e-mail.
            ReadError: as for any page.
        """
        return [
            found
            for email in dict.fromkeys(emails)
            for page in self._pages(email)
            for found in self._said_yes(page, email_key(email))
        ]

    def _pages(self, email: str) -> Iterator[Page]:
        seen = 0
        for page in pages(self._client, self._zone, email):
            seen += page.rows
            if page.aside or seen > CUSTOMERS_AT_ONCE:
                raise IncompleteSnapshotError(
                    "Centra's Order API does not tell what somebody agreed to; nothing was sent for it."
                )
            yield page

    def _said_yes(self, page: Page, email: str | None) -> Iterator[Agreement]:
        for row in _rows(page, centra_customer_flag.name, email):
            if row["receives_newsletters"]:
                yield row["email_key"], row["customer_id"], flag_word(row)
        for row in _rows(page, centra_keyed_consent.name, email):
            if row["is_given"] and row["key"] in self._keys:
                yield row["email_key"], row["customer_id"], keyed_word(row)


def _rows(page: Page, table: str, email: str | None) -> Iterator[dict[str, Any]]:
    return (row for row in page.tables[table].to_pylist() if row["email_key"] == email)
