"""The files of a plan: itself, and the worklists that belong to what only a person may do."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.correct.facts import order_and_item
from auditor.errors import ConfigError
from auditor.hostile import defused, safe_name
from auditor.model.plan import ProposalFile, digest_of, encoded
from auditor.private_file import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.config import Settings
    from auditor.model.plan import Plan, Proposal

SHORT = 12
"""Characters of a digest in the name of a file."""

PLANS, PROPOSALS = Path("var/plans"), Path("var/proposals")
SALES_FILES = ("compensation_file", "reattribution_file")
"""Proposals whose file is one that Emarsys takes: its columns, and nothing else, exactly."""


def write_plan(plan: Plan, path: Path | None = None) -> tuple[Path, str]:
    """Write a plan, to a path of its own unless one is given; return the path and the digest.

    Raises:
        ConfigError: it cannot be written there.
    """
    content = encoded(plan)
    digest = digest_of(content)
    name = f"{safe_name(plan.brand)}-{safe_name(plan.run.replace(':', '-'))}-{digest[:SHORT]}.json"
    place = path or PLANS / name
    try:
        write_private(place, content)
    except OSError as exc:
        raise ConfigError(
            f"{place}: the plan cannot be written ({exc.strerror}); name another place with --out."
        ) from exc
    return place, digest


def write_proposals(
    proposals: Sequence[Proposal], settings: Settings, run: str
) -> tuple[ProposalFile, ...]:
    """Write one file per remedy, and a ticket beside those that go to Emarsys' support.

    Their names tell their content apart, so that the files of an earlier plan stay as they are.
    Worklists name each finding and what to do; spreadsheets take no cell of them for a formula.
    """
    folder = PROPOSALS / safe_name(settings.brand) / safe_name(run.replace(":", "-"))
    by_remedy: dict[str, list[Proposal]] = {}
    for one in sorted(proposals, key=lambda p: (p.remedy, p.origin.check, p.origin.key)):
        by_remedy.setdefault(one.remedy, []).append(one)
    return tuple(_written(folder, remedy, some, settings) for remedy, some in by_remedy.items())


def _written(
    folder: Path, remedy: str, proposals: Sequence[Proposal], settings: Settings
) -> ProposalFile:
    sales = settings.emarsys.sales
    is_upload = remedy in SALES_FILES and sales is not None
    content = (
        _sales_file(proposals, sales.columns)
        if sales is not None and is_upload
        else _worklist(proposals)
    )
    digest = digest_of(content)
    path = folder / f"{safe_name(remedy)}-{digest[:SHORT]}.csv"
    write_private(path, content)
    if is_upload:
        write_private(path.with_suffix(".txt"), _ticket(path.name, proposals).encode())
    return ProposalFile(remedy, path.as_posix(), len(proposals), digest)


def _worklist(proposals: Sequence[Proposal]) -> bytes:
    columns = sorted({name for one in proposals for name in one.row} - {"do"})
    head = ["check", "severity", "owner", "subject", *columns, "do"]
    rows = [
        {
            "check": one.origin.check,
            "severity": one.origin.severity,
            "owner": one.origin.owner,
            "subject": one.origin.key,
            **one.row,
        }
        for one in proposals
    ]
    return _csv(head, [{name: defused(text) for name, text in row.items()} for row in rows])


def _sales_file(proposals: Sequence[Proposal], columns: Sequence[str]) -> bytes:
    return _csv(columns, [one.row for one in proposals])


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _ticket(name: str, proposals: Sequence[Proposal]) -> str:
    """Return what to write to Emarsys' support, or to whoever sends the file.

    Source:
        Emarsys reference 5.2: compensating lines net revenue but distort order counts; a reload by
        Emarsys after emptying the database is the only way that mends both.
    """
    by_check: dict[str, set[str]] = {}
    for one in proposals:
        order, _ = order_and_item(one.origin.kind, one.origin.key)
        by_check.setdefault(one.origin.check, set()).add(order)
    counts = "\n".join(
        f"- {check}: {len(keys)} {'order' if len(keys) == 1 else 'orders'}"
        for check, keys in sorted(by_check.items())
    )
    return f"""Sales data in Emarsys that Centra contradicts

{counts}

Two ways to mend it; a person has to choose:

1. Upload the file beside this text, once:
   {name}
   It brings revenue to what Centra says. The number of orders stays wrong, since Emarsys never takes
   a line back.
2. Ask Emarsys to empty the sales data and load the whole history again, from a file without these
   orders. That mends revenue and numbers.

Whatever sends these orders has to be stopped first, else they come back.
"""
