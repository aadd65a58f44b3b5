"""The exports of changes and registrations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.emarsys.state import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sandbox.emarsys.conftest import Site

CHANGES = "/contact/getchanges"


def order(**changes: Any) -> dict[str, Any]:
    return {
        "distribution_method": "local",
        "origin": "api",
        "origin_id": "0",
        "time_range": ["2026-03-10", "2026-03-10"],
        "contact_fields": [4711, 31],
        "delimiter": ";",
        **changes,
    }


def lines(site: Site, path: str = CHANGES, **changes: Any) -> list[str]:
    number = site.post(path, order(**changes))["id"]
    site.clock.advance(seconds=60)
    return site.call("GET", f"/export/{number}/data").text.splitlines()


def write(site: Site, **values: Any) -> None:
    site.put("/contact", {"key_id": "4711", "4711": "C1", **values})


def played(site: Site, origin: Any, *, is_new: bool = False, fields: Sequence[Any] = (1,)) -> None:
    change = Change(2, site.clock.now, origin, frozenset(fields), is_new=is_new)
    site.state.changes.append(change)


def test_a_change_export_always_has_the_user_id(site):
    write(site, **{"31": 2})
    assert lines(site) == ["user_id;externalId;Opt-In", "1;C1;False"]


def test_a_changed_e_mail_is_told(site):
    write(site, **{"3": "new@example.com"})
    assert len(lines(site)) == 2


def test_another_changed_field_is_not_told(site):
    write(site, **{"1": "New"})
    assert len(lines(site)) == 1


def test_every_field_can_be_told(make_site):
    site = make_site(changes_all_fields=True)
    write(site, **{"1": "New"})
    assert len(lines(site)) == 2


def test_writing_the_same_value_is_no_change(site):
    write(site, **{"31": 1})
    assert len(lines(site)) == 1


def test_a_contact_that_changed_twice_stands_once(site):
    write(site, **{"31": 2})
    write(site, **{"31": 1})
    assert len(lines(site)) == 2


def test_a_form_change_of_any_field_is_told(site):
    played(site, "form")
    assert lines(site, origin="form")[1:] == ["2;C2;False"]


@pytest.mark.parametrize(("origin", "expected"), [("api", 1), ("form", 1), ("all", 2)])
def test_the_origin_selects(site, origin, expected):
    write(site, **{"31": 2})
    played(site, "form")
    assert len(lines(site, origin=origin)) == 1 + expected


def test_an_import_is_never_told(site):
    played(site, "import", fields=(31,))
    assert len(lines(site, origin="all")) == 1


def test_changes_of_another_day_are_left_out(site):
    write(site, **{"31": 2})
    assert len(lines(site, time_range=["2026-03-11", "2026-03-12"])) == 1


def test_days_are_days_in_vienna(site):
    site.clock.now = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
    write(site, **{"31": 2})
    assert len(lines(site)) == 2


def test_the_time_of_the_range_is_ignored(site):
    write(site, **{"31": 2})
    assert len(lines(site, time_range=["2026-03-10 23:00:00", "2026-03-10 23:30:00"])) == 2


def test_the_time_of_the_range_can_be_honoured(make_site):
    site = make_site(changes_with_time=True)
    write(site, **{"31": 2})
    assert len(lines(site, time_range=["2026-03-10 23:00:00", "2026-03-10 23:30:00"])) == 1


def test_an_honoured_time_is_vienna_time(make_site):
    site = make_site(changes_with_time=True)
    write(site, **{"31": 2})
    assert len(lines(site, time_range=["2026-03-10 10:00:00", "2026-03-10 10:00:01"])) == 2


def test_a_wrong_origin_is_refused(site):
    answer = site.refused("POST", CHANGES, order(origin="import"))
    assert answer == (400, 10001, "Invalid origin: import")


@pytest.mark.parametrize("fields", [[], list(range(1, 22))], ids=["none", "too many"])
def test_a_wrong_number_of_fields_is_refused(site, fields):
    answer = site.refused("POST", CHANGES, order(contact_fields=fields))
    assert answer == (400, 10001, "Invalid number of fields")


@pytest.mark.parametrize("field", [27, 28, 29, 32, 33])
def test_some_fields_are_never_exported(site, field):
    assert site.refused("POST", CHANGES, order(contact_fields=[field]))[1] == 10001


@pytest.mark.parametrize("span", [None, [], ["2026-03-10"], ["today", "2026-03-10"]], ids=str)
def test_a_wrong_range_is_refused(site, span):
    answer = site.refused("POST", CHANGES, order(time_range=span))
    assert answer == (400, 10001, "Valid start_date and end_date is required")


def test_registrations_are_new_contacts_of_forms(site):
    played(site, "form", is_new=True)
    assert lines(site, "/contact/getregistrations")[1:] == ["2;C2;False"]


def test_a_creation_through_the_api_is_no_registration(site):
    site.put("/contact?create_if_not_exists=1", {"key_id": "4711", "4711": "C9"})
    assert len(lines(site, "/contact/getregistrations")) == 1
