"""The findings about what somebody asks for, whatever became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.findings.ledger import finding_table
from auditor.findings.query import finding_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Finding


def findings_about(
    ledger: Ledger,
    brand: str,
    *,
    subjects: Mapping[str, Collection[str]],
    contacts: Collection[str] = (),
) -> Iterator[Finding]:
    """Yield every finding about one of some subjects, resolved ones included, newest first.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        subjects: Subject keys by their kind: a contact may have the number of an order. The lines of an
            order are about the order.
        contacts: Contact ids, which findings of other subjects carry too.
    """
    row = finding_table.c
    own = [
        (row.subject_kind == kind) & row.subject_key.in_(keys) for kind, keys in subjects.items()
    ]
    lines = [
        (row.subject_kind == "line") & row.subject_key.startswith(f"{key}/", autoescape=True)
        for key in subjects.get("order", ())
    ]
    about = sa.or_(row.contact_id.in_(contacts), *own, *lines)
    select = sa.select(finding_table).where(row.brand == brand, about)
    with ledger.begin() as conn:
        order = (row.last_seen.desc(), row.check_id, row.subject_key)
        for found in conn.execute(select.order_by(*order)).mappings():
            yield finding_of(found)
