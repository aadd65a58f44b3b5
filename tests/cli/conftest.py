"""Commands that stand in this package only while a test runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import auditor.cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULTY = '''
import click
from auditor.cli.options import shared_options
from auditor.errors import ApplyError, ConfigError, ReadError


def _raise(kind, text):
    if kind == "exit":
        click.get_current_context().exit(int(text))
    raise {"config": ConfigError, "read": ReadError, "apply": ApplyError, "interrupt": KeyboardInterrupt,
           "pipe": BrokenPipeError, "bug": ZeroDivisionError, "abort": click.Abort}[kind](text)


@click.command(short_help="Fail on purpose.")
@click.argument("kind")
@click.argument("text", default="")
@shared_options
def command(kind, text):
    """Fail in the way that KIND names."""
    _raise(kind, text)
'''

SHOWING = '''
import click
from auditor.cli.options import pass_invocation, shared_options


@click.command(short_help="Show how it was called.")
@click.option("--code", type=int, default=0)
@shared_options
@pass_invocation
def command(invocation, code):
    """Show the options."""
    click.echo(f"{invocation.config} {invocation.format} {invocation.verbose} {invocation.log_format}")
    return code
'''


@dataclass(frozen=True)
class Said:
    """What a command line left behind."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the commands `faulty` and `show-options`, and a module that is none."""
    modules = {"faulty": FAULTY, "show_options": SHOWING, "bystander": "command = print\n"}
    folder = tmp_path / "commands"
    folder.mkdir()
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    monkeypatch.setattr(auditor.cli, "__path__", [*auditor.cli.__path__, str(folder)])
    yield
    for name in modules:
        sys.modules.pop(f"auditor.cli.{name}", None)
        vars(auditor.cli).pop(name, None)


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, commands: None
) -> Call:
    """Run a command line."""
    del commands
    monkeypatch.delenv("AUDITOR_CONFIG", raising=False)

    def _call(*words: object) -> Said:
        code = auditor.cli.main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return _call
