"""The auditor takes its share and not more, and waits only when that is used up."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.systems.centra.pace import GROWTH_PLAN, REFRESH_S, Limit, Pacer
from tests.systems.centra.fake import Clocks

if TYPE_CHECKING:
    from collections.abc import Sequence

TEN_REQUESTS = (Limit("REQUEST_COUNT", 10, 10),)


class FakeLimits:
    """What the tenant says about its limits, and how often it was asked."""

    def __init__(self, *limits: Limit) -> None:
        self.limits: Sequence[Limit] = limits
        self.asked = 0

    def __call__(self) -> Sequence[Limit]:
        """Answer."""
        self.asked += 1
        return self.limits


def send(pacer: Pacer, times: int = 1, *, shape: str = "q", complexity: int = 0) -> None:
    for _ in range(times):
        pacer.wait(shape)
        pacer.spent(shape, requests=1, complexity=complexity)


def test_a_quiet_tenant_is_read_at_full_speed():
    clocks = Clocks()
    send(Pacer(0.3, FakeLimits(*GROWTH_PLAN), clocks.timing), 17)
    assert clocks.slept == []


def test_requests_stop_at_the_share_of_the_window():
    clocks = Clocks()
    send(Pacer(0.5, FakeLimits(*TEN_REQUESTS), clocks.timing), 6)
    assert clocks.slept == [10.0]


def test_the_pause_ends_when_the_oldest_request_leaves_the_window():
    clocks = Clocks()
    pacer = Pacer(0.2, FakeLimits(*TEN_REQUESTS), clocks.timing)
    send(pacer)
    clocks.now_s += 4
    send(pacer, 2)
    assert clocks.slept == [6.0]


def test_complexity_has_a_share_too():
    clocks = Clocks()
    pacer = Pacer(0.5, FakeLimits(Limit("QUERY_COMPLEXITY", 10, 1000)), clocks.timing)
    send(pacer, 3, complexity=200)
    assert clocks.slept == [10.0]


MUTATION = "mutation End { end }"
TEN_MUTATIONS = (Limit("MUTATION_COUNT", 10, 10),)


def test_mutations_stop_at_their_own_share():
    clocks = Clocks()
    send(Pacer(0.3, FakeLimits(*TEN_MUTATIONS), clocks.timing), 4, shape=MUTATION)
    assert clocks.slept == [10.0]


def test_queries_do_not_wait_for_mutations():
    clocks = Clocks()
    pacer = Pacer(0.3, FakeLimits(*TEN_MUTATIONS), clocks.timing)
    send(pacer, 3, shape=MUTATION)
    pacer.refresh()
    send(pacer, 20)
    assert clocks.slept == []


def test_a_tenant_that_tells_no_limits_is_taken_for_one_of_the_smallest_plan():
    kinds = {(limit.kind, limit.window_s): limit.quota for limit in GROWTH_PLAN}
    assert (kinds["MUTATION_COUNT", 10], kinds["MUTATION_COUNT", 3600]) == (20, 1_800)


def test_the_cost_of_a_shape_is_learned():
    clocks = Clocks()
    pacer = Pacer(0.5, FakeLimits(Limit("QUERY_COMPLEXITY", 10, 1000)), clocks.timing)
    send(pacer, complexity=400, shape="heavy")
    send(pacer, complexity=1, shape="light")
    clocks.slept.clear()
    send(pacer, 5, complexity=1, shape="light")
    assert clocks.slept == []


def test_a_shape_never_sent_is_taken_for_the_dearest():
    clocks = Clocks()
    pacer = Pacer(0.5, FakeLimits(Limit("QUERY_COMPLEXITY", 10, 1000)), clocks.timing)
    send(pacer, complexity=400, shape="heavy")
    send(pacer, complexity=1, shape="new")
    assert clocks.slept == [10.0]


def test_a_query_above_the_share_waits_for_an_empty_window():
    clocks = Clocks()
    pacer = Pacer(0.1, FakeLimits(Limit("QUERY_COMPLEXITY", 10, 1000)), clocks.timing)
    send(pacer, 2, complexity=500)
    assert clocks.slept == [10.0]


def test_retried_requests_count():
    clocks = Clocks()
    pacer = Pacer(0.5, FakeLimits(*TEN_REQUESTS), clocks.timing)
    pacer.wait("q")
    pacer.spent("q", requests=5, complexity=0)
    send(pacer)
    assert clocks.slept == [10.0]


def test_what_others_use_makes_the_share_smaller():
    clocks = Clocks()
    busy = FakeLimits(Limit("REQUEST_COUNT", 10, 10, used=8))
    send(Pacer(0.5, busy, clocks.timing), 2)
    assert clocks.slept == [10.0]


def test_own_requests_are_not_taken_for_those_of_others():
    clocks = Clocks()
    limits = FakeLimits(*TEN_REQUESTS)
    pacer = Pacer(0.5, limits, clocks.timing)
    send(pacer, 4)
    limits.limits = (Limit("REQUEST_COUNT", 10, 10, used=4),)
    pacer.refresh()
    send(pacer)
    assert clocks.slept == []


def test_a_tenant_that_leaves_nothing_still_gets_a_request_now_and_then():
    clocks = Clocks()
    full = FakeLimits(Limit("REQUEST_COUNT", 10, 10, used=10))
    send(Pacer(0.5, full, clocks.timing), 2)
    assert clocks.slept == [10.0]


def test_limits_are_asked_for_rarely():
    clocks = Clocks()
    limits = FakeLimits(*GROWTH_PLAN)
    pacer = Pacer(1.0, limits, clocks.timing)
    send(pacer, 20)
    clocks.now_s += REFRESH_S
    send(pacer, 20)
    assert limits.asked == 2


def test_every_window_is_kept():
    clocks = Clocks()
    both = FakeLimits(Limit("REQUEST_COUNT", 10, 100), Limit("REQUEST_COUNT", 3600, 10))
    send(Pacer(0.5, both, clocks.timing), 6)
    assert clocks.slept == [3600.0]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 5)), max_size=60),
    st.floats(0.05, 1.0),
)
def test_no_window_ever_holds_more_than_the_share(costs: list[tuple[int, int]], share: float):
    clocks, quota = Clocks(), 1000
    pacer = Pacer(share, FakeLimits(Limit("QUERY_COMPLEXITY", 10, quota)), clocks.timing)
    sent: list[tuple[float, int]] = []
    for cost, pause_s in costs:
        clocks.now_s += pause_s
        shape = str(cost)
        pacer._costs[shape] = cost
        pacer.wait(shape)
        pacer.spent(shape, requests=1, complexity=cost)
        sent.append((clocks.now_s, cost))
        window = [c for at_s, c in sent if at_s > clocks.now_s - 10]
        assert len(window) == 1 or sum(window) <= share * quota


def test_the_question_for_the_limits_is_not_taken_for_that_of_others():
    clocks, limits = Clocks(), FakeLimits(Limit("REQUEST_COUNT", 10, 10, used=1))

    def ask() -> Sequence[Limit]:
        pacer.spent("limits", requests=1, complexity=0)
        return limits()

    pacer = Pacer(0.5, ask, clocks.timing)
    send(pacer, 4)
    assert clocks.slept == []


def test_where_the_limit_binds_at_least_nine_tenths_of_the_share_are_used():
    clocks, share, seconds = Clocks(), 0.3, 600
    pacer = Pacer(share, FakeLimits(*GROWTH_PLAN[:1]), clocks.timing)
    sent, end = 0, clocks.now_s + seconds
    while clocks.now_s < end:
        send(pacer)
        clocks.now_s += 0.1
        sent += 1
    assert sent / (share * GROWTH_PLAN[0].quota * seconds / 10) >= 0.9


# --- several threads


def test_what_another_thread_is_about_to_spend_is_not_free():
    clocks = Clocks()
    pacer = Pacer(1.0, FakeLimits(Limit("REQUEST_COUNT", 10, 1)), clocks.timing)
    pacer.wait("q")
    other = Thread(target=send, args=(pacer,))
    other.start()
    other.join(0.05)
    is_waiting = other.is_alive()
    pacer.spent("q", requests=1, complexity=0)
    other.join(20)
    assert (is_waiting, clocks.slept) == (True, [10.0])


def test_threads_together_stay_within_the_share():
    clocks = Clocks()
    pacer = Pacer(0.5, FakeLimits(*TEN_REQUESTS), clocks.timing)
    at: list[float] = []

    def send_some() -> None:
        for _ in range(20):
            pacer.wait("q")
            at.append(clocks.now_s)
            pacer.spent("q", requests=1, complexity=0)

    threads = [Thread(target=send_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(at) == 80
    assert all(sum(s <= one < s + 10 for one in at) <= 5 for s in at)
