"""WSSE on the old prefix."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from datetime import datetime

    from tests.sandbox.emarsys.conftest import Site

NONCE = "1f0c9a2b3c4d5e6f1f0c9a2b3c4d5e6f"


def header(
    at: datetime,
    key: str = "auditor-wsse-secret",
    username: str = "auditor001",
    *,
    raw: bool = False,
) -> dict[str, str]:
    created = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha1((NONCE + created + key).encode())  # noqa: S324 -- WSSE prescribes it
    told = base64.b64encode(digest.digest() if raw else digest.hexdigest().encode()).decode()
    return {
        "X-WSSE": f'UsernameToken Username="{username}", PasswordDigest="{told}", '
        f'Nonce="{NONCE}", Created="{created}"'
    }


def status(site: Site, headers: dict[str, str], version: str = "v2") -> int:
    return site.http.get(f"/api/{version}/filter", headers=headers).status_code


def test_a_digest_of_the_hex_text_is_accepted(site):
    assert status(site, header(site.clock.now)) == 200


def test_a_digest_of_the_raw_bytes_is_refused(site):
    assert status(site, header(site.clock.now, raw=True)) == 401


def test_a_wrong_secret_is_refused(site):
    answer = site.http.get("/api/v2/filter", headers=header(site.clock.now, key="no"))
    assert answer.json() == {"replyCode": 1, "replyText": "Credentials are invalid", "data": ""}


def test_an_unknown_user_is_refused(site):
    assert status(site, header(site.clock.now, username="nobody")) == 401


def test_a_replayed_nonce_is_accepted(site):
    headers = header(site.clock.now)
    assert [status(site, headers), status(site, headers)] == [200, 200]


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_of_skew_are_tolerated(site, minutes):
    assert status(site, header(site.clock.now + timedelta(minutes=minutes))) == 200


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_skew_is_refused(site, seconds):
    assert status(site, header(site.clock.now + timedelta(seconds=seconds))) == 401


def test_the_tolerated_skew_is_an_option(make_site):
    site = make_site(wsse_skew_s=10)
    assert status(site, header(site.clock.now + timedelta(seconds=11))) == 401


def test_a_broken_header_is_refused(site):
    assert status(site, {"X-WSSE": 'UsernameToken Username="auditor001"'}) == 401


def test_wsse_does_not_open_v3(site):
    assert status(site, header(site.clock.now), version="v3") == 401


def test_wsse_can_be_switched_off(make_site):
    site = make_site(wsse=False)
    assert status(site, header(site.clock.now)) == 401


def test_a_bearer_token_opens_v2_too(site):
    assert status(site, site.headers) == 200
