"""What the brand writes into its settings file fits its world."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tests.sandbox.world.facts import Facts


def test_the_settings_survive_a_settings_file(clean: Facts):
    assert yaml.safe_load(yaml.safe_dump(clean.settings)) == clean.settings


def test_the_settings_hold_no_address_and_no_secret(clean: Facts):
    told = {key: value for key, value in clean.settings.items() if key != "credentials"}
    written = yaml.safe_dump(told).lower()
    assert not [word for word in ("http", "token", "secret", "password", "url") if word in written]


def test_sales_begin_120_days_before_today(clean: Facts):
    assert clean.settings["sales"]["since"] == clean.now.date() - timedelta(days=120)


@pytest.mark.parametrize(
    ("path", "table", "attribute"),
    [
        ("centra.marketplaces.stores", "centra.stores", "name"),
        ("centra.marketplaces.markets", "centra.markets", "name"),
        ("centra.catalogue.pricelist", "centra.pricelists", "name"),
        ("centra.catalogue.market", "centra.markets", "name"),
        ("centra.catalogue.warehouses", "centra.warehouses", "name"),
        ("emarsys.contacts.segment", "emarsys.segments", "id"),
        ("emarsys.events.shipped", "emarsys.event_definitions", "name"),
        ("emarsys.events.confirmed", "emarsys.event_definitions", "name"),
        ("emarsys.quarantine_list", "emarsys.lists", "name"),
    ],
)
def test_what_the_settings_name_exists(path: str, table: str, attribute: str, clean: Facts):
    value: Any = clean.settings
    for key in path.split("."):
        value = value[key]
    system, rows = table.split(".")
    known = {getattr(row, attribute) for row in getattr(getattr(clean.world, system), rows)}
    named = set(value) if isinstance(value, list) else {value}
    assert named
    assert named <= known


def test_every_field_of_the_settings_is_a_field_of_the_contacts(clean: Facts):
    assert set(clean.settings["emarsys"]["fields"].values()) <= set(
        clean.world.emarsys.contacts[0].values
    )


def test_what_the_configured_events_trigger_is_alive(clean: Facts):
    names = set(clean.settings["emarsys"]["events"].values())
    rows = [row for row in clean.world.emarsys.event_definitions if row.name in names]
    assert len(rows) == 2
    assert all(row.program_ids for row in rows)


def test_every_audience_is_a_segment_with_members(clean: Facts):
    segments = {row.id: row.contact_ids for row in clean.world.emarsys.segments}
    assert all(segments[declared["segment"]] for declared in clean.settings["audiences"])
