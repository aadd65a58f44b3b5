"""Stores and markets that the settings name, held against those that Centra has."""

from __future__ import annotations

from auditor.places import MOST_SHOWN, Named

STORES = Named("consent.stores", "store", ("Nordlys", "Nope"))


def test_a_name_that_is_not_there_is_told_with_those_that_are():
    assert STORES.missing({"Outlet", "Nordlys"}) == (
        "consent.stores: Centra has no store named Nope; there are Nordlys, Outlet."
    )


def test_names_that_are_there_are_no_fault():
    assert STORES.missing({"Nordlys", "Nope", "Outlet"}) is None


def test_what_was_not_read_is_not_asked():
    assert STORES.missing(()) is None


def test_of_many_names_the_first_are_told():
    told = STORES.missing({f"{number:03}" for number in range(MOST_SHOWN + 1)})
    assert str(told).endswith("009 and more.")
