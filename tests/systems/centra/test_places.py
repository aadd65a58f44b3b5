"""Stores, markets and currencies become canonical rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import SchemaDriftError
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.places import MARKETS, STORES, base_currency, read_currencies
from tests.systems.centra.fake import FakeCentra, client_of, tenant_of
from tests.systems.centra.samples import store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.stream import Page


def rows(pages: Iterable[Page], table: str) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.tables[table].to_pylist()]


def test_a_store_has_a_type():
    fake = FakeCentra(rows={"stores": [store(3, name="Trade", type="WHOLESALE")]})
    found = rows(Reader(STORES, tenant_of(fake)).pages(), "centra_store")
    assert found == [{"store_id": "3", "name": "Trade", "type": "WHOLESALE"}]


def test_a_market_has_a_name():
    fake = FakeCentra(rows={"markets": [{"id": 5, "name": "Sweden"}]})
    found = rows(Reader(MARKETS, tenant_of(fake)).pages(), "centra_market")
    assert found == [{"market_id": "5", "name": "Sweden"}]


def test_the_base_currency_is_marked():
    fake = FakeCentra(rows={"currencies": [{"id": 1, "code": "SEK"}, {"id": 2, "code": "EUR"}]})
    found = rows(read_currencies(tenant_of(fake)), "centra_currency")
    assert found == [{"code": "SEK", "is_base": True}, {"code": "EUR", "is_base": False}]


def test_a_base_currency_of_another_shape_is_drift():
    with pytest.raises(SchemaDriftError, match="base currency in another shape"):
        base_currency(client_of(FakeCentra(base=(7,))))  # type: ignore[arg-type]


@pytest.mark.parametrize("codes", [(), ("SEK", "EUR"), ("XXL",)])
def test_a_base_currency_that_is_not_certain_is_drift(codes: tuple[str, ...]):
    with pytest.raises(SchemaDriftError, match="one base currency"):
        base_currency(client_of(FakeCentra(base=codes)))
