"""What is wrong with the settings or a system costs one sentence, never a traceback."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra.options import CentraOptions, Token
from auditor.sandbox.centra.plans import UNLIMITED
from auditor.sandbox.world import Scale
from tests.brand import Brand, brand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SMALL = Scale.of(customers=150)


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Brand]:
    with brand(tmp_path, monkeypatch, capsys, SMALL, lives=timedelta()) as started:
        yield started


def sentence(shop: Brand) -> str:
    """Audit, and return the one line on stderr that is not progress."""
    assert shop.auditor("audit") == 2
    assert shop.out == ""
    lines = [line for line in shop.err.splitlines() if line.startswith("auditor: ")]
    assert len(lines) == 1
    assert "Traceback" not in shop.err
    return lines[0]


def to(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Return a change that sets one setting."""

    def change(settings: dict[str, Any]) -> None:
        section = settings
        for name in path[:-1]:
            section = section[name]
        section[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (to("centra", "url", value="http://127.0.0.1:1/graphql"), ["centra.url", "reached"]),
        (to("emarsys", "url", value="http://127.0.0.1:1/api/v3"), ["emarsys.url", "reached"]),
        (to("centra", "tokn", value="x"), ["centra.tokn", "centra.token"]),
        (to("emarsys", "fields", "opt_in", value=31999), ["emarsys.fields.opt_in", "31999"]),
        (to("emarsys", "events", "shipped", value="no_such"), ["emarsys.events.shipped"]),
        (to("emarsys", "contacts", value={"segment": 4}), ["emarsys.contacts.segment"]),
        (
            to("audiences", value=[{"segment": 4, "name": "A", "rule": {"order_count": {}}}]),
            ["audiences", "no segment 4"],
        ),
        (to("emarsys", "open_data", "account", value=7), ["emarsys.open_data", "si_"]),
        (to("emarsys", "open_data", "url", value="sqlite:////no/such.sqlite"), ["open_data"]),
        (to("store", value={"warehouse": "mysql://localhost/x"}), ["store.warehouse", "mysql"]),
        (to("store", value={"ledger": "duckdb:///x"}), ["store.ledger", "duckdb"]),
        (to("store", value={"ledger": "sqlite://"}), ["store.ledger", "in memory", "name a file"]),
        (to("sales", "since", value="soon"), ["sales.since"]),
        (to("centra", "merges", value="nowhere.csv"), ["centra.merges", "nowhere.csv"]),
        (to("consent", value={"stores": ["Nope"]}), ["consent.stores", "named Nope", "Zalando"]),
        (
            to("consent", value={"stores": ["Nordlys", "Nordlys Wholesale"]}),
            ["consent.stores", "no consumer store named Nordlys Wholesale", "Zalando"],
        ),
        (
            to("centra", "marketplaces", "markets", value=["Nope"]),
            ["centra.marketplaces.markets", "named Nope", "Sweden"],
        ),
    ],
)
def test_a_wrong_setting_is_named(
    shop: Brand, change: Callable[[dict[str, Any]], None], words: list[str]
):
    shop.change_settings(change)
    told = sentence(shop)
    assert [word for word in words if word not in told] == []


def test_a_missing_variable_is_named(shop: Brand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CENTRA_TOKEN")
    assert "CENTRA_TOKEN" in sentence(shop)


@pytest.mark.parametrize("refusal", ["401", "403", "errors"])
def test_a_dead_centra_token_is_named_however_it_is_refused(
    refusal: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    options = CentraOptions(rate_plan=UNLIMITED, tokens=(Token("good"),), refusal=refusal)
    with brand(tmp_path, monkeypatch, capsys, SMALL, centra=options) as shop:
        monkeypatch.setenv("CENTRA_TOKEN", "dead")
        assert "centra.token" in sentence(shop)


def test_a_wrong_emarsys_secret_is_named(shop: Brand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EMARSYS_CLIENT_SECRET", "wrong")
    assert "emarsys.auth" in sentence(shop)


def test_no_secret_is_ever_told(shop: Brand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CENTRA_TOKEN", "marker-of-a-secret")
    shop.auditor("--verbose", "audit")
    assert "marker-of-a-secret" not in shop.out + shop.err


def test_judging_again_needs_a_snapshot(shop: Brand):
    assert shop.auditor("audit", "--no-snapshot") == 2
    assert "there is no snapshot yet" in shop.err


def test_a_run_to_compare_with_that_is_not_there_costs_no_audit(shop: Brand):
    before = len(shop.running.log.rows())
    assert shop.auditor("audit", "--since", "2026-01-01T00:00:00Z-aaaa") == 2
    assert "--since 2026-01-01T00:00:00Z-aaaa: there is no such run" in shop.err
    assert len(shop.running.log.rows()) == before


def test_a_suite_that_does_not_exist_is_named(shop: Brand):
    assert shop.auditor("audit", "--suite", "consnet") == 2
    assert "consnet" in shop.err
    assert "consent" in shop.err
