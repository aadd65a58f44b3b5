"""The first schema with a number: what an auditor without one left behind becomes it.

Such ledgers lack tables (each was made by whoever first needed it), columns that may be empty, and
indexes. The tables stand here as they were, for those that the code declares go on to change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Table, Text

revision = "0001"
down_revision = None

metadata = sa.MetaData()
Table(
    "applied_plan",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("begun_at", DateTime, nullable=False),
)
Table(
    "effect",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("check_id", Text, primary_key=True),
    Column("predicted", Integer, nullable=False),
    Column("made", Integer, nullable=False),
    Column("resolved", Integer),
    Column("contained", Integer),
    Column("persisting", Integer),
    Column("new", Integer),
    Column("measured_at", DateTime, nullable=False),
)
Table(
    "finding",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_key", Text, nullable=False),
    Column("customer_id", Text),
    Column("contact_id", Text),
    Column("centra", Text),
    Column("emarsys", Text),
    Column("people", Integer, nullable=False),
    Column("money_minor", BigInteger),
    Column("currency", Text),
    Column("cause", Text),
    Column("remedy", Text),
    Column("contained", Boolean, nullable=False),
    Column("occurred_at", DateTime),
    Column("moved_by", Text),
    Column("since", DateTime),
    Column("agreed", Text),
    Column("incident", Text),
    Column("confirmed", Boolean),
    Column("first_seen", DateTime, nullable=False),
    Column("last_seen", DateTime, nullable=False),
    Column("run", Text, nullable=False),
    Column("accepted_until", DateTime),
    Column("accepted_reason", Text),
    Column("accepted_severity", Text),
    Column("accepted_people", Integer),
    Column("accepted_minor", BigInteger),
    Index("ix_finding_brand", "brand"),
    Index("ix_finding_incident", "incident"),
)
Table(
    "finding_history",
    metadata,
    Column("fingerprint", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", Text),
    Column("people", Integer),
    Column("money_minor", BigInteger),
    Column("currency", Text),
    Column("centra", Text),
    Column("emarsys", Text),
    Column("cause", Text),
    Index("ix_finding_history_fingerprint", "fingerprint"),
)
Table(
    "forgotten",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("email_hash", Text, primary_key=True),
    Column("forgotten_at", DateTime, nullable=False),
)
Table(
    "halt",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("since", DateTime, nullable=False),
    Column("reason", Text, nullable=False),
)
Table(
    "incident",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("cause", Text),
    Column("owner", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("money_minor", BigInteger),
    Column("currency", Text),
    Column("first_seen", DateTime, nullable=False),
    Column("last_seen", DateTime, nullable=False),
    Column("run", Text, nullable=False),
    Index("ix_incident_brand", "brand"),
)
Table(
    "lease",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("expires_at", DateTime, nullable=False),
)
Table(
    "mail",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("sent_at", DateTime, nullable=False),
)
Table(
    "mail_heard",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("readers", Text, primary_key=True),
    Column("at", DateTime, nullable=False),
)
Table(
    "mail_owed",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("run", Text, primary_key=True),
)
Table(
    "mail_waiting",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    Column("letters", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
Table(
    "observed",
    metadata,
    Column("fingerprint", Text),
    Column("brand", Text),
    Column("check_id", Text),
    Column("severity", Text),
    Column("owner", Text),
    Column("subject_kind", Text),
    Column("subject_key", Text),
    Column("customer_id", Text),
    Column("contact_id", Text),
    Column("centra", Text),
    Column("emarsys", Text),
    Column("people", Integer),
    Column("money_minor", BigInteger),
    Column("currency", Text),
    Column("cause", Text),
    Column("remedy", Text),
    Column("contained", Boolean),
    Column("occurred_at", DateTime),
    Column("moved_by", Text),
    Column("since", DateTime),
    Column("agreed", Text),
    Column("incident", Text),
    Column("first_seen", DateTime),
    Column("last_seen", DateTime),
    Column("run", Text),
    Index("ix_observed_fingerprint", "fingerprint"),
)
Table(
    "preflight",
    metadata,
    Column("brand", Text, nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("audience", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Index("ix_preflight_brand", "brand"),
)
Table(
    "receipt",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("change_id", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("finding", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("note", Text),
    Column("intended_at", DateTime),
    Column("decided_at", DateTime),
    Index("ix_receipt_change", "brand", "change_id"),
)
Table(
    "run",
    metadata,
    Column("run", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("as_of", DateTime, nullable=False),
    Column("verdict", Text),
    Column("coverage", Text, nullable=False),
    Column("total", Integer),
    Column("new", Integer),
    Column("resolved", Integer),
    Column("open", Text),
    Index("ix_run_brand", "brand"),
)
Table(
    "sales_upload",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("order_number", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("cause", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("claim", Text, nullable=False),
    Column("quantity_milli", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sent_at", DateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_at", DateTime),
    Index("ix_sales_upload_claim", "claim"),
)
Table(
    "service_work",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("began_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("worked_at", DateTime),
    Column("said", Text),
    Column("failures", Integer, nullable=False),
)


def upgrade() -> None:
    """Create what is missing."""
    conn = op.get_bind()
    # It holds rows while an audit runs, and had columns once that it no longer has.
    op.drop_table("observed", if_exists=True)
    found = sa.inspect(conn)
    for table in metadata.sorted_tables:
        if not found.has_table(table.name):
            table.create(conn)
            continue
        known = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                op.add_column(table.name, Column(column.name, column.type))
        for index in table.indexes:
            index.create(conn, checkfirst=True)
    if conn.dialect.name == "postgresql":
        _sort_by_code_point()


def _sort_by_code_point() -> None:
    """Let text sort as in SQLite, also where the server was set up to sort it as people do."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Text):
                kind = Text(collation="C")
                op.alter_column(table.name, column.name, type_=kind)
