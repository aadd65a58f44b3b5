"""Catalogue: what Emarsys recommends against what Centra sells, at which price and from which stock.

Images and collections are not compared: Centra's canonical tables hold no image, and the feed no
collection. Bundles are left out of the stock checks, for their stock follows from their parts, which
no table tells. Nothing here knows who sees an item, so that no row says how many people it reaches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.currency import MINOR_DIGITS
from auditor.model.drift import link_item
from auditor.reconcile.amounts import DIGITS, shifted
from auditor.reconcile.precedence import Judgement, Rule
from auditor.reconcile.sql import count_if, populations, text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

    Flag = ColumnElement[bool]

TOLERANCE_MINOR = 1
"""Source: CHECKS.md Terms: two amounts agree within one minor unit."""


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the items that the feed tells wrongly.

    One cause, one finding: an item that is missing or retired, or stands twice, has nothing of its values
    compared (a retired one that stands twice is both); one with a wrong availability raises no difference
    in stock. An item is judged once everything it is made of (product, variant, size, displays, campaigns)
    is older than the settle time. Prices carry no time of their own: one that an earlier reading told
    otherwise may have changed since then. Nor does stock: an item that was ordered since the feed was
    written is not judged on it. An item that Centra has never heard of is judged at once, unless the feed
    is younger than the reading; one that it had, once that is long enough ago.

    Frame:
        Result: one row per item and check; columns of `drift_catalogue`.

    Source:
        CHECKS.md, catalogue; Emarsys reference 6 (the feed's columns).
    """
    row = link_item.c
    causes = {
        "catalogue.retired_item": _why_retired(),
        "catalogue.attribute_mismatch": _which_text(),
    }
    found = sa.union_all(
        *(
            sa.select(
                text(check).label("check_id"),
                row.item,
                (text(None) if cause is None else cause).label("cause"),
            ).where(fails)
            for check, fails, cause in (
                (rule.check, rule.holds, causes.get(rule.check or "")) for rule in _rules(terms)
            )
        )
    ).subquery("found")
    listed = row.rows > 0
    return sa.select(
        found.c.check_id,
        text("item"),
        found.c.item,
        text(None),
        text(None),
        sa.cast(sa.null(), sa.Integer),
        sa.cast(sa.null(), sa.BigInteger),
        text(None),
        found.c.cause,
        sa.false(),
        row.changed_at,
        sa.case((row.in_centra, row.is_sellable)),
        row.price_minor,
        row.msrp_minor,
        row.currency,
        sa.case((row.is_sellable, row.stock)),
        row.title,
        row.uri,
        row.category,
        row.images,
        row.collection,
        sa.case((listed, row.rows)),
        row.available,
        row.feed_price_minor,
        row.feed_msrp_minor,
        row.feed_currency,
        row.feed_stock,
        row.feed_title,
        row.feed_link,
        row.feed_category,
        row.feed_image,
        row.feed_collection,
    ).select_from(sa.join(found, link_item, found.c.item == row.item))


def judgement_of_items(terms: Terms) -> Judgement:
    """Return the rules of items, which say themselves what they leave to each other."""
    item = link_item.c.item
    return Judgement(link_item, item, "item", {"item": item}, _rules(terms), is_exclusive=False)


def _rules(terms: Terms) -> tuple[Rule, ...]:
    return (
        Rule("catalogue.duplicate_item", link_item.c.rows > 1),
        Rule("catalogue.missing_item", _is_missing()),
        Rule("catalogue.retired_item", _is_retired()),
        Rule("catalogue.price_mismatch", _price_differs(terms)),
        Rule("catalogue.reference_price_mismatch", _msrp_differs(terms)),
        Rule("catalogue.out_of_stock_but_available", is_counted() & _is_sold_out()),
        Rule("catalogue.in_stock_but_unavailable", is_counted() & _is_held_back()),
        Rule("catalogue.stock_mismatch", _stock_differs(terms)),
        Rule("catalogue.attribute_mismatch", is_judged() & _texts_differ()),
    )


def checked() -> sa.Select[Any]:
    """Select how many items each check looked at."""
    row = link_item.c
    counted = count_if(is_counted())
    return populations(
        {
            "catalogue.duplicate_item": count_if(row.rows > 0),
            "catalogue.missing_item": count_if(row.is_sellable & row.is_settled),
            "catalogue.retired_item": count_if(row.available & row.is_settled),
            "catalogue.price_mismatch": count_if(is_judged() & row.price_minor.is_not(None)),
            "catalogue.reference_price_mismatch": count_if(
                is_judged() & row.feed_msrp_minor.is_not(None)
            ),
            "catalogue.out_of_stock_but_available": counted,
            "catalogue.in_stock_but_unavailable": counted,
            "catalogue.stock_mismatch": count_if(is_counted() & row.feed_stock.is_not(None)),
            "catalogue.attribute_mismatch": count_if(is_judged()),
        },
        link_item,
    )


# --- which items are judged -------------------------------------------------------------------------


def is_judged() -> Flag:
    """Tell whether an item's values are compared: it is sold, old enough, and stands once in the feed."""
    row = link_item.c
    return row.is_sellable & row.is_settled & (row.rows == 1)


def is_counted() -> Flag:
    """Tell whether its stock is compared, too: no bundle, and not ordered since the feed was written."""
    row = link_item.c
    return is_judged() & ~row.is_bundle & ~row.has_moved


# --- what is wrong ----------------------------------------------------------------------------------


def _is_missing() -> Flag:
    row = link_item.c
    return row.is_sellable & row.is_settled & (row.rows == 0)


def _is_retired() -> Flag:
    row = link_item.c
    return ~row.is_sellable & row.is_settled & (row.rows > 0) & row.available


def _why_retired() -> ColumnElement[str]:
    return sa.case((link_item.c.in_centra, "not sellable in Centra"), else_="unknown to Centra")


def _price_differs(terms: Terms) -> Flag:
    row = link_item.c
    return is_judged() & _differ(row.price_minor, row.feed_price_minor, terms)


def _msrp_differs(terms: Terms) -> Flag:
    row = link_item.c
    return is_judged() & _differ(row.msrp_minor, row.feed_msrp_minor, terms)


def _differ(ours: ColumnElement[int], theirs: ColumnElement[int], terms: Terms) -> Flag:
    """Tell whether two amounts differ; one that either side does not tell differs from nothing.

    The feed names no currency. Its figures are those of the price list, read with the decimals of
    the account's currency, so Centra's are brought to as many.
    """
    scaled = _with_digits(ours, link_item.c.currency, terms.minor_digits)
    return sa.func.coalesce(sa.func.abs(scaled - theirs) > TOLERANCE_MINOR, sa.false())


def _with_digits(
    minor: ColumnElement[int], currency: ColumnElement[str], digits: int
) -> ColumnElement[int]:
    """Write minor units of a currency with so many decimals, halves rounded up; NULL if unknown."""
    ways = []
    for own in DIGITS:
        codes = [code for code, decimals in MINOR_DIGITS.items() if decimals == own]
        ways.append((currency.in_(codes), shifted(minor, digits - own)))
    return sa.case(*ways)


def _is_sold_out() -> Flag:
    return (link_item.c.stock <= 0) & link_item.c.available


def _is_held_back() -> Flag:
    return (link_item.c.stock > 0) & ~link_item.c.available


def _stock_differs(terms: Terms) -> Flag:
    """Compare the stock column where the availability is right; nothing is left below nothing."""
    row = link_item.c
    apart = sa.func.abs(sa.func.greatest(row.stock, 0) - sa.func.greatest(row.feed_stock, 0))
    return (
        is_counted()
        & ~_is_sold_out()
        & ~_is_held_back()
        & row.feed_stock.is_not(None)
        & (apart > terms.stock_tolerance)
    )


def _texts_differ() -> Flag:
    return sa.or_(*_text_differences().values())


def _which_text() -> ColumnElement[str]:
    """Name the texts that differ, as `title, link`."""
    named: ColumnElement[Any] = sa.literal("")
    for name, differs in _text_differences().items():
        named = named + sa.case((differs, f", {name}"), else_="")
    return sa.func.substr(named, len(", ") + 1)


def _text_differences() -> dict[str, Flag]:
    """Return what tells that a text differs; one that Centra does not tell differs from nothing.

    Nor does a collection that the feed does not name: it has one only in a column of the brand's own.
    """
    row = link_item.c
    differences = {
        "title": row.title.is_distinct_from(row.feed_title) & row.title.is_not(None),
        "link": ~_ends_with(row.feed_link, row.uri),
        "category": ~_leads_to(row.feed_category, row.category),
        "image": ~_is_one_of(row.feed_image, row.images),
        "collection": row.feed_collection != row.collection,
    }
    return {name: sa.func.coalesce(differs, sa.false()) for name, differs in differences.items()}


def _ends_with(link: ColumnElement[str], uri: ColumnElement[str]) -> Flag:
    """Tell whether the path of a link ends with a display's uri; an encoded link cannot be told."""
    link = sa.func.coalesce(link, "")
    path = sa.func.rtrim(sa.func.split_part(sa.func.split_part(link, "?", 1), "#", 1), "/")
    slug = "/" + sa.func.trim(uri, "/")
    is_same = sa.func.right("/" + path, sa.func.length(slug)) == slug
    return sa.case((link.contains("%", autoescape=True), sa.null()), else_=is_same)


def _is_one_of(image: ColumnElement[str], images: ColumnElement[str]) -> Flag:
    """Tell whether an address is one of several, one a line."""
    line = "\n" + sa.func.coalesce(image, "") + "\n"
    return sa.func.strpos("\n" + images + "\n", line) > 0


def _leads_to(paths: ColumnElement[str], category: ColumnElement[str]) -> Flag:
    """Tell whether one of several paths is the category, or ends in it.

    Source:
        Emarsys reference 6: levels are joined with `>`, several paths with `|`.
    """
    ours, theirs = _joined(category), _joined(sa.func.coalesce(paths, ""))
    whole = sa.func.strpos("|" + theirs + "|", "|" + ours + "|") > 0
    last = sa.func.strpos("|" + theirs + "|", ">" + ours + "|") > 0
    return whole | last


def _joined(path: ColumnElement[str]) -> ColumnElement[str]:
    for mark in (">", "|"):
        path = sa.func.replace(sa.func.replace(path, f"{mark} ", mark), f" {mark}", mark)
    return path
