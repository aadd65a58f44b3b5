"""Sales data: lines that are missing are uploaded once, and what is too much is handed to a person.

Source:
    Emarsys reference 5.1 (columns), 5.2 (append only: nothing is replaced, nothing is taken back).
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from auditor.correct.facts import order_and_item
from auditor.correct.remedies.remedy import GONE, Left, remedy
from auditor.correct.uploads import SALE, return_cause
from auditor.findings.query import aware
from auditor.model.currency import MINOR_DIGITS
from auditor.model.plan import CountedItem, SaleLine, SalesLines
from auditor.systems.emarsys.writing.sales import exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import sqlalchemy as sa

    from auditor.correct.remedies.remedy import Case, Outcome
    from auditor.correct.uploads import Key

MILLI = 1000
NEVER_TAKEN_BACK = "sales data is append-only; a compensation is for a person to send"
SENT = Left(
    "these lines were sent already and wait for the next load of sales data; "
    "`auditor uploads` lists what waits, and lets a person decide"
)
ITEMLESS = Left("Emarsys counts rows of this order that name no item; they may be these lines")
REPLACED = Left(
    "a repeated upload replaces the order's lines in this account; have the whole order sent again"
)
UNEXPLAINED = Left("no settled return of the item explains the difference to the unit")
UNTOLD = Left("Emarsys does not tell whose lines these are, or Centra whose they should be")
UNDATED = Left("Emarsys does not tell on which day these lines were sold")
RELOAD = "ask Emarsys for a reload, or upload the compensation file"


@remedy("upload_sale")
def upload_sale(case: Case) -> Iterator[Outcome]:
    """Upload what an order lacks in Emarsys: the expected quantity and value less what is counted."""
    number, item = order_and_item(case.finding.subject_kind, case.finding.subject_key)
    lines = [
        SaleLine(
            row["item"],
            SALE,
            row["net_quantity"] * MILLI - row["quantity_milli"],
            row["net_minor"] - row["amount_minor"],
        )
        for row in case.facts.sales.get(number, [])
        if (not item or row["item"] == item) and row["lines"]
    ]
    yield from _upload(case, number, [one for one in lines if one.quantity_milli])


@remedy("upload_return")
def upload_return(case: Case) -> Iterator[Outcome]:
    """Upload the negative lines of the returns that Emarsys does not know, each under its own cause.

    Only where some of the item's settled returns explain the difference to the unit. Those that were
    sent are counted by now, or explain a part of it until they are.
    """
    number, item = order_and_item(case.finding.subject_kind, case.finding.subject_key)
    row = next((r for r in case.facts.sales.get(number, []) if r["item"] == item), None)
    if row is None:
        yield GONE
        return
    surplus = row["quantity_milli"] - row["net_quantity"] * MILLI
    returns = [r for r in case.facts.returned.get(number, []) if r["item"] == item]
    settled = _settled(returns, row["sold_quantity"] - row["net_quantity"])
    coming = [r for r in settled if _key(r) in case.in_flight]
    owed = _owed([r for r in settled if _key(r) not in case.sent], surplus - _milli(coming))
    if not owed:
        yield SENT if coming else UNEXPLAINED
        return
    lines = [
        SaleLine(
            item,
            return_cause(one["return_id"]),
            -one["quantity"] * MILLI,
            -one["value_minor"],
        )
        for one in owed
    ]
    yield from _upload(case, number, lines)


def _settled(returns: Sequence[sa.RowMapping], units: int) -> list[sa.RowMapping]:
    """Return the returns of which the check expects so many units back, the oldest first.

    They are older than all that have not settled, which the brand's own load may still bring.
    """
    timed = [one for one in returns if one["settles_from"] is not None]
    chosen: list[sa.RowMapping] = []
    for one in sorted(timed, key=_in_turn):
        if units <= 0:
            break
        chosen.append(one)
        units -= one["quantity"]
    return [] if units else chosen


def _owed(returns: Sequence[sa.RowMapping], surplus_milli: int) -> list[sa.RowMapping]:
    """Return the newest returns that make up for a surplus; none where no run of them does."""
    chosen: list[sa.RowMapping] = []
    for one in reversed(returns):
        if _milli(chosen) >= surplus_milli:
            break
        chosen.append(one)
    return chosen if _milli(chosen) == surplus_milli else []


def _milli(returns: Sequence[sa.RowMapping]) -> int:
    units: int = sum(one["quantity"] for one in returns)
    return units * MILLI


def _key(one: sa.RowMapping) -> Key:
    """Return what the upload ledger knows the line of a return by."""
    return one["order_number"], one["item"], return_cause(one["return_id"])


def _in_turn(one: sa.RowMapping) -> tuple[datetime, tuple[int, str]]:
    """Return what sorts returns by age."""
    return one["settles_from"], _as_number(one["return_id"])


def _upload(case: Case, number: str, lines: Sequence[SaleLine]) -> Iterator[Outcome]:
    order = case.facts.orders.get(number)
    if case.settings.emarsys.sales is None:
        yield Left("emarsys.sales is not configured")
    elif order is None or not lines:
        yield GONE
    elif any(row["item"] is None for row in case.facts.sales.get(number, [])):
        yield ITEMLESS
    elif any((number, line.item, line.cause) in case.sent for line in lines):
        yield SENT
    elif case.settings.emarsys.sales.semantics == "replace" and case.facts.counted.get(number):
        yield REPLACED
    else:
        yield from _upload_for(case, order, lines)


def _upload_for(case: Case, order: sa.RowMapping, lines: Sequence[SaleLine]) -> Iterator[Outcome]:
    named = _named(case, order)
    if named is None:
        yield Left("the buyer has no contact yet that the sales file could name")
        return
    key_field, name = named
    counted = {row["item"]: row for row in case.facts.sales.get(order["order_number"], [])}
    currency = case.currency if case.settings.sales.currency == "base" else order["currency"]
    digits = MINOR_DIGITS[case.currency]
    request = SalesLines(
        order["order_number"],
        aware(order["created_at"]),
        name,
        key_field,
        currency,
        tuple(lines),
        tuple(
            CountedItem(item, counted[item]["quantity_milli"], counted[item]["amount_minor"])
            for item in sorted({line.item for line in lines})
        ),
        None if order["updated_at"] is None else aware(order["updated_at"]),
        None if MINOR_DIGITS.get(currency) == digits else digits,
    )
    yield case.change(request, why_no_undo=NEVER_TAKEN_BACK)


def _named(case: Case, order: sa.RowMapping | None) -> tuple[str, str] | None:
    """Return how the account's sales file names the buyer's contact: the key field, and its value.

    The contact need not carry the order's own customer: a guest and a registered customer with one
    e-mail are one person. A name that no contact has would make Emarsys generate one.

    Source:
        Emarsys reference 5.1 (columns), 5.2 (generated contacts); CHECKS.md Terms, "Person".
    """
    if order is None:
        return None
    contacts = case.facts.contacts_of_buyers.get(order["person"] or "", [])
    own = [one for one in contacts if one["external_id"] == order["customer_id"]]
    for contact in (*own, *sorted(contacts, key=_age)):
        name = _owner(case, contact)
        if name is not None:
            return case.field("email") if name == contact["email"] else case.key_field, name
    return None


def _age(contact: sa.RowMapping) -> tuple[int, str]:
    """Return what sorts contacts by age."""
    return _as_number(contact["contact_id"])


def _as_number(number: str) -> tuple[int, str]:
    """Return what sorts ids by age: they are numbers in text, the shorter is the smaller."""
    return len(number), number


@remedy("compensation_file")
def compensation_file(case: Case) -> Iterator[Outcome]:
    """List the lines that would bring an order to what is expected, for a person to upload."""
    number, item = order_and_item(case.finding.subject_kind, case.finding.subject_key)
    expected = {row["item"]: row for row in case.facts.sales.get(number, []) if _is_kept(case)}
    for row in case.facts.counted.get(number, []):
        if item and row["item"] != item:
            continue
        want = expected.pop(row["item"], None)  # of several contacts the first keeps what is right
        quantity = (want["net_quantity"] * MILLI if want else 0) - row["quantity_milli"]
        amount = (want["net_minor"] if want else 0) - row["amount_minor"]
        owner = _owner(case, row)
        if owner is None:
            yield UNTOLD
        elif row["purchased_on"] is None:
            yield UNDATED
        elif quantity or amount:
            moved = (quantity, amount)
            yield case.proposal(**_line(case, number, row, moved, owner), do=RELOAD)


def _owner(case: Case, row: sa.RowMapping) -> str | None:
    """Return how the account's sales file names the contact that a line hangs on; None: it cannot."""
    sales = case.settings.emarsys.sales
    has_email = sales is not None and "email" in sales.columns
    by_email = has_email or case.settings.emarsys.key == "email"
    return row["email" if by_email else "external_id"] or None


def _is_kept(case: Case) -> bool:
    """Tell whether an order should count at all."""
    check = case.finding.check
    none = ("sales.cancelled_but_counted", "sales.unknown_order")
    return check not in none and not check.startswith("channel.")


@remedy("reattribution_file")
def reattribution_file(case: Case) -> Iterator[Outcome]:
    """List an order's lines once off the wrong contact and once on the buyer's, for a person."""
    number = case.finding.subject_key
    order = case.facts.orders.get(number)
    named = _named(case, order)
    wrong = case.finding.contact_id
    for row in case.facts.counted.get(number, []):
        if wrong is not None and row["contact_id"] not in (wrong, None):
            continue
        there = (row["quantity_milli"], row["amount_minor"])
        owner = _owner(case, row)
        if owner is None or named is None:
            yield UNTOLD  # half of it would lose the sale
            continue
        if row["purchased_on"] is None:
            yield UNDATED
            continue
        off = (-there[0], -there[1])
        yield case.proposal(**_line(case, number, row, off, owner), do="take off")
        yield case.proposal(**_line(case, number, row, there, named[1]), do="put on")


def _line(
    case: Case, number: str, row: sa.RowMapping, moved: tuple[int, int], customer: str
) -> dict[str, str]:
    """Return a line by the columns of a sales file."""
    quantity, amount = moved
    return {
        "item": row["item"],
        "price": exact(amount, MINOR_DIGITS[case.currency]),
        "order": number,
        "timestamp": _midnight(row["purchased_on"]),
        "customer": customer,
        "email": customer,
        "quantity": exact(quantity, 3).rstrip("0").rstrip("."),
    }


def _midnight(day: date) -> str:
    """Source: Emarsys reference 5.1: a date alone is midnight, and only the date counts."""
    return datetime.combine(day, time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
