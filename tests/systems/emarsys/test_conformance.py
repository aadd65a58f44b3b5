"""Everything that is read, over real sockets, from an account that behaves in each known way."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config import OAuth2, Secret, Wsse
from auditor.config.systems import CatalogueFeed, Contacts
from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import FeedSource, StoreUrl, WebUrl
from auditor.errors import (
    ConfigError,
    IncompleteSnapshotError,
    RefusedError,
    TransientReadError,
)
from auditor.sandbox.emarsys.app import emarsys_app
from auditor.sandbox.emarsys.open_data import write_open_data
from auditor.sandbox.emarsys.options import ApiUser, Campaign, EmarsysOptions
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Fault, Faults, RequestLog
from auditor.systems.emarsys.campaigns import campaigns
from auditor.systems.emarsys.changes import consent_changes
from auditor.systems.emarsys.client import CoreApi, api_opener
from auditor.systems.emarsys.events import event_usages
from auditor.systems.emarsys.fields import field_choices
from auditor.systems.emarsys.lists import member_ids
from auditor.systems.emarsys.lookup import duplicates
from auditor.systems.emarsys.product_lookup import ProductLookup, product_client
from auditor.systems.emarsys.segments import (
    finished_run,
    is_in_segment,
    segment,
    segment_members,
    segment_size,
    segments,
    start_run,
)
from auditor.systems.emarsys.streams import emarsys_streams
from tests.sandbox.emarsys.conftest import KEY, NOW, Clock, small_account
from tests.systems.emarsys.fake import brand_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from auditor.config import Settings
    from auditor.model.stream import Stream
    from auditor.sandbox.emarsys.state import Emarsys

CAMPAIGN = Campaign(5, "Spring", segment_id=100, exclude_list_id=10)
FIELDS = {"external_id": KEY, "email": 3, "opt_in": 31}


@dataclass
class Account:
    """A served account and a way to read it."""

    url: str
    state: Emarsys
    clock: Clock
    faults: Faults
    version: str = "v3"

    def settings(self, **parts: Any) -> Settings:
        token_url = WebUrl(f"{self.url}/oauth2/token")
        auth: OAuth2 | Wsse = OAuth2(
            token_url=token_url, client_id="auditor", client_secret=Secret("auditor-secret")
        )
        if self.version == "v2":
            auth = Wsse(username="auditor001", secret=Secret("auditor-wsse-secret"))
        wanted: dict[str, Any] = {
            "url": WebUrl(f"{self.url}/api/{self.version}"),
            "auth": auth,
            "contacts": Contacts(segment=100),
            "fields": {"external_id": KEY},
            "quarantine_list": "newsletter",
            "catalogue": CatalogueFeed(feed=FeedSource(f"{self.url}/feeds/catalogue.csv")),
        }
        return brand_settings(**(wanted | parts))

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    def api(self, **parts: Any) -> CoreApi:
        return api_opener(self.settings(**parts).emarsys, clock=self.clock, sleep=self.sleep)()

    def stream(self, name: str, **parts: Any) -> Stream:
        found = emarsys_streams(
            self.settings(**parts),
            since=datetime(2026, 1, 1).date(),
            account_currency="SEK",
            clock=self.clock,
            sleep=self.sleep,
        )
        return next(stream for stream in found if stream.name == name)

    def rows(self, name: str, **parts: Any) -> list[dict[str, Any]]:
        return [
            row
            for page in self.stream(name, **parts).read()
            for table in page.tables.values()
            for row in table.to_pylist()
        ]


@contextmanager
def served(version: str = "v3", **changes: Any) -> Iterator[Account]:
    clock, faults = Clock(), Faults()
    options = EmarsysOptions(**({"campaigns": (CAMPAIGN,)} | changes))
    app = emarsys_app(
        small_account(), options=options, log=RequestLog(), faults=faults, clock=clock
    )
    with serve({"emarsys": app}) as urls:
        yield Account(urls["emarsys"], app.state.emarsys, clock, faults, version)


CONTACTS = {
    ("1", "C1", "ann@example.com", 1),
    ("2", "C2", "bea@example.com", 2),
    ("3", "C3", "twin@example.com", None),
    ("4", "C4", "twin@example.com", 1),
    ("5", "C5", None, None),
}


def contacts_of(rows: list[dict[str, Any]]) -> set[tuple[object, ...]]:
    names = ("contact_id", "external_id", "email_key", "opt_in")
    return {tuple(row[name] for name in names) for row in rows}


BEHAVIOURS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "wsse": {"version": "v2"},
    "tokens die early": {"token_lifetime_s": 1},
    "tokens claim a second": {"token_expires_in": 1, "token_lifetime_s": 3600},
    "no rate headers": {"rate_headers": False},
    "json as html": {"json_as_html": True},
    "errors as list": {"empty_errors": "list"},
    "errors absent": {"empty_errors": "absent"},
    "codes as numbers": {"error_codes": "number"},
    "ids as numbers": {"contact_ids": "number"},
    "empty as text": {"empty_values": "text"},
    "checkids errors as text": {"checkids_errors": "text"},
    "multiple ids of all": {"multiple_ids": "all"},
    "unstable query": {"query_unstable": True},
    "key not indexed": {"key_field_indexed": False},
    "exports by the clock": {"export_polls": None},
    "exports at once": {"export_polls": 0},
    "exports end ready": {"export_end": "ready"},
    "exports with ids": {"export_user_id": True},
    "export header on every page": {"export_header": "every"},
    "export choices as ids": {"export_choices": "id"},
    "all changes told": {"changes_all_fields": True},
    "changes by the time": {"changes_with_time": True},
    "evaluated first": {"count_first": "evaluating"},
    "members as objects": {"segment_members": "objects"},
    "runs by the clock": {"run_polls": None},
    "lists unwrapped": {"contact_ids_wrapped": False},
    "small list pages": {"list_page_size": 1},
}


@pytest.fixture(scope="module", params=BEHAVIOURS, ids=lambda name: name.replace(" ", "-"))
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    with served(**BEHAVIOURS[request.param]) as found:
        yield found


@pytest.fixture
def api(account: Account) -> Iterator[CoreApi]:
    with closing(account.api()) as opened:
        yield opened


def test_contacts_of_a_segment_are_read(account: Account):
    assert contacts_of(account.rows("contacts")) == CONTACTS


def test_contacts_of_a_list_are_read(account: Account):
    rows = account.rows("contacts", contacts=Contacts(list=10))
    assert {row["contact_id"] for row in rows} == {"1", "2"}


def test_contacts_are_read_by_query(account: Account):
    rows = account.rows("contacts", contacts=Contacts(query=True))
    assert contacts_of(rows) == CONTACTS


def test_a_list_is_read_by_its_name(account: Account):
    assert account.rows("quarantine") == [{"contact_id": "1"}, {"contact_id": "2"}]


def test_events_are_read(account: Account):
    names = {row["event_type_id"]: row["name"] for row in account.rows("event_definitions")}
    assert names == {"7": "order_shipped", "8": "nobody_listens"}


def test_an_event_that_sets_nothing_off_is_dead(api: CoreApi):
    assert (event_usages(api, "7").programs, event_usages(api, "7").is_dead) == (("501",), False)
    assert event_usages(api, "8").is_dead


def test_choices_are_known_by_their_id(api: CoreApi):
    assert field_choices(api, 14)[167] == "Sweden"


def test_segments_are_read(api: CoreApi):
    assert [(one.id, one.name) for one in segments(api)] == [("100", "everyone"), ("101", "some")]
    assert segment(api, 101).name == "some"


def test_a_segment_is_counted_and_paged(api: CoreApi):
    assert segment_size(api, 101) == 2
    assert [one for page in segment_members(api, 101) for one in page] == ["1", "3"]
    assert (is_in_segment(api, 101, 3), is_in_segment(api, 101, 2)) == (True, False)


def test_a_run_gives_a_list_that_can_be_read(api: CoreApi):
    run = finished_run(api, start_run(api, 101))
    assert (run.members, run.opted_in, run.list_id is None) == (2, 1, False)
    assert [one for page in member_ids(api, str(run.list_id)) for one in page] == ["1", "3"]


def test_a_second_run_waits_for_the_first(api: CoreApi):
    first, second = start_run(api, 100), start_run(api, 101)
    assert (finished_run(api, first).members, finished_run(api, second).members) == (5, 2)


def test_campaigns_tell_their_audience(api: CoreApi):
    (found,) = campaigns(api)
    assert (found.segment_id, found.list_id, found.without_list_id) == ("100", None, "10")


def test_duplicates_are_found_by_their_key(api: CoreApi):
    keys = ["ann@example.com", "twin@example.com", "nobody@example.com"]
    assert duplicates(api, 3, keys) == {"twin@example.com": ("3", "4")}


def test_the_consent_delta_is_read(account: Account, api: CoreApi):
    account.state.note(2, [31])
    now = account.clock()
    (page,) = consent_changes(api, FIELDS, now - timedelta(days=1), now + timedelta(minutes=1))
    rows = page.tables["emarsys_contact"].to_pylist()
    assert contacts_of(rows) == {("2", "C2", "bea@example.com", 2)}


def test_the_catalogue_is_read(account: Account):
    names = ("item", "title", "available", "price_minor", "msrp_minor")
    assert [tuple(row[n] for n in names) for row in account.rows("catalogue") if "item" in row] == [
        ("SKU-1", 'A "shirt", blue', True, 19950, 25000),
        ("SKU-2", "Strümpfe", False, 5000, 5000),
    ]


def test_one_product_is_looked_up(account: Account):
    with closing(product_client()) as http:
        found = ProductLookup(http, "DEMO1234", account.url).product("SKU-1")
    assert found is not None
    assert (found.price, found.available) == (Decimal("199.5"), True)


@pytest.mark.parametrize(("age_s", "written_at"), [(None, None), (3600, NOW - timedelta(hours=1))])
def test_the_feed_is_as_old_as_it_says(age_s: float | None, written_at: datetime | None):
    with served(feed_age_s=age_s) as account:
        told = [row["written_at"] for row in account.rows("catalogue") if "written_at" in row]
    assert told == [written_at and written_at.astimezone(UTC).replace(tzinfo=None)]


def test_a_feed_that_asks_for_a_token_is_refused_without_it():
    with (
        served(feed_token="t") as account,  # noqa: S106 - made up
        pytest.raises(RefusedError, match=r"emarsys\.catalogue\.feed: .* HTTP 403"),
    ):
        account.rows("catalogue")


def test_a_feed_that_is_cut_once_is_read_whole():
    with served() as account:
        account.faults.arm(Fault("emarsys", "cut"))
        assert len([row for row in account.rows("catalogue") if "item" in row]) == 2


def test_an_export_that_fails_may_be_tried_again():
    with (
        served(export_end="error") as account,
        pytest.raises(TransientReadError, match="failed in Emarsys"),
    ):
        account.rows("contacts")


def test_an_export_that_is_gone_is_incomplete():
    with (
        served(export_lifetime_s=0) as account,
        pytest.raises(IncompleteSnapshotError, match="does not keep the exported file"),
    ):
        account.rows("contacts")


def test_a_run_that_fails_may_be_tried_again():
    with (
        served(run_end="error") as account,
        closing(account.api()) as api,
        pytest.raises(TransientReadError, match="failed in Emarsys"),
    ):
        finished_run(api, start_run(api, 101))


def test_the_list_of_a_run_dies():
    with (
        served(run_list_lifetime_s=60, list_page_size=1) as account,
        closing(account.api()) as api,
    ):
        run = finished_run(api, start_run(api, 101))
        account.clock.advance(hours=1)
        with pytest.raises(ConfigError, match="no contact list"):
            list(member_ids(api, str(run.list_id)))


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("list_error", [400, 500])
def test_a_list_that_nobody_made_is_named(status: int, list_error: int):
    with (
        served(missing_list_status=status, list_error_status=list_error) as account,
        pytest.raises(ConfigError, match=r"emarsys\.contacts\.list: the account has no list 77"),
    ):
        account.rows("contacts", contacts=Contacts(list=77))


def test_a_segment_that_nobody_made_is_named():
    with served() as account, closing(account.api()) as api:
        with pytest.raises(ConfigError, match="no segment 77"):
            segment_size(api, 77)
        with pytest.raises(ConfigError, match="no segment 77"):
            start_run(api, 77)


def test_an_event_that_nobody_made_is_named():
    with (
        served() as account,
        closing(account.api()) as api,
        pytest.raises(ConfigError, match="no external event 77"),
    ):
        event_usages(api, "77")


@pytest.mark.parametrize(
    "permission",
    ["segment.list", "segment.contacts.run", "campaign.list", "export.contact.changed"],
)
def test_a_permission_that_is_missing_is_named(permission: str):
    with served(users=(ApiUser(permissions=frozenset({"none"})),)) as account:
        calls: dict[str, Callable[[CoreApi], object]] = {
            "segment.list": segments,
            "segment.contacts.run": lambda api: start_run(api, 101),
            "campaign.list": campaigns,
            "export.contact.changed": lambda api: list(consent_changes(api, FIELDS, NOW, NOW)),
        }
        with closing(account.api()) as api, pytest.raises(RefusedError, match=permission):
            calls[permission](api)


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
@pytest.mark.parametrize("repeat_every", [0, 1])
def test_open_data_is_read_with_and_without_repeated_rows(
    tmp_path: Path, engine: str, repeat_every: int
):
    url = f"{engine}:///{tmp_path / 'open'}.{engine}"
    write_open_data(small_account(), url, repeat_every=repeat_every)
    open_data = OpenDataSettings(url=StoreUrl(url), account=123)
    with served() as account:
        counts = {
            name: len(account.rows(name, open_data=open_data))
            for name in ("sales", "si_contacts", "unsubscribes", "external_events")
        }
    assert counts == {"sales": 3, "si_contacts": 2, "unsubscribes": 1, "external_events": 1}
