"""What every test may use: throw-away stores on each engine, the gold-file switch, and one law.

The law: whatever a test makes the auditor do, no server of the sandbox sees a forbidden call.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.forbidden_calls import forbidden_calls
from tests.postgres import new_database, server
from tests.watched import watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.wire import LoggedRequest


TESTS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regen-gold", action="store_true", help="rewrite the gold files")
    parser.addoption("--large-worlds", type=int, default=2, help="how many worlds of scale M")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "large_seed" in metafunc.fixturenames:
        metafunc.parametrize(
            "large_seed", range(1, metafunc.config.getoption("--large-worlds") + 1)
        )


LONGEST_FIRST = ("test_large_worlds", "test_demo", "test_worlds")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that no process waits for one at the end."""
    order = {name: position for position, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(autouse=True, scope="session")
def seen() -> Iterator[list[LoggedRequest]]:
    """Keep what every server logs, whoever started it: a test, or what is shared by many."""
    with watched() as rows:
        yield rows


@pytest.fixture(autouse=True)
def _no_forbidden_call(request: pytest.FixtureRequest, seen: list[LoggedRequest]) -> Iterator[None]:
    """Read what the servers logged until a test's end; those of the servers themselves ask for anything."""
    yield
    rows = seen[:]
    seen.clear()
    if not request.path.is_relative_to(TESTS / "sandbox"):
        assert forbidden_calls(rows) == []


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Undo what a command configures for its process: another test may look at the log.

    The level is set, not put back: a fixture of a whole module may have run a command before.
    """
    root, own = logging.getLogger(), logging.getLogger("auditor")
    own.setLevel(logging.NOTSET)
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run one PostgreSQL server for all tests of this process."""
    with server() as url:
        yield url


@pytest.fixture(params=["duckdb", "postgresql"])
def warehouse_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty warehouse on each supported engine."""
    if request.param == "duckdb":
        return f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
    return new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty ledger on each supported engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return new_database(request.getfixturevalue("postgres_server"))
