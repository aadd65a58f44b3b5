"""Open Data: the account's Smart Insight and event rows as tables of a database.

Source:
    Emarsys reference 7 (names and columns). Columns whose type it does not give are text, number or
    date by their meaning, and empty.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.sandbox.emarsys.bulk import AMOUNT_DIGITS, AMOUNT_SCALE, fill
from auditor.sandbox.emarsys.fields import EMAIL
from auditor.sandbox.emarsys.open_data_extra import EXTRA_COLUMNS, executions, products
from auditor.sandbox.emarsys.smart_insight import totals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from auditor.sandbox.emarsys.bulk import Row
    from auditor.sandbox.world.model import EmarsysAccount

_NUMBER = sa.Numeric(AMOUNT_DIGITS, AMOUNT_SCALE)
_MOMENT = sa.DateTime(timezone=True)
_COLUMNS: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "si_contacts": {
        "si_contact_id": sa.BigInteger(),
        "contact_id": sa.BigInteger(),
        "contact_external_id": sa.String(),
        "load_date": _MOMENT,
        "registered_on": sa.Date(),
        "contact_source": sa.String(),
        "number_of_purchases": sa.BigInteger(),
        "turnover": _NUMBER,
        "time_ranged_turnover": _NUMBER,
        "average_order_value": _NUMBER,
        "customer_lifecycle_status": sa.String(),
        "buyer_status": sa.String(),
        "lead_lifecycle_status": sa.String(),
        "last_order_date": sa.Date(),
        "last_engagement_date": sa.Date(),
        "last_response_date": sa.Date(),
        "average_future_spend": _NUMBER,
        "is_generated": sa.Boolean(),
    },
    "si_purchases": {
        "order_id": sa.String(),
        "load_date": _MOMENT,
        "si_contact_id": sa.BigInteger(),
        "si_product_id": sa.BigInteger(),
        "product_external_id": sa.String(),
        "product_name": sa.String(),
        "purchase_date": sa.Date(),
        "channel": sa.String(),
        "quantity": _NUMBER,
        "sales_amount": _NUMBER,
    },
    "external_events": {
        "contact_id": sa.BigInteger(),
        "event_id": sa.String(),
        "event_time": _MOMENT,
        "event_type_id": sa.BigInteger(),
        "customer_id": sa.BigInteger(),
        "loaded_at": _MOMENT,
    },
    "email_unsubscribes": {
        "campaign_id": sa.BigInteger(),
        "campaign_type": sa.String(),
        "contact_id": sa.BigInteger(),
        "customer_id": sa.BigInteger(),
        "domain": sa.String(),
        "email_sent_at": _MOMENT,
        "event_time": _MOMENT,
        "launch_id": sa.BigInteger(),
        "message_id": sa.BigInteger(),
        "source": sa.String(),
        "loaded_at": _MOMENT,
    },
}


def write_open_data(
    account: EmarsysAccount,
    url: str,
    *,
    schema: str = "",
    repeat_every: int = 0,
    until: datetime | None = None,
    hide_empty: bool = False,
) -> None:
    """Make the tables anew in the database at `url`, all in one transaction.

    Args:
        account: Whose rows.
        url: A SQLAlchemy URL of SQLite, DuckDB or PostgreSQL.
        schema: The schema to make and use; empty is the default one.
        repeat_every: One row in so many stands twice in external_events and in
            products_latest_state; 0 is never.
        until: Rows that Emarsys loads later than this are not there yet; None tells all.
        hide_empty: Leave out a table without rows, as Open Data does with its views.
    """
    rows = {
        "si_contacts": list(_si_contacts(account, until)),
        "si_purchases": list(_si_purchases(account, until)),
        "external_events": list(_external_events(account, until, repeat_every)),
        "email_unsubscribes": list(_email_unsubscribes(account, until)),
    }
    if "automation_node_executions" in account.extra_views:
        fired = (event for event in account.fired_events if _is_there(event.loaded_at, until))
        rows["automation_node_executions"] = list(executions(account, fired))
    if "products_latest_state" in account.extra_views:
        rows["products_latest_state"] = list(products(account, _unit(account), repeat_every))
    metadata = sa.MetaData(schema=schema or None)
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            if schema:
                connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
            for view, columns in (_COLUMNS | EXTRA_COLUMNS).items():
                table = sa.Table(
                    f"{view}_{account.customer_id}",
                    metadata,
                    *(sa.Column(name, kind) for name, kind in columns.items()),
                )
                table.drop(connection, checkfirst=True)
                if view in rows and (rows[view] or not hide_empty):
                    table.create(connection)
                    fill(connection, table, rows[view])
    finally:
        engine.dispose()


def _si_contacts(account: EmarsysAccount, until: datetime | None) -> Iterator[Row]:
    unit = _unit(account)
    by_contact = totals(p for p in account.purchases if _is_there(p.loaded_at, until))
    for row in account.si_contacts:
        if not _is_there(row.loaded_at, until):
            continue
        bought = by_contact.get(row.id)
        turnover = bought.amount_minor * unit if bought else Decimal(0)
        orders = len(bought.orders) if bought else 0
        average = (turnover / orders).quantize(Decimal("0.01")) if orders else None
        yield (
            *(row.id, row.contact_id, row.external_id, row.loaded_at, row.registered_on, None),
            *(orders, turnover, None, average, None, None, None),
            *(bought.last_on if bought else None, None, None, None, row.is_generated),
        )


def _si_purchases(account: EmarsysAccount, until: datetime | None) -> Iterator[Row]:
    numbers: dict[str, int] = {}
    unused, unit = count(1), _unit(account)
    for row in account.purchases:
        if not _is_there(row.loaded_at, until):
            continue
        if row.item not in numbers:
            numbers[row.item] = next(unused)
        yield (
            *(row.order_id, row.loaded_at, row.si_contact_id, numbers[row.item], row.item),
            *(row.product_name, row.purchased_on, "online", row.quantity),
            row.amount_minor * unit,
        )


def _external_events(
    account: EmarsysAccount, until: datetime | None, repeat_every: int
) -> Iterator[Row]:
    told = (event for event in account.fired_events if _is_there(event.loaded_at, until))
    for number, event in enumerate(told, start=1):
        row = (
            *(event.contact_id, event.event_id, event.fired_at, event.definition_id),
            *(account.customer_id, event.loaded_at),
        )
        yield row
        if repeat_every and number % repeat_every == 0:
            yield row


def _email_unsubscribes(account: EmarsysAccount, until: datetime | None) -> Iterator[Row]:
    emails = {contact.id: contact.values.get(EMAIL) or "" for contact in account.contacts}
    for row in account.unsubscribes:
        if not _is_there(row.loaded_at, until):
            continue
        domain = emails.get(row.contact_id, "").rpartition("@")[2] or None
        yield (
            *(row.campaign_id, "batch", row.contact_id, account.customer_id, domain, None),
            *(row.happened_at, None, None, row.source, row.loaded_at),
        )


def _is_there(loaded_at: datetime, until: datetime | None) -> bool:
    return until is None or loaded_at <= until


def _unit(account: EmarsysAccount) -> Decimal:
    """Return what one minor unit is worth in major units."""
    return Decimal(1).scaleb(-account.currency_exponent)
