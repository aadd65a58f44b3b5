"""A throw-away PostgreSQL server for tests, from the server binaries of this machine.

It listens on a Unix socket in a folder of its own, so that any number can run side by side. A machine
without the binaries fails the tests that ask for it: an engine that nobody tried is not supported.
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
    from collections.abc import Iterator

NOBODY = 65534
_OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off"


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server and give its URL, as the superuser; stop it and forget its data afterwards."""
    initdb, pg_ctl = _binary("initdb"), _binary("pg_ctl")
    # Short, for a socket's path may be 107 characters long, which the folders of pytest exceed.
    folder = Path(tempfile.mkdtemp(prefix="auditor-pg-"))
    data, log = folder / "data", folder / "log"
    try:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        _run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"{_OPTIONS} -k {folder}"
        _run(pg_ctl, "start", "-w", "-D", data, "-l", log, "-o", options)
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _run(pg_ctl, "stop", "-w", "-D", data, "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server_url: str) -> str:
    """Create an empty database on a server and give its URL."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _binary(name: str) -> str:
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
