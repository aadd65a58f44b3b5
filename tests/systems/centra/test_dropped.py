"""What can be left out of a reading is known to the field, the column and the check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.doctor.probes.centra_schema import sources
from auditor.expect.suites import load_checks
from auditor.model.tables import metadata
from auditor.resources import expectation_files
from auditor.systems.centra.orders import OrderTerms, order_fields
from auditor.systems.emarsys.events import UNTOLD_USAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.systems.centra.query import Want

ORDER = order_fields(OrderTerms("sku", "included", needs_attributes=True))
FIELDS = {"order": ORDER, **{source.name: source.fields for source in sources()}}


def droppable(fields: Iterable[Want]) -> Iterator[Want]:
    for field in fields:
        if field.is_optional or field.permissions:
            yield field
        yield from droppable(field.fields)


DROPPABLE = [(name, want) for name, fields in FIELDS.items() for want in droppable(fields)]
of_each = pytest.mark.parametrize(
    "want", [pytest.param(want, id=f"{name}.{want.name}") for name, want in DROPPABLE]
)


@of_each
def test_every_field_that_can_be_left_out_says_what_stays_empty(want: Want):
    assert want.columns


@of_each
def test_what_stays_empty_are_columns(want: Want):
    pairs = [name.partition(".")[::2] for name in want.columns]
    assert all(column in metadata.tables[table].c for table, column in pairs)


CHECKS = [one.check for one in load_checks(expectation_files())]


@pytest.mark.parametrize("check", [one for one in CHECKS if one.needs_told], ids=lambda one: one.id)
def test_what_a_check_has_to_be_told_can_be_left_out(check):
    told = {name for _, want in DROPPABLE for name in want.columns}
    told |= {*UNTOLD_USAGES.columns}
    assert set(check.needs_told) <= told
