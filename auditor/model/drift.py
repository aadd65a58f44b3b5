"""Link and drift tables: who is who on both sides, and one row per check and subject that differs.

Every drift table starts with the same columns; those that follow are named `centra_*` or `emarsys_*`
after the side whose value they show, so that the findings stage needs no knowledge of any topic.
The last four are filled once all drift stands, so the select of a topic ends before them.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text

from auditor.model.tables import metadata


def _drift(name: str, *sides: Column[object]) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        Column("check_id", Text),
        Column("subject_kind", Text),
        Column("subject_key", Text),
        Column("customer_id", Text),
        Column("contact_id", Text),
        Column("people", Integer),
        Column("money_minor", BigInteger),  # what is at stake, never negative; NULL without money
        Column("currency", Text),
        Column("cause", Text),
        Column("contained", Boolean),
        Column("occurred_at", DateTime),
        *sides,
        Column("moved_by", Text),  # centra, emarsys, both, never_agreed or unknown
        Column("since", DateTime),  # when the side that moved was first seen moved
        Column("agreed", Text),  # on what both sides agreed last, see `agreed_of`
        Column("incident", Text),  # what the row belongs to
    )


AFTERWARDS = ("moved_by", "since", "agreed", "incident")


def filled(table: sa.Table) -> list[str]:
    """Return the columns that a topic's select fills, in their order."""
    return [name for name in table.columns.keys() if name not in AFTERWARDS]  # noqa: SIM118 - of a table


drift_consent = _drift(
    "drift_consent",
    Column("centra_consent", Text),
    Column("centra_evidence", Text),
    Column("centra_evidence_at", DateTime),
    Column("emarsys_opt_in", Integer),
    Column("emarsys_unsubscribed_at", DateTime),
)
drift_sales = _drift(
    "drift_sales",
    Column("centra_channel", Text),
    Column("centra_status", Text),
    Column("centra_quantity", BigInteger),
    Column("centra_amount_minor", BigInteger),
    Column("emarsys_quantity", sa.Float),
    Column("emarsys_amount_minor", BigInteger),
    Column("emarsys_rows", Integer),
    Column("emarsys_contact_id", Text),
)
drift_event = _drift(
    "drift_event",
    Column("centra_orders", Integer),
    Column("emarsys_event", Text),
    Column("emarsys_happened_at", DateTime),
)
drift_fulfilment = _drift(
    "drift_fulfilment",
    Column("centra_order", Text),
    Column("centra_caused_at", DateTime),  # when the parcel left or the order was placed
    Column("centra_orders", Integer),  # judged orders that a pattern covers
    Column("emarsys_event", Text),  # its name
    Column("emarsys_happened_at", DateTime),
    Column("emarsys_missing", Integer),  # confirmations that a pattern explains
    Column("emarsys_missing_share", sa.Float),
    Column("emarsys_usages", Integer),
)
drift_audience = _drift(
    "drift_audience",
    Column("centra_rule", Text),  # what the segment claims to follow; NULL for a turnover
    Column("centra_is_member", Boolean),
    Column("centra_amount_minor", BigInteger),  # the measure that the rule asks for, others NULL
    Column("centra_count", BigInteger),
    Column("centra_last_on", sa.Date),
    Column("emarsys_is_member", Boolean),
    Column("emarsys_amount_minor", BigInteger),
    Column("emarsys_count", BigInteger),
    Column("emarsys_last_on", sa.Date),
    Column("emarsys_explained_minor", BigInteger),  # of a turnover, by other open findings
)
drift_quality = _drift(
    "drift_quality",
    Column("centra_value", Text),
    Column("emarsys_value", Text),
)

drift_identity = _drift(
    "drift_identity",
    Column("centra_customers", Integer),  # customers it may belong to; two or more leave it open
    Column("centra_survivor_id", Text),
    Column("emarsys_key", Text),
    Column("emarsys_twin_contact_id", Text),  # the older contact with the same key or e-mail
    Column("emarsys_differs", Text),  # the fields that differ; their values are personal
    Column("is_ambiguous", Boolean),  # then no remedy is proposed
)
drift_catalogue = _drift(
    "drift_catalogue",
    Column("centra_sellable", Boolean),
    Column("centra_price_minor", BigInteger),
    Column("centra_msrp_minor", BigInteger),
    Column("centra_currency", Text),
    Column("centra_stock", BigInteger),
    Column("centra_title", Text),
    Column("centra_link", Text),
    Column("centra_category", Text),
    Column("centra_images", Text),  # one a line
    Column("centra_collection", Text),
    Column("emarsys_rows", Integer),
    Column("emarsys_available", Boolean),
    Column("emarsys_price_minor", BigInteger),
    Column("emarsys_msrp_minor", BigInteger),
    Column("emarsys_currency", Text),
    Column("emarsys_stock", BigInteger),
    Column("emarsys_title", Text),
    Column("emarsys_link", Text),
    Column("emarsys_category", Text),
    Column("emarsys_image", Text),
    Column("emarsys_collection", Text),
)
drift_freshness = _drift(
    "drift_freshness",
    Column("centra_moved_at", DateTime),
    Column("centra_records", BigInteger),
    Column("centra_expires_on", sa.Date),
    Column("emarsys_newest_at", DateTime),
    Column("emarsys_lag_p50_s", BigInteger),
    Column("emarsys_lag_p95_s", BigInteger),
    Column("emarsys_expires_on", sa.Date),
    Column("emarsys_corrections", BigInteger),  # made three times in seven days, and undone
)
DRIFT_TABLES: tuple[sa.Table, ...] = (
    drift_consent,
    drift_sales,
    drift_event,
    drift_audience,
    drift_identity,
    drift_fulfilment,
    drift_catalogue,
    drift_freshness,
    drift_quality,
)

link_person = sa.Table(
    "link_person",
    metadata,
    Column("email_key", Text),  # who the person is: one normalised e-mail
    Column("customer_id", Text),  # the oldest live customer row; NULL for mere subscribers
    Column("consent", Text),  # yes, no or unknown
    Column("evidence", Text),  # what decided: newsletter subscription, keyed consent, customer flag
    Column("evidence_at", DateTime),  # when it was given or taken back; the flag has no time
    Column("changed_at", DateTime),  # newest creation or update of any of its rows
    Column("is_live", Boolean),  # has a row now; others only had a newsletter row, which is gone
)
link_gone = sa.Table(
    "link_gone",
    metadata,
    Column("customer_id", Text),  # in an earlier complete snapshot, and not in this one
    Column("survivor_id", Text),  # who has its orders now; a row each, NULL for nobody
    Column("survivors", Integer),  # how many there are
    Column("gone_at", DateTime),  # not before: when it was last seen, or its orders last changed
)
link_contact = sa.Table(
    "link_contact",
    metadata,
    Column("contact_id", Text),
    Column("email_key", Text),
    Column("opt_in", Integer),
    Column("person", Text),  # email_key of the person, NULL when Centra does not know them
    Column("customer_id", Text),
    Column("consent", Text),
    Column("evidence", Text),
    Column("evidence_at", DateTime),
    Column("changed_at", DateTime),
    Column("erased_customer_id", Text),  # an anonymised customer, by key or remembered e-mail
    Column("is_buyer", Boolean),  # a wholesale buyer's e-mail
    Column("unsubscribed_at", DateTime),
    Column("contained", Boolean),  # on the quarantine list
    Column("was_opted_out", Boolean),  # by an earlier snapshot
    Column("key", Text),  # the customer that the contact names; NULL where the key is the e-mail
    Column("is_key_live", Boolean),
    Column("other_customer_id", Text),  # whom the e-mail names, where the key names somebody else
    Column("survivor_id", Text),  # of the merge that took the customer of the key away
    Column("survivors", Integer),  # 0 without such a merge
    Column("gone_at", DateTime),  # as in `link_gone`, of the customer of the key
)
link_order = sa.Table(
    "link_order",
    metadata,
    Column("order_number", Text),
    Column("channel", Text),  # consumer, wholesale, marketplace or internal
    Column("status", Text),
    Column("is_cancelled", Boolean),
    Column("is_due", Boolean),  # consumer, due status, not held, paid, since `sales.since`
    Column("is_settled", Boolean),
    Column("market_id", Text),
    Column("customer_id", Text),
    Column("person", Text),  # email_key of the customer or buyer
    Column("created_at", DateTime),
    Column("email_key", Text),  # as the order itself has it; the customer's may be another by now
)
link_bought = sa.Table(
    "link_bought",
    metadata,
    Column("person", Text),
    Column("market", Text),  # what all their orders have in common; NULL where these differ
    Column("channel", Text),
    Column("store", Text),
)
link_sale = sa.Table(
    "link_sale",
    metadata,
    Column("order_number", Text),
    Column("item", Text),  # NULL for what Emarsys counts without one
    Column("lines", Integer),  # order lines of the item; 0 when Centra has none
    Column("sold_quantity", BigInteger),  # units not cancelled, before returns
    Column("sold_minor", BigInteger),  # value of sold_quantity
    Column("base_minor", BigInteger),  # the same in base currency, whatever `sales.currency` says
    Column("cancelled_quantity", BigInteger),
    Column("net_quantity", BigInteger),  # less units of settled returns
    Column("least_quantity", BigInteger),  # less units of all completed returns
    Column("net_minor", BigInteger),  # value of net_quantity
    Column("least_minor", BigInteger),  # value of least_quantity
    Column("unit_minor", BigInteger),  # the pattern "unit price sent as line total"
    Column("untaxed_minor", BigInteger),  # the patterns "tax left out" and "tax counted in"
    Column("unconverted_minor", BigInteger),  # the same of the currency
    Column("rows", Integer),  # rows in Emarsys
    Column("sale_rows", Integer),  # those of a positive quantity, on contacts that hold any of it
    Column("quantity_milli", BigInteger),
    Column("amount_minor", BigInteger),
    Column("purchased_on", sa.Date),
    Column("word", Text),  # what describes it best: ok, missing, returned, ...
    Column("tolerance", BigInteger),  # how far amounts may be apart, minor units
    Column("is_right", Boolean),  # counts what is expected, by either bound
)
link_verdict = sa.Table(
    "link_verdict",
    metadata,
    Column("order_number", Text),  # of either side
    Column("net_quantity", BigInteger),  # the sums of its lines
    Column("net_minor", BigInteger),
    Column("least_quantity", BigInteger),
    Column("least_minor", BigInteger),
    Column("quantity_milli", BigInteger),
    Column("amount_minor", BigInteger),
    Column("rows", BigInteger),
    Column("tolerance", BigInteger),
    Column("purchased_on", sa.Date),
    Column("has_cancelled", Boolean),  # a line whose word says so
    Column("has_returned", Boolean),
    Column("has_drift", Boolean),  # a line that is not ok
    Column("has_unexplained", Boolean),  # a line that neither returns nor cancelled units explain
    Column("is_right", Boolean),  # as each of its lines
    Column(
        "verdict", Text
    ),  # the check that the order as a whole fails; NULL leaves it to its lines
    Column("gone_at", DateTime),  # not before: when Centra last had it, where it has it no more
    Column("channel", Text),  # NULL where Centra does not have it, and so all that follow
    Column("status", Text),
    Column("customer_id", Text),
    Column("market_id", Text),
    Column("is_cancelled", Boolean),
    Column("created_at", DateTime),
    Column("is_due", Boolean),
    Column("is_settled", Boolean),
    Column("is_judged", Boolean),  # due and settled: its lines are judged where it has no verdict
)
link_event = sa.Table(
    "link_event",
    metadata,
    Column("role", Text),  # shipped or confirmed
    Column("contact_id", Text),  # the owner: the first of the contacts of one person
    Column("subject", Text),  # shipment or order number; NULL for an event without one
    Column("order_number", Text),
    Column("customer_id", Text),
    Column("caused_at", DateTime),  # when the parcel left or the order was placed
    Column("event_id", Text),  # NULL for a parcel or an order without an event
    Column("happened_at", DateTime),
    Column("timely_by", DateTime),  # by then a cause before the event had surely come
    Column("nearest", Text),  # subject of the newest cause in the window of a surplus event
    Column("is_judged", Boolean),  # old enough, and within what the events read can prove
)

link_item = sa.Table(
    "link_item",
    metadata,
    Column("item", Text),
    Column("in_centra", Boolean),
    Column("is_sellable", Boolean),  # in the configured market and store, at a price
    Column("is_bundle", Boolean),
    Column("price_minor", BigInteger),  # what it sells for at the snapshot's moment
    Column("msrp_minor", BigInteger),  # what that is compared with by law, else the list price
    Column("currency", Text),
    Column("stock", BigInteger),  # sellable units: what thresholds and offsets keep back is off
    Column("title", Text),
    Column("uri", Text),
    Column("category", Text),
    Column("images", Text),  # any of them will do; one a line
    Column("collection", Text),
    Column("changed_at", DateTime),  # newest change of any record it is made of; stock has no time
    Column("is_settled", Boolean),
    Column("has_moved", Boolean),  # ordered since the feed was written: its stock is another by now
    Column("rows", Integer),  # rows in the feed; its values below are those of one row
    Column("available", Boolean),
    Column("feed_price_minor", BigInteger),
    Column("feed_msrp_minor", BigInteger),
    Column("feed_currency", Text),
    Column("feed_stock", BigInteger),
    Column("feed_title", Text),
    Column("feed_link", Text),
    Column("feed_category", Text),
    Column("feed_image", Text),
    Column("feed_collection", Text),
)
link_stream = sa.Table(
    "link_stream",
    metadata,
    Column("stream", Text),  # orders, contacts or events
    Column("moved_at", DateTime),  # newest record of Centra's that Emarsys owes by now and lacks
    Column("waiting", BigInteger),  # records that Emarsys owes since its newest row
    Column("newest_at", DateTime),  # of Emarsys' newest row
    Column("samples", BigInteger),  # records whose way to Emarsys was timed
    Column("lag_p50_s", BigInteger),
    Column("lag_p95_s", BigInteger),
)
link_purchase = sa.Table(
    "link_purchase",
    metadata,
    Column("owner", Text),  # email_key of the person
    Column("order_number", Text),
    Column("item", Text),
    Column("placed_on", sa.Date),
    Column("net_milli", BigInteger),  # thousandths of a unit, as Centra expects them
    Column("net_minor", BigInteger),
    Column("least_milli", BigInteger),  # what Emarsys counts at least, whatever is young
    Column("least_minor", BigInteger),
    Column("most_milli", BigInteger),
    Column("most_minor", BigInteger),
    Column("gross_milli", BigInteger),  # before returns, at most
)
"""What people bought as consumers; filled where a segment follows a rule."""

link_member = sa.Table(
    "link_member",
    metadata,
    Column("segment_id", Text),
    Column("contact_id", Text),
    Column("person", Text),
    Column("is_member", Boolean),
    Column("is_wrong", Boolean),  # against the rule, beyond doubt
    Column("amount_minor", BigInteger),  # the measure that the rule asks for, others NULL
    Column("count", BigInteger),
    Column("last_on", sa.Date),
)
"""Every contact that a rule puts into its segment, or out of it, beyond doubt."""

revenue_bridge = sa.Table(
    "revenue_bridge",
    metadata,
    Column("market", Text),  # its name; `unknown` for orders that Centra never had
    Column("month", Text),  # 2026-11
    Column("currency", Text),
    Column("step", Text),
    Column("amount_minor", BigInteger),
)
verified_share = sa.Table(
    "verified_share",
    metadata,
    Column("days", Integer),  # within so many days of the order
    Column("currency", Text),
    Column("verified_minor", BigInteger),
    Column("due_minor", BigInteger),
)

check_population = sa.Table(
    "check_population",
    metadata,
    Column("check_id", Text),
    Column("checked", BigInteger),  # subjects the check looked at
)
