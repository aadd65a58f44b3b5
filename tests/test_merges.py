"""A merge between two sweeps is known once its orders move: the customer is looked up by its id."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.pipeline import confirming
from auditor.sandbox.world import Scale
from auditor.sandbox.world.changes import merge_customers
from tests.brand import brand

if TYPE_CHECKING:
    import pytest

    from auditor.sandbox.world.model import Contact, World
    from tests.brand import Brand

KEY_FIELD, OPT_IN = 4711, 31
LIST = 700002


def mergeable(world: World) -> tuple[Contact, int]:
    """Return a mailed contact whose customer has orders, and another customer of the same store."""
    lately = world.now - timedelta(days=60)
    buyers = {order.customer_id for order in world.centra.orders if order.created_at > lately}
    there = {str(row.id): row for row in world.centra.customers if not row.is_anonymized}
    contact = next(
        row
        for row in world.emarsys.contacts
        if row.values.get(OPT_IN) == "1"
        and (customer := there.get(row.values[KEY_FIELD] or ""))
        and customer.id in buyers
    )
    gone = there[contact.values[KEY_FIELD] or ""]
    heir = next(
        row
        for row in there.values()
        if row.store_id == gone.store_id and row.email.lower() != gone.email.lower()
    )
    return contact, heir.id


def merged_after_a_sweep(shop: Brand) -> str:
    """Read a brand, and merge a customer away; return the contact that is left behind."""
    shop.change_settings(lambda settings: settings.update(settle={"contacts": "0s"}))
    world = shop.running.world
    contact, heir = mergeable(world)
    shop.auditor("snapshot")
    merge_customers(world, int(contact.values[KEY_FIELD] or ""), heir, shop.running.clock())
    shop.running.refresh()
    return str(contact.id)


def test_a_merge_between_sweeps_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=150), drift=False) as shop:
        left = merged_after_a_sweep(shop)
        # The first sees the orders move; a moment later the loss is old enough to count.
        shop.audit("--suite", "identity")
        shop.audit("--suite", "identity")
        assert ("identity.orphaned_by_merge", left) in shop.findings()


def test_a_merge_that_only_a_snapshot_saw_is_looked_up_by_the_next_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=150), drift=False) as shop:
        left = merged_after_a_sweep(shop)
        shop.auditor("snapshot")
        code, told = shop.audit("--suite", "identity", "--no-snapshot")
        assert (code, told["verdict"], told["unlooked"]) == (3, "incomplete", 1)
        for _ in range(2):
            shop.audit("--suite", "identity")
        assert ("identity.orphaned_by_merge", left) in shop.findings()


def test_an_audit_that_could_not_look_up_who_may_be_merged_away_is_incomplete_and_says_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=150), drift=False) as shop:
        shop.change_settings(lambda settings: settings.update(coverage={"reread": 0}))
        customer = str(shop.running.world.centra.customers[0].id)
        shop.audit("--suite", "identity")
        _, known = shop.audit("--suite", "identity")
        assert "unlooked" not in known
        monkeypatch.setattr(confirming, "left_behind", lambda *_: [customer])
        code, told = shop.audit("--suite", "identity")
        assert (code, told["verdict"], told["unlooked"]) == (3, "incomplete", 1)
        _, again = shop.audit("--suite", "identity", "--no-snapshot")
        assert (again["verdict"], again["unlooked"]) == ("incomplete", 1)
        sentence = "1 customer whose orders are another's now could not be looked up in Centra"
        assert sentence in unescape(Path(again["report"]).read_text())
        shop.auditor("audit", "--suite", "identity", "--no-snapshot")
        assert sentence in shop.out


def test_a_merge_since_the_audit_keeps_a_preflight_from_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=150), drift=False) as shop:
        world = shop.running.world
        contact, heir = mergeable(world)
        (audience,) = (one for one in world.emarsys.lists if one.id == LIST)
        audience.contact_ids[:] = [contact.id]
        assert shop.auditor("audit") == 0
        assert shop.auditor("preflight", "--list", str(LIST)) == 0
        merge_customers(world, int(contact.values[KEY_FIELD] or ""), heir, shop.running.clock())
        shop.running.refresh()
        assert shop.auditor("preflight", "--list", str(LIST)) == 1
        assert "merged into another" in shop.out
