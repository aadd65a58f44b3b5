"""Whatever happens between and during snapshots, what is stored is the world, and stays on record."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import TransientReadError
from auditor.snapshot import store
from auditor.warehouse import Warehouse
from tests.snapshot.world import Killed, Rows, Shop, forget_everything, snap, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = st.sampled_from("123456")


class Put(NamedTuple):
    number: str
    status: str
    lines: int


class Lose(NamedTuple):
    number: str


class Snap(NamedTuple):
    full: bool
    fault: BaseException | None
    after: int
    waits: bool = True


PUTS = st.builds(Put, NUMBERS, st.sampled_from(["CONFIRMED", "SHIPPED"]), st.integers(0, 2))
FAULTS = st.sampled_from([None, None, Killed(), TransientReadError("cut")])
SNAPS = st.builds(Snap, st.booleans(), FAULTS, st.integers(0, 3), st.booleans())
STEPS = st.lists(st.one_of(PUTS, PUTS, st.builds(Lose, NUMBERS), SNAPS), max_size=10)


class Story:
    """Plays steps and checks the laws after each snapshot."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse, self.shop = warehouse, Shop()
        self.lost: set[str] = set()
        self.after: dict[str, Rows] = {}

    def play(self, step: Put | Lose | Snap) -> None:
        if isinstance(step, Put):
            self.shop.put(*step)
        elif isinstance(step, Lose):
            self.shop.lose(step.number)
            self.lost.add(step.number)
        else:
            self.snap(step)

    def snap(self, step: Snap) -> None:
        run = f"run {len(self.after)}"
        before = stored(self.warehouse)
        begun = len(self.shop.starts)
        stream = self.shop.stream(step.fault, step.after)
        try:
            with storing(step):
                taken = snap(self.warehouse, self.shop, run, stream, full=step.full)
        except Killed:
            assert stored(self.warehouse) == before
            return
        now = self.after[run] = stored(self.warehouse)
        line = taken.coverage[0]
        if not line.complete:
            assert now == before
        elif self.shop.starts[begun].cursor is None:
            self.check_undisturbed(now, is_full=line.mode == "full")

    def check_undisturbed(self, now: Rows, *, is_full: bool) -> None:
        if is_full:
            self.lost.clear()
        assert self.shop.orders.items() <= now.items()
        assert now.keys() - self.shop.orders.keys() <= self.lost

    def check_history(self) -> None:
        for run, rows in self.after.items():
            assert stored(self.warehouse, run) == rows


@contextlib.contextmanager
def storing(step: Snap) -> Iterator[None]:
    """Store each page at once, or let all wait, of which a process that is killed stores none."""
    with contextlib.ExitStack() as patched:
        if not step.waits:
            patched.enter_context(mock.patch.object(store, "MOST_BYTES", 0))
        elif isinstance(step.fault, Killed):
            patched.enter_context(mock.patch.object(Warehouse, "append_stage", side_effect=Killed))
        yield


@pytest.mark.usefixtures("warehouse")
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_what_is_stored_is_the_world_and_every_run_stays_on_record(
    warehouse: Warehouse, steps: list[Put | Lose | Snap]
):
    forget_everything(warehouse)
    story = Story(warehouse)
    for step in (*steps, Snap(full=False, fault=None, after=0), Snap(True, None, 0)):
        story.play(step)
    story.check_history()
    # The last read may have gone on behind a break; one more is whole.
    story.play(Snap(full=True, fault=None, after=0))
    assert stored(warehouse) == story.shop.orders
