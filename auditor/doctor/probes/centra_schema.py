"""Centra: what the auditor asks for and this tenant does not have."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from auditor.doctor.result import Result, probe
from auditor.systems import centra
from auditor.systems.centra.listing import Source
from auditor.systems.centra.orders import OrderTerms, order_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.config import Settings
    from auditor.doctor.visit import Visit
    from auditor.systems.centra.query import Want
    from auditor.systems.centra.schema import Schema


@probe("centra.schema", "centra", after="centra.token")
def schema_gaps(visit: Visit) -> Iterator[Result]:
    """Compare what every stream wants with the tenant's own schema."""
    schema = visit.schema()
    gaps = [gap for source in sources() for gap in _of_source(schema, source)]
    gaps += missing_fields(schema, "Order", _order_fields(visit.settings))
    if not gaps:
        yield Result("ok", "This tenant has every list and field that the auditor asks for.")
        return
    names = ", ".join(dict.fromkeys(gaps))
    fix = "Ask Centra whether a newer version has them; what depends on them is left out."
    yield Result("warn", f"This tenant lacks {names}.", fix)


def missing_fields(schema: Schema, type_name: str, fields: Iterable[Want]) -> Iterator[str]:
    """Yield, as `Type.field`, the wanted fields that a type and the types behind it lack."""
    for want in fields:
        if want.name == "__typename":
            continue
        has_it = schema.field(type_name, want.name) is not None
        owners = [type_name] if has_it else schema.owners(type_name, want.name)
        if not owners:
            yield f"{type_name}.{want.name}"
        for owner in owners:
            found = schema.field(owner, want.name)
            if found is not None and want.fields:
                yield from missing_fields(schema, found.type.inner, want.fields)


def sources() -> list[Source[Any]]:
    """Return the lists that stand in the modules of the client."""
    names = sorted(module.name for module in iter_modules(centra.__path__))
    modules = [import_module(f"{centra.__name__}.{name}") for name in names]
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Source)]
    return list({one.name: one for one in found}.values())


def _order_fields(settings: Settings) -> tuple[Want, ...]:
    marks = settings.centra.marketplaces
    terms = OrderTerms(
        settings.centra.catalogue.item,
        settings.sales.tax,
        needs_affiliate=bool(marks.affiliates),
        needs_attributes=bool(marks.attributes),
    )
    return order_fields(terms)


def _of_source(schema: Schema, source: Source[Any]) -> Iterator[str]:
    root = next((found for name in source.roots if (found := schema.root(name))), None)
    if root is None:
        yield f"{schema.query_type}.{source.roots[-1]}"
        return
    type_name = root.type.inner
    for below in ("edges", "node") if root.argument("first") else ():
        found = schema.field(type_name, below)
        if found is None:
            yield f"{type_name}.{below}"
            return
        type_name = found.type.inner
    yield from missing_fields(schema, type_name, source.fields)
