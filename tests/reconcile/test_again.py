"""Judging again what was touched gives what judging everything gives, whatever happened in between."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.model import drift as d
from auditor.model.history import agreed_value
from auditor.model.judged import judged_state, touched_key, unit_mark
from auditor.model.tables import STREAM_TABLES, emarsys_contact, emarsys_sale
from auditor.pipeline.judging import terms_of_run
from auditor.reconcile import agreed
from auditor.reconcile.again import marks, state
from auditor.reconcile.again.marks import Node
from auditor.reconcile.run import reconcile, reconcile_again
from auditor.sandbox.world import Scale, build_world, evolve, plant
from auditor.sandbox.world.account_rows import Unsubscribe
from auditor.sandbox.world.census import normal
from auditor.sandbox.world.changes import anonymise_customer
from auditor.sandbox.world.contacts import EMAIL, FIRST_NAME, KEY_FIELD
from auditor.warehouse import Warehouse
from tests.direct import whole_snapshot, write_world
from tests.stores import on_one_thread
from tests.test_large_worlds import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from auditor.reconcile.terms import Terms
    from auditor.sandbox.world import World
    from auditor.sandbox.world.model import Contact, Customer

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
STEPS = (DAY, 3 * DAY, timedelta(hours=2), DAY, timedelta(hours=11))
"""What may lie between two runs: within and beyond what anything takes to settle."""
STREAMS = frozenset(STREAM_TABLES)
JUDGED = (
    *d.DRIFT_TABLES, d.link_person, d.link_gone, d.link_contact, d.link_order, d.link_bought, d.link_sale,
    d.link_verdict, d.link_event, d.link_item, d.link_stream, d.link_purchase, d.link_member,
    d.revenue_bridge, d.verified_share, d.check_population, agreed_value, unit_mark,
)  # fmt: skip


class Brand:
    """A world whose snapshots are judged run after run."""

    def __init__(self, world: World, warehouse: Warehouse, folder: Path) -> None:
        self.world, self.warehouse = world, warehouse
        self.settings = settings_of(world, folder)
        self.number = 0

    def read(self) -> None:
        """Take a snapshot of how the world is now."""
        self.number += 1
        self.taken = write_world(self.world, self.warehouse, f"run-{self.number}", pepper="pepper")

    def reconcile(
        self,
        *,
        anew: bool = False,
        usable: Collection[str] = STREAMS,
        change: Callable[[Terms], Terms] = lambda terms: terms,
    ) -> bool:
        """Judge the snapshot; return whether only what was touched was."""
        terms = change(terms_of_run(self.settings, self.warehouse, self.taken))
        return reconcile_again(self.warehouse, terms, self.taken.run, usable=usable, anew=anew)

    def attribute(self, *, usable: Collection[str] = STREAMS) -> None:
        """Say who moved, as every run does after it has judged."""
        terms = terms_of_run(self.settings, self.warehouse, self.taken)
        agreed.attribute(self.warehouse, terms, self.taken.run, usable=usable)

    def judge(self, *, anew: bool = False) -> bool:
        """Do both."""
        is_again = self.reconcile(anew=anew)
        self.attribute()
        return is_again

    def rows(self) -> dict[str, list[Any]]:
        """Return the rows of every table that judging fills."""
        with self.warehouse.engine.connect() as conn:
            return {
                table.name: sorted(map(tuple, conn.execute(sa.select(table))), key=repr)
                for table in JUDGED
            }

    def subjects(self) -> list[tuple[str, str]]:
        """Return the checks and subjects of what is wrong with sales."""
        row = d.drift_sales.c
        with self.warehouse.engine.connect() as conn:
            found = conn.execute(sa.select(row.check_id, row.subject_key))
            return [(one.check_id, one.subject_key) for one in found]

    def touched(self, node: Node) -> set[str]:
        """Return what was judged again the last time."""
        keys = sa.select(touched_key.c.key).where(touched_key.c.node == int(node))
        with self.warehouse.engine.connect() as conn:
            return set(conn.scalars(keys))

    def consent(self) -> set[tuple[str, str]]:
        """Return what differs in the suite of consent."""
        row = d.drift_consent.c
        with self.warehouse.engine.connect() as conn:
            return {tuple(one) for one in conn.execute(sa.select(row.check_id, row.subject_key))}


@pytest.fixture(autouse=True)
def _however_much_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a small world a day touches most of it."""
    monkeypatch.setattr("auditor.reconcile.again.touched.MOST_SHARE", 1)


@contextmanager
def brand_at(url: str, world: World, folder: Path) -> Iterator[Brand]:
    with closing(Warehouse(url)) as warehouse:
        on_one_thread(warehouse)
        yield Brand(world, warehouse, folder)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """Give a world and the file of a warehouse in which its first snapshot was judged."""
    folder = tmp_path_factory.mktemp("judged")
    world = build_world(1, Scale.of(customers=40), START)
    with brand_at(f"duckdb:///{folder}/w.duckdb", world, folder) as brand:
        brand.read()
        brand.judge()
    return world, folder / "w.duckdb"


@pytest.fixture(scope="module")
def judged_twice(
    judged: tuple[World, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[World, Path]:
    """Give the same after another run: of drift that was new, more is known the second time."""
    world, file = judged
    folder = tmp_path_factory.mktemp("judged_twice")
    with copied(world, file, folder) as brand:
        brand.judge()
    return world, folder / "w.duckdb"


@contextmanager
def copied(world: World, file: Path, folder: Path) -> Iterator[Brand]:
    copyfile(file, folder / "w.duckdb")
    with brand_at(f"duckdb:///{folder}/w.duckdb", deepcopy(world), folder) as one:
        one.number, one.taken = 1, whole_snapshot("run-1", START)
        yield one


@pytest.fixture
def brand(judged: tuple[World, Path], tmp_path: Path) -> Iterator[Brand]:
    """Give a brand whose first snapshot was judged, to do with as a test likes."""
    with copied(*judged, tmp_path) as one:
        yield one


@pytest.fixture
def settled(judged_twice: tuple[World, Path], tmp_path: Path) -> Iterator[Brand]:
    """Give a brand whose first snapshot was judged twice, to do with as a test likes."""
    with copied(*judged_twice, tmp_path) as one:
        yield one


def test_the_same_is_found_day_after_day(
    warehouse_url: str, tmp_path: Path, again_seed: int, again_days: int, again_customers: int
):
    world = build_world(again_seed, Scale.of(customers=again_customers), START)
    lively = again_days - (again_days + 1) // 3
    with brand_at(warehouse_url, world, tmp_path) as brand:
        brand.read()
        brand.judge()
        for day in range(1, again_days + 1):
            at = brand.world.now + STEPS[(again_seed + day) % len(STEPS)]
            if day <= lively:
                evolve(brand.world, again_seed, at)
            else:  # nothing happens any more, not even what should
                brand.world.now = at
            if day == lively:
                plant(brand.world, again_seed)
            brand.read()
            assert brand.judge()
            found = brand.rows()
            brand.judge(anew=True)
            assert found == brand.rows()


def test_where_nothing_changed_hardly_anything_is_judged_again(settled: Brand):
    assert settled.reconcile()
    with settled.warehouse.engine.connect() as conn:
        orders = conn.scalar(sa.select(sa.func.count()).select_from(d.link_order))
    assert orders
    assert len(settled.touched(Node.ORDER)) < orders / 10


def test_who_changed_is_judged_again(settled: Brand):
    before = settled.touched(Node.CONTACT)
    row = emarsys_contact.c
    with settled.warehouse.engine.begin() as conn:
        contact = conn.scalar(sa.select(row.contact_id).where(row.contact_id.not_in(before)))
        conn.execute(emarsys_contact.update().where(row.contact_id == contact).values(opt_in=9))
    settled.reconcile()
    assert contact in settled.touched(Node.CONTACT) - before


def all_only_by_key(world: World) -> Iterator[tuple[Contact, Customer]]:
    """Yield the contacts of customers whom nothing else has the e-mail of, which the key alone leads to."""
    customers = {str(one.id): one for one in world.centra.customers}
    spelled = [one.email for one in customers.values()]
    spelled += [one.email for one in world.centra.subscriptions]
    emails = Counter(map(normal, spelled))
    for contact in world.emarsys.contacts:
        customer = customers.get(contact.values[KEY_FIELD] or "")
        is_alone = emails[normal(contact.values[EMAIL] or "")] == 1
        if customer and not customer.is_anonymized and is_alone:
            yield contact, customer


def only_by_key(world: World) -> tuple[Contact, Customer]:
    """Return the first of them."""
    return next(all_only_by_key(world))


def came_back(brand: Brand) -> str:
    """Let a person be erased on both sides, and an old list with the address be imported days later."""
    world, (contact, customer) = brand.world, only_by_key(brand.world)
    world.now += DAY
    anonymise_customer(world, customer.id, world.now - timedelta(hours=5))
    world.emarsys.contacts.remove(contact)
    for _ in range(3):
        brand.read()
        assert brand.judge()
        world.now += DAY
    contact.values[KEY_FIELD] = None
    world.emarsys.contacts.append(contact)
    return str(contact.id)


def kept_the_old_address(brand: Brand) -> str:
    """Let a customer have a new e-mail, their contact alone the old one, and then be erased."""
    world, (contact, customer) = brand.world, only_by_key(brand.world)
    world.now += DAY
    contact.values[KEY_FIELD], customer.email = None, "elsewhere@new.example"
    customer.updated_at = world.now - timedelta(hours=9)
    for _ in range(3):
        brand.read()
        assert brand.judge()
        world.now += DAY
    anonymise_customer(world, customer.id, world.now - timedelta(hours=5))
    return str(contact.id)


@pytest.mark.parametrize("history", [came_back, kept_the_old_address])
def test_an_erased_customers_contact_is_found_by_the_hash_of_the_email(
    brand: Brand, history: Callable[[Brand], str]
):
    contact = history(brand)
    brand.read()
    assert brand.judge()
    found = brand.consent()
    brand.judge(anew=True)
    assert ("consent.erased_but_contactable", contact) in found
    assert found == brand.consent()


NOTHING = {column.name: sa.cast(sa.null(), column.type) for column in emarsys_sale.columns}
ONE = sa.select(
    *{**NOTHING, "order_number": sa.literal("1"), "amount_minor": sa.literal(1)}.values()
)
TWINS = sa.union_all(ONE, ONE)
"""Two equal sales, of which nothing else is known."""


def marks_of(conn: sa.Connection, brand: Brand) -> set[tuple[int, int, int]]:
    """Return how all units look."""
    marks.keep(conn, terms_of_run(brand.settings, brand.warehouse, brand.taken))
    return {tuple(one) for one in conn.execute(sa.select(unit_mark))}


def test_rows_that_stand_twice_are_told_from_none_and_from_others_that_do(settled: Brand):
    looks = []
    with settled.warehouse.engine.connect() as conn:
        for change in (
            emarsys_sale.delete(),
            emarsys_sale.insert().from_select(list(emarsys_sale.c.keys()), TWINS),
            emarsys_sale.update().values(amount_minor=2),
        ):
            conn.execute(change)
            looks.append(marks_of(conn, settled))
        conn.rollback()
    assert len({frozenset(one) for one in looks}) == len(looks)


def test_the_first_run_judges_everything(brand: Brand):
    with brand.warehouse.engine.begin() as conn:
        conn.execute(judged_state.delete())
    assert not brand.judge()


def test_other_terms_judge_everything(brand: Brand):
    assert not brand.reconcile(change=lambda terms: replace(terms, tolerance_minor=7))


def test_another_stream_to_rely_on_judges_everything(brand: Brand):
    assert not brand.reconcile(usable=STREAMS - {"sales"})


def test_a_settle_time_that_reaches_further_back_judges_everything(brand: Brand):
    assert not brand.reconcile(
        change=lambda terms: replace(terms, sales_before=terms.sales_before - DAY)
    )


def test_judging_for_some_suites_alone_is_no_base_for_the_next_run(brand: Brand):
    terms = terms_of_run(brand.settings, brand.warehouse, brand.taken)
    reconcile(brand.warehouse, terms, suites={"consent"})
    assert not brand.reconcile()


def test_a_run_that_attribution_did_not_follow_is_no_base_for_the_next(brand: Brand):
    brand.read()
    brand.reconcile()
    brand.read()
    assert not brand.reconcile()


def test_a_second_look_within_a_run_judges_again_what_it_read_again(brand: Brand):
    brand.read()
    brand.reconcile()
    assert brand.reconcile()


def test_attribution_follows_all_that_a_run_has_judged(brand: Brand):
    evolve(brand.world, 1, START + DAY)
    brand.read()
    brand.reconcile()
    first = brand.touched(Node.ORDER)
    brand.reconcile()  # a second look, for which nothing of the first has changed
    assert brand.touched(Node.ORDER) >= first
    brand.attribute()
    found = brand.rows()
    brand.judge(anew=True)
    assert found == brand.rows()


def test_a_second_look_after_everything_was_judged_leaves_everything_to_attribution(brand: Brand):
    brand.reconcile(anew=True)
    brand.reconcile()
    with brand.warehouse.engine.connect() as conn:
        assert not conn.scalar(sa.select(judged_state.c.is_of_part))


def test_an_order_that_was_deleted_comes_of_age(brand: Brand):
    world = brand.world
    counted = {row.order_id for row in world.emarsys.purchases}
    lost = next(one for one in reversed(world.centra.orders) if str(one.number) in counted)
    world.centra.orders.remove(lost)
    paid = world.centra.payments
    paid[:] = [one for one in paid if one.order_number != lost.number]
    found = []
    for _ in range(3):
        brand.read()
        assert brand.judge()
        found.append(("sales.cancelled_but_counted", str(lost.number)) in brand.subjects())
        world.now += DAY
    assert found == [False, False, True]
    again = brand.rows()
    brand.judge(anew=True)
    assert again == brand.rows()


def test_a_return_that_was_completed_comes_of_age(brand: Brand):
    world = brand.world
    back = next(one for one in reversed(world.centra.returns) if one.status == "PENDING")
    back.status = "COMPLETED"
    found = []
    for _ in range(3):
        world.now += DAY
        brand.read()
        assert brand.judge()
        of_order = (key.split("/")[0] == str(back.order_number) for _, key in brand.subjects())
        found.append(any(of_order))
    assert found == [False, False, True]
    again = brand.rows()
    brand.judge(anew=True)
    assert again == brand.rows()


def test_a_sign_up_that_moved_before_it_went_is_gone_from_nobody_again(brand: Brand):
    world = brand.world
    contact, customer = only_by_key(world)
    moved = next(one for one in world.centra.subscriptions if one.variant_id is None)
    moved.is_active, moved.email = True, customer.email
    for step in ("seen", "moved", "gone", "touched"):
        if step == "moved":
            moved.email = "elsewhere@new.example"
        if step == "gone":
            world.centra.subscriptions.remove(moved)
        if step == "touched":
            contact.values[FIRST_NAME] = "Another"
        world.now += DAY
        brand.read()
        assert brand.judge()
    found = brand.rows()
    brand.judge(anew=True)
    assert found == brand.rows()


def test_a_first_order_that_comes_of_age_makes_a_buyer(brand: Brand):
    world, hour, row = brand.world, timedelta(hours=1), d.link_order.c
    consumers = sa.select(row.customer_id).where(row.channel == "consumer")
    with brand.warehouse.engine.connect() as conn:
        bought = set(conn.scalars(consumers))
    buyer = next(one for _, one in all_only_by_key(world) if str(one.id) in bought)
    contacts = world.emarsys.contacts
    contacts[:] = [one for one in contacts if one.values[KEY_FIELD] != str(buyer.id)]
    world.now += DAY
    for order in world.centra.orders:
        if order.customer_id == buyer.id:
            order.created_at = order.updated_at = world.now - 3 * hour

    def only_buyers(terms: Terms) -> Terms:
        now = terms.as_of
        return replace(terms, feed_customers="buyers", contacts_before=now - 6 * hour)

    found = []
    for _ in range(2):
        brand.read()
        brand.reconcile(change=only_buyers)
        brand.attribute()
        with brand.warehouse.engine.connect() as conn:
            missing = set(conn.scalars(sa.select(d.drift_identity.c.subject_key)))
        found.append(f"centra:{buyer.id}" in missing)
        world.now += 4 * hour
    assert found == [False, True]


def test_an_unsubscribe_comes_of_age(brand: Brand):
    world, hour, row = brand.world, timedelta(hours=1), d.link_contact.c
    with brand.warehouse.engine.connect() as conn:
        signed_up = sa.select(row.contact_id).where(row.consent == "yes", row.opt_in == 1)
        contact = str(conn.scalar(signed_up.order_by(row.contact_id)))
    world.now += DAY
    left_at = world.now - hour
    world.emarsys.unsubscribes.append(Unsubscribe(int(contact), 1, left_at, world.now, "link"))
    found = []
    for _ in range(2):
        brand.read()
        assert brand.judge()
        found.append(("consent.unsubscribed_but_active_in_centra", contact) in brand.consent())
        world.now += 2 * hour
    assert found == [False, True]


def test_an_unknown_order_with_a_stroke_in_its_number_is_found_once(brand: Brand):
    purchases = brand.world.emarsys.purchases
    purchases.append(replace(purchases[-1], order_id="2026/1234"))
    for _ in range(2):
        brand.world.now += DAY
        brand.read()
        assert brand.judge()
    assert brand.subjects().count(("sales.unknown_order", "2026/1234")) == 1


def test_an_unknown_order_that_came_while_orders_were_read_is_found_by_the_next_run(brand: Brand):
    world = brand.world
    world.now += DAY
    last, at = world.emarsys.purchases[-1], world.now + timedelta(minutes=5)
    world.emarsys.purchases.append(replace(last, order_id="999", loaded_at=at))
    found = []
    for _ in range(2):
        brand.read()
        assert brand.judge()
        found.append(("sales.unknown_order", "999") in brand.subjects())
        world.now += timedelta(hours=2)
    assert found == [False, True]
    again = brand.rows()
    brand.judge(anew=True)
    assert again == brand.rows()


def test_nothing_of_the_part_stays(settled: Brand):
    assert "part" not in sa.inspect(settled.warehouse.engine).get_schema_names()


def test_a_run_that_breaks_off_leaves_no_base(brand: Brand, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("auditor.reconcile.run.marks.follow", broken)
    with pytest.raises(RuntimeError):
        brand.reconcile()
    with brand.warehouse.engine.connect() as conn:
        assert state.read(conn) is None
