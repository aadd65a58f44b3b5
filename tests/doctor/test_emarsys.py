from __future__ import annotations

import re
from typing import Any

import pytest

from auditor.doctor.probes.emarsys_access import needs
from auditor.doctor.probes.emarsys_account import field_result
from auditor.doctor.probes.emarsys_files import header_result, upload_result
from auditor.sandbox.emarsys.options import ApiUser, EmarsysOptions
from auditor.sandbox.wire import Fault
from tests.doctor.clinic import clinic

GRANTED = frozenset({"field.list", "externalevent.list", "contactlist.list"})
HEADER = b"item,title,link,image,category,available,price,c_stock,c_collection\r\n"


@pytest.fixture(scope="module")
def restricted(tmp_path_factory):
    emarsys = EmarsysOptions(users=(ApiUser(permissions=GRANTED),))
    with clinic(tmp_path_factory.mktemp("clinic"), emarsys=emarsys) as running:
        probes = ("emarsys.credentials", "emarsys.permission", "emarsys.event", "emarsys.contacts")
        yield running.results(*probes)


@pytest.mark.parametrize(
    "permission",
    [
        "export.segment",
        "export.status",
        "export.download",
        "contact.contactid.verify",
        "contact.getdata",
        "contactlist.contact.ids",
    ],
)
def test_a_missing_permission_fails_by_its_name(restricted, permission):
    result = restricted[f"emarsys.permission.{permission}"]
    assert (result.state, result.fix) == (
        "fail",
        f"Grant {permission} to the API user of emarsys.auth.",
    )


@pytest.mark.parametrize("permission", sorted(GRANTED))
def test_a_granted_permission_is_fine(restricted, permission):
    assert restricted[f"emarsys.permission.{permission}"].state == "ok"


def test_a_missing_permission_loses_its_stream(restricted):
    assert restricted["emarsys.permission.contactlist.contact.ids"].streams == ("quarantine",)


def test_a_permission_that_only_cross_checks_is_a_warning(restricted):
    assert restricted["emarsys.permission.contactlist.contact.count"].state == "warn"


def test_credentials_are_fine_without_permissions(restricted):
    assert restricted["emarsys.credentials"].state == "ok"


def test_usages_that_may_not_be_asked_are_a_warning(restricted):
    result = restricted["emarsys.event.shipped"]
    assert (result.state, result.fix) == (
        "warn",
        "Grant externalevent.usages to the API user of emarsys.auth.",
    )
    assert result.columns == ("emarsys_event_definition.usages",)


def test_a_segment_that_may_not_be_counted_is_a_warning(restricted):
    assert restricted["emarsys.contacts"].state == "warn"


def test_a_list_needs_permissions_of_its_own(opened):
    settings = opened(lambda s: s["emarsys"].update(contacts={"list": 700001})).settings
    assert "export.contactlist" in [need.endpoint.permission for need in needs(settings)]


def test_no_export_of_a_list_comes_into_being(opened):
    running = opened(lambda s: s["emarsys"].update(contacts={"list": 700001}))
    running.results("emarsys.permission")
    starts = [r for r in running.running.log.rows() if r.path.endswith("/email/getcontacts")]
    assert [(r.body, r.status) for r in starts] == [(b"{}", 400)]


def test_wrong_credentials_fail(opened):
    running = opened(lambda s: s["emarsys"]["auth"].update(client_id="${CENTRA_TOKEN}"))
    assert running.result("emarsys.credentials").fix == (
        "Check client_id and client_secret in emarsys.auth."
    )


def test_what_needs_credentials_is_not_tried_without_them(opened):
    running = opened()
    running.running.faults.arm(Fault("emarsys", "status", "/oauth2/token", times=None, status=401))
    results = running.results("emarsys.credentials", "emarsys.permission")
    assert results["emarsys.permission"].state == "off"


def wsse(settings: dict[str, Any]) -> None:
    user = ApiUser()
    settings["emarsys"]["url"] = settings["emarsys"]["url"].replace("/v3", "/v2")
    settings["emarsys"]["auth"] = {
        "type": "wsse",
        "username": user.wsse_username,
        "secret": "${EMARSYS_CLIENT_SECRET}",
    }


def test_wsse_works_with_a_warning_about_its_end(opened):
    user = ApiUser()
    same = ApiUser(client_secret=user.wsse_secret)
    result = opened(wsse, emarsys=EmarsysOptions(users=(same,))).result("emarsys.credentials")
    assert (result.state, result.detail) == (
        "warn",
        "WSSE works, but Emarsys ends it on 2026-12-31.",
    )


def test_a_field_the_account_lacks_fails():
    result = field_result("external_id", 4711, {3: "E-Mail"})
    assert (result.state, result.streams) == ("fail", ("contacts",))


def test_a_system_field_as_key_is_a_warning():
    result = field_result("external_id", 33, {33: "Source"})
    assert (result.state, "33 (Source)" in result.detail) == ("warn", True)


def test_a_hostile_field_name_stays_on_its_line():
    assert "\n" not in field_result("email", 3, {3: "E-Mail\nfail  x"}).detail


def test_an_event_the_account_lacks_fails(opened):
    running = opened(lambda s: s["emarsys"].update(events={"shipped": "no_such_event"}))
    result = running.result("emarsys.event.shipped", "emarsys.event")
    assert (result.state, "no_such_event" in result.detail) == ("fail", True)


def test_an_event_that_nothing_listens_to_is_dead(opened):
    running = opened()
    for event in running.running.world.emarsys.event_definitions:
        event.program_ids = ()
    result = running.result("emarsys.event.shipped", "emarsys.event")
    assert (result.state, "fulfilment.dead_event" in result.detail) == ("warn", True)


def test_a_segment_the_account_lacks_fails(opened):
    running = opened(lambda s: s["emarsys"].update(contacts={"segment": 42}))
    result = running.result("emarsys.contacts")
    assert (result.state, result.streams) == ("fail", ("contacts",))


def audience(segment: int) -> dict[str, Any]:
    return {"segment": segment, "name": "Loyal", "rule": {"lifetime_value": {"over": 500}}}


def test_a_declared_audience_the_account_lacks_fails(opened):
    running = opened(lambda s: s.update(audiences=[audience(42)]))
    result = running.result("emarsys.audience.42", "emarsys.audience")
    assert (result.state, "42 (Loyal)" in result.detail) == ("fail", True)


def test_a_declared_audience_is_counted(opened):
    running = opened(lambda s: s.update(audiences=[audience(100001)]))
    result = running.result("emarsys.audience.100001", "emarsys.audience")
    assert re.fullmatch(r"Segment 100001 \(Loyal\) holds \d+ contacts\.", result.detail)


def test_a_contact_base_that_is_queried_is_a_warning(opened):
    running = opened(lambda s: s["emarsys"].update(contacts={"query": True}))
    results = running.results("emarsys.contacts", "emarsys.permission")
    states = (results["emarsys.contacts"].state, results["emarsys.permission.contact.list"].state)
    assert states == ("warn", "ok")


def test_a_quarantine_list_nobody_made_yet_is_no_fault(opened):
    running = opened(lambda s: s["emarsys"].update(quarantine_list="not yet"))
    result = running.result("emarsys.quarantine")
    assert (result.state, "will be created" in result.detail) == ("ok", True)


def test_a_host_that_is_away_is_said_to_be(opened):
    running = opened(lambda s: s["emarsys"].update(url="http://127.0.0.1:9/api/v3"))
    assert running.result("emarsys.reach").detail == "Emarsys cannot be reached."


def test_a_feed_that_is_away_fails(opened):
    running = opened(
        lambda s: s["emarsys"]["catalogue"].update(feed=f"{s['emarsys']['url']}/nothing?key=hush")
    )
    result = running.result("emarsys.feed")
    assert (result.state, "hush" in f"{result.detail}{result.fix}") == ("fail", False)


def test_a_feed_in_a_file_is_read(opened, tmp_path):
    (tmp_path / "feed.csv").write_bytes(HEADER)
    feed = str(tmp_path / "feed.csv")
    assert opened(lambda s: s["emarsys"]["catalogue"].update(feed=feed)).result(
        "emarsys.feed"
    ).detail == ("The catalogue feed answers and has 9 columns.")


def test_a_feed_without_price_fails():
    result = header_result(HEADER.replace(b",price", b""), {})
    assert result.detail == "emarsys.catalogue.feed: the feed has no column price."


def test_a_feed_without_the_stock_column_fails():
    result = header_result(HEADER, {"stock_column": "c_pieces"})
    assert (result.state, "no column c_pieces" in result.detail) == ("fail", True)


def test_a_feed_with_another_delimiter_is_read_as_an_audit_reads_it():
    assert header_result(HEADER.replace(b",", b";"), {}).state == "ok"


def test_an_empty_feed_fails():
    assert header_result(b"", {}).state == "fail"


def test_a_feed_in_another_encoding_fails():
    assert header_result(HEADER + b"1,Sk\xf6n", {}).detail == "The catalogue feed is not UTF-8."


def test_a_feed_cut_within_a_letter_is_fine():
    assert header_result(HEADER + "Skö".encode()[:-1], {}).state == "ok"


def test_a_google_feed_is_a_warning():
    assert header_result(b"id,title,description,link\n", {}).state == "warn"


def test_an_upload_that_is_not_there_is_a_warning():
    assert upload_result(404).state == "warn"


def test_an_upload_that_refuses_the_question_is_reachable():
    assert upload_result(405).state == "ok"


def test_open_data_that_is_not_configured_loses_its_streams(opened):
    result = opened(lambda s: s["emarsys"].pop("open_data")).result("emarsys.open_data")
    assert (result.state, "sales" in result.streams) == ("off", True)


def test_a_view_of_another_account_is_missing(opened):
    running = opened(lambda s: s["emarsys"]["open_data"].update(account=1))
    result = running.result("emarsys.open_data.sales", "emarsys.open_data")
    assert (result.state, result.streams) == ("fail", ("sales",))


def test_a_database_that_is_not_there_fails_every_view(opened):
    running = opened(lambda s: s["emarsys"]["open_data"].update(url="sqlite:////nowhere/x.sqlite"))
    assert {r.state for r in running.results("emarsys.open_data").values()} == {"fail"}
