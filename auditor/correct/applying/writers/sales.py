"""Lines of sales data: claimed in the upload ledger, sent once, seen a day later.

Source:
    Emarsys reference 5.1, 5.2: append only, no deduplication, loaded as a rule within a day.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, TypeAlias

from auditor.correct.applying.writers.contacts import ids_of
from auditor.correct.applying.writers.outcome import fate_of_upload
from auditor.correct.applying.writers.rows import rows_now
from auditor.correct.applying.writers.writer import AFTER, BEFORE, Sending, Sight, request_of
from auditor.correct.upload_once import upload_once
from auditor.correct.uploads import SENDABLE, Line
from auditor.model.plan import SalesLines
from auditor.model.tables import centra_order, emarsys_sale
from auditor.systems.emarsys.writing.sales import SalesLine, sales_file, upload_sales

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from auditor.correct.applying.journal import Receipt
    from auditor.correct.uploads import Key, Sent, UploadLedger
    from auditor.model.plan import Change
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.writing.hapi import Hapi
    from auditor.systems.emarsys.writing.sales import SalesFile
    from auditor.systems.points import SystemPoints

Amounts: TypeAlias = dict[tuple[str, str], tuple[int, int]]
"""Thousandths of units, and minor units, by order number and item."""

AT_ONCE = 1000
NOTHING = (0, 0)

UPLOADED = Sight(
    "sent",
    "these lines were sent already; they wait for the next load (`auditor uploads` lists what waits)",
)
WITHDRAWN = Sight("other", "a person said that it did not arrive")
MOVED = Sight("other", "Centra changed the order since the plan was made")
NAMELESS = Sight("other", "no contact has the key any more that the file would name it by")
COUNTED_ELSE = Sight("other", "Emarsys counts something else of the order than the plan expects")
SENT_ELSEWHERE = Sending("failed", "another process sent these lines at this moment")


class SalesWriter:
    """Uploads lines of sales data.

    Args:
        points: Reads orders and what Emarsys counts of them.
        reader: Looks up whom the file names.
        hapi: Takes the file.
        uploads: Every line that was sent.
        columns: Of the account's sales file.
        settle: How long what was sent may take to show.
        clock: The time now, aware.
    """

    at_once, shows_later, may_repeat = AT_ONCE, True, False

    def __init__(  # noqa: PLR0913 - one per system, and what the account has agreed on
        self,
        points: SystemPoints,
        reader: CoreApi,
        hapi: Hapi,
        uploads: UploadLedger,
        *,
        columns: Sequence[str],
        settle: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._points, self._reader, self._hapi, self._uploads = points, reader, hapi, uploads
        self._columns, self._settle, self._clock = columns, settle, clock

    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """See whether the order, and what Emarsys counts of it, are as they were planned with.

        Whom nobody is any more would get a contact that Emarsys makes up, and the sale hang on that one.

        Raises:
            ConfigError: the account's file has a column that nothing is known to write into.
        """
        requests = [request_of(change, SalesLines) for change in changes]
        for one in requests:
            sales_file(_lines_of(one), self._columns)  # refused before anything is claimed
        numbers = list(dict.fromkeys(one.order for one in requests))
        touched, counted = self._touched(numbers), self._counted(numbers)
        closed = self._uploads.unsendable()
        sights = [_sight(one, touched, counted, closed) for one in requests]
        due = [one for one, seen in zip(requests, sights, strict=True) if seen == BEFORE]
        known = ids_of(self._reader, ((one.key_field, one.customer) for one in due))
        return [
            NAMELESS if seen == BEFORE and not known[one.key_field, one.customer] else seen
            for one, seen in zip(requests, sights, strict=True)
        ]

    def send(self, changes: Sequence[Change]) -> list[Sending]:
        """Claim the lines and send them, one file for each currency."""
        sent: dict[str, Sending] = {}
        requests = {change.id: request_of(change, SalesLines) for change in changes}
        for currency in dict.fromkeys(one.currency for one in requests.values()):
            some = {key: one for key, one in requests.items() if one.currency == currency}
            sent |= self._upload(some)
        return [sent[change.id] for change in changes]

    def shown(
        self, changes: Sequence[Change], receipts: Mapping[str, Receipt]
    ) -> list[Sight | None]:
        """Return of which orders Emarsys counts the lines; past the settle time, of which it does not.

        What it does not count is as a person said, where one has decided. Lines that were sent anew since
        are those of another change.
        """
        requests = [request_of(change, SalesLines) for change in changes]
        numbers = list(dict.fromkeys(one.order for one in requests))
        counted, sent = self._counted(numbers), _by_line(self._uploads.sent(*numbers))
        seen: list[Sight | None] = []
        arrived: list[Key] = []
        for change, one in zip(changes, requests, strict=True):
            receipt = receipts.get(change.id)
            own = [_own(line, receipt, sent) for line in _ledger_lines(one)]
            if _is_counted(one, counted, with_lines=True):
                arrived += [line.key for line in _ledger_lines(one)]
                is_another = any(_is_sent_anew(line, sent) for line in own)
                seen.append(WITHDRAWN if is_another else AFTER)
            elif (said := _said(own)) is not None:
                seen.append(said)
            elif _is_counted(one, counted, with_lines=False) or not self._is_settled(receipt):
                seen.append(None)
            else:
                seen.append(COUNTED_ELSE)
        self._uploads.verified(arrived, at=self._clock())
        return seen

    def _upload(self, requests: Mapping[str, SalesLines]) -> dict[str, Sending]:
        pairs = [
            (line, full)
            for one in requests.values()
            for line, full in zip(_ledger_lines(one), _lines_of(one), strict=True)
        ]
        full_of = dict(pairs)

        def file_of(won: Sequence[Line]) -> SalesFile:
            return sales_file([full_of[line] for line in won], self._columns)

        claim, outcome = upload_once(
            self._uploads,
            [line for line, _ in pairs],
            file_of=file_of,
            send=lambda file: upload_sales(self._hapi, file).outcome,
            clock=self._clock,
        )
        won = {line.order for line in claim.lines}
        fate = SENT_ELSEWHERE if outcome is None else fate_of_upload(outcome)
        return {key: fate if one.order in won else SENT_ELSEWHERE for key, one in requests.items()}

    def _is_settled(self, receipt: Receipt | None) -> bool:
        since = None if receipt is None else receipt.intended_at
        return since is not None and since + self._settle < self._clock()

    def _touched(self, numbers: Sequence[str]) -> dict[str, datetime | None]:
        rows = rows_now(self._points, "orders", centra_order, numbers)
        return {
            str(row["order_number"]): None
            if row["updated_at"] is None
            else row["updated_at"].replace(tzinfo=UTC)
            for row in rows
        }

    def _counted(self, numbers: Sequence[str]) -> Amounts:
        found: Amounts = {}
        for row in rows_now(self._points, "sales", emarsys_sale, numbers):
            key = (str(row["order_number"]), str(row["item"]))
            quantity, amount = found.get(key, NOTHING)
            # A number that is not told counts as nothing, as it does in an audit.
            found[key] = (
                quantity + (row["quantity_milli"] or 0),
                amount + (row["amount_minor"] or 0),
            )
        return found


def _sight(
    request: SalesLines,
    touched: Mapping[str, datetime | None],
    counted: Amounts,
    closed: frozenset[tuple[str, str, str]],
) -> Sight:
    if any(line.key in closed for line in _ledger_lines(request)):
        return UPLOADED
    if request.order not in touched or touched[request.order] != request.touched_at:
        return MOVED
    if _is_counted(request, counted, with_lines=False):
        return BEFORE
    return AFTER if _is_counted(request, counted, with_lines=True) else COUNTED_ELSE


def _is_counted(request: SalesLines, counted: Amounts, *, with_lines: bool) -> bool:
    """Tell whether Emarsys counts what the plan expects, with or without the lines of the request."""
    for one in request.counted:
        quantity, amount = one.quantity_milli, one.amount_minor
        if with_lines:
            own = [line for line in request.lines if line.item == one.item]
            quantity += sum(line.quantity_milli for line in own)
            amount += sum(line.amount_minor for line in own)
        if counted.get((request.order, one.item), NOTHING) != (quantity, amount):
            return False
    return True


def _by_line(sent: Sequence[Sent]) -> dict[Key, list[Sent]]:
    found: dict[Key, list[Sent]] = {}
    for one in sent:
        found.setdefault(one.line.key, []).append(one)
    return found


def _own(line: Line, receipt: Receipt | None, sent: Mapping[Key, Sequence[Sent]]) -> Sent | None:
    """Return a line as the change of a receipt has sent it: the first time after its intent."""
    since = None if receipt is None else receipt.intended_at
    later = [one for one in sent.get(line.key, ()) if since is not None and one.sent_at >= since]
    return later[0] if later else None


def _is_sent_anew(own: Sent | None, sent: Mapping[Key, Sequence[Sent]]) -> bool:
    """Tell whether a line was withdrawn and is on its way, or there, by another sending."""
    return (
        own is not None
        and own.state == "withdrawn"
        and any(
            one.version > own.version and one.state not in SENDABLE for one in sent[own.line.key]
        )
    )


def _said(own: Sequence[Sent | None]) -> Sight | None:
    """Return what is decided of a change: a line was withdrawn, or all are there; None: it waits."""
    states = {None if one is None else one.state for one in own}
    if "withdrawn" in states:
        return WITHDRAWN
    return AFTER if states == {"verified"} else None


def _ledger_lines(request: SalesLines) -> list[Line]:
    return [
        Line(
            request.order,
            line.item,
            line.cause,
            line.quantity_milli,
            line.amount_minor,
            request.currency,
        )
        for line in request.lines
    ]


def _lines_of(request: SalesLines) -> list[SalesLine]:
    return [
        SalesLine(
            request.order,
            line.item,
            request.sold_at,
            request.customer,
            line.quantity_milli,
            line.amount_minor,
            request.currency,
            request.digits,
        )
        for line in request.lines
    ]
