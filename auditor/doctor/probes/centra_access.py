"""Centra: reached, token valid and for how long, version, and how much of the quota is left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from auditor.doctor.result import CENTRA_STREAMS, Result, probe, shown
from auditor.errors import SchemaDriftError
from auditor.model.not_json import NOT_JSON
from auditor.systems.centra.client import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit

EXPIRES_SOON = timedelta(days=14)
"""Source: CHECKS.md, `freshness.token_expiry`."""

MUCH_USED = 0.8


class _Limit(msgspec.Struct, rename="camel"):
    type: str
    interval_seconds: str
    quota: int
    used_quota: int


class _Limits(msgspec.Struct, rename="camel"):
    rate_limits: list[_Limit]


@probe("centra.reach", "centra", streams=CENTRA_STREAMS)
def reach(visit: Visit) -> Iterator[Result]:
    """See whether anything answers at the address."""
    visit.centra()  # refuses a token that cannot be one before it is sent
    yield Result("ok", f"Centra answers (HTTP {visit.centra_greeting().status}).")


@probe("centra.token", "centra", after="centra.reach", streams=CENTRA_STREAMS)
def token(visit: Visit) -> Iterator[Result]:
    """See whether the token is taken."""
    visit.centra().check_access()
    yield Result("ok", "The token is valid.")


@probe("centra.token_expiry", "centra")
def token_expiry(visit: Visit) -> Iterator[Result]:
    """Compare the date in the settings with today: the API does not tell it.

    Source:
        Centra reference 1.2: every token expires, after 30 days unless another date was chosen.
    """
    expires = visit.settings.credentials.centra_token_expires
    if expires is None:
        fix = "Set credentials.centra_token_expires to the date in Centra, System > API Tokens."
        yield Result("warn", "Every Centra token expires, and nobody said when this one does.", fix)
        return
    left = expires - visit.clock().date()
    if left > EXPIRES_SOON:
        yield Result("ok", f"The token expires on {expires}.")
        return
    told = "expired" if left < timedelta() else f"expires in {left.days} days,"
    fix = "Create a new token in Centra, System > API Tokens, and set centra.token and its date."
    yield Result("warn", f"By the settings the token {told} on {expires}.", fix)


@probe("centra.version", "centra", after="centra.token")
def version(visit: Visit) -> Iterator[Result]:
    """Tell which build of Centra answers.

    Source:
        Centra reference 0: `extensions.appVersion`.
    """
    found = visit.centra_greeting().app_version
    if found is None:
        yield Result("off", "Centra does not tell its version.")
        return
    yield Result("ok", f"Centra {shown(found)}.")


@probe("centra.quota", "centra", after="centra.token")
def quota(visit: Visit) -> Iterator[Result]:
    """Tell how much of each hourly limit all integrations together have used.

    Source:
        Centra reference 2.7.
    """
    try:
        limits = msgspec.json.decode(visit.centra().query(LIMITS), type=_Limits).rate_limits
    except (SchemaDriftError, *NOT_JSON):
        limits = []
    hourly = [one for one in limits if one.interval_seconds == "ONE_HOUR" and one.quota > 0]
    if not hourly:
        yield Result("off", "Centra does not tell its limits; those of the smallest plan are kept.")
    share = visit.settings.centra.rate_share
    for one in hourly:
        yield quota_result(one.type, one.used_quota, one.quota, share=share)


def quota_result(kind: str, used: int, allowed: int, *, share: float) -> Result:
    """Return what the use of one hourly limit means."""
    name = shown(kind).lower()
    detail = (
        f"{used / allowed:.0%} of {allowed:,} per hour ({name.replace('_', ' ')}) is used; the "
        f"auditor may take {share:.0%} of what the others leave."
    )
    if used / allowed < MUCH_USED:
        return Result("ok", detail, id=name)
    fix = "Run audits when the other integrations rest, or ask Centra for a larger plan."
    return Result("warn", detail, fix, id=name)
