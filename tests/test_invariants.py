"""What says nothing about a brand changes no finding: order, names, pages, time zone, engine."""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auditor.model import tables as t
from auditor.model.bridge import CENTRA, EMARSYS, Bridge
from auditor.model.drift import DRIFT_TABLES
from auditor.reconcile.bridge import read_bridge
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import Terms, terms_of
from auditor.sandbox.world import EARLIER, Scale, build_world, evolve, plant
from auditor.warehouse import Warehouse
from tests.direct import rows_of, write_rows
from tests.stores import on_one_thread
from tests.test_large_worlds import NOW, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from auditor.config import Audience
    from tests.postgres import Shelf

Tables = dict[sa.Table, list[tuple[Any, ...]]]
Drift = list[tuple[Any, ...]]
Pages = list[tuple[sa.Table, list[tuple[Any, ...]]]]

SEEDS = (1, 2)
IN_MEMORY = "duckdb:///:memory:"
FEW = settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),  # an example takes seconds, so none is made smaller
)


@dataclass(frozen=True)
class Brand:
    """A brand that was looked at while it was clean, and again with drift of every class."""

    earlier: Tables
    later: Tables
    terms: Terms
    planted: set[tuple[str, str]]


@dataclass(frozen=True)
class Judged:
    """Every drift row with all its columns, and the bridges."""

    drift: Drift
    bridges: tuple[Bridge, ...]


def brand(seed: int, folder: Path) -> Brand:
    world = build_world(seed, Scale.of(customers=150), NOW - EARLIER)
    earlier = {table: list(rows) for table, rows in rows_of(world, "pepper")}
    evolve(world, seed, NOW)
    planted = {(row.check, row.subject) for row in plant(world, seed)}
    later = {table: list(rows) for table, rows in rows_of(world, "pepper")}
    return Brand(earlier, later, terms_of(settings_of(world, folder), NOW, "SEK", 2), planted)


@pytest.fixture(scope="module")
def brands(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Brand]:
    return {seed: brand(seed, tmp_path_factory.mktemp("brand")) for seed in SEEDS}


@pytest.fixture(scope="module")
def judged(brands: Mapping[int, Brand]) -> Mapping[int, Judged]:
    return {seed: judge(of, IN_MEMORY) for seed, of in brands.items()}


@pytest.fixture
def postgres_url(_postgres_warehouses: Shelf) -> Iterator[str]:
    with _postgres_warehouses.lend() as url:
        yield url


def judge(
    brand: Brand,
    url: str,
    *,
    pages: Callable[[Tables], Pages] = lambda tables: list(tables.items()),
    zone: str | None = None,
) -> Judged:
    """Write both looks and reconcile them.

    Args:
        brand: What was seen.
        url: The warehouse.
        pages: In which pieces and order a look arrives.
        zone: The time zone of the database's session, where it is not the machine's.
    """
    with closing(Warehouse(url)) as warehouse:
        on_one_thread(warehouse)
        if zone is not None:
            with warehouse.engine.begin() as conn:
                conn.execute(sa.text(f"SET TimeZone = '{zone}'"))
        # A stream without any row says the same whether it is read or not.
        filled = {table for tables in (brand.earlier, brand.later) for table in tables}
        streams = [name for name, own in t.STREAM_TABLES.items() if filled & {*own}]
        write_rows(pages(brand.earlier), warehouse, "earlier", NOW - EARLIER, streams=streams)
        write_rows(pages(brand.later), warehouse, "later", NOW, streams=streams)
        reconcile(warehouse, brand.terms)
        with warehouse.engine.connect() as conn:
            drift = [tuple(row) for x in DRIFT_TABLES for row in conn.execute(sa.select(x))]
            return Judged(sorted(drift, key=repr), read_bridge(conn))


def keys(drift: Drift) -> set[tuple[str, str]]:
    return {(check, subject) for check, _, subject, *_ in drift}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_compared_is_all_that_was_planted(
    seed: int, brands: Mapping[int, Brand], judged: Mapping[int, Judged]
):
    assert keys(judged[seed].drift) == brands[seed].planted


@pytest.mark.parametrize("seed", SEEDS)
def test_postgresql_says_what_duckdb_says_in_every_column(
    seed: int,
    brands: Mapping[int, Brand],
    judged: Mapping[int, Judged],
    postgres_url: str,
):
    assert judge(brands[seed], postgres_url) == judged[seed]


# --- order and pages ------------------------------------------------------------------------------

SMALL_PAGES = 4


def dealt(tables: Tables, rng: Random, rows_per_page: int) -> Pages:
    """Shuffle every table and let it come in pages; the rest behind the first few comes in one."""
    found: Pages = []
    for table, rows in tables.items():
        shuffled = rng.sample(rows, len(rows))
        small = range(0, min(SMALL_PAGES * rows_per_page, len(rows)), rows_per_page)
        found += [(table, shuffled[at : at + rows_per_page]) for at in small]
        found.append((table, shuffled[SMALL_PAGES * rows_per_page :]))
    return found


@FEW
@given(st.integers(0, 2**31), st.sampled_from([1, 7, 50_000]))
def test_the_order_of_rows_and_their_pages_change_nothing(
    brands: Mapping[int, Brand], judged: Mapping[int, Judged], shuffle: int, rows_per_page: int
):
    rng = Random(shuffle)  # noqa: S311 - shuffles test data
    found = judge(brands[1], IN_MEMORY, pages=lambda tables: dealt(tables, rng, rows_per_page))
    assert found == judged[1]


# --- names ----------------------------------------------------------------------------------------

RENAMED = {
    **{name: name for name in ("customer_id", "contact_id", "order_number", "item", "event_id")},
    **{name: name for name in ("si_contact_id", "line_id", "subscription_id", "shipment_id")},
    **{name: name for name in ("return_id", "payment_id", "order_id", "buyer_id", "size_id")},
    "external_id": "customer_id",
    "sku": "item",
}
"""Columns whose values are ids, and what they are the ids of."""


class Names:
    """Gives every id another name and knows the way back.

    Names sort as the ids do: ids grow, and of two contacts with one key the smaller is the older.
    """

    def __init__(self, salt: str) -> None:
        self._mark = f"~{salt}."

    def of(self, kind: str, known: str) -> str:
        return f"{self._mark}{kind}.{known}!"

    def renamed(self, tables: Tables) -> Tables:
        return {table: list(self._rows(table, rows)) for table, rows in tables.items()}

    def _rows(self, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        kinds = [RENAMED.get(column.name) for column in table.columns]
        if table is t.centra_shipment:
            kinds[list(table.c.keys()).index("number")] = "order_number"
        for row in rows:
            yield tuple(
                value if kind is None or value is None else self._told(kind, value)
                for kind, value in zip(kinds, row, strict=True)
            )

    def _told(self, kind: str, value: str) -> str:
        """Rename an id; a parcel is numbered within its order."""
        first, *place = value.split("-", 1) if kind == "order_number" else [value]
        return "-".join([self.of(kind, first), *place])

    def of_audience(self, audience: Audience) -> Audience:
        asked = audience.rule.sku_count
        if asked is None:
            return audience
        sku_count = msgspec.structs.replace(asked, sku=self.of("item", asked.sku))
        rule = msgspec.structs.replace(audience.rule, sku_count=sku_count)
        return msgspec.structs.replace(audience, rule=rule)

    def put_back(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return re.sub(rf"{self._mark}[a-z_]+[.](.+?)!", r"\1", value)


def with_names(brand: Brand, names: Names) -> Brand:
    audiences = tuple(map(names.of_audience, brand.terms.audiences))
    return replace(
        brand,
        earlier=names.renamed(brand.earlier),
        later=names.renamed(brand.later),
        terms=replace(brand.terms, audiences=audiences),
    )


def test_other_ids_change_nothing_but_themselves(
    brands: Mapping[int, Brand], judged: Mapping[int, Judged]
):
    names = Names("other")
    found = judge(with_names(brands[1], names), IN_MEMORY)
    drift = [tuple(map(names.put_back, row)) for row in found.drift]
    assert Judged(sorted(drift, key=repr), found.bridges) == judged[1]


# --- the machine's time zone ----------------------------------------------------------------------


@FEW
@given(st.sampled_from(["Pacific/Kiritimati", "America/St_Johns", "Pacific/Pago_Pago"]))
def test_the_time_zone_of_the_machine_changes_nothing(
    brands: Mapping[int, Brand], judged: Mapping[int, Judged], zone: str
):
    with pytest.MonkeyPatch.context() as machine:
        machine.setenv("TZ", zone)
        time.tzset()
        found = judge(brands[1], IN_MEMORY, zone=zone)
    time.tzset()
    assert found == judged[1]


# --- the bridge -----------------------------------------------------------------------------------


def summed(brand: Brand) -> tuple[int, int]:
    """Add up what was ordered and what Emarsys counts since the first day that the brand covers."""
    since = brand.terms.since
    began = {
        row[0]: row[list(t.centra_order.c.keys()).index("created_at")].date()
        for row in brand.later[t.centra_order]
    }
    place = list(t.centra_order_line.c.keys()).index
    ordered = [
        row[place("base_minor")]
        for row in brand.later[t.centra_order_line]
        if began[row[0]] >= since and row[place("kind")] != "GiftCertificateOrderLine"
    ]
    counted = [
        amount
        for order, _, on, _, amount, *_ in brand.later[t.emarsys_sale]
        if (began.get(order) or on) >= since
    ]
    return sum(ordered), sum(counted)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bridge_adds_up_to_the_last_minor_unit(
    seed: int, brands: Mapping[int, Brand], judged: Mapping[int, Judged]
):
    bridges = judged[seed].bridges
    for bridge in bridges:
        *parts, end = bridge.amounts.values()
        assert sum(parts) == end
    ends = [sum(bridge.amounts[step] for bridge in bridges) for step in (CENTRA, EMARSYS)]
    assert tuple(ends) == summed(brands[seed])
