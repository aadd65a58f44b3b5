"""What is compared per topic, so that one can tell which side moved: a select of links for each.

A link select gives, per link, `link_key` (the subject key of its drift rows), `centra` and `emarsys`
(the compared values of each side as one text), `is_settled` and `mark` (one number for the key and all
values). Nothing that a side's text holds may be personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.compared import BETWEEN_VALUES
from auditor.model.drift import (
    link_contact,
    link_order,
    link_sale,
    link_verdict,
)
from auditor.reconcile.consent import decided_at
from auditor.reconcile.sql import count_if, row_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

    Values = Sequence[ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Topic:
    """Drift rows of one kind, with the links on which both sides are compared.

    Attributes:
        name: Kept beside the values of its links; never reused.
        drift: The drift table of its rows.
        kind: The subject kind of its rows.
        needs: The streams without which a run says nothing about it.
        links: Selects its links.
        checks: Only rows of these checks; every one of its kind when empty.
        is_of_people: Whether its links depend on single orders, contacts and people alone.
    """

    name: str
    drift: sa.Table
    kind: str
    needs: tuple[str, ...]
    links: Callable[[Terms], sa.Select[Any]]
    checks: tuple[str, ...] = ()
    is_of_people: bool = True

    def owns(self, drift: sa.Table) -> ColumnElement[bool]:
        """Tell whether a drift row is of this topic."""
        is_kind = drift.c.subject_kind == self.kind
        return is_kind & drift.c.check_id.in_(self.checks) if self.checks else is_kind


def _side(values: Values) -> ColumnElement[str]:
    """Write what one side holds as one text."""
    texts = [sa.func.coalesce(sa.cast(value, sa.Text), "") for value in values]
    return reduce(lambda text, value: text.concat(BETWEEN_VALUES).concat(value), texts)


def compared(
    key: ColumnElement[str],
    centra: Values,
    emarsys: Values,
    is_settled: ColumnElement[bool],
) -> sa.Select[Any]:
    """Select links in the columns that attribution reads.

    Args:
        key: The subject key of the link's drift rows.
        centra: What Centra holds.
        emarsys: What Emarsys holds.
        is_settled: Whether both are old enough to agree on.
    """
    columns: list[ColumnElement[Any]] = [
        key.label("link_key"),
        _side(centra).label("centra"),
        _side(emarsys).label("emarsys"),
        is_settled.label("is_settled"),
        row_hash(key, *centra, *emarsys).label("mark"),
    ]
    return sa.select(*columns)


def of_table(
    table: sa.Table, key: str, centra: Sequence[str], emarsys: Sequence[str], is_settled: str
) -> Callable[[Terms], sa.Select[Any]]:
    """Compare columns of a link table that holds both sides' values in one row."""
    row = table.c
    ours, theirs = ([row[name] for name in names] for names in (centra, emarsys))
    return lambda _: compared(row[key], ours, theirs, row[is_settled])


def contacts(terms: Terms) -> sa.Select[Any]:
    """Select every contact: its person's consent against its opt-in."""
    row = link_contact.c
    erased = row.erased_customer_id.is_not(None)
    return compared(
        row.contact_id,
        (sa.case((erased, "erased"), else_=row.consent), row.is_buyer),
        (row.opt_in, row.unsubscribed_at),
        # A contact that Centra does not know has nothing that could be too young.
        sa.func.coalesce(decided_at() < terms.contacts_before, row.person.is_(None) & ~erased)
        & sa.func.coalesce(row.unsubscribed_at < terms.contacts_before, sa.true()),
    )


def orders(terms: Terms) -> sa.Select[Any]:
    """Select every order: what of it should count against what counts.

    An order agrees only when each of its lines does: a wrong line is no common ground either.
    """
    del terms
    row = link_verdict.c
    return compared(
        row.order_number,
        (row.channel, row.is_cancelled, row.is_due, *[row[name] for name in _EXPECTED]),
        [row[name] for name in _COUNTED],
        sa.func.coalesce(row.is_settled, sa.true())
        & (row.is_right | ~sa.func.coalesce(row.is_due, sa.false())),
    )


def lines(terms: Terms) -> sa.Select[Any]:
    """Select every item of every order: the units and the value expected against those counted.

    What names no item is no link.
    """
    del terms
    row, order = link_sale.c, link_order.c
    return (
        compared(
            row.order_number + "/" + row.item,
            [row[name] for name in _EXPECTED],
            [row[name] for name in _COUNTED],
            order.is_settled,
        )
        .select_from(link_sale.join(link_order, row.order_number == order.order_number))
        .where(row.item.is_not(None))
    )


def owners(terms: Terms) -> sa.Select[Any]:
    """Select every order with sales: its customer against the contacts that they hang on."""
    del terms
    sale, si, order = t.emarsys_sale, t.emarsys_si_contact, link_order
    hung = (
        sa.select(
            sale.c.order_number,
            sa.func.min(si.c.si_contact_id).label("first"),
            sa.func.max(si.c.si_contact_id).label("last"),
            count_if(sa.func.coalesce(si.c.is_generated, sa.false())).label("generated"),
        )
        .select_from(sale.join(si, sale.c.si_contact_id == si.c.si_contact_id))
        .group_by(sale.c.order_number)
        .subquery()
    )
    return compared(
        order.c.order_number,
        (order.c.customer_id,),
        (hung.c.first, hung.c.last, hung.c.generated),
        order.c.is_settled,
    ).select_from(order.join(hung, hung.c.order_number == order.c.order_number))


_EXPECTED = ("net_quantity", "net_minor", "least_quantity", "least_minor")
_COUNTED = ("quantity_milli", "amount_minor")
