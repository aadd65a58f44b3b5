"""Plans of corrections: each change as one value, with what it expects to find and how it is undone.

Everything a change will send stands in its request, and nothing else is ever sent. The file of a plan
is canonical JSON, so that equal findings of one snapshot give equal bytes, and one digest.
"""

# No `from __future__ import annotations` here: msgspec reads these annotations while it runs.

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from auditor.errors import StalePlanError
from auditor.model.finding import RemedyClass
from auditor.model.known_consent import KnownConsent
from auditor.model.not_json import NOT_JSON

FORMAT = 1

Value: TypeAlias = str | int | None
PLANNED: tuple[RemedyClass, ...] = ("auto", "confirm")

OPTED_IN = 1
"""Of whom Emarsys may mail; never written. Source: Emarsys reference 4."""

OPTED_OUT = 2
"""The only value that the opt-in is ever set to. Source: Emarsys reference 4."""


class ContactFields(Struct, frozen=True, tag="contact_fields", omit_defaults=True):
    """Fields of a contact that exists, set to other values.

    Attributes:
        contact_id: Emarsys' own id.
        set: New value by field id.
        expect: The values it must have now, by field id; those of `set` and those that say who it is.
        consent: What Centra said of whom is opted out for want of a consent; a yes since then stops it.
    """

    contact_id: str
    set: dict[str, Value]
    expect: dict[str, Value]
    consent: KnownConsent | None = None


class NewContact(Struct, frozen=True, tag="new_contact", omit_defaults=True):
    """A contact that does not exist, made without an opt-in.

    Attributes:
        key_field: The field that contacts are matched by.
        key: Its value; no contact may have it now.
        email_field: The field of the e-mail.
        set: Value by field id, the e-mail among them; no contact may have that either.
        customer_id: Whose it is, where it is not matched by that.
    """

    key_field: str
    key: str
    email_field: str
    set: dict[str, Value]
    customer_id: str | None = None


class ListMember(Struct, frozen=True, tag="list_member"):
    """A contact put on the quarantine list, or taken off it."""

    contact_id: str
    list_name: str
    is_on: bool = True


class NewsletterFlag(Struct, frozen=True, tag="newsletter_flag"):
    """A person who receives newsletters from Centra no more; the contact must be opted out.

    Attributes:
        customers: Every customer of Centra with the e-mail: which of them a row follows is not known.
        email: As Centra writes it.
        subscriptions: The newsletter rows that are active; they may be written in other letters.
        contact_email: As the contact has it, which may be another.
    """

    customers: tuple[str, ...]
    email: str
    subscriptions: tuple[str, ...]
    contact_id: str
    contact_email: str | None
    opt_in_field: str
    opt_in: int = OPTED_OUT


class CatalogueCells(Struct, frozen=True, tag="catalogue_cells"):
    """Cells of one row of the catalogue, set within the complete file, which replaces the whole.

    Attributes:
        item: The item, as the feed names it.
        set: New text by column of the feed.
        expect: What these cells hold now; amounts and texts as they are compared.
    """

    item: str
    set: dict[str, str]
    expect: dict[str, str | None]


class SaleLine(Struct, frozen=True):
    """One line of sales data; amounts in minor units, quantities in thousandths."""

    item: str
    cause: str
    quantity_milli: int
    amount_minor: int


class CountedItem(Struct, frozen=True):
    """What Emarsys counts of an item of an order now: thousandths of units, and minor units."""

    item: str
    quantity_milli: int
    amount_minor: int


class SalesLines(Struct, frozen=True, tag="sales_lines", omit_defaults=True):
    """Lines of one order, uploaded once.

    Attributes:
        order: The order number.
        sold_at: When it was placed.
        customer: Whose it is, as the account's sales file names customers.
        key_field: The field that `customer` is a value of.
        currency: Of every amount.
        lines: What is sent.
        counted: What Emarsys must count now of the items of `lines`.
        touched_at: When Centra last changed the order; it must not have changed since.
        digits: Decimals of every amount, where they are not those of the currency: an account keeps
            1299 yen as 1299.00.
    """

    order: str
    sold_at: datetime
    customer: str
    key_field: str
    currency: str
    lines: tuple[SaleLine, ...]
    counted: tuple[CountedItem, ...]
    touched_at: datetime | None
    digits: int | None = None


class EventFiring(Struct, frozen=True, tag="event_firing"):
    """An external event, fired for one contact with an id that is the same for ever.

    Attributes:
        key_field: The field that `key` is a value of.
        happened_at: When what it tells of happened; past `not_after` it is not told any more.
    """

    event_id: int
    event: str
    contact_id: str
    key_field: str
    key: str
    trigger_id: str
    happened_at: datetime
    not_after: datetime
    data: dict[str, str]


Request: TypeAlias = (
    ContactFields
    | NewContact
    | ListMember
    | NewsletterFlag
    | CatalogueCells
    | SalesLines
    | EventFiring
)


class Stake(Struct, frozen=True):
    """Whom a change reaches and what it is worth, in minor units."""

    people: int = 0
    minor: int | None = None
    currency: str | None = None


class Origin(Struct, frozen=True):
    """The finding that a change or proposal comes from."""

    finding: str
    check: str
    kind: str
    key: str
    owner: str
    severity: str


class Change(Struct, frozen=True):
    """One write: what is sent, what it expects, how it is taken back.

    Attributes:
        id: The same for the same request from the same finding.
        kind: Of the remedy: `auto` or `confirm`.
        undo: None where there is no way back; `why_no_undo` says why.
    """

    id: str
    origin: Origin
    remedy: str
    kind: Literal["auto", "confirm"]
    system: Literal["centra", "emarsys"]
    request: Request
    stake: Stake
    undo: Request | None = None
    why_no_undo: str | None = None


class Proposal(Struct, frozen=True):
    """Something for a person to do: a row of a file that belongs to a remedy.

    Attributes:
        row: Text by column.
    """

    origin: Origin
    remedy: str
    row: dict[str, str]
    stake: Stake


class Withheld(Struct, frozen=True):
    """Findings of a remedy that the plan leaves out, and why."""

    remedy: str
    findings: int
    reason: str


class ProposalFile(Struct, frozen=True):
    """A file of proposals beside the plan, with the sha256 of its bytes."""

    remedy: str
    path: str
    rows: int
    digest: str


class Plan(Struct, frozen=True):
    """Everything that one `apply` may send.

    Attributes:
        run: The run whose findings it corrects.
        tool: The version that made it.
        expectations: Digest of the expectation files.
        as_of: When the snapshot of that run began.
        expires_at: After that it is refused.
        streams: The streams whose newer reading makes it worthless.
        records: How many records of each system there are, which shares are shares of.
        currency: Centra's base currency.
        items: Rows of the catalogue, which a push may shrink by its cap at most.
        changes: In the order in which they are applied.
    """

    brand: str
    run: str
    tool: str
    expectations: str
    as_of: datetime
    expires_at: datetime
    streams: tuple[str, ...]
    records: dict[str, int]
    currency: str
    items: int
    changes: tuple[Change, ...]
    proposals: tuple[ProposalFile, ...] = ()
    proposed: int = 0
    withheld: tuple[Withheld, ...] = ()
    format: int = FORMAT

    def by_class(self) -> dict[str, int]:
        """Return how many changes each class has."""
        kinds = [change.kind for change in self.changes]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


ORDER: tuple[type[Request], ...] = (
    ContactFields,
    ListMember,
    NewsletterFlag,
    NewContact,
    CatalogueCells,
    EventFiring,
    SalesLines,
)
"""Kinds of change in the order of applying: what narrows consent first, what cannot be undone last."""


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes in the order of applying, whatever order they come in: of contacts, opt-outs first."""

    def place(change: Change) -> tuple[int, int, str]:
        request = change.request
        rank = next(i for i, kind in enumerate(ORDER) if isinstance(request, kind))
        widens = 0 if isinstance(request, ContactFields) and change.remedy in NARROWING else 1
        return rank, widens, change.id

    return tuple(sorted(changes, key=place))


NARROWING = frozenset({"opt_out", "quarantine_or_opt_out", "retire_orphan"})
"""Remedies that opt contacts out."""


def change_id(finding: str, request: Request) -> str:
    """Return what makes a change this one: its finding and its request."""
    content = msgspec.json.encode(request, order="sorted")
    return hashlib.sha256(finding.encode() + b"\x1f" + content).hexdigest()[:20]


def encoded(plan: Plan) -> bytes:
    """Return the bytes of a plan's file."""
    return msgspec.json.encode(plan, order="sorted") + b"\n"


def digest_of(content: bytes) -> str:
    """Return the digest that approves a plan: sha256 of its file, in hex."""
    return hashlib.sha256(content).hexdigest()


def decoded(content: bytes) -> Plan:
    """Return the plan of a file.

    Raises:
        StalePlanError: it is no plan of this version.
    """
    try:
        plan = msgspec.json.decode(content, type=Plan)
    except NOT_JSON as exc:
        raise StalePlanError(
            "The plan cannot be read: it is no plan of this version; make a new one with `auditor plan`."
        ) from exc
    if plan.format != FORMAT or encoded(plan) != content:
        raise StalePlanError(
            "The plan is not as `auditor plan` wrote it; make a new one with `auditor plan`."
        )
    return plan
