"""The daily load."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.sandbox.emarsys.test_uploads import upload

if TYPE_CHECKING:
    from auditor.sandbox.world.model import SiContact
    from tests.sandbox.emarsys.conftest import Site


def sale(order: str = "O9", customer: str = "C1", price: str = "10.00") -> str:
    return f"SKU-1,{price},{order},2026-03-01,{customer},1"


def load(site: Site, *rows: str) -> int:
    upload(site, *rows)
    return site.state.load_sales()


def buyer(site: Site) -> SiContact:
    number = site.account.purchases[-1].si_contact_id
    return next(row for row in site.account.si_contacts if row.id == number)


def test_the_load_tells_how_many_rows_it_took(site):
    assert load(site, sale(), sale("O10")) == 2


def test_a_second_load_finds_nothing(site):
    load(site, sale())
    assert site.state.load_sales() == 0


def test_a_loaded_row_is_a_purchase(site):
    load(site, sale())
    row = site.account.purchases[-1]
    assert (row.order_id, row.item, row.amount_minor, row.purchased_on, row.loaded_at) == (
        "O9",
        "SKU-1",
        1000,
        date(2026, 3, 1),
        site.clock.now,
    )


def test_a_purchase_takes_its_name_from_the_catalogue(site):
    load(site, sale())
    assert site.account.purchases[-1].product_name == 'A "shirt", blue'


def test_a_known_customer_keeps_its_contact(site):
    load(site, sale())
    assert buyer(site).id == 1


def test_a_contact_new_to_smart_insight_is_real(site):
    load(site, sale(customer="C2"))
    assert (buyer(site).contact_id, buyer(site).is_generated) == (2, False)


def test_an_unknown_customer_becomes_a_generated_contact(site):
    load(site, sale(customer="C77"))
    told = buyer(site)
    assert (told.contact_id, told.external_id, told.is_generated) == (None, "C77", True)


def test_an_unknown_customer_is_generated_once(site):
    load(site, sale(customer="C77"), sale("O10", customer="C77"))
    assert [row.external_id for row in site.account.si_contacts].count("C77") == 1


def test_a_generated_contact_that_is_known_is_used_again(site):
    load(site, sale(customer="C9"))
    assert buyer(site).id == 2


def add_contact(site: Site) -> None:
    site.put("/contact?create_if_not_exists=1", {"key_id": "4711", "4711": "C9"})


def test_a_contact_with_its_key_cures_a_generated_one_at_the_next_load(site):
    add_contact(site)
    site.state.load_sales()
    told = site.account.si_contacts[1]
    assert (told.id, told.contact_id, told.is_generated) == (2, 6, False)


def test_before_the_next_load_it_is_still_generated(site):
    add_contact(site)
    assert site.account.si_contacts[1].is_generated


def test_curing_into_a_contact_that_smart_insight_knows_moves_the_purchases(site):
    site.contact(1).values[4711] = "C9"
    site.state.reindex()
    site.state.load_sales()
    assert {row.si_contact_id for row in site.account.purchases} == {1}


def test_curing_into_a_contact_that_smart_insight_knows_drops_the_generated_one(site):
    site.contact(1).values[4711] = "C9"
    site.state.reindex()
    site.state.load_sales()
    assert [row.id for row in site.account.si_contacts] == [1]


def test_a_new_contact_comes_to_smart_insight_with_the_load(site):
    site.put("/contact?create_if_not_exists=1", {"key_id": "4711", "4711": "C50"})
    site.state.load_sales()
    told = site.account.si_contacts[-1]
    assert (told.contact_id, told.external_id, told.is_generated) == (6, "C50", False)


def test_by_e_mail_the_buyer_is_found_without_regard_to_case(make_site):
    site = make_site(sales_columns=("item", "price", "order", "timestamp", "email", "quantity"))
    text = "item,price,order,timestamp,email,quantity\nSKU-1,1,O9,2026-03-01,BEA@example.com,1\n"
    headers = {"Authorization": "bearer demo-hapi-token", "Content-Type": "text/csv"}
    site.http.post("/hapi/merchant/DEMO1234/sales-data/api", content=text, headers=headers)
    site.state.load_sales()
    assert buyer(site).contact_id == 2


def rows_of(site: Site, order: str) -> list[int]:
    return [row.amount_minor for row in site.account.purchases if row.order_id == order]


def test_a_second_upload_counts_twice(site):
    load(site, sale("O2"))
    assert rows_of(site, "O2") == [19950, 1000]


def test_a_replacing_account_drops_the_earlier_rows(make_site):
    site = make_site(sales_semantics="replace")
    load(site, sale("O1"))
    assert rows_of(site, "O1") == [1000]


def test_a_replacing_account_keeps_other_orders(make_site):
    site = make_site(sales_semantics="replace")
    load(site, sale("O1"))
    assert rows_of(site, "O2") == [19950]


def test_a_replacing_account_keeps_the_sale_beside_a_refund(make_site):
    site = make_site(sales_semantics="replace")
    load(site, sale("O2", price="-199.50"))
    assert rows_of(site, "O2") == [19950, -19950]


def test_every_row_of_a_replacing_order_counts(make_site):
    site = make_site(sales_semantics="replace")
    load(site, sale("O1"), sale("O1", price="5"))
    assert rows_of(site, "O1") == [1000, 500]


def erase(site: Site) -> None:
    site.post("/contact/delete", {"key_id": "4711", "4711": ["C1", "C2"]})


@pytest.mark.parametrize("view", ["fired_events", "unsubscribes"])
def test_rows_of_a_deleted_contact_stay_until_the_load(site, view):
    erase(site)
    assert len(getattr(site.account, view)) == 1


@pytest.mark.parametrize("view", ["fired_events", "unsubscribes"])
def test_rows_of_a_deleted_contact_vanish_with_the_load(site, view):
    erase(site)
    site.state.load_sales()
    assert getattr(site.account, view) == []


def test_the_smart_insight_contact_of_a_deleted_contact_vanishes(site):
    erase(site)
    site.state.load_sales()
    assert [row.id for row in site.account.si_contacts] == [2]


def count_of(url: str, table: str) -> int:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
    engine.dispose()
    return int(found)


def test_the_load_refreshes_open_data(make_site, tmp_path):
    url = f"sqlite:///{tmp_path / 'open.sqlite'}"
    load(make_site(open_data_url=url), sale())
    assert count_of(url, "si_purchases_123") == 4


def test_the_load_shows_only_events_that_arrived(make_site, tmp_path):
    url = f"sqlite:///{tmp_path / 'open.sqlite'}"
    make_site(open_data_url=url).state.load_sales()
    assert count_of(url, "external_events_123") == 0


def test_the_load_repeats_events_as_configured(make_site, clock, tmp_path):
    url = f"sqlite:///{tmp_path / 'open.sqlite'}"
    site = make_site(open_data_url=url, open_data_repeat_every=1)
    clock.advance(minutes=5)
    site.state.load_sales()
    assert count_of(url, "external_events_123") == 2


def test_the_load_can_be_asked_for_over_the_wire(site):
    upload(site, sale())
    assert site.http.post("/sandbox/emarsys/load-sales").json() == {"loaded": 1}


def test_fired_events_can_be_seen_over_the_wire(site):
    site.post("/event/7/trigger", {"key_id": "4711", "external_id": "C2", "trigger_id": "t"})
    told = site.http.get("/sandbox/emarsys/fired-events").json()
    assert [(event["contact_id"], event["trigger_id"]) for event in told] == [(1, "old"), (2, "t")]
