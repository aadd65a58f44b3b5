"""A throw-away PostgreSQL server for tests, from the server binaries of this machine.

It listens on a Unix socket in a folder of its own, so that any number can run side by side. A machine
without the binaries fails the tests that ask for it: an engine that nobody tried is not supported.
Making a database and its tables costs more than most tests do with them, and so does throwing
thousands away at the end: `Shelf` lends the same ones again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
_ALONE = "-c listen_addresses=''"
_OPTIONS = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
_AS_PEOPLE_SORT = ("--locale-provider=icu", "--icu-locale=en-US")
"""Not by code point as the embedded engines do: no order of the auditor may come of it. Since version 15."""


@contextlib.contextmanager
def server(options: str = _OPTIONS) -> Iterator[str]:
    """Start a server and give its URL, as the superuser; stop it and forget its data afterwards."""
    initdb, pg_ctl = binary("initdb"), binary("pg_ctl")
    # Short, for a socket's path may be 107 characters long, which the folders of pytest exceed.
    folder = Path(tempfile.mkdtemp(prefix="auditor-pg-"))
    data, log = folder / "data", folder / "log"
    try:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        how = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", *_sorting(initdb))
        _run(initdb, "-D", data, *how)
        options = f"{_ALONE} {options} -k {folder}"
        _run(pg_ctl, "start", "-w", "-D", data, "-l", log, "-o", options)
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _run(pg_ctl, "stop", "-w", "-D", data, "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sorting(initdb: str) -> tuple[str, ...]:
    told = subprocess.run([initdb, "--help"], capture_output=True, text=True, check=False).stdout
    return _AS_PEOPLE_SORT if "--icu-locale" in told else ()


def new_database(server_url: str) -> str:
    """Create an empty database on a server and give its URL."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)


_COLUMNS = """
    SELECT c.relname, string_agg(a.attname || ' ' || a.atttypid, ',' ORDER BY a.attnum),
           pg_relation_size(c.oid) > 0
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm') GROUP BY c.oid, c.relname
"""
_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


KEPT = {"ledger_version", "warehouse_version"}
"""The tables whose one row says what shape the others have."""


class Shelf:
    """Databases with empty tables, lent to one test after another.

    Args:
        server_url: The server they live on.
        prepare: Creates the tables of a new database.
    """

    def __init__(self, server_url: str, prepare: Callable[[str], None]) -> None:
        self._server_url, self._prepare = server_url, prepare
        self._free: list[str] = []
        self._as_made: dict[str, dict[str, str]] = {}

    @contextlib.contextmanager
    def lend(self) -> Iterator[str]:
        """Give the URL of a database, as empty as a new one, until the block ends."""
        url = self._free.pop() if self._free else self._make()
        yield url
        if self._is_as_made(url):
            self._free.append(url)
        else:
            self._drop(url)

    def _make(self) -> str:
        url = new_database(self._server_url)
        self._prepare(url)
        with _alone(url) as conn:
            self._as_made[url] = {name: columns for name, columns, _ in conn.execute(_COLUMNS)}
        return url

    def _is_as_made(self, url: str) -> bool:
        """Empty a database; tell whether nothing is left of what a test did to it."""
        made = self._as_made[url]
        with _alone(url) as conn:
            conn.execute(_OTHERS)
            found = conn.execute(_COLUMNS).fetchall()
            extra = [name for name, _, _ in found if name not in made]
            filled = [
                name for name, _, is_filled in found if is_filled and name in made.keys() - KEPT
            ]
            for verb, names in (("DROP TABLE", extra), ("TRUNCATE", filled)):
                if names:
                    conn.execute(f"{verb} {', '.join(names)}")
        return made == {name: columns for name, columns, _ in found if name in made}

    def _drop(self, url: str) -> None:
        with _alone(self._server_url) as conn:
            conn.execute(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")


def _alone(url: str) -> Any:
    import psycopg

    plain = sa.make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


def binary(name: str) -> str:
    """Return where a program of PostgreSQL is; a machine without it fails the test."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(packaged[-1]) if packaged else None)
    if found is None:
        pytest.fail(
            f"PostgreSQL's `{name}` is not on the PATH nor under /usr/lib/postgresql; "
            "install the PostgreSQL server to run the tests.",
            pytrace=False,
        )
    return found


def _run(*command: object) -> None:
    # The server refuses to run as root, so under root it runs as nobody.
    as_nobody: dict[str, Any] = {}
    if os.geteuid() == 0:
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    done = subprocess.run(
        [str(part) for part in command],
        cwd="/",
        stdin=subprocess.DEVNULL,
        # A server that starts keeps its starter's pipes open, so its output goes to a file.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        **as_nobody,
    )
    if done.returncode:
        pytest.fail(f"PostgreSQL does not start: {command[0]} ended with {done.returncode}.")
