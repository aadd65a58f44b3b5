"""The command line: finds one command per file, and turns every outcome into an exit code.

A module of this package is a command when it holds a click command named `command`. It may import
click and `auditor.cli.options` at its top, nothing else: the rest waits until the command runs, so
that `--help` stays quick. A command returns its exit code; None is 0.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import click

from auditor import __version__
from auditor.cli.options import Invocation, pass_invocation, shared_options
from auditor.cli.streams import mend_streams
from auditor.errors import AuditorError
from auditor.faults import machine_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
INTERNAL = 3
COLLECT = (50_000, 10, 10)
"""When cyclic garbage is looked for; Python's own numbers walk all that the imports made some hundred times."""
PRIVATE = 0o077
"""What is taken from the mode of every new file, those that a database makes beside its own included."""


class _Commands(click.Group):
    """The commands that stand as files in this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name.replace("_", "-") for module in iter_modules(__path__))
        return [name for name in sorted(names) if self.get_command(ctx, name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        name = cmd_name.replace("-", "_")
        if name not in {module.name for module in iter_modules(__path__)}:
            return None
        command = getattr(import_module(f"{__name__}.{name}"), "command", None)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        is_option = args[0].startswith("-")
        if not is_option and self.get_command(ctx, args[0]) is None:
            ctx.fail(_no_such_command(args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)


def _no_such_command(name: str, names: list[str]) -> str:
    if name == "help":
        return "No such command 'help'. Run 'auditor --help', or a command with --help behind it."

    from auditor.prose import nearest

    close = nearest(name, names)
    hint = f"Did you mean {close!r}?" if close else f"There are {', '.join(names)}."
    return f"No such command {name!r}. {hint}"


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  auditor demo                        see it at work, without credentials
  auditor init brands/nordlys.yaml    write a commented settings file
  auditor audit --config brands/nordlys.yaml
  auditor --format json audit > audit.json

\b
Exit codes:
  0 clean   1 findings   2 usage or settings   3 incomplete   4 plan refused   130 interrupted
""",
)
@click.version_option(__version__, message="auditor %(version)s")
@shared_options
@pass_invocation
def group(invocation: Invocation) -> None:
    """Keep Centra and Emarsys telling the same truth."""
    invocation.start_logging()


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        args: Words after the program's name; the process's own unless given.
    """
    os.umask(PRIVATE)
    gc.set_threshold(*COLLECT)
    mend_streams()
    invocation = Invocation()
    try:
        with group.make_context(
            "auditor", list(sys.argv[1:] if args is None else args), obj=invocation
        ) as ctx:
            result = group.invoke(ctx)
        sys.stdout.flush()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except BrokenPipeError:
        return _reader_left()
    except (KeyboardInterrupt, EOFError, click.Abort):
        return INTERRUPTED
    except Exception as exc:  # noqa: BLE001 - the one place where every fault becomes a line and a code
        return _failed(exc, invocation)
    return result if isinstance(result, int) else 0


def _failed(exc: Exception, invocation: Invocation) -> int:
    if isinstance(exc, click.ClickException):
        exc.show()
        return exc.exit_code
    fault = exc if isinstance(exc, AuditorError) else machine_fault(exc)
    if fault is not None:
        _say(str(fault))
        return fault.exit_code
    if invocation.verbose:
        import logging

        invocation.start_logging()
        logging.getLogger(__name__).error("internal error", exc_info=exc)
    _say(f"internal error ({type(exc).__name__}); run with --verbose to see where.")
    return INTERNAL


def _say(message: str) -> None:
    """Write one line, whatever the message holds: text from a system or a file may be hostile."""
    from auditor.hostile import printable

    click.echo(f"auditor: {' '.join(printable(message, ' ').split())}", err=True)


def _reader_left() -> int:
    """Leave without a word when nobody reads on, as `| head` does after its last line."""
    import contextlib

    with contextlib.suppress(OSError, ValueError):
        # Else the interpreter flushes what is left into the closed pipe, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INTERRUPTED
