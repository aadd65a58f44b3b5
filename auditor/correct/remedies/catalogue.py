"""Catalogue: what stands wrong in the feed, cell by cell: pushed, or for the people who make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.remedies.remedy import Left, remedy
from auditor.model.currency import MINOR_DIGITS
from auditor.model.plan import CatalogueCells
from auditor.systems.emarsys.writing.sales import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from auditor.correct.remedies.remedy import Case, Outcome
    from auditor.model.finding import Finding

Cells = dict[str, str]


@remedy("push_catalogue")
def push_catalogue(case: Case) -> Iterator[Outcome]:
    """Set the cells that are wrong to what they should hold; a missing row needs its whole content.

    Where the brand's catalogue is not pushed (`emarsys.catalogue.push`) the cells are for the people
    who make the feed, and so is a row that is missing or stands twice.
    """
    cells_of = CELLS.get(case.finding.check)
    cells = {} if cells_of is None else cells_of(case, case.finding.centra or {})
    if case.finding.check == "catalogue.duplicate_item":
        yield case.proposal(item=case.finding.subject_key, do="leave one row of this item")
    elif case.finding.check == "catalogue.missing_item":
        yield case.proposal(item=case.finding.subject_key, do="add this item", **_known(case))
    elif not cells:
        yield Left("Centra does not tell what the feed should hold")
    elif case.kind != "propose":
        yield from _pushed(case, cells)
    else:
        for column, value in cells.items():
            yield case.proposal(
                item=case.finding.subject_key, column=column, value=value, do="change"
            )


def _pushed(case: Case, cells: Cells) -> Iterator[Outcome]:
    item, held = case.finding.subject_key, _held(case, cells)
    known = {column: text for column, text in held.items() if text is not None}
    back = CatalogueCells(item, known, dict(cells)) if len(known) == len(cells) else None
    yield case.change(
        CatalogueCells(item, cells, held),
        undo=back,
        why_no_undo=None if back else "a cell of the feed was empty",
    )


def _held(case: Case, cells: Cells) -> dict[str, str | None]:
    """Return what the feed holds now in the cells that are wrong."""
    theirs, own = case.finding.emarsys or {}, case.settings.catalogue
    held: dict[str, str | None] = {}
    for column in cells:
        if column in ("price", "msrp"):
            held |= {column: _amount(case, theirs, column).get(column)}
        elif column == "available":
            held[column] = "true" if theirs.get("available") else "false"
        elif column == own.stock_column:
            held[column] = None if theirs.get("stock") is None else str(theirs["stock"])
        else:
            name = "collection" if column == own.collection_column else column
            held[column] = theirs.get(name)
    return held


def _known(case: Case) -> Cells:
    """Return what Centra tells of an item that the feed lacks."""
    ours = case.finding.centra or {}
    return {**_price(case, ours), **_texts(case, ours)}


def _price(case: Case, ours: Mapping[str, Any]) -> Cells:
    return _amount(case, ours, "price")


def _msrp(case: Case, ours: Mapping[str, Any]) -> Cells:
    return _amount(case, ours, "msrp")


def _amount(case: Case, ours: Mapping[str, Any], column: str) -> Cells:
    minor, currency = ours.get(f"{column}_minor"), ours.get("currency") or case.currency
    if minor is None or currency not in MINOR_DIGITS:
        return {}
    return {column: exact(int(minor), MINOR_DIGITS[currency])}


def _stock(case: Case, ours: Mapping[str, Any]) -> Cells:
    column, stock = case.settings.catalogue.stock_column, ours.get("stock")
    return {} if column is None or stock is None else {column: str(max(0, int(stock)))}


def _texts(case: Case, ours: Mapping[str, Any]) -> Cells:
    """Return the texts that Centra tells; a link needs an address that only the feed's makers know."""
    columns = {"title": "title", "category": "category"}
    if case.settings.catalogue.collection_column is not None:
        columns["collection"] = case.settings.catalogue.collection_column
    return {
        column: str(ours[name]) for name, column in columns.items() if ours.get(name) is not None
    }


def _wrong_texts(case: Case, ours: Mapping[str, Any]) -> Cells:
    """Return the texts that the check names: one that is written otherwise is not wrong for that.

    A category is right where one of the feed's paths ends in it, and the longer path stays.
    """
    named = (case.finding.cause or "").split(", ")
    return _texts(case, {name: ours.get(name) for name in named})


def _available(case: Case, _ours: Mapping[str, Any]) -> Cells:
    return {"available": "true" if _is_for_sale(case.finding) else "false"}


def _is_for_sale(finding: Finding) -> bool:
    return finding.check == "catalogue.in_stock_but_unavailable"


CELLS: dict[str, Callable[[Case, Mapping[str, Any]], Cells]] = {
    "catalogue.price_mismatch": _price,
    "catalogue.reference_price_mismatch": _msrp,
    "catalogue.out_of_stock_but_available": _available,
    "catalogue.retired_item": _available,
    "catalogue.in_stock_but_unavailable": _available,
    "catalogue.stock_mismatch": _stock,
    "catalogue.attribute_mismatch": _wrong_texts,
}
"""By check: the cells of the feed that it says are wrong, with what Centra says they should hold."""
