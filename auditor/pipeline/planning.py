"""Makes a plan of the last audit's findings: what is read, from where, and where the plan goes."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from auditor import __version__
from auditor.correct.applying.journal import Journal
from auditor.correct.files import write_plan, write_proposals
from auditor.correct.planning import Material, make_plan
from auditor.correct.remedies import REMEDIES
from auditor.correct.uploads import UploadLedger
from auditor.errors import ConfigError, StalePlanError, UnsafePlanError
from auditor.expect.suites import load_checks
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.findings.past import require_check, require_owner
from auditor.model import tables as t
from auditor.pipeline.judging import require_places, terms_of_run
from auditor.prose import hint
from auditor.resources import expectation_files
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from auditor.config.settings import Corrections
    from auditor.model.finding import Check, Finding
    from auditor.model.plan import Plan
    from auditor.model.snapshot import Snapshot
    from auditor.pipeline.run import Run

RECORDS = {"emarsys": t.emarsys_contact, "centra": t.centra_customer}
"""The records of each system that shares of a plan are shares of."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and its files.

    Attributes:
        plan: What it holds.
        path: Where its file stands.
        digest: What `apply` is given to approve it.
        why_empty: Why what was asked for leaves nothing to correct; None where it may not.
    """

    plan: Plan
    path: Path
    digest: str
    why_empty: str | None = None


def plan(
    run: Run,
    *,
    check: str | None = None,
    owner: str | None = None,
    most: int | None = None,
    out: Path | None = None,
) -> Planned:
    """Make a plan of every open finding that has a remedy, and write its files.

    Args:
        run: The brand and its surroundings.
        check: Only findings of this check.
        owner: Only findings of this owner.
        most: At most so many changes, the gravest first.
        out: Where the plan goes; under `var/plans` unless given.

    Raises:
        ConfigError: there is no such check, owner, remedy, store or market; nothing was audited yet.
        StalePlanError: the last snapshot is older than a plan may be.
        UnsafePlanError: a side of the snapshot is empty.
        ForbiddenWriteError: the plan would hold what is never sent.
    """
    files = expectation_files(run.folder)
    checks = [e.check for e in load_checks(files)]
    settings = run.settings
    _require_remedies(settings.corrections)
    with (
        closing(Ledger(settings.store.ledger)) as ledger,
        closing(Warehouse(settings.store.warehouse)) as warehouse,
    ):
        require_check(ledger, settings.brand, check, (one.id for one in checks))
        snapshot = _fresh_snapshot(run, ledger)
        owners = require_owner(ledger, settings.brand, owner, (one.owner for one in checks))
        records = {system: warehouse.count(table) for system, table in RECORDS.items()}
        _require_both_sides(records)
        require_places(settings, warehouse)
        terms = terms_of_run(settings, warehouse, snapshot)

        def findings_of(check_id: str) -> Iterator[Finding]:
            return query.findings(ledger, settings.brand, query.Only(check=check_id))

        with warehouse.engine.connect() as conn:
            made, proposals = make_plan(
                Material(
                    checks=checks,
                    findings_of=findings_of,
                    conn=conn,
                    snapshot=snapshot,
                    settings=settings,
                    terms=terms,
                    records=records,
                    expectations=digest_of_expectations(files),
                    tool=__version__,
                    items=warehouse.count(t.emarsys_item),
                    sent=_sent(run, ledger),
                    in_flight=_in_flight(run, ledger, snapshot),
                    made=Journal(ledger, settings.brand, run.clock).made_in(snapshot.run),
                ),
                only_check=check,
                owner=owner,
                most=most,
            )
    made = replace(made, proposals=write_proposals(proposals, settings, snapshot.run))
    asked_for = next((one for one in checks if one.id == check), None)
    return Planned(made, *write_plan(made, out), _why_empty(asked_for, owner, owners))


def _why_empty(check: Check | None, owner: str | None, owners: Collection[str]) -> str | None:
    """Say why what was asked for has nothing that could be corrected; None where it may have."""
    if owner is not None and owner not in owners:
        others = f"open findings are those of {', '.join(owners)}" if owners else "none is open"
        return f"--owner {owner}: no open finding has this owner; {others}."
    if check is not None and check.remedy is None:
        return f"--check {check.id}: the auditor has no remedy for what it finds."
    return None


def _require_remedies(corrections: Corrections) -> None:
    """Refuse limits of a remedy that is not there: a misspelt one would not be limited at all."""
    for setting, names in (("policy", corrections.policy), ("caps", corrections.caps)):
        for name in names:
            if name not in REMEDIES and not (setting == "caps" and name == "default"):
                told = hint(name, tuple(REMEDIES))
                raise ConfigError(f"corrections.{setting}.{name}: no such remedy; {told}")


def _fresh_snapshot(run: Run, ledger: Ledger) -> Snapshot:
    """Return the newest snapshot, which must be audited, and younger than a plan may be."""
    brand = run.settings.brand
    snapshot, audited = query.last_snapshot(ledger, brand), query.runs(ledger, brand, limit=1)
    if snapshot is None or not audited:
        raise ConfigError("Nothing was audited yet; run `auditor audit` first.")
    if audited[0].run != snapshot.run:
        raise StalePlanError(
            f"The newest snapshot ({snapshot.run}) was not audited; run `auditor audit` first."
        )
    if snapshot.as_of + run.settings.corrections.expiry <= run.clock():
        raise StalePlanError(
            f"The last audit is from {snapshot.as_of:%Y-%m-%d %H:%M} UTC, older than a plan may be "
            "(corrections.expiry); run `auditor audit` first."
        )
    return snapshot


def _require_both_sides(records: Mapping[str, int]) -> None:
    """Refuse to correct one system by another that shows nothing at all."""
    for system, count in records.items():
        if count == 0:
            raise UnsafePlanError(
                f"The last snapshot has no records of {system.capitalize()} at all; "
                "nothing is corrected by an empty side. See `auditor doctor`."
            )


def _sent(run: Run, ledger: Ledger) -> frozenset[tuple[str, str, str]]:
    """Return the sales lines that wait for a load or were seen in one, unless a repetition replaces."""
    sales = run.settings.emarsys.sales
    if sales is None or sales.semantics == "replace":
        return frozenset()
    return UploadLedger(ledger, run.settings.brand, sales.semantics).closed()


def _in_flight(run: Run, ledger: Ledger, snapshot: Snapshot) -> frozenset[tuple[str, str, str]]:
    """Return the sales lines that were sent, and that the snapshot is too early to show."""
    settings = run.settings
    uploads = UploadLedger(ledger, settings.brand)
    return uploads.in_flight(snapshot.as_of - settings.settle.sales)


def digest_of_expectations(files: Iterable[Traversable]) -> str:
    """Return one digest of the suites that are in force."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
