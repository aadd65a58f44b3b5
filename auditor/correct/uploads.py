"""The upload ledger: every sales line that was sent, because Emarsys neither finds repetitions nor tells.

A line is claimed in one transaction, together with the digest of the file that will carry it; only then
may the request go out. Whatever happens afterwards, the claim stands: a line whose fate is not known is
never sent again by itself, only after somebody has seen that it did not arrive (`auditor uploads`).

Source:
    Emarsys reference 5.2 (no deduplication), 5.3 (accounts where a repetition replaces).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, DateTime, Integer, Text
from sqlalchemy.dialects import postgresql, sqlite

from auditor.errors import UnsafePlanError
from auditor.findings.ledger import stored
from auditor.findings.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from auditor.findings.ledger import Ledger

State: TypeAlias = Literal["intent", "accepted", "unknown", "verified", "refused", "withdrawn"]
"""`refused`: Emarsys took nothing of it. `withdrawn`: a person said that it did not arrive."""

Semantics: TypeAlias = Literal["append", "replace"]
Key: TypeAlias = tuple[str, str, str]

SALE, CANCELLATION = "sale", "cancellation"
CAUSE = re.compile(r"sale|cancellation|return:\S.*")
OPEN: tuple[State, ...] = ("intent", "accepted", "unknown")
SENDABLE: tuple[State, ...] = ("refused", "withdrawn")

upload_table = sa.Table(
    "sales_upload",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("order_number", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("cause", Text, primary_key=True),
    Column("version", Integer, primary_key=True),  # above 1 where it was withdrawn, or replaced
    Column("claim", Text, nullable=False, index=True),
    Column("quantity_milli", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("digest", Text, nullable=False),  # sha256 of the file that carried it
    Column("sent_at", DateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_at", DateTime),
)
_KEY = (upload_table.c.order_number, upload_table.c.item, upload_table.c.cause)


def return_cause(return_id: str) -> str:
    """Return the cause of a line that takes back what one return brought."""
    return f"return:{return_id}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of sales data, as far as the ledger keeps it.

    Attributes:
        order: The order number.
        item: The item as the catalogue names it.
        cause: `sale`, `cancellation` or `return:<id>`.
        quantity_milli: Units, in thousandths; negative where they come back.
        amount_minor: The total of the line in minor units, likewise.
        currency: The currency of the amount.
    """

    order: str
    item: str
    cause: str
    quantity_milli: int
    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if not CAUSE.fullmatch(self.cause):
            raise ValueError(f"not a cause: {self.cause!r}")

    @property
    def key(self) -> Key:
        """Return what makes it this line and no other."""
        return self.order, self.item, self.cause


@dataclass(frozen=True, slots=True)
class Claim:
    """Lines that one process, and no other, may now send; none of them if there are none left."""

    id: str
    lines: tuple[Line, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A line in the ledger."""

    line: Line
    version: int
    state: State
    digest: str
    claim: str
    sent_at: datetime


class UploadLedger:
    """What was sent to the sales data of one brand.

    Args:
        ledger: The database that holds it, beside runs and findings.
        brand: The brand.
        semantics: `append`: a line is sent once and never again, unless a person withdraws it.
            `replace`: it may be sent again. Either way as a further version.
    """

    def __init__(self, ledger: Ledger, brand: str, semantics: Semantics = "append") -> None:
        self._ledger, self._brand, self._semantics = ledger, brand, semantics

    def claim(
        self,
        lines: Iterable[Line],
        *,
        at: datetime,
        digest_of: Callable[[Sequence[Line]], str],
    ) -> Claim:
        """Return those of the lines that were not sent yet, now claimed for the caller.

        Of two processes that claim one line at the same moment, one gets it. When `digest_of` raises,
        nothing is claimed.

        Args:
            lines: What should be sent.
            at: The time now, aware.
            digest_of: Makes the file of the lines it is given and returns its digest.

        Raises:
            UnsafePlanError: a line stands twice among them.
        """
        wanted = {line.key: line for line in _once_each(lines)}
        claim_id = secrets.token_hex(16)
        with self._ledger.begin() as conn:
            # In one order, so that two processes never wait for each other.
            won = [
                wanted[key] for key in sorted(wanted) if self._win(conn, wanted[key], claim_id, at)
            ]
            if not won:
                return Claim(claim_id, (), "")
            digest = digest_of(won)
            conn.execute(self._of_claim(claim_id).values(digest=digest))
        return Claim(claim_id, tuple(won), digest)

    def settle(
        self, claim: Claim, state: Literal["accepted", "unknown", "refused"], *, at: datetime
    ) -> None:
        """Write down what became of the request; `refused` lines may be claimed again."""
        update = self._of_claim(claim.id).where(upload_table.c.state == "intent")
        with self._ledger.begin() as conn:
            conn.execute(update.values(state=state, decided_at=stored(at)))

    def verified(self, keys: Iterable[Key], *, at: datetime) -> int:
        """Write down that these lines were seen in Emarsys; return how many that was news of.

        They were waiting for it, or a person was wrong, and they were not sent anew yet.
        """
        row = upload_table.c
        with self._ledger.begin() as conn:
            return sum(
                conn.execute(
                    sa.update(upload_table)
                    .where(
                        self._is(key),
                        row.state.in_(OPEN)
                        | (row.state == "withdrawn") & (row.version == self._newest(conn, key)),
                    )
                    .values(state="verified", decided_at=stored(at))
                ).rowcount
                for key in sorted(set(keys))
            )

    def decide(
        self, seen: Iterable[Sent], state: Literal["verified", "withdrawn"], *, at: datetime
    ) -> list[Sent]:
        """Write down a person's word about lines that were seen waiting; return those that still were.

        What was decided meanwhile, or is another sending by now, stays as it is.

        Args:
            seen: What the person speaks of.
            state: `verified`: it is there. `withdrawn`: it did not arrive, and may be sent.
            at: The time now, aware.
        """
        row = upload_table.c
        with self._ledger.begin() as conn:
            return [
                replace(one, state=state)
                for one in sorted(seen, key=lambda one: one.line.key)
                if conn.execute(
                    self._of_claim(one.claim)
                    .where(self._is(one.line.key), row.version == one.version, row.state.in_(OPEN))
                    .values(state=state, decided_at=stored(at))
                ).rowcount
            ]

    def waiting(self) -> list[Sent]:
        """Return the lines that were sent, or may have been, and were not seen in Emarsys yet."""
        return self._rows(upload_table.c.state.in_(OPEN))

    def in_flight(self, since: datetime) -> frozenset[Key]:
        """Return the lines of which a load may show nothing yet.

        They were sent after a moment, aware, or nobody knows whether they arrived.
        """
        row = upload_table.c
        may_come = (row.state != "accepted") | (row.sent_at > stored(since))
        query = sa.select(*_KEY).where(row.brand == self._brand, row.state.in_(OPEN), may_come)
        with self._ledger.begin() as conn:
            return frozenset((found[0], found[1], found[2]) for found in conn.execute(query))

    def closed(self) -> frozenset[Key]:
        """Return the lines that may not be sent (again): sent, perhaps sent, or seen in Emarsys."""
        query = sa.select(*_KEY).where(
            upload_table.c.brand == self._brand, upload_table.c.state.not_in(SENDABLE)
        )
        with self._ledger.begin() as conn:
            return frozenset((row[0], row[1], row[2]) for row in conn.execute(query))

    def unsendable(self) -> frozenset[Key]:
        """Return the lines that may not be sent now: where a repetition replaces, those that wait."""
        if self._semantics == "replace":
            return frozenset(one.line.key for one in self.waiting())
        return self.closed()

    def sent(self, *orders: str) -> list[Sent]:
        """Return all that is known of some orders, by line, the oldest version first."""
        return self._rows(upload_table.c.order_number.in_(orders))

    def _win(self, conn: sa.Connection, line: Line, claim_id: str, at: datetime) -> bool:
        values: dict[str, Any] = {
            "claim": claim_id,
            "quantity_milli": line.quantity_milli,
            "amount_minor": line.amount_minor,
            "currency": line.currency,
            "digest": "",
            "sent_at": stored(at),
            "state": "intent",
            "decided_at": None,
        }
        newest = self._newest(conn, line.key)
        # What a person said of the last sending stays on record beside the next.
        is_anew = self._semantics == "replace" or self._is_withdrawn(conn, line.key, newest)
        version = newest + 1 if is_anew else 1
        key = {"order_number": line.order, "item": line.item, "cause": line.cause}
        if _insert_unless_there(conn, {"brand": self._brand, "version": version, **key, **values}):
            return True
        again = sa.update(upload_table).where(
            self._is(line.key),
            upload_table.c.version == self._newest(conn, line.key),
            upload_table.c.state == "refused",
        )
        return conn.execute(again.values(**values)).rowcount == 1

    def _newest(self, conn: sa.Connection, key: Key) -> int:
        newest = sa.select(sa.func.max(upload_table.c.version)).where(self._is(key))
        return int(conn.execute(newest).scalar() or 0)

    def _is_withdrawn(self, conn: sa.Connection, key: Key, version: int) -> bool:
        row = upload_table.c
        state = sa.select(row.state).where(self._is(key), row.version == version)
        return conn.execute(state).scalar() == "withdrawn"

    def _of_claim(self, claim_id: str) -> sa.Update:
        return sa.update(upload_table).where(upload_table.c.claim == claim_id)

    def _is(self, key: Key) -> sa.ColumnElement[bool]:
        same = (column == part for column, part in zip(_KEY, key, strict=True))
        return sa.and_(upload_table.c.brand == self._brand, *same)

    def _rows(self, condition: sa.ColumnElement[bool]) -> list[Sent]:
        query = (
            sa.select(upload_table)
            .where(upload_table.c.brand == self._brand, condition)
            .order_by(*_KEY, upload_table.c.version)
        )
        with self._ledger.begin() as conn:
            return [_sent(row) for row in conn.execute(query)]


def _once_each(lines: Iterable[Line]) -> list[Line]:
    listed = list(lines)
    if len({line.key for line in listed}) < len(listed):
        raise UnsafePlanError("Sales lines: one order, item and cause stands twice in one upload.")
    return listed


def _insert_unless_there(conn: sa.Connection, values: dict[str, Any]) -> bool:
    """Insert a row; return whether it was not there yet."""
    if conn.dialect.name == "postgresql":
        on_postgresql = postgresql.insert(upload_table).values(values).on_conflict_do_nothing()
        return conn.execute(on_postgresql.returning(upload_table.c.version)).first() is not None
    on_sqlite = sqlite.insert(upload_table).values(values).on_conflict_do_nothing()
    return conn.execute(on_sqlite.returning(upload_table.c.version)).first() is not None


def _sent(row: sa.Row[Any]) -> Sent:
    line = Line(
        row.order_number,
        row.item,
        row.cause,
        row.quantity_milli,
        row.amount_minor,
        row.currency,
    )
    sent_at = row.sent_at.replace(tzinfo=UTC)
    return Sent(line, row.version, row.state, row.digest, row.claim, sent_at)
