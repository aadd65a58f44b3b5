"""The kill switch: a file or a flag, and nothing is sent."""

from __future__ import annotations

import pytest

from auditor.correct.applying.halt import Halt
from tests.correct.conftest import NOW


@pytest.fixture
def file(tmp_path):
    return tmp_path / "STOP"


def test_without_either_nothing_is_halted(ledger, file):
    assert Halt(ledger, "nordlys", str(file)).reason() is None


def test_an_empty_file_halts(ledger, file):
    file.touch()
    assert str(file) in str(Halt(ledger, "nordlys", str(file)).reason())


def test_a_flag_halts_with_its_reason(ledger, file):
    Halt(ledger, "nordlys", str(file)).set("campaign at noon", NOW)
    assert "campaign at noon" in str(Halt(ledger, "nordlys", str(file)).reason())


def test_the_flag_of_another_brand_halts_nothing(ledger, file):
    Halt(ledger, "other", str(file)).set("x", NOW)
    assert Halt(ledger, "nordlys", str(file)).reason() is None


def test_a_second_reason_takes_the_place_of_the_first(ledger, file):
    halt = Halt(ledger, "nordlys", str(file))
    halt.set("first", NOW)
    halt.set("second", NOW)
    assert "second" in str(halt.reason())


def test_a_flag_that_was_lifted_halts_nothing(ledger, file):
    halt = Halt(ledger, "nordlys", str(file))
    halt.set("x", NOW)
    assert (halt.lift(), halt.reason()) == (True, None)


def test_lifting_a_flag_that_is_not_there_is_told(ledger, file):
    assert not Halt(ledger, "nordlys", str(file)).lift()


def test_lifting_the_flag_leaves_the_file(ledger, file):
    file.touch()
    halt = Halt(ledger, "nordlys", str(file))
    halt.set("x", NOW)
    halt.lift()
    assert halt.reason() is not None
