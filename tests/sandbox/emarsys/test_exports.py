"""Exports of segments and lists: life cycle, refusals and the CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.emarsys.options import FieldDefinition

if TYPE_CHECKING:
    from tests.sandbox.emarsys.conftest import Site

POLLS = 3


def order(**changes: Any) -> dict[str, Any]:
    return {
        "distribution_method": "local",
        "filter": 100,
        "contact_fields": [4711, 1, 3, 31],
        "delimiter": ";",
        "add_field_names_header": 1,
        "language": "en",
        **changes,
    }


def start(site: Site, **changes: Any) -> Any:
    return site.post("/export/filter", order(**changes))["id"]


def finished(site: Site, **changes: Any) -> Any:
    number = start(site, **changes)
    for _ in range(POLLS):
        site.get(f"/export/{number}")
    return number


def text(site: Site, number: int, terms: str = "") -> str:
    return site.call("GET", f"/export/{number}/data{terms}").text


def rows(site: Site, number: int, terms: str = "", delimiter: str = ";") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text(site, number, terms)), delimiter=delimiter))


def test_an_export_starts_with_a_number(site):
    assert isinstance(start(site), int)


def test_exports_have_different_numbers(site):
    assert start(site) != start(site, filter=101)


def test_the_status_goes_from_scheduled_over_in_progress_to_done(site):
    number = start(site)
    told = [site.get(f"/export/{number}")["status"] for _ in range(4)]
    assert told == ["scheduled", "in progress", "done", "done"]


def test_the_final_status_can_be_ready(make_site):
    site = make_site(export_end="ready")
    number = finished(site)
    assert site.get(f"/export/{number}")["status"] == "ready"


def test_the_number_of_polls_is_an_option(make_site):
    site = make_site(export_polls=0)
    assert site.get(f"/export/{start(site)}")["status"] == "done"


def test_an_export_is_done_after_its_time_without_any_poll(site):
    number = start(site)
    site.clock.advance(seconds=60)
    assert site.get(f"/export/{number}")["status"] == "done"


def test_by_clock_alone_polling_does_not_help(make_site):
    site = make_site(export_polls=None)
    number = finished(site)
    assert site.get(f"/export/{number}")["status"] == "scheduled"


def test_the_duration_is_an_option(make_site):
    site = make_site(export_polls=None, export_duration_s=10)
    number = start(site)
    site.clock.advance(seconds=5)
    assert site.get(f"/export/{number}")["status"] == "in progress"


def test_there_is_no_file_name_before_the_end(site):
    assert site.get(f"/export/{start(site)}")["file_name"] is None


def test_there_is_a_file_name_at_the_end(site):
    number = finished(site)
    assert site.get(f"/export/{number}")["file_name"] == f"export_{number}.csv"


def test_the_status_has_the_vendors_shape(site):
    number = start(site)
    assert site.get(f"/export/{number}") == {
        "id": str(number),
        "created": "2026-03-10 10:00:00",
        "status": "scheduled",
        "type": "Registrations",
        "file_name": None,
        "ftp_host": "",
        "ftp_dir": "",
    }


def test_a_failed_export_says_error(make_site):
    site = make_site(export_end="error")
    number = finished(site)
    assert site.get(f"/export/{number}")["status"] == "error"


def test_a_failed_export_has_no_file(make_site):
    site = make_site(export_end="error")
    answer = site.refused("GET", f"/export/{finished(site)}/data")
    assert answer == (404, 4006, "Internal error occurred. File was not found.")


def test_the_same_export_cannot_run_twice(site):
    start(site)
    assert site.refused("POST", "/export/filter", order()) == (
        400,
        4001,
        "An export with the same setting is currently running. "
        "It is not possible to run the same export more than once simultaneously.",
    )


def test_another_export_can_run_beside_it(site):
    start(site)
    assert site.call("POST", "/export/filter", order(contact_fields=[3])).status_code == 200


def test_the_same_export_can_run_again_after_the_end(site):
    finished(site)
    assert site.call("POST", "/export/filter", order()).status_code == 200


def test_data_comes_too_early(site):
    text = "Export is currently in progress. Please wait until that has finished."
    assert site.refused("GET", f"/export/{start(site)}/data") == (404, 4005, text)


def test_asking_for_data_is_no_poll(site):
    number = start(site)
    for _ in range(5):
        site.call("GET", f"/export/{number}/data")
    assert site.get(f"/export/{number}")["status"] == "scheduled"


def test_data_is_gone_after_its_lifetime(site):
    number = finished(site)
    site.clock.advance(days=1)
    site.log_in()
    answer = site.refused("GET", f"/export/{number}/data")
    assert answer == (410, 4003, "Exported data is not available.")


def test_the_lifetime_is_an_option(make_site):
    site = make_site(export_lifetime_s=10)
    number = finished(site)
    site.clock.advance(seconds=10)
    assert site.refused("GET", f"/export/{number}/data")[0] == 410


@pytest.mark.parametrize("path", ["/export/1", "/export/1/data"])
def test_an_unknown_export_is_not_available(site, path):
    assert site.refused("GET", path) == (410, 4003, "Exported data is not available.")


@pytest.mark.parametrize("method", ["ftp", "sftp", "mail"])
def test_only_local_exports_can_be_downloaded(site, method):
    answer = site.refused("GET", f"/export/{finished(site, distribution_method=method)}/data")
    assert answer == (404, 4004, '"distribution_method" of this export is not compatible.')


@pytest.mark.parametrize(
    "wrong",
    [
        {"distribution_method": "pigeon"},
        {"contact_fields": []},
        {"contact_fields": None},
        {"contact_fields": [9999]},
        {"delimiter": "|"},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(site, wrong):
    answer = site.refused("POST", "/export/filter", order(**wrong))
    assert answer == (400, 4000, "One or more specified parameters are invalid.")


def test_a_wrong_language_is_refused(site):
    answer = site.refused("POST", "/export/filter", order(language="english"))
    assert answer == (400, 1002, "Invalid language code")


def test_an_unknown_segment_is_refused(site):
    answer = site.refused("POST", "/export/filter", order(filter=999))
    assert answer == (400, 10001, "Invalid filter id: 999")


def test_the_csv_is_labelled_as_csv(site):
    answer = site.call("GET", f"/export/{finished(site)}/data")
    assert answer.headers["content-type"] == "text/csv;charset=UTF-8"


def test_the_header_holds_localised_names_in_the_order_asked(site):
    number = finished(site, contact_fields=[31, 3, 1, 4711])
    assert rows(site, number)[0] == ["Opt-In", "E-Mail", "First Name", "externalId"]


def test_the_header_follows_the_language(site):
    number = finished(site, contact_fields=[1, 2], language="de")
    assert rows(site, number)[0] == ["Vorname", "Nachname"]


def test_the_header_can_be_left_out(site):
    number = finished(site, add_field_names_header=0)
    assert rows(site, number)[0][0] == "C1"


def test_a_row_holds_the_values_in_the_order_asked(site):
    assert rows(site, finished(site))[1] == ["C1", "Ann", "ann@example.com", "True"]


def test_opt_in_is_true_false_or_empty(site):
    told = [row[3] for row in rows(site, finished(site))[1:]]
    assert told == ["True", "False", "", "True", ""]


def test_other_choices_show_their_names(site):
    number = finished(site, contact_fields=[14], filter=101)
    assert rows(site, number)[1] == ["Sweden"]


def test_other_choices_can_show_their_ids(make_site):
    site = make_site(export_choices="id")
    number = finished(site, contact_fields=[14, 31], filter=101)
    assert rows(site, number)[1] == ["167", "True"]


def test_a_choice_without_a_name_shows_its_id(site):
    site.contact(1).values[14] = "9999"
    number = finished(site, contact_fields=[14], filter=101)
    assert rows(site, number)[1] == ["9999"]


def test_custom_fields_have_their_own_names(make_site):
    site = make_site(custom_fields=(FieldDefinition(900, "Shoe size", "shorttext", "shoe"),))
    assert rows(site, finished(site, contact_fields=[900]))[0] == ["Shoe size"]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_delimiters_quotes_and_accents_survive(site, delimiter):
    found = rows(site, finished(site, delimiter=delimiter), delimiter=delimiter)
    assert found[5][1] == 'Öl; "quoted", and, more'


def test_line_breaks_inside_a_field_survive(site):
    site.contact(1).values[1] = "two\nlines"
    assert rows(site, finished(site))[1][1] == "two\nlines"


def test_a_segment_without_ids_holds_everybody(site):
    assert [row[0] for row in rows(site, finished(site))[1:]] == ["C1", "C2", "C3", "C4", "C5"]


def test_a_segment_with_ids_holds_those(site):
    assert [row[0] for row in rows(site, finished(site, filter=101))[1:]] == ["C1", "C3"]


def test_a_list_export_holds_the_members(site):
    number = site.post("/email/getcontacts", order(contactlist=10))["id"]
    site.clock.advance(seconds=60)
    assert [row[0] for row in rows(site, number)[1:]] == ["C1", "C2"]


def test_an_unknown_list_is_refused(site):
    answer = site.refused("POST", "/email/getcontacts", order(contactlist=11))
    assert answer == (400, 3004, "Invalid contact list id: 11")


def test_there_is_no_id_column(site):
    assert len(rows(site, finished(site))[0]) == 4


def test_an_option_adds_a_leading_user_id(make_site):
    site = make_site(export_user_id=True)
    found = rows(site, finished(site))
    assert (found[0][0], found[1][0]) == ("user_id", "1")


def test_the_rows_are_those_of_the_start(site):
    number = start(site)
    site.put("/contact", {"key_id": "4711", "4711": "C1", "1": "Later"})
    site.clock.advance(seconds=60)
    assert rows(site, number)[1][1] == "Ann"


def test_offset_and_limit_cut_rows(site):
    found = rows(site, finished(site), "?offset=1&limit=2")
    assert [row[0] for row in found] == ["C2", "C3"]


def test_the_first_page_has_the_header(site):
    assert rows(site, finished(site), "?offset=0&limit=1")[0][0] == "externalId"


def test_the_header_can_stand_on_every_page(make_site):
    site = make_site(export_header="every")
    assert rows(site, finished(site), "?offset=1&limit=2")[0][0] == "externalId"


def test_a_page_beyond_the_end_is_empty(site):
    assert text(site, finished(site), "?offset=5") == ""


def test_too_large_a_limit_is_refused(site):
    answer = site.refused("GET", f"/export/{finished(site)}/data?limit=10000001")
    assert answer == (400, 10001, "Invalid value for limit: 10000001")
