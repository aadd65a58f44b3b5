"""One change, then ten, then a tenth, then the rest; no batch holds two changes of one target."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.correct.applying.batches import batches, by_kind, steps, targets_of
from auditor.model import plan as p
from auditor.model.plan import ContactFields, in_order
from tests.correct.applying.test_rails import change
from tests.correct.test_law import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.model.plan import Change

AT_ONCE = 1000


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, []),
        (1, [1]),
        (2, [1, 1]),
        (11, [1, 10]),
        (12, [1, 10, 1]),
        (100, [1, 10, 10, 79]),
        (2345, [1, 10, 235, 2099]),
    ],
)
def test_the_steps_grow(count, sizes):
    assert list(steps(count)) == sizes


def of_contacts(numbers: Iterable[int]) -> list[Change]:
    return [
        change(place, request=ContactFields(str(number), {"1": "x"}, {}))
        for place, number in enumerate(numbers)
    ]


def test_a_step_is_cut_into_calls():
    sizes = [len(batch) for batch in batches(of_contacts(range(3000)), AT_ONCE)]
    assert sizes == [1, 10, 300, 1000, 1000, 689]


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 50))
def test_every_change_is_in_one_batch_in_order(numbers, at_once):
    changes = of_contacts(numbers)
    assert [one for batch in batches(changes, at_once) for one in batch] == changes


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 50))
def test_no_batch_holds_two_changes_of_one_contact(numbers, at_once):
    for batch in batches(of_contacts(numbers), at_once):
        ids = [targets_of(one.request).pop() for one in batch]
        assert len(set(ids)) == len(ids) <= at_once


def test_two_new_contacts_with_one_address_are_never_made_at_once():
    requests = [p.NewContact("4711", key, "3", {"3": mail}) for key, mail in NEW]
    made = batches([change(n, request=one) for n, one in enumerate(requests)], AT_ONCE)
    assert [len(batch) for batch in made] == [1, 1, 2]


NEW = [
    ("1", "ann@example.com"),
    ("2", "ANN@example.com"),
    ("3", "Ann@Example.com"),
    ("4", "b@x.se"),
]


@pytest.mark.parametrize("kind", get_args(p.Request))
def test_every_kind_of_request_names_its_targets(kind):
    request = next(one for one in ALLOWED.values() if isinstance(one, kind))
    assert targets_of(request)


def test_kinds_follow_each_other_as_the_plan_has_them():
    changes = in_order(change(n, request=one) for n, one in enumerate(ALLOWED.values()))
    assert [kind for kind, _ in by_kind(changes)] == list(p.ORDER)
