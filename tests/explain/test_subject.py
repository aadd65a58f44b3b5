"""Which record a key names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.errors import ConfigError
from auditor.explain.subject import find

if TYPE_CHECKING:
    import sqlalchemy as sa


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("900", "contact"),
        ("centra:1", "customer"),
        ("anna@x.se", "contact"),
        (" Anna@X.se", "contact"),
        ("lone@x.se", "customer"),
        ("J\N{COMBINING CARON}AN@X.SE", "customer"),
        ("100", "order"),
        ("100/SKU-1", "order"),
        ("555", "order"),
        ("event:e1", "shipment"),
        ("7/900", "contact"),
        ("events", "stream"),
    ],
)
def test_a_key_names_its_record(conn: sa.Connection, key: str, kind: str):
    assert find(conn, key).kind == kind


def test_a_contact_brings_all_customers_of_its_person(conn: sa.Connection):
    assert set(find(conn, "900").ids["customer_id"]) == {"1", "2"}


def test_a_customer_brings_the_contact_of_its_person(conn: sa.Connection):
    assert find(conn, "centra:2").ids["contact_id"] == ("900",)


def test_a_member_of_a_segment_is_its_contact(conn: sa.Connection):
    assert find(conn, "7/900").ids["contact_id"] == ("900",)


def test_an_event_brings_its_contact(conn: sa.Connection):
    assert find(conn, "event:e1").ids["contact_id"] == ("900",)


def test_a_key_of_two_kinds_asks_which(conn: sa.Connection):
    with pytest.raises(ConfigError, match="77 names a customer and an order; say which with"):
        find(conn, "77")


def test_the_kind_settles_which(conn: sa.Connection):
    assert find(conn, "77", "order").kind == "order"


def test_an_unknown_key_says_where_to_find_one(conn: sa.Connection):
    with pytest.raises(ConfigError, match=r"^nope: no record with this key was read"):
        find(conn, "nope")


def test_an_unknown_address_is_not_repeated(conn: sa.Connection):
    with pytest.raises(ConfigError) as caught:
        find(conn, "who@x.se")
    assert "who" not in str(caught.value)
