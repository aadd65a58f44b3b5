"""What docs/postgresql.md tells an administrator to type does what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy as sa
import yaml

from auditor.findings.ledger import Ledger
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import Published, publish
from tests.correct.desk import read_settings
from tests.postgres import binary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.config import Settings

TEXT = (Path(__file__).parent.parent / "docs" / "postgresql.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


SET_UP, READERS, NEWEST = blocks("sql")


class Administrator:
    """Types what the document says, on a server of the tests."""

    def __init__(self, url: str) -> None:
        self.host = str(sa.make_url(url).query["host"])

    def sql(self, text: str, database: str = "auditor", role: str = "postgres") -> str:
        words = ["--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return self.run("psql", *words, "--username", role, database, text=text)

    def run(self, program: str, *words: str, text: str = "", folder: Path | None = None) -> str:
        environ = {**os.environ, "PGHOST": self.host, "PGUSER": "postgres"}  # noqa: TID251
        command = [binary(program), *words]
        done = subprocess.run(
            command,
            input=text,
            env=environ,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def administrator(postgres_server: str) -> Iterator[Administrator]:
    made = Administrator(postgres_server)
    made.sql(SET_UP, "postgres")
    made.sql(READERS)
    yield made
    made.sql("DROP DATABASE auditor WITH (FORCE)", "postgres")
    made.sql("DROP ROLE analyst; DROP ROLE auditor", "postgres")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, administrator: Administrator) -> Settings:
    """Read the document's settings, as of this machine, and let a run have filled both stores."""
    (store,) = blocks("yaml")
    here = re.sub(r"@[^/]+/auditor\?", f"@/auditor?host={administrator.host}&", store)
    parts: dict[str, Any] = yaml.safe_load(here.replace("${AUDITOR_DB_PASSWORD}", "${TOKEN}"))
    made = read_settings(tmp_path_factory.mktemp("docs"), lambda raw: raw.update(parts))
    for opens in (Warehouse, Ledger):
        opens(made.store.warehouse).close()
    publish(made.store.warehouse)
    return made


def test_all_that_is_made_stands_in_the_brands_own_schemas(
    settings: Settings, administrator: Administrator
):
    del settings
    found = administrator.sql(
        "SELECT DISTINCT schemaname FROM pg_tables WHERE tableowner = 'auditor'"
    )
    assert {re.sub(r"\d+$", "N", name) for name in found.split()} == {
        "nordlys",
        "nordlys_published_N",
    }


def test_notebooks_read_the_copy(settings: Settings):
    with closing(Published(settings.store.warehouse)) as found, found.engine.connect() as conn:
        assert conn.scalar(sa.text("SELECT current_schema()")) == "nordlys_published_1"


def test_an_analyst_reads_the_newest_copy(settings: Settings, administrator: Administrator):
    del settings
    newest = administrator.sql(NEWEST, role="analyst")
    assert administrator.sql(f"SELECT count(*) FROM {newest}.centra_order", role="analyst") == "0"


def test_an_analyst_reads_nothing_else(settings: Settings, administrator: Administrator):
    del settings
    with (
        psycopg.connect(host=administrator.host, dbname="auditor", user="analyst") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("SELECT * FROM nordlys.finding")


def test_another_brand_has_tables_of_its_own(settings: Settings, administrator: Administrator):
    administrator.sql("CREATE SCHEMA sudlys AUTHORIZATION auditor")
    other = settings.store.warehouse.replace("nordlys", "sudlys")
    with closing(Warehouse(other)) as warehouse, warehouse.engine.begin() as conn:
        conn.execute(sa.text("ALTER TABLE drift_sales DROP COLUMN cause"))
        conn.execute(sa.text("DROP TABLE warehouse_version"))  # an older auditor left it
    # What the other one's tables have says nothing of them.
    with closing(Warehouse(other)) as warehouse, warehouse.engine.connect() as conn:
        conn.execute(sa.text("SELECT cause FROM drift_sales"))


def test_a_backup_brings_everything_back(
    settings: Settings, administrator: Administrator, tmp_path: Path
):
    (commands,) = blocks("sh")
    dump, restore = map(shlex.split, commands.splitlines())
    with closing(Warehouse(settings.store.warehouse)) as warehouse:
        warehouse.keep("tenant", "name", "before")
        administrator.run(*dump, folder=tmp_path)
        warehouse.keep("tenant", "name", "after")
    administrator.run(*restore, folder=tmp_path)
    with closing(Warehouse(settings.store.warehouse)) as warehouse:
        assert warehouse.recall("tenant", "name") == "before"
