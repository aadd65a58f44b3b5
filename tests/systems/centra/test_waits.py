"""`Retry-After` is understood in every format it may have."""

from __future__ import annotations

import time
from datetime import timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest

from auditor.systems.centra.waits import wait_s
from tests.systems.centra.fake import NOW

LATER = NOW + timedelta(seconds=42)


def asked(header: str | None) -> float | None:
    headers = {} if header is None else {"Retry-After": header}
    return wait_s(httpx.Response(429, headers=headers), lambda: NOW)


@pytest.mark.parametrize(
    "header",
    [
        str(int(LATER.timestamp())),
        format_datetime(LATER, usegmt=True),
        LATER.isoformat(),
        LATER.astimezone(timezone(timedelta(hours=2))).isoformat("T", "seconds"),
        *("42", " 42 ", "42.0"),
    ],
    ids=["epoch", "HTTP date", "ISO", "offset", "seconds", "padded", "decimal"],
)
def test_every_format_gives_the_same_pause(header: str):
    assert asked(header) == 42


def test_a_date_of_mail_without_a_zone_is_utc_wherever_the_auditor_runs(
    monkeypatch: pytest.MonkeyPatch,
):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert asked(format_datetime(LATER).replace("+0000", "-0000")) == 42
    time.tzset()


@pytest.mark.parametrize(
    "header", [None, "", "soon", "2026-12-01 10:00:00", "Mon, 99 Foo 2026", "nan", "0", "-5"]
)
def test_a_header_without_a_pause_does_not_help(header: str | None):
    assert asked(header) is None


@pytest.mark.parametrize(
    "header",
    [str(int(NOW.timestamp()) - 60), format_datetime(NOW - timedelta(seconds=60), usegmt=True)],
)
def test_a_moment_that_has_passed_does_not_help(header: str):
    assert asked(header) is None
