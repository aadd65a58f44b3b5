"""Freshness: what stands still, comes late, has grown old, will soon expire, or does not last."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import drift_freshness, link_stream
from auditor.reconcile.precedence import Judgement, Rule, first_of
from auditor.reconcile.sql import count_if, drift_columns, populations, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

NOTICE = timedelta(days=14)
"""Source: CHECKS.md, freshness."""

WSSE_ENDS = date(2026, 12, 31)
"""Source: Emarsys reference 12 (deprecated 2024-11-08, ends with 2026)."""

POLICY = "corrections.policy."
"""The setting that decides about a remedy, which a finding about it names."""

FEED = "catalogue"
"""The stream that brings the feed."""

FEWEST_WAITING = {"contacts": 5}
"""A few people without a contact are findings of their own, not a stream that stands still."""


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the streams, the feed and the credentials that are no longer fresh, and what does not last.

    A stalled stream is not late as well: one cause, one finding. A feed whose server does not say when
    it was written is not judged; nor is a token whose day nobody wrote into the settings.

    Frame:
        Result: one row per stream or setting; columns of `drift_freshness`.

    Source:
        CHECKS.md, freshness.
    """
    selects = (_moving(terms), _old_feed(terms), *_credentials(terms), *_undone(terms))
    return sa.select(sa.union_all(*selects).subquery())


def checked(terms: Terms) -> sa.Select[Any]:
    """Select how many streams, with how they move, and how many credentials each check looked at."""
    row = link_stream.c
    has_moved = (row.waiting > 0) | row.newest_at.is_not(None)
    return populations(
        {
            "freshness.stream_stalled": count_if(has_moved),
            "freshness.lag": count_if(row.lag_p95_s.is_not(None)),
            "freshness.token_expiry": sa.literal(1 + (terms.token_expires is not None)),
            "freshness.correction_undone": sa.literal(len(terms.undone)),
        },
        link_stream,
    )


def checked_feed() -> sa.Select[Any]:
    """Select how many feeds say when they were written."""
    written = count_if(t.emarsys_feed.c.written_at.is_not(None))
    return populations({"freshness.feed_age": written}, t.emarsys_feed)


def judgement_of_streams(terms: Terms) -> Judgement:
    """Return the rules of what moves from Centra to Emarsys."""
    stream = link_stream.c.stream
    return Judgement(link_stream, stream, "stream", {"stream": stream}, _rules(terms))


def judgement_of_feed(terms: Terms) -> Judgement:
    """Return the rule of the catalogue feed."""
    rules = [Rule("freshness.feed_age", _is_old(terms))]
    return Judgement(t.emarsys_feed, text(FEED), "stream", {"stream": text(FEED)}, rules)


def _is_old(terms: Terms) -> ColumnElement[bool]:
    return t.emarsys_feed.c.written_at < terms.as_of - terms.feed_age


def _rules(terms: Terms) -> tuple[Rule, Rule]:
    return (
        Rule("freshness.stream_stalled", sa.func.coalesce(_is_stalled(terms), sa.false())),
        Rule("freshness.lag", sa.func.coalesce(_is_late(terms), sa.false())),
    )


def _is_stalled(terms: Terms) -> ColumnElement[bool]:
    """Tell whether the newest row is older than allowed and Centra has moved on since."""
    row = link_stream.c
    return sa.or_(
        *(
            (row.stream == name)
            & (row.waiting >= FEWEST_WAITING.get(name, 1))
            & (row.newest_at.is_(None) | (row.newest_at < terms.as_of - limit))
            for name, limit in terms.stalls.items()
        )
    )


def _is_late(terms: Terms) -> ColumnElement[bool]:
    row = link_stream.c
    return sa.or_(
        *(
            (row.stream == name) & (row.lag_p95_s > int(limit.total_seconds()))
            for name, limit in terms.lags.items()
        )
    )


def _moving(terms: Terms) -> sa.Select[Any]:
    row, check = link_stream.c, first_of(_rules(terms))
    sides = {
        "centra_moved_at": row.moved_at,
        "centra_records": row.waiting,
        "emarsys_newest_at": row.newest_at,
        "emarsys_lag_p50_s": row.lag_p50_s,
        "emarsys_lag_p95_s": row.lag_p95_s,
    }
    found = _row(check, ("stream", row.stream), row.newest_at, sides)
    return found.where(check.is_not(None))


def _old_feed(terms: Terms) -> sa.Select[Any]:
    written_at = t.emarsys_feed.c.written_at
    sides = {"emarsys_newest_at": written_at}
    found = _row(text("freshness.feed_age"), ("stream", text(FEED)), written_at, sides)
    return found.where(_is_old(terms))


class _Credential(NamedTuple):
    """A setting, the column that shows when what it holds ends, the day, and whether that is near."""

    setting: str
    column: str
    ends: date | None
    is_near: bool


def _ending(terms: Terms) -> tuple[_Credential, ...]:
    token, notice = terms.token_expires, (terms.as_of + NOTICE).date()
    is_near = token is not None and token <= notice
    return (
        _Credential("credentials.centra_token_expires", "centra_expires_on", token, is_near),
        _Credential("emarsys.auth", "emarsys_expires_on", WSSE_ENDS, terms.has_wsse),
    )


def _credentials(terms: Terms) -> Iterator[sa.Select[Any]]:
    check, nothing = text("freshness.token_expiry"), sa.cast(sa.null(), sa.DateTime)
    for one in _ending(terms):
        if one.is_near:
            sides = {one.column: sa.cast(sa.literal(one.ends), sa.Date)}
            yield _row(check, ("config", text(one.setting)), nothing, sides)


def _undone(terms: Terms) -> Iterator[sa.Select[Any]]:
    """Yield the remedies whose corrections do not last: another writer undoes them.

    Source:
        DESIGN 8, 8.
    """
    check, nothing = text("freshness.correction_undone"), sa.cast(sa.null(), sa.DateTime)
    for remedy, corrections in sorted(terms.undone.items()):
        sides = {"emarsys_corrections": sa.cast(sa.literal(corrections), sa.BigInteger)}
        yield _row(check, ("config", text(f"{POLICY}{remedy}")), nothing, sides)


def judgement_of_corrections(terms: Terms) -> Judgement:
    """Return the rule of the corrections that do not last."""
    remedies = (None, *sorted(terms.undone))
    told = [
        sa.select(
            (text(None) if one is None else text(f"{POLICY}{one}")).label("setting"),
            sa.literal(one is not None).label("is_undone"),
        )
        for one in remedies
    ]
    known = sa.union_all(*told).subquery("corrections")
    rules = [Rule("freshness.correction_undone", known.c.is_undone)]
    return Judgement(known, known.c.setting, "setting", {"setting": known.c.setting}, rules)


def judgement_of_credentials(terms: Terms) -> Judgement:
    """Return the rule of the credentials."""
    told = [
        sa.select(text(one.setting).label("setting"), sa.literal(one.is_near).label("is_near"))
        for one in _ending(terms)
    ]
    known = sa.union_all(*told).subquery("credentials")
    rules = [Rule("freshness.token_expiry", known.c.is_near)]
    key = known.c.setting
    return Judgement(known, key, "setting", {"setting": key}, rules)


def _row(
    check: ColumnElement[Any],
    subject: tuple[str, ColumnElement[str]],
    occurred_at: ColumnElement[Any],
    sides: Mapping[str, ColumnElement[Any]],
) -> sa.Select[Any]:
    kind, key = subject
    columns: dict[str, ColumnElement[Any]] = {
        "check_id": check,
        "subject_kind": text(kind),
        "subject_key": key,
        "contained": sa.false(),
        "occurred_at": occurred_at,
        **sides,
    }
    return sa.select(*drift_columns(drift_freshness, columns))
