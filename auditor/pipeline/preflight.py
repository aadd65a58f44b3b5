"""Go or no-go on an audience: resolved, read afresh, and judged in a copy of the warehouse.

Nothing of it stays in the warehouse or among the findings: the copy is thrown away, the verdict is a file.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, NamedTuple

import pyarrow as pa

from auditor.correct.files import write_plan
from auditor.errors import ConfigError, ReadError, RefusedError
from auditor.expect.suites import load_checks
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model.tables import STREAM_TABLES, emarsys_contact
from auditor.pipeline.applying import Applied, apply
from auditor.pipeline.confirming import look_for_merged
from auditor.pipeline.excluding import exclusion
from auditor.pipeline.judging import require_places, terms_of_run
from auditor.pipeline.reading import reading_of
from auditor.preflight import rules, sentences
from auditor.preflight.memory import remember
from auditor.preflight.verdict import (
    Audience,
    Blocking,
    Exclusion,
    Kind,
    Preflight,
    digest_of,
    write_verdict,
)
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import unconfigured
from auditor.resources import expectation_files
from auditor.snapshot.store import hashed
from auditor.snapshot.take import take, unread
from auditor.systems.connect import connected
from auditor.systems.emarsys.audience import quarantine_id, resolve
from auditor.systems.emarsys.client import api_opener
from auditor.systems.emarsys.contact_rows import asked_fields
from auditor.systems.emarsys.points import EmarsysPoints
from auditor.warehouse import Correction
from auditor.warehouse.shadow import shadow_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from auditor.config import Settings
    from auditor.model.finding import Check
    from auditor.model.plan import Plan
    from auditor.model.snapshot import Coverage, Snapshot
    from auditor.pipeline.run import Run
    from auditor.preflight.rules import Offence
    from auditor.reconcile.terms import Terms
    from auditor.systems.emarsys.audience import Resolved
    from auditor.warehouse import Warehouse

_FAR = datetime.max.replace(tzinfo=UTC)

AT_A_TIME = 50_000
"""Contacts of an audience that are read before their rows go into the copy."""

NOT_READ = frozenset({"contacts", "segment_members"})
"""What is not read whole: of contacts and members those of the audience are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a preflight is asked about.

    Attributes:
        kind: What `number` names.
        number: Of the segment, list or campaign in Emarsys.
        items: Products that the campaign shows, by the brand's item ids.
        launch_at: When it is to go out, aware; the verdict ends then, if not before.
    """

    kind: Kind
    number: int
    items: tuple[str, ...] = ()
    launch_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flown:
    """A preflight and its file.

    Attributes:
        plan: Puts the offenders on the quarantine list; None where nobody is left to put there.
    """

    preflight: Preflight
    path: Path
    digest: str
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the copy showed."""

    audience: Audience
    offences: Sequence[Offence]
    faults: Sequence[tuple[str, str]]
    unknown: Sequence[str]
    gaps: Sequence[str]
    notes: Sequence[str]
    read_from: datetime
    plan: Plan | None


def preflight(run: Run, asked: Asked, out: Path | None = None) -> Flown:
    """Judge an audience, and write the verdict down.

    Args:
        run: The brand and its surroundings.
        asked: Which audience, and what it is mailed about.
        out: Where the verdict goes.

    Raises:
        ConfigError: there is no such audience, list, store or market, or nothing was audited yet.
        RefusedError: a system refuses the credentials.
    """
    settings, began = run.settings, run.clock()
    if asked.launch_at is not None and asked.launch_at <= began:
        raise ConfigError("--at: that moment is over; name one to come.")
    checks = {e.check.id: e.check for e in load_checks(expectation_files(run.folder))}
    with TemporaryDirectory(prefix="auditor-preflight-") as folder:
        judged = _judge(run, asked, checks, Path(folder))
    made = _verdict(settings, asked, judged, checks, run.clock())
    pepper = settings.privacy.pepper.reveal() if settings.privacy.pepper else None
    path = write_verdict(made, pepper, out)
    with closing(Ledger(settings.store.ledger)) as ledger:
        remember(ledger, made)
    return Flown(made, path, digest_of(made, pepper), judged.plan)


def hold_back(run: Run, flown: Flown) -> Applied | None:
    """Put the offenders on the quarantine list, through the rails of any plan; None where nobody is left.

    Raises:
        ConfigError: the settings name no such list.
        UnsafePlanError: a rail does not let it through; nobody was put on the list.
    """
    if run.settings.emarsys.quarantine_list is None:
        raise ConfigError("--exclude: emarsys.quarantine_list names no list to put anybody on.")
    if flown.plan is None:
        return None
    return apply(run, *write_plan(flown.plan))


def _judge(run: Run, asked: Asked, checks: dict[str, Check], folder: Path) -> _Judged:
    settings = run.settings
    # What the catalogue cannot be compared with speaks neither for a product nor against it.
    off = unconfigured(settings, run.clock())
    items = () if "catalogue" in off else asked.items
    asked_checks = _asked_checks(checks, with_items=bool(items))
    needed = _needed(asked_checks)
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(settings.store.ledger)))
        before = query.last_snapshot(ledger, settings.brand)
        if before is None:
            raise ConfigError("Nothing was read yet; run `auditor audit` once before a preflight.")
        run.progress.stage("audience")
        api = stack.enter_context(
            closing(api_opener(settings.emarsys, clock=run.clock, sleep=time.sleep)())
        )
        # First of all: what cannot be named needs no reading.
        resolved = resolve(api, asked.kind, asked.number)
        run.progress.stage("copy")
        shadow = stack.enter_context(closing(shadow_of(settings.store.warehouse, folder)))
        run.progress.stage("read")
        points = EmarsysPoints(api, asked_fields(settings), None, {}, settings.sales.since)
        fresh, unanswered = _fresh(run, ledger, shadow, needed - NOT_READ)
        require_places(settings, shadow)
        gone = _read_audience(run, shadow, points, resolved, fresh.run)
        held = quarantine_id(api, settings.emarsys.quarantine_list)
        run.progress.stage("judge")
        terms = _terms(settings, shadow, fresh)
        not_known = look_for_merged(run, shadow, terms, fresh)
        reconcile(shadow, terms, suites=rules.SUITES | ({"catalogue"} if items else set()))
        seen = _see(shadow, resolved.segment, items, checks)
        missing = [
            *([f"No product can be judged: {off['catalogue']}."] if items != asked.items else []),
            *unanswered,
            *sentences.gaps(before, fresh, needed, NOT_READ - seen.read),
            *sentences.untold(asked_checks, before, fresh),
            *sentences.unlooked(not_known),
        ]
        offences = [one for one in seen.offences if not _is_left_out(one, resolved, held)]
        plan = exclusion(settings, shadow, offences, checks, fresh, terms)
        lines = [line for line in (*before.coverage, *fresh.coverage) if line.stream in needed]
        return _Judged(
            Audience(asked.kind, asked.number, len(resolved.contacts), seen.mailed, resolved.name),
            offences,
            seen.faults,
            seen.unknown,
            missing,
            [
                *sentences.notes(seen.offences, offences, settings, asked.items, gone),
                *sentences.off(asked_checks, before, fresh, off),
            ],
            min((fresh.as_of, *(line.as_of for line in _newest(lines)))),
            plan,
        )


class _Seen(NamedTuple):
    """What the reconciled copy shows of an audience and its products."""

    offences: list[Offence]
    mailed: int
    faults: list[tuple[str, str]]
    unknown: list[str]
    read: set[str]


def _see(
    shadow: Warehouse, segment: str | None, items: Sequence[str], known: Collection[str]
) -> _Seen:
    with shadow.engine.connect() as conn:
        return _Seen(
            [one for one in rules.offences(conn, segment) if one.check in known],
            rules.mailable(conn),
            [one for one in rules.faults_of(conn, items) if one[0] in known] if items else [],
            rules.unknown_items(conn, items) if items else [],
            rules.streams_read(conn),
        )


def _asked_checks(checks: dict[str, Check], *, with_items: bool) -> list[Check]:
    """Return the checks that a verdict rests on, as far as the brand's suites have them."""
    wanted = [*rules.OF_PEOPLE, *rules.OF_ORDERS, rules.OF_VALUE]
    wanted += rules.OF_ITEMS if with_items else ()
    return [checks[name] for name in wanted if name in checks]


def _needed(asked: Sequence[Check]) -> set[str]:
    """Return the streams that a verdict rests on."""
    return {"currencies", "contacts"}.union(*(set(check.needs + check.heeds) for check in asked))


def _fresh(
    run: Run, ledger: Ledger, shadow: Warehouse, names: set[str]
) -> tuple[Snapshot, list[str]]:
    """Read what the verdict rests on into the copy, only what changed where that is enough."""
    reading = reading_of(run, shadow, ledger)
    try:
        with connected(run.settings, run.clock, reading.halt.sleep, shadow) as systems:
            taken = take([one for one in systems.streams if one.name in names], reading)
    except RefusedError:
        raise
    except ReadError as exc:
        return unread(names, reading, str(exc)), [str(exc)]
    return taken, []


def _read_audience(
    run: Run, shadow: Warehouse, points: EmarsysPoints, resolved: Resolved, name: str
) -> int:
    """Read the contacts of an audience into the copy; return how many are not there any more."""
    pepper = run.settings.privacy.pepper.reveal() if run.settings.privacy.pepper else None
    ids, found = sorted(resolved.contacts), 0
    for begin in range(0, len(ids), AT_A_TIME):
        part = ids[begin : begin + AT_A_TIME]
        rows = points.read("contacts", part)
        found += rows[emarsys_contact.name].num_rows
        peppered = {table: hashed(one, pepper) for table, one in rows.items()}
        shadow.correct(name, [Correction(STREAM_TABLES["contacts"], "contact_id", part, peppered)])
    rules.audience_table.create(shadow.engine, checkfirst=True)
    shadow.append({rules.audience_table: _texts(contact_id=ids)})
    if resolved.segment is not None:
        members = STREAM_TABLES["segment_members"]
        rows = {members[0].name: _texts(segment_id=[resolved.segment] * len(ids), contact_id=ids)}
        shadow.correct(name, [Correction(members, "segment_id", [resolved.segment], rows)])
    return len(ids) - found


def _texts(**columns: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _terms(settings: Settings, shadow: Warehouse, fresh: Snapshot) -> Terms:
    """Return the terms of this moment: nothing about people is too young to be judged.

    Not what came while it was read, nor what a clock ahead of ours has dated; nor a price without a time.
    """
    far = _FAR.replace(tzinfo=None)
    return replace(terms_of_run(settings, shadow, fresh), contacts_before=far, is_launch=True)


def _newest(lines: Sequence[Coverage]) -> Iterable[Coverage]:
    return {line.stream: line for line in lines if line.mode != "off"}.values()


def _is_left_out(offence: Offence, resolved: Resolved, held: str | None) -> bool:
    """Tell whether somebody is kept out by the quarantine list.

    A campaign says which list it leaves out; of a segment or a list it is taken for granted, and told.
    """
    leaves_it_out = held is not None and resolved.leaves_out == held
    return offence.contained and (leaves_it_out or not resolved.is_campaign)


def _verdict(
    settings: Settings, asked: Asked, judged: _Judged, checks: dict[str, Check], now: datetime
) -> Preflight:
    # A product that is wrong is wrong for everybody who gets the mail; where nobody does, still wrong.
    people = dict(Counter(one.check for one in judged.offences))
    people |= dict.fromkeys((check for check, _ in judged.faults), judged.audience.mailable)
    blocking = [
        Blocking(check, checks[check].title, count)
        for check, count in sorted(people.items(), key=lambda one: (-one[1], one[0]))
    ]
    gaps = [
        *sentences.too_late(asked.launch_at, now),
        *judged.gaps,
        *(f"Neither system knows the product {item}." for item in judged.unknown),
    ]
    answer: Literal["go", "no-go", "incomplete"] = "incomplete" if gaps else "go"
    if blocking:
        answer = "no-go"  # what is known to be wrong stays wrong, whatever was not read
    offenders = sorted({one.contact_id for one in judged.offences})
    waiting = {one.contact_id for one in judged.offences if not one.contained}
    return Preflight(
        brand=settings.brand,
        verdict=answer,
        audience=judged.audience,
        made_at=now,
        expires_at=min(now + settings.preflight.expiry, asked.launch_at or _FAR),
        read_from=judged.read_from,
        blocking=tuple(blocking),
        exclude=Exclusion(settings.emarsys.quarantine_list, len(waiting)),
        launch_at=asked.launch_at,
        gaps=tuple(gaps),
        notes=tuple(judged.notes),
        items=asked.items,
        offenders=tuple(offenders),
    )
