"""A stream is read to its end or its coverage says why not; nothing half read is ever visible."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from auditor.errors import (
    AbsentError,
    ConfigError,
    IncompleteSnapshotError,
    TransientReadError,
)
from auditor.model.stream import Aside, Page, Stream
from auditor.model.tables import centra_store, unparsed_row
from auditor.snapshot.halt import Halt
from auditor.snapshot.take import Reading, take, unread
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.model.snapshot import Coverage, Snapshot


class Silent:
    """Watches nothing."""

    def advanced(self, *_: Any) -> None:
        """Ignore it."""

    def ended(self, _: Coverage) -> None:
        """Ignore it."""


def stores(*ids: str, aside: tuple[Aside, ...] = ()) -> Page:
    rows = pa.table(
        {
            "store_id": pa.array(ids, pa.string()),
            "name": pa.array(["Retail"] * len(ids), pa.string()),
            "type": pa.array(["WHOLESALE"] * len(ids), pa.string()),
        }
    )
    return Page({"centra_store": rows}, rows=len(ids) + len(aside), aside=aside)


def stream(*pages: Page, fault: Exception | None = None, name: str = "stores") -> Stream:
    def read() -> Iterator[Page]:
        yield from pages
        if fault is not None:
            raise fault

    return Stream("centra", name, read)


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    opened = Warehouse(warehouse_url)
    yield opened
    opened.close()


def snap(warehouse: Warehouse, *streams: Stream, run: str = "run-1", **parts: Any) -> Snapshot:
    moment = datetime(2026, 11, 23, 5, tzinfo=UTC)
    return take(streams, Reading(run, warehouse, Silent(), lambda: moment, lambda: 0.0, **parts))


def ids(warehouse: Warehouse) -> list[str]:
    with warehouse.engine.connect() as conn:
        return sorted(conn.execute(sa.select(centra_store.c.store_id)).scalars())


def test_all_pages_of_a_complete_stream_are_stored(warehouse: Warehouse):
    snap(warehouse, stream(stores("1", "2"), stores("3")))
    assert ids(warehouse) == ["1", "2", "3"]


def test_a_new_snapshot_replaces_the_one_before(warehouse: Warehouse):
    snap(warehouse, stream(stores("1")))
    snap(warehouse, stream(stores("2")))
    assert ids(warehouse) == ["2"]


def test_a_stream_cut_short_is_incomplete_and_says_why(warehouse: Warehouse):
    cut = stream(stores("1"), fault=IncompleteSnapshotError("the cursor repeats."))
    line = snap(warehouse, cut).coverage[0]
    assert (line.complete, line.reason) == (False, "the cursor repeats.")


def test_a_stream_cut_short_leaves_the_complete_one_before(warehouse: Warehouse):
    snap(warehouse, stream(stores("1")))
    snap(warehouse, stream(stores("2"), fault=IncompleteSnapshotError("cut")))
    assert ids(warehouse) == ["1"]


def test_a_row_that_cannot_be_parsed_makes_the_stream_incomplete(warehouse: Warehouse):
    odd = stores("1", aside=(Aside("no id", "{}"),))
    line = snap(warehouse, stream(odd)).coverage[0]
    assert (line.complete, line.set_aside) == (False, 1)


def test_a_row_that_cannot_be_parsed_is_kept(warehouse: Warehouse):
    snap(warehouse, stream(stores("1", aside=(Aside("no id", "{}"),))))
    with warehouse.engine.connect() as conn:
        kept = conn.execute(sa.select(unparsed_row.c.stream, unparsed_row.c.content)).all()
    assert kept == [("stores", "{}")]


@pytest.mark.parametrize("away", [True, False], ids=["nothing is read", "another stream is read"])
def test_a_row_that_cannot_be_parsed_is_kept_until_its_stream_is_read_again(
    warehouse: Warehouse, away: bool
):
    snap(warehouse, stream(stores("1", aside=(Aside("no id", "{}"),))))
    if away:
        moment = datetime(2026, 11, 24, 5, tzinfo=UTC)
        reading = Reading("run-2", warehouse, Silent(), lambda: moment, lambda: 0.0)
        unread(["stores"], reading, "Centra does not answer.")
    else:
        snap(warehouse, stream(Page({}, rows=0), name="markets"), run="run-2")
    assert _aside(warehouse) == [("stores", "{}")]
    snap(warehouse, stream(stores("1")), run="run-3")
    assert _aside(warehouse) == []


def _aside(warehouse: Warehouse) -> list[tuple[str, str]]:
    with warehouse.engine.connect() as conn:
        kept = conn.execute(sa.select(unparsed_row.c.stream, unparsed_row.c.content))
        return [(row.stream, row.content) for row in kept]


def test_a_source_that_the_account_does_not_have_is_off(warehouse: Warehouse):
    line = snap(warehouse, stream(fault=AbsentError("no such view"))).coverage[0]
    assert (line.mode, line.is_usable, line.reason) == ("off", False, "no such view")


def test_a_source_that_is_not_configured_is_off(warehouse: Warehouse):
    off = Stream("centra", "stores", lambda: iter(()), off="not configured")
    line = snap(warehouse, off).coverage[0]
    assert (line.mode, line.is_usable, line.reason) == ("off", False, "not configured")


def test_a_wrong_setting_stops_the_snapshot(warehouse: Warehouse):
    with pytest.raises(ConfigError, match="wrong"):
        snap(warehouse, stream(fault=ConfigError("wrong")))


def test_a_wrong_setting_publishes_nothing(warehouse: Warehouse):
    markets = stream(fault=ConfigError("wrong"), name="markets")
    with pytest.raises(ConfigError):
        snap(warehouse, stream(stores("1")), markets)
    assert ids(warehouse) == []


def test_coverage_keeps_the_order_of_the_streams(warehouse: Warehouse):
    empty = Page({}, rows=0)
    snapshot = snap(warehouse, stream(empty, name="markets"), stream(empty))
    assert [line.stream for line in snapshot.coverage] == ["markets", "stores"]


def test_what_an_interrupted_read_left_is_forgotten(warehouse: Warehouse):
    snap(warehouse, stream(stores("9"), fault=TransientReadError("cut")))
    snap(warehouse, stream(stores("1")))
    assert ids(warehouse) == ["1"]


def test_a_row_that_hides_nothing_leaves_the_stream_complete(warehouse: Warehouse):
    gone = Aside("the contact is gone", "{}", hides=False)
    line = snap(warehouse, stream(stores("1", aside=(gone,)))).coverage[0]
    assert (line.complete, line.set_aside) == (True, 1)


def test_what_a_stream_left_out_is_in_its_coverage(warehouse: Warehouse):
    noted = replace(stream(stores("1")), notes=lambda: ("Centra has no field Store.name.",))
    assert snap(warehouse, noted).coverage[0].notes == ("Centra has no field Store.name.",)


def test_notes_of_a_stream_that_ends_early_are_kept(warehouse: Warehouse):
    fault = IncompleteSnapshotError("It ended early.")
    noted = replace(stream(fault=fault), notes=lambda: ("A note.",))
    assert snap(warehouse, noted).coverage[0].notes == ("A note.",)


# --- side by side


def met(meeting: threading.Barrier, name: str) -> Stream:
    """Return a stream that ends only if others are read meanwhile."""

    def read() -> Iterator[Page]:
        meeting.wait(timeout=20)
        yield Page({}, rows=0)

    return Stream("centra", name, read)


def endless(begun: Callable[[], object] = lambda: None) -> Stream:
    def read() -> Iterator[Page]:
        begun()
        yield from repeat(Page({}, rows=0))

    return Stream("centra", "stores", read)


def test_streams_of_one_system_are_read_side_by_side(warehouse: Warehouse):
    meeting = threading.Barrier(3)
    streams = [met(meeting, name) for name in ("stores", "markets", "countries")]
    assert all(line.complete for line in snap(warehouse, *streams).coverage)


def test_what_judges_the_others_is_read_after_them(warehouse: Warehouse):
    order: list[str] = []

    def noting(name: str, *, is_last: bool) -> Stream:
        def read() -> Iterator[Page]:
            order.append(name)
            yield Page({}, rows=0)

        return Stream("centra", name, read, is_last=is_last)

    snap(warehouse, noting("stores", is_last=True), noting("markets", is_last=False))
    assert order == ["markets", "stores"]


def test_emarsys_is_read_before_centra(warehouse: Warehouse):
    order: list[str] = []

    def noting(system: Any, name: str) -> Stream:
        def read() -> Iterator[Page]:
            order.append(name)
            yield Page({}, rows=0)

        return Stream(system, name, read)

    snap(warehouse, noting("centra", "stores"), noting("emarsys", "contacts"))
    assert order == ["contacts", "stores"]


def test_a_wrong_setting_stops_the_other_streams_at_their_next_page(warehouse: Warehouse):
    with pytest.raises(ConfigError):
        snap(warehouse, endless(), stream(fault=ConfigError("wrong"), name="markets"))


def test_a_wrong_setting_ends_the_pauses_of_other_streams(warehouse: Warehouse):
    halt = Halt()
    with pytest.raises(ConfigError):
        snap(
            warehouse,
            endless(lambda: halt.sleep(3600)),
            stream(fault=ConfigError("wrong"), name="markets"),
            halt=halt,
        )


@pytest.fixture
def heeds_interruptions() -> Iterator[None]:
    """Let SIGINT interrupt: the workers of pytest-xdist ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_interruptions")
def test_an_interruption_leaves_no_thread_behind(warehouse: Warehouse):
    main = threading.main_thread().ident or 0
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        snap(warehouse, endless(lambda: signal.pthread_kill(main, signal.SIGINT)))
    assert threading.active_count() == before
