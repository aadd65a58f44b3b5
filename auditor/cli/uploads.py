"""`auditor uploads`: lists the sales lines that nobody has seen in Emarsys yet, and takes a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options
from auditor.hostile import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from auditor.config import Settings
    from auditor.correct.deciding import Decided, Word
    from auditor.correct.uploads import Sent

STATES = {
    "intent": "being sent, or broken off",
    "accepted": "taken by Emarsys",
    "unknown": "without an answer",
    "verified": "arrived",
    "withdrawn": "did not arrive",
}

STALLED, SALES = "freshness.stream_stalled", "orders"
"""The check that says that no load comes, and the stream by which it names those of sales."""


@click.command(
    short_help="List sales lines that wait for a load, or decide them.",
    epilog="""\b
Examples:
  auditor uploads
  auditor uploads --format json | jq '.waiting[].order'
  auditor uploads --not-arrived 100017 100018
  auditor uploads --not-arrived 100017 --item NL-100-BLK-M
  auditor uploads --arrived 100017

\b
Exit codes:
  0 listed, or written down   2 usage or settings: an order has no line that waits
  4 too early, or another process is correcting
""",
)
@click.argument("orders", nargs=-1, metavar="[ORDER]...")
@click.option(
    "--not-arrived",
    is_flag=True,
    help="These orders' lines did not arrive: the next plan may send them again.",
)
@click.option("--arrived", is_flag=True, help="They are there: nothing waits for them any more.")
@click.option("--item", "items", multiple=True, metavar="ITEM", help="Only lines of this item.")
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    *,
    orders: tuple[str, ...],
    not_arrived: bool,
    arrived: bool,
    items: tuple[str, ...],
) -> int:
    """List the sales lines that were sent, or may have been, and were not seen in Emarsys yet.

    None is ever sent again by itself. Where no load brings a line, look for it in the account, and say
    whether it is there. That it is not can be said once the load that should show it is past: the time
    in settle.sales after it was sent, and not while the last audit saw no load come. Either every line is
    written down or none; nothing is sent.
    """
    from contextlib import closing

    from auditor.clock import utc_now
    from auditor.correct.deciding import Word, decide
    from auditor.correct.uploads import UploadLedger
    from auditor.findings.ledger import Ledger
    from auditor.findings.query import open_subjects

    if arrived and not_arrived:
        raise click.UsageError("Give --arrived or --not-arrived, not both.")
    if (arrived or not_arrived) != bool(orders):
        raise click.UsageError("Give --arrived or --not-arrived, and the orders that it is about.")
    if items and not orders:
        raise click.UsageError("--item narrows --arrived and --not-arrived.")
    settings = invocation.settings(needs_secrets=False)
    settle = settings.settle.sales
    with closing(Ledger(settings.store.ledger)) as ledger:
        if not orders:
            _tell_waiting(invocation, settings, UploadLedger(ledger, settings.brand).waiting())
            return 0
        word = Word(arrived, orders, items)
        stalled = open_subjects(ledger, settings.brand, [STALLED]) & {(STALLED, SALES)}
        decided = decide(
            ledger,
            settings.brand,
            word,
            settle=settle,
            clock=utc_now,
            is_stalled=bool(stalled),
        )
    _tell_decided(invocation, settings, word, decided)
    return 0


def _tell_waiting(invocation: Invocation, settings: Settings, lines: Sequence[Sent]) -> None:
    if invocation.format == "json":
        _echo_json(settings, waiting=[_json(one, settings.settle.sales) for one in lines])
    elif lines:
        _print(lines, settings)
    else:
        click.echo("No sales line waits: all that were sent are seen in Emarsys, or decided.")


def _tell_decided(invocation: Invocation, settings: Settings, word: Word, decided: Decided) -> None:
    lines = decided.lines
    if invocation.format == "json":
        _echo_json(
            settings,
            word=word.name.replace("-", "_"),
            changed=len(lines),
            untouched=decided.untouched,
            lines=[_json(one, settings.settle.sales) for one in lines],
        )
        return
    is_one = len(lines) == 1
    many, they = f"{len(lines)} {'line' if is_one else 'lines'}", "it" if is_one else "them"
    if word.has_arrived:
        click.echo(f"{many} arrived by your word; nothing waits for {they} any more.")
    else:
        click.echo(f"{many} did not arrive by your word; the next plan may send {they} again.")
    if decided.untouched:
        click.echo(f"{decided.untouched} decided by another process meanwhile, and left so.")
    if lines:
        _print(lines, settings)


def _echo_json(settings: Settings, **told: object) -> None:
    import json

    click.echo(json.dumps({"format": 1, "brand": settings.brand, **told}))


def _json(sent: Sent, settle: timedelta) -> dict[str, object]:
    from auditor.correct.deciding import may_be_missed_from
    from auditor.report.audit_json import zulu

    line = sent.line
    return {
        "order": line.order,
        "item": line.item,
        "cause": line.cause,
        "quantity_milli": line.quantity_milli,
        "money": {"minor": line.amount_minor, "currency": line.currency},
        "state": sent.state,
        "sent_at": zulu(sent.sent_at),
        "not_arrived_from": zulu(may_be_missed_from(sent, settle)),
    }


_COLUMNS = "{:<14}  {:<20}  {:<16}  {:>7}  {:>18}  {:<26}  {}"
_HEAD = _COLUMNS.format("order", "item", "cause", "units", "amount", "state", "sent")


def _print(lines: Sequence[Sent], settings: Settings) -> None:
    from decimal import Decimal

    from auditor.model.finding import Money
    from auditor.report.figures import Figures

    figures = Figures(settings.locale, settings.timezone)
    click.echo(_HEAD)
    for sent in lines:
        line = sent.line
        told = _COLUMNS.format(
            printable(line.order),
            printable(line.item),
            printable(line.cause),
            f"{Decimal(line.quantity_milli).scaleb(-3).normalize():f}",
            figures.money(Money(line.amount_minor, line.currency)),
            STATES[sent.state],
            figures.moment(sent.sent_at),
        )
        click.echo(told)
