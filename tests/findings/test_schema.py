"""A ledger of any earlier revision becomes what a new one is, keeps its rows, and can be audited."""

from __future__ import annotations

import logging
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from auditor.errors import StoreError
from auditor.findings import schema
from auditor.findings.ledger import Ledger
from auditor.findings.query import findings
from tests.findings.days import Days
from tests.frozen_ledgers import DIALECTS, FOLDER, ROWS, SEEN, frozen, thaw, written
from tests.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.warehouse import Warehouse

ROOT = Path(schema.__file__).parent.parent
STAGED = {"observed", "ledger_version"}
TABLES = schema.tables().tables


def empty(request: pytest.FixtureRequest, engine: str, folder: Path) -> str:
    if engine == "sqlite":
        return f"sqlite:///{folder / 'ledger.sqlite'}"
    return new_database(request.getfixturevalue("postgres_server"))


class Upgraded(NamedTuple):
    """The ledger of an earlier revision, opened.

    Attributes:
        rows: What was in it, by table.
    """

    ledger: Ledger
    rows: dict[str, dict[str, Any]]


EVERY = [(engine, name) for engine in DIALECTS for name in frozen(engine)]


def upgrade(request: pytest.FixtureRequest, folder: Path) -> Iterator[Upgraded]:
    engine, name = request.param
    url = empty(request, engine, folder)
    thaw(name, url)
    with closing(Ledger(url)) as ledger:
        yield Upgraded(ledger, rows_of(name, engine))


@pytest.fixture(scope="module", params=EVERY, ids="-".join)
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    """Open the ledger of an earlier revision, to look at."""
    yield from upgrade(request, tmp_path_factory.mktemp("old"))


@pytest.fixture(params=EVERY, ids="-".join)
def changeable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Upgraded]:
    """Open the ledger of an earlier revision, to work with."""
    yield from upgrade(request, tmp_path)


def rows_of(name: str, engine: str) -> dict[str, dict[str, Any]]:
    """Return the row that a frozen ledger has in each table, but the staged one."""
    text = (FOLDER / f"ledger_{name}.{engine}.sql").read_text()
    inserted = re.findall(r"^INSERT INTO (\w+) \(([^)]*)\)", text, re.MULTILINE)
    return {
        table: {name: ROWS[table][name] for name in columns.replace('"', "").split(", ")}
        for table, columns in inserted
        if table not in STAGED
    }


@pytest.fixture
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Make a ledger without a number on an engine."""

    def make(engine: str) -> str:
        url = empty(request, engine, tmp_path)
        thaw(frozen(engine)[0], url)
        return url

    return make


def shape(engine: sa.Engine) -> dict[str, Any]:
    """Return columns, key and indexes of each table, by names."""
    found = sa.inspect(engine)
    return {
        name: (
            {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(name)},
            found.get_pk_constraint(name)["constrained_columns"],
            {i["name"]: (i["column_names"], bool(i["unique"])) for i in found.get_indexes(name)},
        )
        for name in found.get_table_names()
    }


def version(url: str) -> Any:
    engine = sa.create_engine(url)
    with engine.connect() as conn:
        found = conn.scalar(sa.select(schema.version_table.c.version_num))
    engine.dispose()
    return found


def test_it_has_the_shape_of_a_new_one(
    upgraded: Upgraded, request: pytest.FixtureRequest, tmp_path: Path
):
    url = empty(request, upgraded.ledger.engine.dialect.name, tmp_path)
    with closing(Ledger(url)) as new:
        assert shape(upgraded.ledger.engine) == shape(new.engine)


def test_alembic_finds_no_difference_to_what_the_code_declares(upgraded: Upgraded):
    with upgraded.ledger.engine.connect() as conn:
        options = {"version_table": schema.version_table.name, "compare_type": True}
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, schema.tables()) == []


def test_every_row_is_still_there(upgraded: Upgraded):
    with upgraded.ledger.begin() as conn:
        kept = {
            name: dict(
                conn.execute(sa.select(*(TABLES[name].c[column] for column in row)))
                .mappings()
                .one()
            )
            for name, row in upgraded.rows.items()
        }
    assert kept == upgraded.rows


def test_an_audit_goes_on_with_its_findings(changeable: Upgraded, warehouse: Warehouse):
    Days(changeable.ledger, warehouse).audit("900", "901")
    seen = {f.subject_key: f.first_seen for f in findings(changeable.ledger, "nordlys")}
    assert (seen["900"], len(seen)) == (SEEN.replace(tzinfo=UTC), 2)


def test_opening_again_finds_nothing_to_do(upgraded: Upgraded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "_alone", None)
    schema.bring_up_to_date(upgraded.ledger.engine)


@pytest.mark.parametrize("engine", DIALECTS)
def test_of_processes_that_open_it_at_once_one_upgrades(
    engine: str, old: Callable[[str], str], caplog: pytest.LogCaptureFixture
):
    url = old(engine)
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(4) as pool:
        for ledger in pool.map(lambda _: Ledger(url), range(4)):
            ledger.close()
    assert len([line for line in caplog.messages if "brought from schema" in line]) == 1


@pytest.mark.parametrize("engine", DIALECTS)
def test_of_processes_that_make_it_at_once_none_fails(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
):
    url = empty(request, engine, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        for ledger in pool.map(lambda _: Ledger(url), range(4)):
            ledger.close()
    assert version(url) == schema.REVISION


def test_a_newer_ledger_is_refused_in_a_sentence(ledger_url: str):
    with closing(Ledger(ledger_url)) as ledger, ledger.begin() as conn:
        conn.execute(schema.version_table.update().values(version_num="9999"))
    with pytest.raises(StoreError, match=r"^store\.ledger: .* schema 9999.* schema 0001.*restore"):
        Ledger(ledger_url)
    # The database may be lent again.
    engine = sa.create_engine(ledger_url)
    with engine.begin() as conn:
        conn.execute(schema.version_table.update().values(version_num=schema.REVISION))
    engine.dispose()


def copy_of(url: str) -> Path:
    return Path(f"{sa.make_url(url).database}.before-{schema.REVISION}")


def test_a_file_is_copied_before_it_is_changed(old: Callable[[str], str]):
    url = old("sqlite")
    Ledger(url).close()
    with closing(sqlite3.connect(copy_of(url))) as copy:
        columns = {row[1] for row in copy.execute("PRAGMA table_info(finding)")}
        keys = copy.execute("SELECT subject_key FROM finding").fetchall()
    assert (keys, "moved_by" in columns) == ([("900",)], False)


def test_the_copy_is_only_for_its_owner(old: Callable[[str], str]):
    url = old("sqlite")
    Ledger(url).close()
    assert copy_of(url).stat().st_mode & 0o777 == 0o600


def test_where_the_copy_is_stands_in_the_log(
    old: Callable[[str], str], caplog: pytest.LogCaptureFixture
):
    url = old("sqlite")
    Ledger(url).close()
    assert str(copy_of(url)) in caplog.text


@pytest.mark.parametrize("engine", DIALECTS)
def test_an_upgrade_that_fails_is_told_and_changes_nothing(
    engine: str, old: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
):
    url = old(engine)
    before = sa.create_engine(url)
    as_it_was = shape(before)
    # Halfway: the staged table is dropped by then.
    monkeypatch.setattr(Operations, "add_column", lambda ops, *_: ops.execute("no such statement"))
    with pytest.raises(StoreError, match=r"could not be brought from schema .* is as it was"):
        Ledger(url)
    assert shape(before) == as_it_was
    before.dispose()


def test_a_copy_that_has_no_place_is_told(old: Callable[[str], str]):
    url = old("sqlite")
    copy_of(url).mkdir()
    with pytest.raises(StoreError, match="see that the disk has room"):
        Ledger(url)


def test_the_code_and_the_migrations_end_at_the_same_revision():
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_heads() == [schema.REVISION]


@pytest.mark.parametrize("engine", DIALECTS)
def test_what_the_code_declares_is_frozen_under_its_revision(engine: str):
    """Where this fails, a table changed: write a migration, raise REVISION, and freeze it."""
    text = (FOLDER / f"ledger_{schema.REVISION}.{engine}.sql").read_text()
    frozen_tables = re.findall(r"^CREATE [^;]*", text, re.MULTILINE)
    declared = [s for s in written(schema.tables(), DIALECTS[engine]) if s.startswith("CREATE")]
    assert frozen_tables == declared


def test_every_module_that_declares_tables_is_known():
    importing = {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        for path in ROOT.rglob("*.py")
        if re.search(
            r"^from auditor\.findings\.schema import .*\bmetadata\b", path.read_text(), re.MULTILINE
        )
    }
    assert importing == set(schema.DECLARED_IN)
