"""Where the stores of a test are: files in its folder, or with `--stores postgresql` a database of its own.

Whoever makes settings or opens a store in a test asks here. A database is named after the folder and the
brand, so that another process, or the same test later, finds the same one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import sqlalchemy as sa

from auditor.config.reading import read_mapping
from auditor.findings.ledger import Ledger
from auditor.sandbox import start
from auditor.warehouse import Warehouse
from auditor.warehouse.connect import use_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = "AUDITOR_TESTS_SERVER"
"""The variable that tells this process, and those that it starts, of the server; unset, stores are files."""

_environ = os.environ  # noqa: TID251 - the processes that a test starts read it too

TEMPLATE = "template_of_stores"

_made: dict[str, Path] = {}


def stores_in(folder: Path, brand: str = "nordlys") -> dict[str, str]:
    """Return the URLs of a brand's stores as settings name them; two brands never share one."""
    server = _environ.get(SERVER)
    if server is None:
        place = folder / "var"
        warehouse, ledger = place / f"{brand}.duckdb", place / f"{brand}-ledger.sqlite"
        return {"warehouse": f"duckdb:///{warehouse}", "ledger": f"sqlite:///{ledger}"}
    url = _database(server, folder.resolve(), brand)
    return {"warehouse": url, "ledger": url}


def warehouse_in(folder: Path, brand: str = "nordlys") -> str:
    """Return the URL of a brand's warehouse."""
    return stores_in(folder, brand)["warehouse"]


def ledger_in(folder: Path, brand: str = "nordlys") -> str:
    """Return the URL of a brand's ledger."""
    return stores_in(folder, brand)["ledger"]


def named_in(text: str) -> str:
    """Return settings whose stores are the files of `nordlys` with those of the present folder."""
    files = {
        "warehouse": "duckdb:///var/nordlys.duckdb",
        "ledger": "sqlite:///var/nordlys-ledger.sqlite",
    }
    for name, url in stores_in(Path()).items():
        text = text.replace(files[name], url)
    return text


@contextlib.contextmanager
def on_server(url: str) -> Iterator[None]:
    """Let all stores be databases of a server, in this process and in those that it starts."""
    address = _create(url, TEMPLATE, "template1")
    Warehouse(address).close()
    Ledger(address).close()
    with mock.patch.dict(_environ, {SERVER: url}), chosen_stores():
        yield


@contextlib.contextmanager
def chosen_stores() -> Iterator[None]:
    """Let settings that name no stores mean those of the tests, and a sandbox write them down."""
    write = start._settings

    def mapping(path: Path) -> dict[Any, Any]:
        return _with_stores(read_mapping(path), Path())

    def settings(world: Any, plan: start.Plan, urls: dict[str, str]) -> dict[str, Any]:
        return _with_stores(write(world, plan, urls), plan.folder)

    with (
        mock.patch("auditor.config.build.read_mapping", mapping),
        mock.patch.object(start, "_settings", settings),
    ):
        yield


def _with_stores(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    if SERVER not in _environ or "brand" not in settings:
        return settings
    return {"store": stores_in(folder, settings["brand"]), **settings}


def on_one_thread(warehouse: Warehouse) -> None:
    """Let DuckDB work on one thread: over a few rows more cost more than they help."""
    if warehouse.engine.dialect.name == "duckdb":
        use_threads(warehouse.engine, 1)


def copied(source: Path, folder: Path, brand: str) -> None:
    """Copy the stores of a folder, which nobody has open, into another; files are there already."""
    if SERVER in _environ:
        _database(_environ[SERVER], folder.resolve(), brand, _name(source.resolve(), brand))


def give_back(folder: Path) -> None:
    """Drop the databases of a folder and of those in it."""
    for name in [name for name, of in _made.items() if of.is_relative_to(folder)]:
        del _made[name]
        with _connected(_environ[SERVER]) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _database(server: str, folder: Path, brand: str, template: str = TEMPLATE) -> str:
    name = _name(folder, brand)
    if name in _made:
        return _address(server, name)
    _made[name] = folder
    return _create(server, name, template)


def _name(folder: Path, brand: str) -> str:
    return f"t_{hashlib.sha256(f'{folder}:{brand}'.encode()).hexdigest()[:16]}"


def _create(server: str, name: str, template: str) -> str:
    with _connected(server) as conn, contextlib.suppress(psycopg.errors.DuplicateDatabase):
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return _address(server, name)


def _address(server: str, name: str) -> str:
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def _connected(url: str) -> psycopg.Connection[Any]:
    plain = sa.make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)
