"""Consent: whether most opted-in contacts are unproven, which points at a setting, not at people."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.doctor.result import Result, probe
from auditor.model.drift import link_contact
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit


@probe("consent.evidence", "auditor", after="stores.warehouse")
def evidence(visit: Visit) -> Iterator[Result]:
    """Count, in the last snapshot, the opted-in contacts whose consent Centra proves."""
    contact = link_contact.c
    is_proven = sa.case((contact.consent == "yes", 1), else_=0)
    counts = sa.select(sa.func.count(), sa.func.sum(is_proven)).where(contact.opt_in == 1)
    with (
        closing(Warehouse(visit.settings.store.warehouse)) as store,
        store.engine.connect() as conn,
    ):
        opted_in, proven = conn.execute(counts).one()
    yield evidence_result(opted_in, int(proven or 0))


def evidence_result(opted_in: int, proven: int) -> Result:
    """Return what the share of proven opt-ins points at.

    Source:
        CHECKS.md, Terms: sign-ups made in Emarsys count where `consent.emarsys_sources` names them.
    """
    if not opted_in:
        return Result("off", "No snapshot has been judged yet, or nobody in it is opted in.")
    share = proven / opted_in
    if proven * 2 >= opted_in:
        return Result("ok", f"Centra proves {share:.0%} of the opt-ins in the last snapshot.")
    detail = f"Centra proves only {share:.0%} of the opt-ins in the last snapshot."
    fix = "If people sign up in Emarsys itself, name its form or source ids in consent.emarsys_sources."
    return Result("warn", detail, fix)
