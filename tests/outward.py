"""Every command once over a sandbox whose people are marked and whose texts attack; what came out is kept.

Each address and name of the world carries a mark that stands nowhere else. Items, orders and titles carry
texts that attack whoever reads them. Mail goes to a server that keeps it, chat to nobody who answers.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import click
import pytest

from auditor.cli import group, main
from auditor.sandbox import start
from auditor.sandbox.centra.options import Token
from auditor.sandbox.emarsys.options import ApiUser, EmarsysOptions
from auditor.sandbox.world import build_world
from auditor.service import jobs
from tests.brand import FAST, Brand, brand
from tests.mail.conftest import Server, serving
from tests.test_plan import SCALE, Captured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.sandbox.world import World
    from auditor.sandbox.world.model import CatalogueRow, Purchase

MARK = "zqxwv"
"""In every address, first and last name of the world, and nowhere else."""

HOOK = "qjxkz-hook"
"""What only those know who may post to the chat."""

PERSONAL = ("email", "first_name", "last_name")
FIRST, LAST, EMAIL = 1, 2, 3
"""The fields of a contact. Source: Emarsys reference, system fields."""

EVERYBODY = "100001"

ATTACKS = (
    "<script>alert(1)</script>", "</title><svg onload=alert(1)>", "=HYPERLINK(\"https://x.example\")",
    "+1+1", "@SUM(A1)", "a\rBcc: all@x.example", "a\nERROR auditor: forged", "\x1b]0;owned\x07", "\x1b[2J",
    "\u202egnp.exe", "{{7*7}}", "%s%n", "{0.__class__}", "${AUDITOR_PEPPER}", "<!channel>",
)  # fmt: skip


def mark(world: World) -> None:
    """Mark every person of both systems, the same text the same way; whoever is marked stays so."""
    for row in _rows(world):
        for column in PERSONAL:
            if text := getattr(row, column, None):
                setattr(row, column, marked(text))
    for contact in world.emarsys.contacts:
        for number in (FIRST, LAST, EMAIL):
            if text := contact.values.get(number):
                contact.values[number] = marked(str(text))


def _rows(world: World) -> Iterator[Any]:
    for owner in (world.centra, world.emarsys):
        for name in owner.__dataclass_fields__:
            rows = getattr(owner, name)
            yield from rows if isinstance(rows, list) else ()


def marked(text: str) -> str:
    space = text[: len(text) - len(text.lstrip())]  # some addresses begin with it, on one side
    return text if MARK in text.lower() else f"{space}{MARK}{text.lstrip()}"


def attack(world: World) -> None:
    """Let Emarsys hold items, titles and orders that attack, of which Centra knows nothing."""
    emarsys, sample = world.emarsys, world.emarsys.catalogue[0]
    known = emarsys.purchases[0]
    for number, text in enumerate(ATTACKS):
        if text.isprintable():  # else the feed's rows are set aside, and no check judges the rest
            item: CatalogueRow = copy.copy(sample)
            item.item, item.title, item.available = f"{text}{number}", text, True
            emarsys.catalogue.append(item)
        bought: Purchase = copy.copy(known)
        bought.order_id, bought.quantity = f"{text}{number}", Decimal(1)
        emarsys.purchases.append(bought)
    printable = [text for text in ATTACKS if text.isprintable()]
    for row, text in zip(emarsys.catalogue, printable, strict=False):
        row.title = text
    for segment, text in zip(emarsys.segments, ATTACKS, strict=False):
        segment.name = text


@dataclass
class Outward:
    """What came out.

    Attributes:
        said: By command line, what stood on stdout and stderr together.
        called: The commands that ran, as their words.
        letters: As the mail server took them.
        hosts: Every address that a socket was opened to, and every name that was looked up.
    """

    folder: Path
    shop: Brand
    server: Server
    said: dict[str, str] = field(default_factory=dict)
    called: set[tuple[str, ...]] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    forgotten: str = ""

    @property
    def letters(self) -> list[bytes]:
        return self.server.got

    def auditor(self, *words: str) -> str:
        """Run a command line and keep what it printed; return what stood on stdout."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(["--config", str(self.shop.running.settings), *words])
        told, said = (_content(one) for one in (out, err))
        self.keep(words, told + said)
        return told

    def keep(self, words: tuple[str, ...], said: str) -> None:
        self.said[" ".join(words)] = said
        names = [
            word for word in words if not word.startswith("-") and word not in ("text", "json")
        ]
        self.called |= {tuple(names[:1]), tuple(names[:2])}

    def result(self, *words: str) -> dict[str, Any]:
        out = self.auditor("--format", "json", *words)
        assert out, self.said
        told: dict[str, Any] = json.loads(out)
        return told

    def files(self) -> list[Path]:
        """Return every file that commands made."""
        roots = (self.folder / "var", self.folder / "reports")
        return sorted(path for root in roots for path in root.rglob("*") if path.is_file())


def _content(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return cast("io.BytesIO", stream.buffer).getvalue().decode()


def commands(of: click.Group = group, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command there is, those below others included."""
    context = click.Context(of)
    for name in of.list_commands(context):
        command = of.get_command(context, name)
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)


KINDS = ("contact", "order", "item", "shipment", "stream", "config")

ELSEWHERE = {
    ("demo",): "it makes up a world of its own, and prints that",
    ("sandbox",): "it makes up a world of its own, and prints its secrets",
}
"""Commands that know nobody but people they made up."""


@contextlib.contextmanager
def heard(hosts: set[str]) -> Iterator[None]:
    """Note every address that Python opens a socket to, and every name that it looks up.

    A hook of the interpreter cannot be taken away; it is told to hear nothing any more.
    """
    listening = [True]

    def hear(event: str, about: Any) -> None:
        if not listening[0]:
            return
        if event == "socket.connect" and isinstance(about[1], tuple):
            hosts.add(f"{about[1][0]}:{about[1][1]}")
        if event in ("socket.getaddrinfo", "socket.gethostbyname") and about[0] is not None:
            hosts.add(about[0].decode() if isinstance(about[0], bytes) else str(about[0]))

    sys.addaudithook(hear)
    try:
        yield
    finally:
        listening[0] = False


def secretive() -> dict[str, Any]:
    """Return options of both systems, whose secrets are made up and stand nowhere else."""
    user = ApiUser(client_id="qjxkz-client", client_secret="qjxkz-client-secret")  # noqa: S106 - made up
    tokens = (Token("qjxkz-centra-token"),)
    return {
        "centra": replace(FAST, tokens=tokens, order_api_secret="qjxkz-order-api"),  # noqa: S106
        "emarsys": EmarsysOptions(users=(user,), hapi_token="qjxkz-hapi-token"),  # noqa: S106 - made up
    }


@contextlib.contextmanager
def outward(folder: Path) -> Iterator[Outward]:
    """Run every command, and keep what came out."""
    build, plant = build_world, start.Sandbox.plant
    captured = cast("pytest.CaptureFixture[str]", Captured())

    def built(*words: Any) -> World:
        world = build(*words)
        mark(world)
        return world

    def planted(self: start.Sandbox) -> None:
        plant(self)
        mark(self.world)
        attack(self.world)

    with (
        pytest.MonkeyPatch.context() as patch,
        mock.patch.object(start, "build_world", built),
        mock.patch.object(start.Sandbox, "plant", planted),
        serving(Server()) as server,
        brand(folder, patch, captured, SCALE, order_api=True, **secretive()) as shop,
    ):
        patch.setenv("AUDITOR_CHAT_WEBHOOK", f"http://127.0.0.1:9/{HOOK}")
        shop.change_settings(lambda known: known.update(_more(server)))
        made = Outward(folder, shop, server)
        with heard(made.hosts):
            _work(made)
        yield made


def _more(server: Server) -> dict[str, Any]:
    readers = {"default": ["ops@brand.example"], "crm": ["crm@brand.example"]}
    return {
        "corrections": {"caps": {"default": {"count": 500, "share": 1}}},
        "mail": {
            "smtp": f"smtp://127.0.0.1:{server.port}",
            "from": "auditor@brand.example",
            "to": readers,
            "escalate": {"to": ["head@brand.example"], "after": {"default": "1s"}},
        },
        "chat": {"webhook": "${AUDITOR_CHAT_WEBHOOK}"},
        "schedule": {"audit": "0 5 * * *", "sweep": "0 2 * * 0", "correct": "0 6 * * *"},
        "preflight": {"planned": [{"segment": int(EVERYBODY), "at": "* * * * *"}]},
    }


def _work(made: Outward) -> None:
    """Run every command, most of them for people and for machines."""
    made.auditor("init", str(made.folder / "other.yaml"))
    made.auditor("doctor")
    made.auditor("--format", "json", "doctor")
    made.auditor("-v", "--log-format", "json", "snapshot", "--full")
    audited = made.result("audit", "--tell")
    made.auditor("report", audited["run"])
    made.auditor("overview", str(made.shop.running.settings))
    made.auditor("findings")
    rows = [json.loads(line) for line in made.auditor("--format", "json", "findings").splitlines()]
    accept = ("--until", "2099-01-01", "--reason", ATTACKS[0])
    made.auditor("findings", "accept", rows[-1]["fingerprint"], *accept)
    _explain(made, rows)
    made.auditor("-v", "preflight", "--segment", EVERYBODY, "--tell")
    made.auditor("--format", "json", "preflight", "--segment", EVERYBODY)
    _correct(made)
    made.auditor("-v", "audit", "--tell", "--canary", "--since", audited["run"])
    made.auditor("correct")
    _serve(made)
    made.forgotten = str(made.shop.running.world.emarsys.contacts[0].values[EMAIL])
    made.auditor("-v", "forget", "--expired")
    made.auditor("-v", "forget", made.forgotten)


def _explain(made: Outward, rows: list[dict[str, Any]]) -> None:
    by_kind = {row["subject"]["kind"]: row["subject"]["key"] for row in rows}
    for kind, key in sorted((kind, by_kind[kind]) for kind in KINDS if kind in by_kind):
        made.auditor("explain", key, "--kind", kind)
        made.auditor("--format", "json", "explain", key, "--kind", kind, "--reveal")
    # By an address, which the one who asks knows already.
    address = str(made.shop.running.world.emarsys.contacts[0].values[EMAIL])
    made.auditor("explain", address)
    made.auditor("--format", "json", "explain", address)


def _correct(made: Outward) -> None:
    made.auditor("plan")
    plan = made.result("plan")
    approved = (plan["plan"], "--digest", plan["digest"])
    made.auditor("halt", "--reason", ATTACKS[6])
    made.auditor("apply", *approved)
    made.auditor("halt", "--lift")
    made.auditor("-v", "apply", *approved)
    made.auditor("uploads")
    for line in made.result("uploads")["waiting"][:1]:
        made.auditor("-v", "uploads", "--not-arrived", line["order"])
        made.auditor("-v", "uploads", "--arrived", line["order"], "--item", line["item"])
    made.shop.running.load_sales()
    made.auditor("verify", plan["plan"])
    made.auditor("--format", "json", "verify", plan["plan"])
    made.auditor("undo", plan["plan"])


def _serve(made: Outward) -> None:
    """Do each kind of work as the service does, then let a service begin and end."""
    config, log = str(made.shop.running.settings), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    with contextlib.redirect_stderr(log):
        for kind in jobs.KINDS:
            jobs.work(kind, config, f"segment:{EVERYBODY}" if kind == "preflight" else "")
    logging.getLogger().removeHandler(handler)
    made.keep(("jobs",), log.getvalue())
    made.auditor("serve", "--status")
    run = [sys.executable, "-m", "auditor", "-v", "serve", config]
    started = subprocess.Popen(
        run, cwd=made.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    heartbeat, end = made.folder / "var/service/heartbeat.json", time.monotonic() + 30
    while not heartbeat.exists() and time.monotonic() < end:
        time.sleep(0.1)
    os.kill(started.pid, signal.SIGTERM)
    made.keep(("serve", config), started.communicate(timeout=30)[0])
