"""The direction lock: whoever makes a plan, some things do not get into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.correct.law import require_lawful
from auditor.errors import ForbiddenWriteError
from auditor.model.known_consent import KnownConsent
from auditor.model.plan import (
    CatalogueCells,
    Change,
    ContactFields,
    EventFiring,
    ListMember,
    NewContact,
    NewsletterFlag,
    Origin,
    Request,
    SaleLine,
    SalesLines,
    Stake,
)
from tests.correct.desk import read_settings
from tests.reconcile.books import OLD

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.config import Settings


def change(request: Request, undo: Request | None = None) -> Change:
    origin = Origin("f", "c", "contact", "1", "crm", "critical")
    return Change("id", origin, "opt_out", "auto", "emarsys", request, Stake(), undo)


def firing(**values: Any) -> EventFiring:
    told = {"event": "order_shipped", "trigger_id": "shipped:1:1", "key_field": "3", **values}
    key, trigger = told["key_field"], told["trigger_id"]
    return EventFiring(7, told["event"], "1", key, "k", trigger, OLD, OLD, {})


def sales(*lines: SaleLine) -> SalesLines:
    return SalesLines("1", OLD, "c", "3", "SEK", lines, (), None)


def settings_of(folder: Path) -> Settings:
    """Return settings that allow whatever may be allowed."""
    pushed = {"feed": "feed.csv", "push": True}
    return read_settings(folder, lambda raw: raw["emarsys"].update(catalogue=pushed))


FORBIDDEN: dict[str, Request] = {
    "opt in": ContactFields("1", {"31": 1}, {}),
    "opt in, as text": ContactFields("1", {"31": "1"}, {}),
    "empty the opt-in": ContactFields("1", {"31": None}, {}),
    "a field that nobody mapped": ContactFields("1", {"99": "x"}, {}),
    "no field at all": ContactFields("1", {}, {}),
    "a new contact with an opt-in": NewContact("4711", "1", "3", {"3": "a@x.se", "31": 1}),
    "a new contact opted out": NewContact("4711", "1", "3", {"3": "a@x.se", "31": 2}),
    "a new contact with a field that nobody mapped": NewContact("4711", "1", "3", {"99": "x"}),
    "a new contact by a key that nobody mapped": NewContact("99", "1", "3", {"3": "a@x.se"}),
    "an event by a key that nobody mapped": firing(key_field="99"),
    "another list": ListMember("1", "everybody"),
    "a sign-up in Centra": NewsletterFlag(("1",), "a@x.se", ("5",), "1", "a@x.se", "31", opt_in=1),
    "another field for the opt-in": NewsletterFlag(("1",), "a@x.se", ("5",), "1", "a@x.se", "32"),
    "an event of others": firing(event="welcome"),
    "an event without an id": firing(trigger_id=""),
    "no sales lines": sales(),
    "another item in its place": CatalogueCells("A", {"item": "B"}, {}),
    "a link of the catalogue": CatalogueCells("A", {"link": "https://x"}, {}),
    "no cell of the catalogue": CatalogueCells("A", {}, {}),
}
ALLOWED: dict[str, Request] = {
    "opt out": ContactFields("1", {"31": 2}, {}),
    "opt out without a consent": ContactFields(
        "1", {"31": 2}, {}, KnownConsent("a@x.se", None, ("1",), ("5", "6"), ("6",), ("1",))
    ),
    "a mapped field": ContactFields("1", {"1": "Ann"}, {}),
    "a new contact": NewContact("4711", "1", "3", {"3": "a@x.se"}),
    "the quarantine list": ListMember("1", "audit-quarantine"),
    "an end in Centra": NewsletterFlag(("1",), "a@x.se", ("5",), "1", "a@x.se", "31"),
    "a lifecycle event": firing(),
    "cells of the catalogue": CatalogueCells("A", {"price": "1.00"}, {"price": "2.00"}),
    "sales lines": sales(SaleLine("A", "sale", 1000, 100)),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_plan_may_not_hold(name: str, tmp_path: Path):
    with pytest.raises(ForbiddenWriteError):
        require_lawful([change(FORBIDDEN[name])], settings_of(tmp_path))


@pytest.mark.parametrize("name", FORBIDDEN)
def test_no_way_back_may_hold(name: str, tmp_path: Path):
    undone = change(ALLOWED["a mapped field"], undo=FORBIDDEN[name])
    with pytest.raises(ForbiddenWriteError):
        require_lawful([undone], settings_of(tmp_path))


@pytest.mark.parametrize("name", ALLOWED)
def test_a_plan_may_hold(name: str, tmp_path: Path):
    require_lawful([change(ALLOWED[name])], settings_of(tmp_path))


def test_the_catalogue_is_pushed_only_where_the_brand_says_so(tmp_path: Path):
    with pytest.raises(ForbiddenWriteError):
        require_lawful([change(ALLOWED["cells of the catalogue"])], read_settings(tmp_path))
