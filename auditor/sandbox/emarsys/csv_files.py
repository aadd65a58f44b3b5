"""Read the CSV files that the HAPI surface takes: sales and catalogue.

Source:
    Emarsys reference 5.1 and 6. The vendor's texts for a bad file are not published; these are ours.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from auditor.sandbox.world.model import CatalogueRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CATALOGUE_REQUIRED = ("item", "title", "link", "image", "category", "available", "price")


class BadFileError(Exception):
    """An uploaded file cannot be taken; the message is what the caller is told."""


@dataclass(frozen=True, slots=True)
class SalesRow:
    """One uploaded order line; `customer` is the external key, or the e-mail address."""

    item: str
    amount_minor: int
    order_id: str
    purchased_on: date
    customer: str
    quantity: Decimal


def read_sales(
    text: str, columns: Sequence[str], exponent: int, *, is_strict: bool
) -> list[SalesRow]:
    """Read an uploaded sales file whose header must be the one agreed on.

    Raises:
        BadFileError: The header or a row is wrong; nothing of the file is taken.
    """
    reader = csv.DictReader(io.StringIO(text))
    header = list(reader.fieldnames or ())
    expected = list(columns)
    if not is_strict:
        header, expected = sorted(map(str.lower, header)), sorted(map(str.lower, expected))
    if header != expected:
        raise BadFileError(f"Invalid header: expected {','.join(columns)}")
    return [
        _sale({name.lower(): value or "" for name, value in row.items() if name}, number, exponent)
        for number, row in enumerate(reader, start=2)
    ]


def read_catalogue(text: str, exponent: int) -> list[CatalogueRow]:
    """Read a pushed catalogue.

    Raises:
        BadFileError: A required column or a value is missing; nothing of the file is taken.
    """
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in CATALOGUE_REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise BadFileError(f"Missing columns: {','.join(missing)}")
    return [_item(row, number, exponent) for number, row in enumerate(reader, start=2)]


def to_minor(text: str, exponent: int) -> int:
    """Turn a decimal amount into minor units, rounded half up."""
    return int(Decimal(text).scaleb(exponent).quantize(Decimal(1), ROUND_HALF_UP))


def _sale(row: Mapping[str, str], number: int, exponent: int) -> SalesRow:
    customer = row.get("customer") or row.get("email") or ""
    for name, value in (("item", row["item"]), ("order", row["order"]), ("customer", customer)):
        if not value:
            raise BadFileError(f"Line {number}: {name} is empty")
    try:
        return SalesRow(
            item=row["item"],
            amount_minor=to_minor(row["price"], exponent),
            order_id=row["order"],
            purchased_on=_utc_day(row["timestamp"]),
            customer=customer,
            quantity=Decimal(row.get("quantity") or "1"),
        )
    except (InvalidOperation, ValueError) as error:
        raise BadFileError(f"Line {number}: price, quantity or timestamp is invalid") from error


def _utc_day(text: str) -> date:
    moment = datetime.fromisoformat(text)
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _item(row: Mapping[str, str | None], number: int, exponent: int) -> CatalogueRow:
    values = {name: value or "" for name, value in row.items()}
    if not values["item"] or values["available"] not in ("true", "false"):
        raise BadFileError(f"Line {number}: item or available is invalid")
    try:
        return CatalogueRow(
            item=values["item"],
            title=values["title"],
            link=values["link"],
            image=values["image"],
            category=values["category"],
            available=values["available"] == "true",
            price_minor=to_minor(values["price"], exponent),
            msrp_minor=to_minor(values.get("msrp") or values["price"], exponent),
            stock=int(values.get("c_stock") or 0),
            collection=values.get("c_collection", ""),
        )
    except (InvalidOperation, ValueError) as error:
        raise BadFileError(f"Line {number}: price, msrp or c_stock is invalid") from error
