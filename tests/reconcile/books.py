"""Both systems' books in a few rows: every field has a healthy default, a test states what matters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import DRIFT_TABLES, check_population
from auditor.model.history import HISTORY, snapshot_run, stream_position
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import MOVING, Terms

if TYPE_CHECKING:
    from auditor.warehouse import Warehouse

EARLIER = datetime(2026, 11, 19, 5, 0)
NOW = datetime(2026, 11, 23, 5, 0)
OLD = NOW - timedelta(days=20)
YOUNG = NOW - timedelta(minutes=30)

TERMS = Terms(
    as_of=NOW,
    contacts_before=NOW - timedelta(hours=2),
    sales_before=NOW - timedelta(hours=26),
    events_before=NOW - timedelta(hours=2),
    currency="SEK",
    minor_digits=2,
    key="external_id",
    consent_stores=None,
    emarsys_sources=("777",),
    since=date(2026, 10, 1),
    due_statuses=("CONFIRMED", "PROCESSING", "SHIPPED", "ARCHIVED"),
    tolerance_minor=1,
    in_base_currency=True,
    marketplace_stores=("Zalando",),
    marketplace_markets=("Boozt market",),
    marketplace_affiliates=("Miinto",),
    marketplace_attributes={"channel": ("aboutyou",)},
    lifecycle_events=("order_shipped", "order_confirmation"),
    shipped_event="order_shipped",
    confirmed_event="order_confirmation",
    pairing_window=timedelta(hours=72),
    confirmation_window=timedelta(hours=24),
    service_level=timedelta(hours=2),
    catalogue_before=NOW - timedelta(hours=26),
    pricelist="Retail SEK",
    market="Sweden",
    warehouses=("Main",),
    title="display.name",
    stock_tolerance=0,
    stalls=dict.fromkeys(MOVING, timedelta(days=3650)),
    lags=dict.fromkeys(MOVING, timedelta(days=3650)),
    feed_age=timedelta(hours=26),
    token_expires=None,
    has_wsse=False,
)


class Books:
    """Rows of both systems, written into a warehouse and reconciled."""

    def __init__(self, warehouse: Warehouse, suites: frozenset[str] | None = None) -> None:
        self.warehouse, self.suites = warehouse, suites
        self._lines = 0
        self._remembered: dict[str, list[dict[str, Any]]] | None = None
        self._rows: dict[sa.Table, list[dict[str, Any]]] = {}
        for number, (name, kind) in enumerate(
            (
                ("Retail", "DIRECT_TO_CONSUMER"),
                ("Zalando", "DIRECT_TO_CONSUMER"),
                ("B2B", "WHOLESALE"),
            ),
            start=1,
        ):
            self._add(t.centra_store, store_id=str(number), name=name, type=kind)
        self._add(t.centra_market, market_id="1", name="Sweden")
        self._add(t.centra_market, market_id="2", name="Boozt market")
        self._add(t.centra_currency, code="SEK", is_base=True)
        for name in ("order_shipped", "order_confirmation"):
            self.definition(name)
        self._add(
            t.centra_pricelist,
            pricelist_id="1",
            store_id="1",
            name="Retail SEK",
            status="ACTIVE",
            currency="SEK",
        )
        self._add(t.centra_warehouse, warehouse_id="1", name="Main", threshold=2)
        self._add(t.centra_warehouse, warehouse_id="2", name="B2B", threshold=0)

    def _add(self, table: sa.Table, **values: Any) -> None:
        every = {column.name: None for column in table.columns}
        self._rows.setdefault(table, []).append({**every, **values})

    def remember(self) -> None:
        """Let an earlier run have read all that stands in the books so far."""
        self._remembered = {
            table.name: [dict(row) for row in rows]
            for table, rows in self._rows.items()
            if table.name in HISTORY
        }

    def lose(self, table: sa.Table, **key: str) -> None:
        """Take the rows away that have these values."""
        rows = self._rows[table]
        gone = [row for row in rows if key.items() <= row.items()]
        assert gone
        self._rows[table] = [row for row in rows if row not in gone]

    def change(self, table: sa.Table, key: dict[str, str], **values: Any) -> None:
        """Change the rows that have these values."""
        rows = [row for row in self._rows[table] if key.items() <= row.items()]
        assert rows
        for row in rows:
            row.update(values)

    def _write_past(self, conn: sa.Connection) -> None:
        """Write the versions and readings that two runs leave behind."""
        assert self._remembered is not None
        runs = ({"number": 1, "run": "earlier", "as_of": EARLIER}, {"number": 2, "run": "now"})
        for run in runs:
            at = {"as_of": NOW, **run}
            conn.execute(snapshot_run.insert(), at)
            conn.execute(
                stream_position.insert(),
                [{**at, "stream": stream, "mode": "full"} for stream in t.STREAM_TABLES],
            )
        for table in (t.metadata.tables[name] for name in HISTORY):
            before, now = self._remembered.get(table.name, []), self._rows.get(table, [])
            versions = [
                *({**r, "valid_from_run": "earlier"} for r in before if r in now),
                *(
                    {**r, "valid_from_run": "earlier", "valid_to_run": "now"}
                    for r in before
                    if r not in now
                ),
                *({**r, "valid_from_run": "now"} for r in now if r not in before),
            ]
            for version in versions:
                conn.execute(HISTORY[table.name].insert(), version)

    def customer(self, customer_id: str, email: str | None, **values: Any) -> None:
        row: dict[str, Any] = {
            "store_id": "1",
            "status": "ACTIVE",
            "email": email,
            "email_key": email,
            "is_anonymized": False,
            "total_orders": 0,
            "created_at": OLD,
            "updated_at": OLD,
        }
        self._add(t.centra_customer, customer_id=customer_id, **{**row, **values})

    def market(self, market_id: str, name: str) -> None:
        self._add(t.centra_market, market_id=market_id, name=name)

    def subscription(self, email: str, *, active: bool = True, **values: Any) -> None:
        row: dict[str, Any] = {
            "subscription_id": "s",
            "store_id": "1",
            "email": email,
            "email_key": email,
            "is_active": active,
            "is_product_bound": False,
            "created_at": OLD,
        }
        self._add(t.centra_subscription, **{**row, **values})

    def flag(
        self, customer_id: str, email: str, *, receives: bool | None, is_registered: bool = False
    ) -> None:
        self._add(
            t.centra_customer_flag,
            customer_id=customer_id,
            email_key=email,
            receives_newsletters=receives,
            is_registered=is_registered,
            updated_at=OLD,
        )

    def keyed(self, customer_id: str, email: str, *, given: bool, **values: Any) -> None:
        row: dict[str, Any] = {"email_key": email, "key": "newsletter", "created_at": OLD}
        self._add(
            t.centra_keyed_consent, customer_id=customer_id, is_given=given, **{**row, **values}
        )

    def buyer(self, buyer_id: str, email: str) -> None:
        self._add(t.centra_buyer, buyer_id=buyer_id, email=email, email_key=email)

    def contact(
        self, contact_id: str, email: str | None, opt_in: int | None, **values: Any
    ) -> None:
        row = {"external_id": None, "email": email, "email_key": email, "opt_in": opt_in}
        self._add(t.emarsys_contact, contact_id=contact_id, **{**row, **values})
        self._add(
            t.emarsys_si_contact,
            si_contact_id=f"si{contact_id}",
            contact_id=contact_id,
            external_id=values.get("external_id"),
            is_generated=False,
        )

    def unsubscribe(self, contact_id: str, happened_at: datetime) -> None:
        self._add(t.emarsys_unsubscribe, contact_id=contact_id, happened_at=happened_at)

    def quarantine(self, contact_id: str) -> None:
        self._add(t.emarsys_quarantine, contact_id=contact_id)

    def segment(self, segment_id: int, *contact_ids: str) -> None:
        for contact_id in contact_ids:
            self._add(t.emarsys_segment_member, segment_id=str(segment_id), contact_id=contact_id)

    def shown_in(self, category: str | None, item: str) -> None:
        self._add(t.centra_size, size_id=item, variant_id=item, item=item)
        self._add(t.centra_variant, variant_id=item, product_id=item)
        self._add(t.centra_display, display_id=item, product_id=item, category=category)

    def order(self, number: str, *lines: dict[str, Any], **values: Any) -> None:
        row: dict[str, Any] = {
            "order_id": number,
            "kind": "DirectToConsumerOrder",
            "status": "SHIPPED",
            "store_id": "1",
            "market_id": "1",
            "customer_id": "1",
            "is_internal": False,
            "is_on_hold": False,
            "is_waiting_for_payment": False,
            "currency": "SEK",
            "created_at": OLD,
            "updated_at": OLD,
        }
        self._add(t.centra_order, order_number=number, **{**row, **values})
        for line in lines:
            self._add(t.centra_order_line, order_number=number, **line)

    def line(self, item: str, quantity: int, minor: int, **values: Any) -> dict[str, Any]:
        self._lines += 1
        return {
            "line_id": f"l{self._lines}",
            "kind": "ProductOrderLine",
            "item": item,
            "quantity": quantity,
            "cancelled_quantity": 0,
            "value_minor": minor,
            "base_minor": minor,
            "currency": "SEK",
            "digits": 2,
            "tax_percent": 25.0,
            **values,
        }

    def attribute(self, order_number: str, name: str, value: str) -> None:
        self._add(t.centra_order_attribute, order_number=order_number, name=name, value=value)

    def returned(self, line: dict[str, Any], quantity: int, **values: Any) -> None:
        return_id = values.pop("return_id", None) or (
            f"r{line['line_id']}{values.get('created_at', OLD):%H%M}{quantity}"
        )
        row: dict[str, Any] = {"status": "COMPLETED", "created_at": OLD}
        self._add(t.centra_return, return_id=return_id, **{**row, **values})
        self._add(
            t.centra_return_line, return_id=return_id, line_id=line["line_id"], quantity=quantity
        )

    def sale(
        self, order: str | None, item: str | None, quantity: int, minor: int, **values: Any
    ) -> None:
        row: dict[str, Any] = {
            "purchased_on": OLD.date(),
            "si_contact_id": "si1",
            "loaded_at": OLD,
        }
        self._add(
            t.emarsys_sale,
            order_number=order,
            item=item,
            quantity_milli=quantity * 1000,
            amount_minor=minor,
            **{**row, **values},
        )

    def generated(self, si_contact_id: str) -> None:
        self._add(t.emarsys_si_contact, si_contact_id=si_contact_id, is_generated=True)

    def event(
        self,
        event_id: str,
        contact_id: str,
        name: str = "order_shipped",
        happened_at: datetime = OLD,
        **values: Any,
    ) -> None:
        self._add(
            t.emarsys_event,
            event_id=event_id,
            event_type_id=name,
            contact_id=contact_id,
            happened_at=happened_at,
            **{"loaded_at": OLD, **values},
        )

    def definition(self, name: str, usages: int | None = 1) -> None:
        """Set an event up, or change what listens to it."""
        rows = self._rows.setdefault(t.emarsys_event_definition, [])
        rows[:] = [row for row in rows if row["name"] != name]
        self._add(t.emarsys_event_definition, event_type_id=name, name=name, usages=usages)

    def shipment(self, number: str, shipped_at: datetime, lines: int = 1, **values: Any) -> None:
        row: dict[str, Any] = {
            "shipment_id": f"id {number}",
            "kind": "DirectToConsumerShipment",
            "order_number": number.split("-", maxsplit=1)[0],
            "is_shipped": True,
            "shipped_at": shipped_at,
            "created_at": shipped_at,
            "updated_at": shipped_at,
        }
        self._add(t.centra_shipment, number=number, **{**row, **values})
        for place in range(lines):
            self._add(
                t.centra_shipment_line, shipment_id=f"id {number}", line_id=f"{number}/{place}"
            )

    def payment(self, order_number: str, entry_type: str, status: str = "SUCCESS") -> None:
        self._add(t.centra_payment, order_number=order_number, entry_type=entry_type, status=status)

    def sells(self, size: str, minor: int | None = 10000, **values: Any) -> None:
        """Let Centra sell an item of its own product: ten units in the main warehouse, two kept back.

        Values go to whichever of product, variant, size, display, price and stock has such a column;
        `display_status` and the like tell those apart that several have.
        """
        row: dict[str, Any] = {
            **{f"{name}_id": size for name in ("product", "variant", "size", "display", "price")},
            **dict.fromkeys(("status", "display_status", "variant_status"), "ACTIVE"),
            "item": size,
            "sku": size,
            "name": f"Coat {size}",
            "uri": f"coat-{size}",
            "category": "Women>Coats",
            "is_active": True,
            "is_bundle": False,
            "stock_offset": 0,
            "store_id": "1",
            "market_id": "1",
            "pricelist_id": "1",
            "value_minor": minor,
            "currency": "SEK",
            "warehouse_id": "1",
            "free_to_allocate": 12,
            "updated_at": OLD,
            **values,
        }
        self._fill(t.centra_product, row)
        self._fill(t.centra_variant, {**row, "status": row["variant_status"], "name": "Black"})
        self._fill(t.centra_size, row)
        self._fill(t.centra_display, {**row, "status": row["display_status"]})
        self._fill(t.centra_display_variant, row)
        self._fill(t.centra_display_market, row)
        self._fill(t.centra_price, row)
        self._fill(t.centra_stock, row)

    def _fill(self, table: sa.Table, row: dict[str, Any]) -> None:
        self._add(table, **{c.name: row[c.name] for c in table.columns if c.name in row})

    def price(self, minor: int | None, **values: Any) -> None:
        self._add(
            t.centra_price,
            **{"pricelist_id": "1", "currency": "SEK", "value_minor": minor, **values},
        )

    def stock(self, item: str, free: int, warehouse_id: str) -> None:
        self._add(t.centra_stock, size_id=item, warehouse_id=warehouse_id, free_to_allocate=free)

    def campaign(self, item: str, minor: int, *, market_id: str = "1", **values: Any) -> None:
        row: dict[str, Any] = {
            "campaign_id": f"c{minor}",
            "pricelist_id": "1",
            "status": "ACTIVE",
            "currency": "SEK",
            "starts_at": OLD,
            "stops_at": None,
            **values,
        }
        self._add(t.centra_campaign_price, variant_id=item, price_minor=minor, **row)
        self._add(t.centra_campaign_market, campaign_id=row["campaign_id"], market_id=market_id)

    def lowest(self, item: str, original_minor: int, **values: Any) -> None:
        row: dict[str, Any] = {"pricelist_id": "1", "market_id": "1", "started_at": OLD}
        self._add(
            t.centra_lowest_price,
            **{"variant_id": item, "original_minor": original_minor, **row, **values},
        )

    def lists(self, item: str, price_minor: int = 10000, **values: Any) -> None:
        """Let the feed list an item as `sells` sells it."""
        row: dict[str, Any] = {
            "title": f"Coat {item}",
            "link": f"https://shop.example/sv/coat-{item}?utm_source=emarsys",
            "image": "https://shop.example/coat.jpg",
            "category": "Women>Coats",
            "available": True,
            "price_minor": price_minor,
            "msrp_minor": price_minor,
            "stock": 10,
            "currency": "SEK",
        }
        self._add(t.emarsys_item, item=item, **{**row, **values})

    def feed(self, written_at: datetime | None) -> None:
        self._add(t.emarsys_feed, written_at=written_at)

    def write(self) -> None:
        """Write everything into the warehouse."""
        with self.warehouse.engine.begin() as conn:
            for table, rows in self._rows.items():
                if rows:
                    conn.execute(table.insert(), rows)
            if self._remembered is not None:
                self._write_past(conn)

    def rows(self, terms: Terms = TERMS) -> list[sa.RowMapping]:
        """Reconcile and return every drift row."""
        self.write()
        reconcile(self.warehouse, terms, suites=self.suites)
        with self.warehouse.engine.connect() as conn:
            return [
                row for table in DRIFT_TABLES for row in conn.execute(sa.select(table)).mappings()
            ]

    def drift(self, terms: Terms = TERMS) -> set[tuple[str, str]]:
        """Reconcile and return what differs as (check, subject).

        The identity of contacts is left to `identity_drift`: other topics write half a world.
        """
        return {one for one in self._found(terms) if not _is_of_contacts(*one)}

    def identity_drift(self, terms: Terms = TERMS) -> set[tuple[str, str]]:
        """Reconcile and return what differs in the identity suite."""
        return {one for one in self._found(terms) if one[0].startswith("identity.")}

    def _found(self, terms: Terms) -> set[tuple[str, str]]:
        return {(row["check_id"], row["subject_key"]) for row in self.rows(terms)}

    def checked(self) -> dict[str, int]:
        """Return the population of every check after a reconcile."""
        row = check_population.c
        total = sa.select(row.check_id, sa.func.sum(row.checked).label("checked"))
        with self.warehouse.engine.connect() as conn:
            return {r.check_id: r.checked for r in conn.execute(total.group_by(row.check_id))}


def _is_of_contacts(check: str, _subject: str) -> bool:
    return check.startswith("identity.") and check != "identity.sales_on_orphan"
