"""Two audits over sockets: what one side changed between them is attributed to it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world import Scale
from tests.brand import brand

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from auditor.sandbox.world.model import Contact, World

EMAIL, OPT_IN = 3, 31


def steady_reader(world: World) -> Contact:
    """Return a contact that is opted in, by nothing but newsletter rows that are old."""
    long_ago = world.now - timedelta(days=30)
    rows = [row for row in world.centra.subscriptions if row.variant_id is None]
    doubtful = {row.email for row in rows if not row.is_active or row.created_at > long_ago}
    signed_up = {row.email for row in rows} - doubtful
    left = {click.contact_id for click in world.emarsys.unsubscribes}
    return next(
        contact
        for contact in world.emarsys.contacts
        if contact.values[OPT_IN] == "1"
        and contact.values[EMAIL] in signed_up
        and contact.id not in left
    )


def test_an_opt_in_that_emarsys_lost_was_moved_by_emarsys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=60), drift=False) as shop:
        shop.audit("--suite", "consent")
        reader = steady_reader(shop.running.world)
        reader.values[OPT_IN] = None
        shop.auditor("snapshot", "--full")
        _, audit = shop.audit("--no-snapshot")
        shop.auditor("findings", "--format", "json")
        found = json.loads(shop.out)
    assert (found["check"], found["subject"]["key"]) == ("consent.opt_in_lost", str(reader.id))
    assert (found["moved_by"], found["since"]) == ("emarsys", audit["as_of"])
    assert found["agreed"]["emarsys"]["opt_in"] == "1"
