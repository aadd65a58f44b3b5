"""Some people and items of a warehouse, with all that hangs on them, and what earlier runs saw of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from auditor.canary.shadow import REMEMBERED
from auditor.model import tables as t
from auditor.model.history import HISTORY, snapshot_run, stream_position

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE, ITEMS = 100, 100
"""How many are copied: enough to give the planted cases company, few enough to cost nothing."""

Rows = list[dict[str, Any]]
Ids = dict[str, set[str]]


class _Part(NamedTuple):
    """Copy the rows of `table` whose `column` has one of the ids; None copies all of them.

    `column` names the ids too, unless `ids` does; `gives` are columns whose values become ids.
    """

    table: sa.Table
    column: str | None = None
    ids: str | None = None
    gives: tuple[str, ...] = ()


PARTS = (
    _Part(snapshot_run),
    _Part(stream_position, "stream"),
    _Part(t.centra_store),
    _Part(t.centra_wholesale_store),
    _Part(t.centra_market),
    _Part(t.centra_currency),
    _Part(t.centra_pricelist),
    _Part(t.centra_warehouse),
    _Part(t.emarsys_event_definition),
    _Part(t.emarsys_feed),
    _Part(t.centra_customer, "email_key", gives=("customer_id",)),
    _Part(HISTORY["centra_customer"], "email_key"),
    _Part(t.centra_subscription, "email_key"),
    _Part(HISTORY["centra_subscription"], "email_key"),
    _Part(t.centra_customer_flag, "email_key"),
    _Part(t.centra_keyed_consent, "email_key"),
    _Part(t.centra_buyer, "email_key"),
    _Part(t.emarsys_contact, "email_key", gives=("contact_id",)),
    _Part(HISTORY["emarsys_contact"], "contact_id"),
    _Part(t.emarsys_quarantine, "contact_id"),
    _Part(t.emarsys_segment_member, "contact_id"),
    _Part(t.emarsys_unsubscribe, "contact_id"),
    _Part(t.emarsys_event, "contact_id"),
    _Part(t.emarsys_si_contact, "contact_id"),
    _Part(t.centra_order, "customer_id", gives=("order_number",)),
    _Part(HISTORY["centra_order"], "order_number"),
    _Part(t.centra_order_line, "order_number", gives=("line_id",)),
    _Part(t.centra_order_attribute, "order_number"),
    _Part(t.centra_payment, "order_number"),
    _Part(t.centra_shipment, "order_number", gives=("shipment_id",)),
    _Part(t.centra_shipment_line, "shipment_id"),
    _Part(t.centra_return, "order_number", gives=("return_id",)),
    _Part(t.centra_return_line, "return_id"),
    _Part(t.emarsys_sale, "order_number"),
    _Part(t.centra_size, "item", gives=("size_id", "variant_id")),
    _Part(t.centra_variant, "variant_id", gives=("product_id",)),
    _Part(t.centra_product, "product_id"),
    _Part(t.centra_display, "product_id", gives=("display_id",)),
    _Part(t.centra_display_variant, "display_id"),
    _Part(t.centra_display_market, "display_id"),
    _Part(t.centra_price, "product_id"),
    _Part(t.centra_campaign_price, "variant_id", gives=("campaign_id",)),
    _Part(t.centra_campaign_market, "campaign_id"),
    _Part(t.centra_lowest_price, "variant_id"),
    _Part(t.centra_stock, "size_id"),
    _Part(t.emarsys_item, "item"),
)
"""What is copied, in an order in which every id is known before it is looked for."""


def sample(conn: sa.Connection) -> Iterator[tuple[sa.Table, Rows]]:
    """Yield rows table by table; the same warehouse always gives the same."""
    ids: Ids = {
        "stream": set(REMEMBERED),
        "email_key": _some(conn, t.centra_customer.c.email_key, PEOPLE),
        "item": _some(conn, t.centra_size.c.item, ITEMS),
    }
    for part in PARTS:
        rows = _rows(conn, part, ids)
        for name in part.gives:
            ids.setdefault(name, set()).update(row[name] for row in rows if row[name])
        yield part.table, rows


def _some(conn: sa.Connection, column: sa.Column[Any], count: int) -> set[str]:
    # By a hash: ids grow with time, and the first ones would all be old.
    chosen = sa.select(column).where(column.is_not(None)).distinct().subquery()
    value = chosen.c[column.name]
    return set(conn.scalars(sa.select(value).order_by(sa.func.md5(value)).limit(count)))


def _rows(conn: sa.Connection, part: _Part, ids: Ids) -> Rows:
    select = sa.select(part.table)
    if part.column is not None:
        wanted = ids.get(part.ids or part.column, set())
        select = select.where(part.table.c[part.column].in_(wanted))
    return [dict(row) for row in conn.execute(select).mappings()]
