from __future__ import annotations

import json
import re

import pytest

from auditor.doctor.run import all_probes

SECRETS = ("CENTRA_TOKEN", "EMARSYS_CLIENT_SECRET", "HAPI_TOKEN", "AUDITOR_PEPPER")
HARMLESS_POSTS = {
    "/oauth2/token": b"grant_type=client_credentials",
    "/api/v3/export/filter": b"{}",
    "/api/v3/contact/checkids": None,
    "/api/v3/contact/getdata": None,
    "/api/v3/filter/0/runs": None,  # no account has a segment of that id
}


@pytest.fixture(scope="module")
def results(healthy):
    return healthy.results()


@pytest.fixture(scope="module")
def requests(healthy, results):
    del results
    return healthy.running.log.rows()


def test_nothing_fails_and_nothing_is_warned_of(results):
    # The sandbox need not have every optional list and field that the auditor can do without.
    judged = [r for r in results.values() if r.id != "centra.schema"]
    assert {r.id: r.detail for r in judged if r.state in ("warn", "fail")} == {}


@pytest.mark.parametrize("probe", [one.id for one in all_probes()])
def test_every_probe_says_something(results, probe):
    assert any(name == probe or name.startswith(f"{probe}.") for name in results)


@pytest.mark.parametrize(
    "stream",
    ["stores", "customers", "newsletter_subscriptions", "orders", "returns"],
)
def test_every_stream_of_centra_is_readable(results, stream):
    assert results[f"centra.stream.{stream}"].state == "ok"


def test_no_line_holds_a_secret(healthy, results):
    said = json.dumps([f"{r.detail} {r.fix}" for r in results.values()])
    assert not [name for name in SECRETS if healthy.running.environ[name] in said]


def test_no_line_holds_an_address_of_a_person(results):
    assert not [r for r in results.values() if re.search(r"\S@\S", f"{r.detail} {r.fix}")]


def test_centra_is_only_queried(requests):
    bodies = [json.loads(r.body)["query"] for r in requests if r.system == "centra"]
    assert bodies
    assert not [text for text in bodies if not text.startswith("query ")]


def test_centra_gives_one_row_of_a_stream(requests):
    sizes = [
        int(size)
        for r in requests
        if r.system == "centra"
        for size in re.findall(r"\b(?:first|limit): (\d+)", json.loads(r.body)["query"])
    ]
    assert set(sizes) == {1}


def test_emarsys_gets_no_method_that_writes(requests):
    methods = {r.method for r in requests if r.system == "emarsys"}
    assert methods <= {"GET", "OPTIONS", "POST"}


def test_emarsys_gets_only_posts_that_read_or_start_nothing(requests):
    posts = {r.path: r.body for r in requests if r.system == "emarsys" and r.method == "POST"}
    assert posts.keys() == HARMLESS_POSTS.keys()
    for path, body in HARMLESS_POSTS.items():
        assert body is None or posts[path] == body


def test_no_address_is_one_that_deletes(requests):
    assert not [r.path for r in requests if "delete" in r.path]


def test_no_sales_file_is_sent(requests):
    assert {r.method for r in requests if "/hapi/" in r.path} == {"OPTIONS"}


def test_no_export_comes_into_being(requests):
    assert {r.status for r in requests if r.path.endswith("/export/filter")} == {400}
