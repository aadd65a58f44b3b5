"""`auditor init`: writes a commented settings file."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options


@click.command(
    short_help="Write a commented settings file.",
    epilog="""\b
Examples:
  auditor init
  auditor init brands/nordlys.yaml
  auditor init --force
""",
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@shared_options
@pass_invocation
def command(invocation: Invocation, path: Path | None, *, force: bool) -> None:
    """Write a settings file with every key explained, at PATH or where --config says.

    Nobody but you may read it. Secrets stay out of it: it names the environment variables that
    hold them.
    """
    import json

    target = path or invocation.config
    _write(target, force=force)
    if invocation.format == "json":
        click.echo(json.dumps({"format": 1, "settings": str(target)}))
        return
    click.echo(f"Wrote {click.format_filename(target)}.")
    click.echo(
        "Next: fill it in, set the environment variables that it names, and run"
        f" `auditor doctor --config {click.format_filename(target)}`, which tells what is missing."
    )


def _write(target: Path, *, force: bool) -> None:
    """Write the template, readable by its owner alone; another file is replaced only by force.

    What is there stays until the new file is complete.
    """
    import os.path
    from importlib.resources import files

    from auditor.errors import ConfigError
    from auditor.private_file import write_private

    template = files("auditor").joinpath("config_template.yaml").read_bytes()
    try:
        if not force and os.path.lexists(target):
            raise ConfigError(
                f"{target}: is there already; give another path, or replace it with --force."
            )
        write_private(target, template)
    except (OSError, ValueError) as exc:
        raise ConfigError(
            f"{target}: cannot be written; name a file in a folder that is yours."
        ) from exc
