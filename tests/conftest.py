"""What every test may use: throw-away stores on each engine, the gold-file switch, and one law.

The law: whatever a test makes the auditor do, no server of the sandbox sees a forbidden call.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from auditor.cli import COLLECT
from auditor.findings.ledger import Ledger
from auditor.logs import name_run
from auditor.warehouse import Warehouse
from tests.forbidden_calls import forbidden_calls
from tests.postgres import Shelf, server
from tests.stores import give_back, on_server, warehouse_in
from tests.watched import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer

    from auditor.sandbox.wire import LoggedRequest


TESTS = Path(__file__).parent
GOLD = TESTS / "gold"
STORES = "files, or a database of its own for each test, on a server that the tests start"
pytest_plugins = ["tests.bookshelf"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regen-gold", action="store_true", help="rewrite the gold files")
    parser.addoption(
        "--stores", choices=("embedded", "postgresql"), default="embedded", help=STORES
    )
    parser.addoption("--large-worlds", type=int, default=1, help="how many worlds of scale M")


def pytest_configure(config: pytest.Config) -> None:
    about = "embedded(reason): about a store that is a file; left out with --stores postgresql"
    config.addinivalue_line("markers", about)
    gc.set_threshold(*COLLECT)  # as each command does
    settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
    settings.load_profile("untimed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    worlds = metafunc.config.getoption("--large-worlds")
    if "large_seed" in metafunc.fixturenames:
        metafunc.parametrize("large_seed", range(1, worlds + 1))
    if "planted_seed" in metafunc.fixturenames:
        # A large one with drift is read over sockets in every run.
        large = [(seed, True) for seed in range(1, worlds + 1)] if worlds > 1 else []
        small = [(seed, False) for seed in range(101, 121 if worlds > 1 else 102)]
        metafunc.parametrize(("planted_seed", "is_large"), [*large, *small])
    if "again_seed" in metafunc.fixturenames:
        # After many days fewer are left of whom everything can be told wrongly.
        seeds, *size = (range(1, worlds + 1), 6, 130) if worlds > 1 else ((1,), 2, 60)
        names = ("again_seed", "again_days", "again_customers")
        metafunc.parametrize(names, [(seed, *size) for seed in seeds])
    if "steady_seed" in metafunc.fixturenames:
        # Every look costs a second: many worlds are looked at every day, few every fifth.
        seeds, every = (range(1, worlds + 1), 1) if worlds > 1 else ((1,), 5)
        metafunc.parametrize(("steady_seed", "looks_every"), [(seed, every) for seed in seeds])


@pytest.fixture(scope="session")
def is_proof(pytestconfig: pytest.Config) -> bool:
    """Tell whether many large worlds are asked for, as `make worlds` does."""
    return int(pytestconfig.getoption("--large-worlds")) > 1


ABOUT_FILES = "about files"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many tests were left out because they are about stores that are files."""
    if config.getoption("--stores") != "embedded":
        skipped = terminalreporter.stats.get("skipped", [])
        left_out = sum(ABOUT_FILES in str(report.longrepr) for report in skipped)
        terminalreporter.write_line(f"{left_out} left out: they are about stores that are files")


LONGEST_FIRST = (
    "test_large_worlds", "test_demo", "test_worlds", "test_steady", "test_killed", "test_converges", "test_backtest",
    "test_merges", "test_moved_by", "test_telling", "test_same_on_bigquery",
)  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that no process waits for one at the end."""
    if config.getoption("--stores") != "embedded":
        for item in items:
            for mark in item.iter_markers("embedded"):
                item.add_marker(pytest.mark.skip(reason=f"{ABOUT_FILES}: {mark.args[0]}"))
    order = {name: position for position, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


ON_ONE_PROCESS = {
    "test_accessibility", "test_again", "test_audit_faults", "test_backtest", "test_benchmarks",
    "test_browser", "test_build", "test_clean", "test_crash_matrix", "test_demo", "test_dialects",
    "test_evolve", "test_evolve_served", "test_expired_versions", "test_forget", "test_four_brands",
    "test_healthy", "test_invariants", "test_notebooks", "test_off", "test_open_data_in_place", "test_outward",
    "test_own_machine", "test_packaging", "test_partial", "test_plan", "test_postgresql", "test_preflight", "test_reread",
    "test_same_on_bigquery", "test_served_on_bigquery", "test_sixty_days", "test_snapshots", "test_warehouse_schema",
}  # fmt: skip
"""Modules whose fixtures cost more than all their tests."""


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
    """Hands out one test after another, but the modules with dear fixtures whole.

    Groups (`xdist_group`) would say the same, but pytest-xdist 3.8 overlooks them under pytest 9.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if Path(module).stem in ON_ONE_PROCESS else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModule | None:
    return ByModule(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start one process more than there are cores: now and then one waits for a socket or a browser."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def is_embedded(pytestconfig: pytest.Config) -> bool:
    """Tell whether the stores of tests are files."""
    return bool(pytestconfig.getoption("--stores") == "embedded")


@pytest.fixture(autouse=True, scope="session")
def _stores(request: pytest.FixtureRequest, *, is_embedded: bool) -> Iterator[None]:
    """Let stores be what is asked for, before any fixture opens one."""
    if is_embedded:
        yield
        return
    with on_server(request.getfixturevalue("postgres_server")):
        yield


@pytest.fixture(autouse=True, scope="session")
def _disk_not_waited_for() -> Iterator[None]:
    """Let files reach the disk when the system likes, as PostgreSQL's do: no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def _stores_given_back(request: pytest.FixtureRequest, *, is_embedded: bool) -> Iterator[None]:
    """Drop the databases of a test when it ends; those that many tests share go with the server."""
    folder = None
    if not is_embedded and "tmp_path" in request.fixturenames:
        folder = request.getfixturevalue("tmp_path")
    yield
    fuse = None if is_embedded else sys.modules.get("tests.correct.applying.fuse")
    if fuse and fuse.Fuse.leaves_open:
        fuse.close_left_open()
    if folder is not None:
        give_back(folder)


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
    name_run("")  # the run of the test before
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def _umask_as_it_was() -> Iterator[None]:
    """Undo what a command takes from the mode of new files: another test may look at the modes.

    It is set, not put back: a fixture of a whole module may have run a command before.
    """
    os.umask(0o022)
    yield
    os.umask(0o022)


@pytest.fixture(autouse=True)
def _no_service_has_ended() -> None:
    """Let a job go on although another test ended its service, in this process."""
    if jobs := sys.modules.get("auditor.service.jobs"):
        jobs.ENDING.clear()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run one PostgreSQL server for all tests of this process."""
    with server() as url:
        yield url


def _make_warehouse(url: str) -> None:
    Warehouse(url).close()


def _make_ledger(url: str) -> None:
    Ledger(url).close()


@pytest.fixture(scope="session")
def _postgres_warehouses(postgres_server: str) -> Shelf:
    return Shelf(postgres_server, _make_warehouse)


@pytest.fixture(scope="session")
def _postgres_ledgers(postgres_server: str) -> Shelf:
    return Shelf(postgres_server, _make_ledger)


@pytest.fixture(scope="session")
def _empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a warehouse file to copy: its tables take longer to create than most tests."""
    file = tmp_path_factory.mktemp("template") / "warehouse.duckdb"
    _make_warehouse(f"duckdb:///{file}")
    return file


@pytest.fixture
def duckdb_url(_empty_warehouse: Path, tmp_path: Path) -> str:
    """Give an empty warehouse in a file of its own."""
    return f"duckdb:///{copyfile(_empty_warehouse, tmp_path / 'warehouse.duckdb')}"


@pytest.fixture
def one_url(request: pytest.FixtureRequest, tmp_path: Path, *, is_embedded: bool) -> str:
    """Give an empty warehouse on the engine that was asked for."""
    if is_embedded:
        return str(request.getfixturevalue("duckdb_url"))
    return warehouse_in(tmp_path)


@pytest.fixture(params=["duckdb", "postgresql"])
def warehouse_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give an empty warehouse on each supported engine."""
    if request.param == "duckdb":
        yield request.getfixturevalue("duckdb_url")
        return
    with request.getfixturevalue("_postgres_warehouses").lend() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give an empty ledger on each supported engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        return
    with request.getfixturevalue("_postgres_ledgers").lend() as url:
        yield url


@pytest.fixture
def assert_gold(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the gold file of that name."""

    def check(name: str, text: str) -> None:
        path = GOLD / name
        if request.config.getoption("--regen-gold"):
            path.write_bytes(text.encode())
        assert path.exists(), f"{name} is missing; look at the output, then run with --regen-gold"
        assert text.encode() == path.read_bytes()

    return check
