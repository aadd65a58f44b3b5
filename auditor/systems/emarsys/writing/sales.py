"""Sales lines, written exactly and sent once.

A file is made first and sent after: its digest goes into the upload ledger before the request does.
Emarsys neither finds repeated lines nor takes any back, so the request is never repeated, and a
request without an answer is its own outcome.

Source:
    Emarsys reference 5.1 (columns, line totals, UTC), 5.2 (no deduplication; files below 50 MB).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

from auditor.errors import ConfigError, UnsafePlanError
from auditor.systems.emarsys.currency import minor_digits
from auditor.systems.emarsys.writing.hapi import SALES, Upload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from auditor.systems.emarsys.writing.hapi import Hapi

MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class SalesLine:
    """One order line; a return or cancellation has a negative quantity and amount.

    Attributes:
        order: The order number.
        item: The item as the catalogue names it.
        sold_at: When it was sold, aware.
        customer: The customer in the column that the account agreed on: external id or e-mail.
        quantity_milli: Units, in thousandths.
        amount_minor: The total of the line in minor units, not the price of one unit.
        currency: The currency of the amount.
        digits: Decimals that the account keeps amounts with, where they are not those of the currency.
        extra: Text by column, for the account's own columns (`s_*`, `i_*`, `f_*`).
    """

    order: str
    item: str
    sold_at: datetime
    customer: str
    quantity_milli: int
    amount_minor: int
    currency: str
    digits: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SalesFile:
    """A file as it will be sent, before compression."""

    content: bytes
    digest: str
    rows: int


def sales_file(lines: Sequence[SalesLine], columns: Sequence[str]) -> SalesFile:
    """Return the file of these lines, with the columns in the agreed order.

    Raises:
        ConfigError: a column that no line has a value for, or an unknown currency.
        UnsafePlanError: no lines, several currencies, a line without order, item or customer, or more
            bytes than one file may have.
    """
    _require_sendable(lines)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for line in lines:
        cells = _cells(line)
        writer.writerow([_cell(cells, column) for column in columns])
    content = out.getvalue().encode()
    if len(content) > MOST_BYTES:
        raise UnsafePlanError("Emarsys: a sales file is bigger than one upload may be.")
    return SalesFile(content, hashlib.sha256(content).hexdigest(), len(lines))


def upload_sales(hapi: Hapi, file: SalesFile, *, compress: bool = False) -> Upload:
    """Send a file, once. What is accepted is loaded later, as a rule within a day.

    Raises:
        ForbiddenWriteError: the lock does not let it through; nothing was sent.
    """
    content = gzip.compress(file.content, mtime=0) if compress else file.content
    headers = {"Content-Encoding": "gzip"} if compress else {}
    outcome, status = hapi.send(SALES, content, repeatable=False, headers=headers)
    return Upload(outcome, file.digest, file.rows, status)


def exact(units: int, digits: int) -> str:
    """Return minor units as decimal text, exactly: 19900 with two digits is `199.00`."""
    return f"{Decimal(units).scaleb(-digits):.{digits}f}"


def _require_sendable(lines: Sequence[SalesLine]) -> None:
    if not lines:
        raise UnsafePlanError("Emarsys: a sales file without lines.")
    if len({line.currency for line in lines}) > 1:
        raise UnsafePlanError("Emarsys: a sales file has one currency; the lines have several.")
    if not all(line.order and line.item and line.customer for line in lines):
        raise UnsafePlanError("Emarsys: a sales line without order, item or customer.")


def _cells(line: SalesLine) -> dict[str, str]:
    digits = minor_digits(line.currency) if line.digits is None else line.digits
    quantity = exact(line.quantity_milli, 3).rstrip("0").rstrip(".")
    return {
        **line.extra,
        "item": line.item,
        "price": exact(line.amount_minor, digits),
        "order": line.order,
        "timestamp": line.sold_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "customer": line.customer,
        "email": line.customer,
        "quantity": quantity,
    }


def _cell(cells: Mapping[str, str], column: str) -> str:
    try:
        return cells[column]
    except KeyError:
        raise ConfigError(
            f"emarsys.sales.columns: nothing is known to write into {column!r}; remove the column."
        ) from None
