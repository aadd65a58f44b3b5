"""The options that every command takes, before or after its name, and what they add up to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.config import Settings

Command = TypeVar("Command", bound="Callable[..., Any]")
Words = ParamSpec("Words")
Answer = TypeVar("Answer")

_LONE = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes on the command line that are no text."""


@dataclass
class Invocation:
    """How the auditor was called.

    Attributes:
        config: The settings file.
        format: How results are printed; JSON goes to stdout alone.
    """

    config: Path = Path("auditor.yaml")
    format: Literal["text", "json"] = "text"
    verbose: bool = False
    log_format: Literal["text", "json"] = "text"

    def settings(self, *, needs_secrets: bool = True) -> Settings:
        """Read the settings file.

        Args:
            needs_secrets: Whether every secret must be set; who only reads the stores needs none.

        Raises:
            ConfigError: it is missing or wrong, or the brand's stores are in another folder.
        """
        return read_settings(self.config, needs_secrets=needs_secrets)

    def start_logging(self) -> None:
        """Configure log lines as the options say so far."""
        from auditor.logs import configure

        configure(self.log_format, verbose=self.verbose)


def read_settings(config: Path, *, needs_secrets: bool = True) -> Settings:
    """Read a settings file for a command that runs in the present folder.

    Args:
        config: The file.
        needs_secrets: As for `load_settings`.

    Raises:
        ConfigError: it is missing or wrong, or the brand's stores are in another folder.
    """
    from auditor.config import load_settings, require_stores_here

    settings = load_settings(config, needs_secrets=needs_secrets)
    require_stores_here(config, settings.store.ledger, settings.store.warehouse)
    return settings


_passing = click.make_pass_decorator(Invocation, ensure=True)


def pass_invocation(
    function: Callable[Concatenate[Invocation, Words], Answer],
) -> Callable[Words, Answer]:
    """Let a command take the invocation first, once what it was given is known to be text."""
    passed = _passing(function)

    def checked(*args: Words.args, **kwargs: Words.kwargs) -> Answer:
        _require_text(click.get_current_context())
        return passed(*args, **kwargs)

    return update_wrapper(checked, function)


def _require_text(ctx: click.Context) -> None:
    """Refuse bytes that are no text, which no store takes; a file may have any name.

    Raises:
        BadParameter: a value holds some.
    """
    for param in ctx.command.params:
        is_file = isinstance(param.type, click.Path)
        value = None if is_file else ctx.params.get(param.name or "")
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, str) and _LONE.search(one):
                raise click.BadParameter("it is no text in UTF-8; write it anew.", ctx, param)


def shared_options(command: Command) -> Command:
    """Add `--config`, `--format`, `--verbose` and `--log-format` to a command or group."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def require_alone(option: str, does: str, given: Mapping[str, object]) -> None:
    """Refuse beside an option what it leaves undone; an empty value was not given.

    Raises:
        UsageError: some of it was asked for.
    """
    asked = " and ".join(other for other, value in given.items() if value)
    if asked:
        raise click.UsageError(f"{option} {does}; leave out {asked}.")


def made_folder(folder: Path) -> Path:
    """Make the folder that `--dir` names, for its owner alone; return its whole path.

    Raises:
        ConfigError: it cannot be made, or nothing can be written into it.
    """
    from tempfile import TemporaryFile

    from auditor.errors import ConfigError

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return folder.resolve()
    except (OSError, ValueError) as exc:
        raise ConfigError(
            f"--dir {folder}: cannot be written; name a folder that is yours."
        ) from exc


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ANN401 - click's own signature
    """Keep a value that was given; a default never undoes what stood before the command's name."""
    invocation = ctx.ensure_object(Invocation)
    source = ctx.get_parameter_source(param.name or "")
    is_inherited = ctx.parent is not None and source is ParameterSource.ENVIRONMENT
    if source is not ParameterSource.DEFAULT and not is_inherited:
        setattr(invocation, str(param.name), value)
        invocation.start_logging()


_OPTIONS = (
    click.option(
        "--config",
        metavar="FILE",
        envvar="AUDITOR_CONFIG",
        show_envvar=True,
        default="auditor.yaml",
        show_default=True,
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_remember,
        help="The brand's settings.",
    ),
    click.option(
        "--format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        expose_value=False,
        callback=_remember,
        help="How the result is printed.",
    ),
    click.option(
        "--verbose",
        "-v",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Say what is done, and show tracebacks.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        expose_value=False,
        callback=_remember,
        help="How log lines are written to stderr.",
    ),
)
