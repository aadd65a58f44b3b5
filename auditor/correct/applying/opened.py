"""Both systems, opened for reading single records and for writing, as the writers of a plan."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

from auditor.correct.applying.pushed import pushed
from auditor.correct.applying.writers.catalogue import CatalogueWriter
from auditor.correct.applying.writers.contacts import ContactFieldsWriter, NewContactWriter
from auditor.correct.applying.writers.events import EventWriter
from auditor.correct.applying.writers.lists import ListWriter
from auditor.correct.applying.writers.newsletters import NewsletterWriter
from auditor.correct.applying.writers.sales import SalesWriter
from auditor.correct.caps import cap_of
from auditor.correct.uploads import UploadLedger
from auditor.errors import ConfigError
from auditor.model import plan as p
from auditor.systems.centra.writing import open_writer
from auditor.systems.emarsys.client import api_opener
from auditor.systems.emarsys.writing.api import write_opener
from auditor.systems.emarsys.writing.hapi import open_hapi
from auditor.systems.points import opened_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from auditor.config import Settings
    from auditor.correct.applying.journal import Journal, Receipt
    from auditor.correct.applying.writers.writer import Writer
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.writing.api import WriteApi
    from auditor.systems.gate import Gate
    from auditor.systems.points import SystemPoints


@dataclass
class Desk:
    """What the writers of one plan share; each connection is opened when it is first needed.

    Attributes:
        gate: Asked before every request that writes.
    """

    settings: Settings
    plan: p.Plan
    digest: str
    journal: Journal
    gate: Gate
    points: SystemPoints
    stack: ExitStack
    _writers: dict[type, Writer] = field(default_factory=dict)

    @property
    def clock(self) -> Callable[[], datetime]:
        """Return what tells the time."""
        return self.journal.clock

    def writer_of(self, kind: type) -> Writer:
        """Return the writer of a kind of request."""
        if kind not in self._writers:
            self._writers[kind] = WRITERS[kind](self)
        return self._writers[kind]

    @cached_property
    def reader(self) -> CoreApi:
        """Return the core API for reading."""
        opener = api_opener(self.settings.emarsys, clock=self.clock, sleep=time.sleep)
        return self.stack.enter_context(closing(opener()))

    @cached_property
    def api(self) -> WriteApi:
        """Return the core API for writing."""
        opener = write_opener(self.settings.emarsys, clock=self.clock, gate=self.gate)
        return self.stack.enter_context(closing(opener()))

    def pushed(self) -> list[p.Change]:
        """Return what was pushed of the catalogue since the audit, by this plan and others, in order.

        Raises:
            UnsafePlanError: the file of another plan is gone or was changed.
        """
        return pushed(self.journal.ledger, self.plan, self.digest)

    def fired(self) -> list[p.EventFiring]:
        """Return the events of the plan that may have been fired already."""
        return [
            change.request
            for change, receipt in self._receipted()
            if isinstance(change.request, p.EventFiring)
            and receipt.sent
            and receipt.state != "failed"
        ]

    def _receipted(self) -> Iterator[tuple[p.Change, Receipt]]:
        """Yield the changes of the plan that have a receipt, with it."""
        receipts = self.journal.receipts(self.digest)
        for change in self.plan.changes:
            if change.id in receipts:
                yield change, receipts[change.id]

    def fired_elsewhere(self, changes: Sequence[p.Change]) -> dict[str, int]:
        """Return how often other plans have fired the events of these findings, by finding."""
        return self.journal.firings(self.digest, changes)


@contextmanager
def opened_desk(
    settings: Settings,
    plan: p.Plan,
    digest: str,
    journal: Journal,
    gate: Gate,
) -> Iterator[Desk]:
    """Open both systems until the block ends.

    Raises:
        ConfigError: an address in the settings is not usable.
        ReadError: a system does not answer as agreed.
    """
    with ExitStack() as stack:
        points = stack.enter_context(opened_points(settings, plan.currency, journal.clock))
        yield Desk(settings, plan, digest, journal, gate, points, stack)


def _contact_fields(desk: Desk) -> Writer:
    names = desk.settings.emarsys.field_names
    return ContactFieldsWriter(desk.points, desk.reader, desk.api, names, desk.plan.changes)


def _new_contacts(desk: Desk) -> Writer:
    return NewContactWriter(desk.points, desk.reader, desk.api, desk.settings.emarsys.field_names)


def _list_members(desk: Desk) -> Writer:
    return ListWriter(desk.points, desk.reader, desk.api)


def _newsletters(desk: Desk) -> Writer:
    writer = open_writer(desk.settings.centra, clock=desk.clock, gate=desk.gate)
    return NewsletterWriter(desk.points, desk.stack.enter_context(closing(writer)))


def _events(desk: Desk) -> Writer:
    return EventWriter(
        desk.points,
        desk.api,
        desk.settings.emarsys.field_names,
        as_of=desk.plan.as_of,
        clock=desk.clock,
        before=desk,
    )


def _sales(desk: Desk) -> Writer:
    sales = desk.settings.emarsys.sales
    if sales is None or desk.settings.emarsys.open_data is None:
        raise ConfigError(
            "The plan holds sales data, and emarsys.sales or emarsys.open_data is not configured."
        )
    uploads = UploadLedger(desk.journal.ledger, desk.settings.brand, sales.semantics)
    hapi = desk.stack.enter_context(closing(open_hapi(sales, desk.gate)))
    return SalesWriter(
        desk.points,
        desk.reader,
        hapi,
        uploads,
        columns=sales.columns,
        settle=desk.settings.settle.sales,
        clock=desk.clock,
    )


def _catalogue(desk: Desk) -> Writer:
    catalogue, sales = desk.settings.emarsys.catalogue, desk.settings.emarsys.sales
    if catalogue is None or sales is None:
        raise ConfigError(
            "The plan pushes the catalogue, and emarsys.catalogue or emarsys.sales is not configured: "
            "the latter holds the address and the token of uploads."
        )
    cap = cap_of("push_catalogue", desk.settings)
    hapi = desk.stack.enter_context(closing(open_hapi(sales, desk.gate)))
    least = ceil(desk.plan.items * (1 - cap.share))
    stock_column = desk.settings.catalogue.stock_column
    return CatalogueWriter(catalogue.feed, hapi, least, desk.pushed, stock_column)


WRITERS: dict[type, Callable[[Desk], Writer]] = {
    p.ContactFields: _contact_fields,
    p.ListMember: _list_members,
    p.NewsletterFlag: _newsletters,
    p.NewContact: _new_contacts,
    p.CatalogueCells: _catalogue,
    p.EventFiring: _events,
    p.SalesLines: _sales,
}
"""Every kind of request that a plan may hold, with what opens its writer."""
