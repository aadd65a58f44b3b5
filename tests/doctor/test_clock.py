from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.doctor.greet import Greeting, greet
from auditor.doctor.probes.clock import judged


@pytest.mark.parametrize(
    ("skew_s", "refuses", "state"),
    [
        (0.0, False, "ok"),
        (60.0, True, "ok"),
        (61.0, False, "warn"),
        (-61.0, False, "warn"),
        (301.0, False, "warn"),
        (300.0, True, "warn"),
        (301.0, True, "fail"),
        (-301.0, True, "fail"),
        (None, True, "off"),
    ],
)
def test_a_skewed_clock_is_judged_by_what_depends_on_it(skew_s, refuses, state):
    assert judged(Greeting(200, skew_s, None), "Emarsys", refuses=refuses).state == state


def test_the_line_says_which_clock_is_ahead():
    detail = judged(Greeting(200, -90.0, None), "Emarsys", refuses=False).detail
    assert detail == "This machine's clock is 90 s behind Emarsys's."


def test_the_skew_is_measured_against_the_date_of_the_answer(healthy):
    ahead = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251 - the server's date is the real one
    url = f"{healthy.running.urls['emarsys']}/healthcheck"
    assert greet("Emarsys", url, lambda: ahead, {}).skew_s == pytest.approx(3600, abs=5)
