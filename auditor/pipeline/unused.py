"""The files that nobody used, or could use any more, once they are old enough to go."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.archive import old_runs
from auditor.correct.files import PLANS, PROPOSALS
from auditor.errors import StalePlanError
from auditor.hostile import safe_name
from auditor.mail.post import SPOOL
from auditor.model.plan import decoded, digest_of
from auditor.preflight.verdict import FOLDER as VERDICTS
from auditor.warehouse.connect import file_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from auditor.config import Settings

VAR = Path("var")
OLD_STORES = (".broken-", ".before-")
"""What stands in the name of a store that was set aside."""

_MADE_AT = re.compile(r"-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z)\.json\Z")


def unused(settings: Settings, applied: Collection[str], before: datetime) -> Iterator[Path]:
    """Yield the files and folders of a brand that nobody used since a moment.

    Plans with a receipt are not among them, nor is any that could still be applied then.

    Args:
        settings: Of the brand.
        applied: The digests of plans of which receipts are kept.
        before: Aware.
    """
    brand = safe_name(settings.brand)
    yield from _plans(settings.brand, applied, before)
    yield from old_runs(PROPOSALS / brand, before)
    yield from _verdicts(VERDICTS / brand, before)
    for some in ((SPOOL / brand).glob("*"), old_stores(settings), _drafts(brand)):
        yield from sorted(path for path in some if path.is_file() and _is_older(path, before))


def _plans(brand: str, applied: Collection[str], before: datetime) -> Iterator[Path]:
    theirs = re.compile(re.escape(safe_name(brand)) + r"-\d{4}-\d{2}-\d{2}T")
    for path in sorted(path for path in PLANS.glob("*.json") if theirs.match(path.name)):
        content = path.read_bytes()
        try:
            plan = decoded(content)
        except StalePlanError:  # of another version, or changed by somebody: nobody can apply it
            if _is_older(path, before) and digest_of(content) not in applied:
                yield path
            continue
        if plan.expires_at < before and digest_of(content) not in applied:
            yield path


def _verdicts(folder: Path, before: datetime) -> Iterator[Path]:
    for path in sorted(folder.glob("*.json")):
        made_at = _MADE_AT.search(path.name)
        if made_at and _moment(made_at[1]) < before:
            yield path


def old_stores(settings: Settings) -> Iterator[Path]:
    """Yield the stores of a brand that were set aside, or left by an upgrade, wherever they stand."""
    warehouse, ledger = file_of(settings.store.warehouse), sa.make_url(settings.store.ledger)
    stores = [warehouse] if warehouse is not None else []
    if ledger.get_backend_name() == "sqlite" and ledger.database:
        stores.append(Path(ledger.database))
    for store in stores:
        for mark in OLD_STORES:
            yield from store.parent.glob(f"{store.name}{mark}*")


def _drafts(brand: str) -> Iterator[Path]:
    """Yield what killed runs left half written: it never took the place of anything."""
    for path in VAR.rglob(".*.tmp"):
        parts = path.relative_to(VAR).parts
        if any(part == brand or part.startswith((f".{brand}-", f".{brand}.")) for part in parts):
            yield path


def _is_older(path: Path, before: datetime) -> bool:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) < before


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
