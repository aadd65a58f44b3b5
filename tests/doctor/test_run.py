from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.doctor.disabled import disabled_by
from auditor.doctor.result import Probe, Result, shown, step_of
from auditor.doctor.run import all_probes, examine
from auditor.errors import ConfigError, ReadError, SchemaDriftError, TransientReadError
from auditor.model.finding import Check
from auditor.systems.centra.answers import MissingPermissionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit


class NoVisit:
    """Nothing to examine."""

    closed = False

    def close(self) -> None:
        self.closed = True


def probe(name: str, *results: Result | Exception, after: str | None = None) -> Probe:
    def look(_visit: Visit) -> Iterator[Result]:
        for result in results:
            if isinstance(result, Exception):
                raise result
            yield result

    return Probe(name, "centra", look, after, ("orders",))


def run(*probes: Probe) -> list[Result]:
    return list(examine(NoVisit(), lambda _: None, probes))  # type: ignore[arg-type]


FINE = Result("ok", "Fine.")
BROKEN = ConfigError("centra.url: nothing there; check the address.")


def test_a_failure_does_not_stop_the_next_probe():
    assert [r.state for r in run(probe("one", BROKEN), probe("two", FINE))] == ["fail", "ok"]


def test_an_error_is_parted_into_fault_and_step():
    (result,) = run(probe("one", BROKEN))
    assert (result.detail, result.fix) == ("centra.url: nothing there.", "Check the address.")


def test_an_error_loses_the_streams_of_its_probe():
    assert run(probe("one", BROKEN))[0].streams == ("orders",)


def test_a_passing_fault_is_to_be_tried_again():
    (result,) = run(probe("one", TransientReadError("Centra does not answer in time.")))
    assert result.fix == "Try again in some minutes."


def test_a_missing_permission_is_to_be_granted():
    (result,) = run(probe("one", MissingPermissionError(["Order:read"])))
    assert (result.detail, result.fix) == (
        "The token lacks Order:read.",
        "Grant Order:read to the token in Centra, System > API Tokens.",
    )


@pytest.mark.parametrize(
    "error", [ConfigError("Odd."), SchemaDriftError("Odd."), ReadError("Odd.")]
)
def test_no_error_stays_without_a_step(error):
    assert run(probe("one", error))[0].fix


def test_a_bug_in_a_probe_is_a_failure_of_its_own():
    results = run(probe("one", ZeroDivisionError("secret")), probe("two", FINE))
    assert [(r.state, "secret" in r.detail) for r in results] == [("fail", False), ("ok", False)]


def test_what_was_said_before_a_fault_is_kept():
    assert [r.state for r in run(probe("one", FINE, BROKEN))] == ["ok", "fail"]


def test_a_probe_is_not_tried_after_the_one_it_needs_failed():
    results = run(probe("one", BROKEN), probe("two", FINE, after="one"))
    assert (results[1].state, results[1].detail) == ("off", "Not looked at, because one failed.")


def test_nor_is_the_one_behind_it():
    chain = (probe("one", BROKEN), probe("two", FINE, after="one"), probe("3", FINE, after="two"))
    assert run(*chain)[2].state == "off"


def test_a_warning_keeps_nothing_from_being_tried():
    warned = probe("one", Result("warn", "Look out.", "Do."))
    assert run(warned, probe("two", FINE, after="one"))[1].state == "ok"


def test_parts_are_named_below_their_probe():
    (result,) = run(probe("one", Result("ok", "Fine.", id="part")))
    assert (result.id, result.system) == ("one.part", "centra")


def test_lines_hide_credentials_and_addresses():
    (result,) = run(probe("one", Result("ok", "Bearer abcdefgh of ann@example.com\nx")))
    assert result.detail == "Bearer *** of *** x"


def test_the_visit_is_closed():
    visit = NoVisit()
    list(examine(visit, lambda _: None, ()))  # type: ignore[arg-type]
    assert visit.closed


def test_every_probe_has_an_id_of_its_own():
    ids = [one.id for one in all_probes()]
    assert len(ids) == len(set(ids))


def test_every_probe_stands_behind_the_one_it_needs():
    ids = [one.id for one in all_probes()]
    late = [
        one.id for one in all_probes() if one.after and ids.index(one.after) > ids.index(one.id)
    ]
    assert late == []


def test_a_message_without_a_step_stays_whole():
    assert step_of("No step here.") == ("No step here.", None)


def test_names_from_a_system_are_short_and_printable():
    assert shown("a\x1b[31m" + "b" * 100) == "a[31m" + "b" * 55


CHECKS = [
    Check("sales.missing", "sales", "", "warning", "crm", needs=("orders", "sales")),
    Check("channel.leak", "channel", "", "warning", "crm", needs=("stores", "sales")),
]


@pytest.mark.parametrize(
    ("result", "disabled"),
    [
        (Result("fail", "", streams=("orders",)), ("sales.missing",)),
        (Result("off", "", streams=("sales",)), ("sales.missing", "channel.leak")),
        (Result("fail", "", suites=("channel",)), ("channel.leak",)),
        (Result("off", "", checks=("channel.leak",)), ("channel.leak",)),
        (Result("warn", "", streams=("orders",)), ()),
        (Result("ok", "", streams=("orders",)), ()),
        (Result("fail", ""), ()),
    ],
)
def test_a_gap_disables_what_needs_it(result, disabled):
    assert disabled_by(result, CHECKS) == disabled
