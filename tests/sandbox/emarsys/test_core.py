"""What every core endpoint shares: envelope, methods, paths, permissions, the log and faults."""

import pytest

from auditor.sandbox.emarsys.app import CORE_ROUTES
from auditor.sandbox.emarsys.options import ApiUser
from auditor.sandbox.wire import Fault

PERMISSIONS = sorted({(r.method, r.path, r.permission) for r in CORE_ROUTES if r.permission})


def test_success_comes_in_the_envelope(site):
    assert site.call("GET", "/contactlist/10/count").json() == {
        "replyCode": 0,
        "replyText": "OK",
        "data": 2,
    }


def test_json_is_labelled_as_json(site):
    assert site.call("GET", "/filter").headers["content-type"] == "application/json"


def test_json_can_be_labelled_as_html(make_site):
    site = make_site(json_as_html=True)
    assert site.call("GET", "/filter").headers["content-type"] == "text/html; charset=utf-8"


def test_refusals_can_be_labelled_as_html(make_site):
    site = make_site(json_as_html=True)
    assert site.call("GET", "/filter/9").headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/filter", "/filter/"])
def test_a_trailing_slash_does_not_matter(site, path):
    assert site.call("GET", path).status_code == 200


def test_both_versions_answer_alike(site):
    old = site.http.get("/api/v2/filter", headers=site.headers).json()
    assert old == site.call("GET", "/filter").json()


def test_a_wrong_method_is_refused(site):
    assert site.refused("GET", "/contact/getdata") == (400, 1009, "Invalid HTTP method.")


def test_an_unknown_path_is_an_invalid_action(site):
    assert site.refused("GET", "/contact/nothing") == (400, 1, "Action Nothing is invalid.")


def test_a_word_instead_of_a_number_is_an_invalid_action(site):
    answer = site.refused("POST", "/event/xyz-id/trigger", {})
    assert answer == (400, 1, "Action Xyz-id is invalid.")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"'])
def test_a_body_that_is_no_object_is_refused(site, body):
    answer = site.http.post("/api/v3/contact/getdata", content=body, headers=site.headers)
    assert (answer.status_code, answer.json()["replyCode"]) == (400, 1010)


@pytest.mark.parametrize(("method", "path", "permission"), PERMISSIONS)
def test_a_missing_permission_is_forbidden_without_a_code(make_site, method, path, permission):
    every = frozenset(p for _, _, p in PERMISSIONS) - {permission}
    site = make_site(users=(ApiUser(permissions=every),))
    path = path.replace("{id}", "10").replace("{contact}", "1").replace("{language}", "en")
    assert site.refused(method, path, {}) == (403, None, "Forbidden")


def test_a_granted_permission_opens_its_endpoint(make_site):
    site = make_site(users=(ApiUser(permissions=frozenset({"segment.list"})),))
    assert site.call("GET", "/filter").status_code == 200


def test_every_request_is_logged_with_its_body(site):
    site.post("/contact/getdata", {"keyId": "3", "keyValues": []})
    row = site.log.rows()[-1]
    assert (row.system, row.method, row.path, row.status) == (
        "emarsys",
        "POST",
        "/api/v3/contact/getdata",
        200,
    )
    assert b'"keyId"' in row.body


def test_an_armed_fault_replaces_the_answer(site):
    site.faults.arm(Fault("emarsys", "status", match="/filter", status=503))
    assert site.call("GET", "/filter").status_code == 503


@pytest.mark.parametrize(
    ("kind", "expected"), [("repeat", [1, 2]), ("lose", [3]), ("partial", [3])]
)
def test_a_fault_repeats_or_shortens_a_page(site, kind, expected):
    site.account.lists[0].contact_ids[:] = [1, 2, 3, 4, 5]
    site.faults.arm(Fault("emarsys", kind, match="contactIds"))
    page = site.get("/contactlist/10/contactIds?$top=2&$skiptoken=2")
    assert page["value"] == expected


def test_a_shortened_page_links_behind_what_it_lost(site):
    site.account.lists[0].contact_ids[:] = [1, 2, 3, 4, 5]
    site.faults.arm(Fault("emarsys", "lose", match="contactIds"))
    page = site.get("/contactlist/10/contactIds?$top=2&$skiptoken=2")
    assert page["next"] == "/contactlist/10/contactIds?$skiptoken=4&$top=2"
