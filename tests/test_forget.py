"""A person who is forgotten is in no table, no copy and no file of the auditor any more."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from msgspec import structs

from auditor.config.values import Secret
from auditor.correct.applying.journal import plan_table
from auditor.correct.applying.lease import Lease
from auditor.errors import ConfigError, StoreError
from auditor.findings.forgotten import forgotten_table
from auditor.findings.ledger import Ledger, history_table
from auditor.findings.schema import tables as ledger_tables
from auditor.forget import stores
from auditor.forget.person import Person, find
from auditor.model import tables as t
from auditor.model.history import HISTORY
from auditor.model.judged import judged_state
from auditor.model.keyed_hash import keyed_hash
from auditor.pipeline import Run, forget
from auditor.pipeline.judging import terms_of_run
from auditor.pipeline.leased import leased
from auditor.reconcile.run import reconcile
from auditor.sandbox.world import Scale, build_world
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import Published, publish
from tests.direct import write_world
from tests.reconcile.books import Books
from tests.stores import on_server
from tests.test_large_worlds import Silent, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.config import Settings
    from auditor.pipeline.forgetting import Forgotten

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PEPPER = "pepper"
EMAIL, FIRST, LAST = "zquxvorm@example.com", "Zquxvorma", "Wrzlbrnft"
LONGER = f"an{EMAIL}"


RUN = "2026-11-22T05-00-00Z-7f3a"


class Known(NamedTuple):
    """A brand whose auditor knows somebody, before and after that person is forgotten."""

    run: Run
    done: Forgotten
    customer: str


def with_pepper(settings: Settings, pepper: Secret | None) -> Settings:
    return structs.replace(settings, privacy=structs.replace(settings.privacy, pepper=pepper))


@pytest.fixture(scope="module", params=["embedded", "postgresql"])
def brand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """Give a brand whose stores, of each kind, and files know a person, now and in the past."""
    folder = tmp_path_factory.mktemp("brand")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.chdir(folder)
        if request.param == "postgresql":
            stack.enter_context(on_server(request.getfixturevalue("postgres_server")))
        world = build_world(1, Scale.of(customers=40), NOW)
        row = next(
            row
            for row in world.centra.customers
            if any(contact.values.get(3) == row.email for contact in world.emarsys.contacts)
        )
        contact = next(c for c in world.emarsys.contacts if c.values.get(3) == row.email)
        row.email, row.first_name, row.last_name = EMAIL.upper(), FIRST, LAST
        other = next(one for one in world.centra.customers if one is not row)
        other.email = LONGER
        contact.values |= {3: EMAIL, 1: FIRST, 2: LAST}
        settings = settings_of(world, folder)
        settings = with_pepper(settings, Secret(PEPPER))
        with closing(Warehouse(settings.store.warehouse)) as warehouse:
            write_world(world, warehouse, "a", as_of=NOW - timedelta(days=1), pepper=PEPPER)
            row.first_name = "Zquxvormaria"
            taken = write_world(world, warehouse, "b", pepper=PEPPER)
            reconcile(warehouse, terms_of_run(settings, warehouse, taken))
        publish(settings.store.warehouse)
        with closing(Ledger(settings.store.ledger)) as ledger, ledger.begin() as conn:
            values = {"fingerprint": "f", "run": "b", "seen_at": NOW.replace(tzinfo=None)}
            values |= {"state": "new", "centra": f'{{"email": "{EMAIL}"}}'}
            conn.execute(history_table.insert().values(values))
        _write_files(folder, settings.brand)
        yield Run(settings, folder, lambda: NOW, Silent())


def _write_files(folder: Path, brand: str) -> None:
    var = folder / "var"
    for name in ("plans", f"mail/{brand}", f"runs/{brand}/b", "plans"):
        (var / name).mkdir(parents=True, exist_ok=True)
    theirs = f'{{"3": "{EMAIL}"}}'
    (var / f"plans/{brand}-{RUN}-theirs.json").write_text(theirs)
    (var / f"plans/{brand}-{RUN}-others.json").write_text('{"3": "other@example.com"}')
    (var / f"plans/{brand}-{RUN}-longer.json").write_text(
        f'{{"3": "an{EMAIL}", "4": "{EMAIL}.au"}}'
    )
    apart = f"{FIRST}n {LAST}s"
    (var / f"plans/{brand}-{RUN}-words.json").write_text(apart)
    (var / "plans/fjord-theirs.json").write_text(theirs)
    (var / f"plans/{brand}-no-{RUN}-theirs.json").write_text(theirs)
    (var / f"{brand}-no.duckdb").write_text(EMAIL)
    (var / f"{brand}-no-ledger.sqlite.before-7").write_text(EMAIL)
    named = f'{{"brand": "{brand}", "note": "see\\n{EMAIL}"}}'
    (var / "plans/named-by-hand.json").write_text(named)
    (var / f"plans/.{brand}-{RUN}-draft.json.tmp").write_text(EMAIL)
    body = base64.encodebytes(f"Dear {FIRST} {LAST}".encode()).decode()
    letter = f"Content-Transfer-Encoding: base64\n\n{body}"
    (var / f"mail/{brand}/theirs.eml").write_text(letter)
    table = pa.table({"first": ["Ann", FIRST], "last": ["Lee", LAST]})
    pq.write_table(table, var / f"runs/{brand}/b/rows.parquet", compression="zstd")
    (var / f"{brand}.duckdb.broken-2026-11-01T00-00-00Z").write_bytes(b"\0")


def warehouse_rows(warehouse: Warehouse, select: sa.Select[Any]) -> list[Any]:
    with warehouse.engine.connect() as conn:
        return list(conn.execute(select))


@pytest.fixture(scope="module")
def known(brand: Run) -> Known:
    """Forget that person."""
    row = t.centra_customer.c
    theirs = sa.select(row.customer_id).where(row.email_key == EMAIL)
    with closing(Warehouse(brand.settings.store.warehouse)) as warehouse:
        (customer,) = warehouse_rows(warehouse, theirs)
    return Known(brand, forget(brand, f"  {EMAIL.title()} "), customer[0])


def test_nothing_is_left(known: Known):
    assert known.done.left == ()


def test_every_table_of_both_stores_and_of_the_copy_was_looked_into(known: Known):
    warehouse, ledger = list(stores.warehouse_tables()), ledger_tables().sorted_tables
    assert known.done.searched_tables == 2 * len(warehouse) + len(ledger)


@pytest.mark.embedded("what a server keeps of deleted rows is its own")
@pytest.mark.parametrize("brand", ["embedded"], indirect=True)
@pytest.mark.parametrize("kind", ["duckdb", "published.duckdb", "ledger"])
def test_no_byte_of_a_store_tells_the_address_or_the_name(known: Known, kind: str):
    brand, var = known.run.settings.brand, known.run.folder / "var"
    name = f"{brand}-ledger.sqlite" if kind == "ledger" else f"{brand}.{kind}"
    content = (var / name).read_bytes().lower().replace(LONGER.encode(), b"somebody else")
    assert [text for text in (EMAIL, FIRST, LAST) if text.lower().encode() in content] == []


@pytest.mark.parametrize("table", [t.centra_customer, HISTORY["centra_customer"]], ids=str)
def test_the_record_stays_and_names_nobody(known: Known, table: sa.Table):
    row = table.c
    named = sa.select(row.email, row.email_key, row.first_name, row.last_name)
    with closing(Warehouse(known.run.settings.store.warehouse)) as warehouse:
        found = warehouse_rows(warehouse, named.where(row.customer_id == known.customer))
    assert found
    assert {tuple(one) for one in found} == {(None, None, None, None)}


def test_somebody_whose_address_ends_like_theirs_stays(known: Known):
    row = t.centra_customer.c
    named = sa.select(row.email_key).where(row.email == LONGER)
    with closing(Warehouse(known.run.settings.store.warehouse)) as warehouse:
        assert [one[0] for one in warehouse_rows(warehouse, named)] == [LONGER]


def test_the_others_stay(known: Known):
    row = t.centra_customer.c
    with (
        closing(Published(known.run.settings.store.warehouse)) as copy,
        copy.engine.connect() as conn,
    ):
        named = conn.scalar(sa.select(sa.func.count()).where(row.email.is_not(None)))
        everybody = conn.scalar(sa.select(sa.func.count()).select_from(t.centra_customer))
    assert everybody
    assert named == everybody - 1


def test_the_next_run_judges_everything_anew(known: Known):
    with closing(Warehouse(known.run.settings.store.warehouse)) as warehouse:
        assert warehouse.count(judged_state) == 0


@pytest.mark.parametrize(
    "name",
    [
        f"plans/{{}}-{RUN}-theirs.json",
        f"plans/.{{}}-{RUN}-draft.json.tmp",
        "plans/named-by-hand.json",
        "mail/{}/theirs.eml",
        "runs/{}/b/rows.parquet",
    ],
)
def test_a_file_that_gives_them_away_is_deleted(known: Known, name: str):
    assert not (known.run.folder / "var" / name.format(known.run.settings.brand)).exists()


def test_a_store_that_was_set_aside_is_deleted(known: Known):
    assert list((known.run.folder / "var").glob("*.broken-*")) == []


@pytest.mark.parametrize("name", ["others", "longer", "words"])
def test_a_file_about_others_stays(known: Known, name: str):
    brand = known.run.settings.brand
    assert (known.run.folder / f"var/plans/{brand}-{RUN}-{name}.json").exists()


@pytest.mark.parametrize(
    "name",
    [
        "plans/fjord-theirs.json",
        f"plans/{{}}-no-{RUN}-theirs.json",
        "{}-no.duckdb",
        "{}-no-ledger.sqlite.before-7",
    ],
)
def test_a_file_of_another_brand_stays_whatever_its_name_begins_with(known: Known, name: str):
    assert (known.run.folder / "var" / name.format(known.run.settings.brand)).exists()


def test_the_tombstone_is_a_keyed_hash(known: Known):
    with closing(Ledger(known.run.settings.store.ledger)) as ledger, ledger.begin() as conn:
        (row,) = conn.execute(sa.select(forgotten_table)).mappings()
    assert row["email_hash"] == keyed_hash(EMAIL, PEPPER)


def test_who_is_still_in_the_newest_snapshot_is_said_to_be(known: Known):
    assert known.done.is_present


def test_forgetting_again_finds_nothing_more(known: Known):
    again = forget(known.run, EMAIL)
    assert (again.rows, again.files, again.left) == (0, 0, ())


def test_what_is_left_is_told(known: Known, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("auditor.pipeline.forgetting._delete", lambda *_: 0)
    place = known.run.folder / "var/plans" / f"{known.run.settings.brand}-{RUN}-new.json"
    place.write_text(EMAIL)
    left = forget(known.run, EMAIL).left
    place.unlink()
    assert left == (f"var/plans/{place.name}",)


def test_without_a_pepper_nobody_is_forgotten(brand: Run):
    bare = with_pepper(brand.settings, None)
    with pytest.raises(ConfigError, match=r"^privacy\.pepper is not set"):
        forget(replace(brand, settings=bare), EMAIL)


def test_what_is_no_address_is_refused(brand: Run):
    with pytest.raises(ConfigError, match="is no e-mail address"):
        forget(brand, "Ann")


def test_while_an_audit_is_under_way_nobody_is_forgotten(brand: Run):
    with (
        closing(Ledger(brand.settings.store.ledger)) as ledger,
        leased(brand, ledger),
        pytest.raises(StoreError, match="auditing"),
    ):
        forget(brand, EMAIL)


def test_while_a_plan_is_applied_nobody_is_forgotten_for_its_undo_is_written_at_the_end(brand: Run):
    with closing(Ledger(brand.settings.store.ledger)) as ledger:
        lease = Lease(ledger, brand.settings.brand, brand.clock, "elsewhere:1:x")
        lease.take()
        with pytest.raises(StoreError, match="correcting"):
            forget(brand, EMAIL)
        lease.give_back()


@pytest.mark.embedded("what a server keeps of deleted rows is its own")
@pytest.mark.parametrize("brand", ["embedded"], indirect=True)
def test_a_ledger_that_another_process_reads_is_said_to_hold_them_still(
    brand: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("auditor.findings.ledger.BUSY_MS", 100)
    file = brand.folder / "var" / f"{brand.settings.brand}-ledger.sqlite"
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM run").fetchall()
        left = forget(brand, "reader@b.se").left
    assert left == (f"var/{file.name}",)


@pytest.mark.parametrize("brand", ["postgresql"], indirect=True)
def test_an_older_copy_that_somebody_reads_is_said_to_hold_them_still(brand: Run):
    with closing(Published(brand.settings.store.warehouse)):
        left = forget(brand, "copy@b.se").left
    assert len(left) == 1
    assert "_published_" in left[0]


@pytest.mark.embedded("a store that is a file is set aside")
@pytest.mark.parametrize("brand", ["embedded"], indirect=True)
def test_a_store_that_was_set_aside_is_deleted_wherever_it_stands(brand: Run, tmp_path: Path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    aside = folder / "shop.duckdb.broken-2026-11-01T00-00-00Z"
    aside.write_bytes(b"\0")
    store = {"warehouse": f"duckdb:///{folder}/shop.duckdb", "ledger": f"sqlite:///{folder}/shop"}
    settings = structs.replace(brand.settings, store=structs.replace(brand.settings.store, **store))
    forget(replace(brand, settings=settings), EMAIL)
    assert not aside.exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a@b.se>", True),
        ("A@B.SE", True),
        (r"line\na@b.se", True),
        (r"\u003ca@b.se", True),
        ("mailto%3Aa@b.se", True),
        ("email=a@b.se", True),
        ("a@b.se.", True),
        ("ca@b.se", False),
        ("c.a@b.se", False),
        ("a@b.se.com", False),
        ("a@b.sea", False),
    ],
)
def test_an_address_is_told_from_one_that_it_is_a_part_of(text: str, expected: bool):
    person = Person("a@b.se", frozenset(), frozenset(), frozenset(), is_present=False)
    assert person.has_address_in(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        r'"jos\u00e9@b.se"',
        r'"JOS\u00C9@B.SE"',
        r'"jose\u0301@b.se"',
        "JOS\xc9@B.SE",
        "jose\u0301@b.se",
    ],
)
def test_an_address_with_an_accent_is_found_however_it_is_written(text: str):
    assert Person(
        "jos\xe9@b.se", frozenset(), frozenset(), frozenset(), is_present=False
    ).has_address_in(text)


@pytest.mark.parametrize("text", ["JOS\xc9@B.SE asked", r'{"email": "jos\u00e9@b.se"}'])
def test_an_address_with_an_accent_goes_from_every_store(brand: Run, text: str):
    settings = brand.settings
    aside = {"run": "b", "stream": "customers", "reason": "x", "content": text}
    values = {"fingerprint": "accent", "run": "b", "seen_at": NOW.replace(tzinfo=None)}
    values |= {"state": "new", "centra": text}
    with (
        closing(Warehouse(settings.store.warehouse)) as warehouse,
        warehouse.engine.begin() as conn,
    ):
        conn.execute(t.unparsed_row.insert().values(aside))
    with closing(Ledger(settings.store.ledger)) as ledger, ledger.begin() as conn:
        conn.execute(history_table.insert().values(values))
    assert forget(brand, "jos\xe9@b.se").rows == 2


def test_a_name_in_the_words_of_a_report_is_nobodys():
    person = Person("a@b.se", frozenset(), frozenset(), frozenset({("ann", "lee")}), False)
    assert not person.is_named_in("The channel of the fleet: planned for 3 sleepers")


def test_a_row_whose_address_is_written_in_another_way_is_blanked(tmp_path: Path):
    with closing(Warehouse(f"duckdb:///{tmp_path}/one.duckdb")) as warehouse:
        raw, table = "JOSE\u0301@b.se", t.centra_subscription
        person = Person("jos\xe9@b.se", frozenset(), frozenset(), frozenset(), False)
        with warehouse.engine.begin() as conn:
            conn.execute(table.insert().values(email=raw, email_key=person.email))
            stores.erase_from_warehouse(conn, person)
            assert conn.execute(sa.select(table.c.email, table.c.email_key)).one() == (None, None)


@pytest.mark.parametrize(
    ("content", "is_left"),
    [
        ('{"id": 990017, "firstName": null}', False),
        ("4711,,2026", False),
        ('{"firstName": "Ann", "lastName": "Lee"}', False),
        ('{"id": 14711, "at": "2026-11-23T09:4711", "sum": 4711.50}', True),
    ],
)
def test_a_row_that_could_not_be_parsed_goes_by_name_and_id_too(
    tmp_path: Path, content: str, *, is_left: bool
):
    ids = frozenset({"4711"}), frozenset({"990017"})
    person = Person("a@b.se", *ids, frozenset({("ann", "lee")}), False)
    with closing(Warehouse(f"duckdb:///{tmp_path}/one.duckdb")) as warehouse:
        table = t.unparsed_row
        with warehouse.engine.begin() as conn:
            conn.execute(table.insert().values(run="r", stream="customers", content=content))
            stores.erase_from_warehouse(conn, person)
            assert (conn.scalar(sa.select(table.c.content)) is not None) == is_left


def test_records_under_another_address_of_the_same_key_are_named(tmp_path: Path):
    with closing(Warehouse(f"duckdb:///{tmp_path}/one.duckdb")) as warehouse:
        books = Books(warehouse)
        for customer, email in (("1", "a@b.se"), ("2", "old@b.se"), ("3", "c@b.se")):
            books.customer(customer, email)
        books.contact("11", "new@b.se", 1, external_id="1")
        books.contact("12", "a@b.se", 1, external_id="2")
        books.contact("13", "c@b.se", 1, external_id="3")
        books.write()
        with warehouse.engine.connect() as conn:
            assert find(conn, "a@b.se").others == {"11", "centra:2"}


def test_an_applied_plan_is_deleted_wherever_somebody_put_it(brand: Run, tmp_path: Path):
    plan = tmp_path / "approved.json"
    plan.write_text(EMAIL)
    with closing(Ledger(brand.settings.store.ledger)) as ledger, ledger.begin() as conn:
        values = {"brand": brand.settings.brand, "digest": "d", "run": "b", "path": str(plan)}
        at = {"changes": 1, "begun_at": NOW.replace(tzinfo=None)}
        conn.execute(plan_table.insert().values(**values, **at))
    forget(brand, EMAIL)
    with closing(Ledger(brand.settings.store.ledger)) as ledger, ledger.begin() as conn:
        conn.execute(plan_table.delete())
    assert not plan.exists()
