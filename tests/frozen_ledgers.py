"""Ledgers as each revision left them, as SQL: to be upgraded by the tests.

`python -m tests.frozen_ledgers` writes that of the present revision, once its tables are settled; a
file of an earlier revision never changes. Those before 0001 had no number: see the README beside them.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from auditor.findings.schema import REVISION, tables
from auditor.model.finding import fingerprint
from tests.findings.days import CHECK

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "data" / "stores"
DIALECTS: dict[str, sa.Dialect] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}  # type: ignore[no-untyped-call]
SEEN = datetime(2026, 10, 31, 4, 30)

_FOUND = {
    "fingerprint": fingerprint("nordlys", CHECK.id, "900"),
    "brand": "nordlys",
    "check_id": CHECK.id,
    "severity": "critical",
    "owner": "crm",
    "state": "open",
    "subject_kind": "contact",
    "subject_key": "900",
    "emarsys": '{"opt_in": 1}',
    "people": 1,
    "money_minor": 129900,
    "currency": "SEK",
    "contained": False,
    "first_seen": SEEN,
    "last_seen": SEEN,
    "run": "run-0",
    "accepted_reason": "it's known",
}
_APPLIED = {"brand": "nordlys", "digest": "d1", "run": "run-0", "check_id": CHECK.id}
ROWS: dict[str, dict[str, Any]] = {
    "run": {
        "run": "run-0",
        "brand": "nordlys",
        "as_of": SEEN,
        "verdict": "blocked",
        "coverage": "{}",
        "total": 1,
        "new": 1,
        "resolved": 0,
        "open": '{"critical": 1}',
    },
    "finding": _FOUND,
    "observed": _FOUND,
    "finding_history": {**_FOUND, "seen_at": SEEN},
    "applied_plan": {**_APPLIED, "path": "plan.json", "changes": 1, "begun_at": SEEN},
    "receipt": {
        **_APPLIED,
        "change_id": "c1",
        "finding": _FOUND["fingerprint"],
        "remedy": "consent.opt_out",
        "state": "verified",
        "sent": 1,
        "decided_at": SEEN,
    },
    "effect": {**_APPLIED, "predicted": 1, "made": 1, "measured_at": SEEN},
    "lease": {"brand": "nordlys", "holder": "host:1:ab", "token": 7, "expires_at": SEEN},
    "halt": {"brand": "other", "since": SEEN, "reason": "a rehearsal"},
    "sales_upload": {
        "brand": "nordlys",
        "order_number": "100017",
        "item": "sku-1",
        "cause": "sale",
        "version": 1,
        "claim": "k1",
        "quantity_milli": 1000,
        "amount_minor": 129900,
        "currency": "SEK",
        "digest": "d2",
        "sent_at": SEEN,
        "state": "verified",
    },
    "mail": {"message_id": "m1", "brand": "nordlys", "sent_at": SEEN},
}


def written(metadata: sa.MetaData, dialect: sa.Dialect) -> Iterator[str]:
    """Give the statements that make the tables and a few rows in them."""
    for table in metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect)).strip()
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            yield str(CreateIndex(index).compile(dialect=dialect))
        if table.name in ROWS:
            known = {k: v for k, v in ROWS[table.name].items() if k in table.columns}
            row = table.insert().values(**known)
            yield str(row.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def freeze(name: str, metadata: sa.MetaData) -> None:
    """Write the ledger of one revision, for each engine."""
    for engine, dialect in DIALECTS.items():
        text = "".join(f"{statement};\n" for statement in written(metadata, dialect))
        (FOLDER / f"ledger_{name}.{engine}.sql").write_text(text)


def frozen(engine: str = "sqlite") -> list[str]:
    """Return the revisions that there are files of."""
    return sorted(
        path.name.removeprefix("ledger_").removesuffix(f".{engine}.sql")
        for path in FOLDER.glob(f"ledger_*.{engine}.sql")
    )


def thaw(name: str, url: str) -> None:
    """Make the ledger of one revision in an empty database."""
    parsed = sa.make_url(url)
    text = (FOLDER / f"ledger_{name}.{parsed.get_backend_name()}.sql").read_text()
    if parsed.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(parsed.database))
        connection.executescript(text)
        connection.close()
        return
    import psycopg

    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as server:
        server.execute(text)


if __name__ == "__main__":
    ROWS["ledger_version"] = {"version_num": REVISION}
    freeze(REVISION, tables())
