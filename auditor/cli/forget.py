"""`auditor forget`: erases a person from the auditor's own stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options
from auditor.hostile import printable

if TYPE_CHECKING:
    from auditor.config import Settings
    from auditor.pipeline import Cleaned, Forgotten

LEFT = 3


@click.command(
    short_help="Erase a person from the auditor's own stores.",
    epilog="""\b
Examples:
  auditor forget ann@example.com
  auditor --format json forget ann@example.com
  auditor forget --expired            nobody in particular: what is too old
""",
)
@click.argument("email", required=False)
@click.option(
    "--expired",
    "is_expired",
    is_flag=True,
    help="Delete what is older than privacy.retain and privacy.retain_files, as the service does daily.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, *, email: str | None, is_expired: bool) -> int:
    """Erase a person from both stores, their history and copies, and from every file; look again; say so.

    Ids and keyed hashes stay, for they name nobody; a keyed hash of the address is left as a tombstone. Files
    that hold the person, plans among them, are deleted. Neither Centra nor Emarsys is touched: erase the
    person there first, else the next reading has them again.

    Exit codes: 0 nothing is left, 2 settings, 3 something is left, which is named.
    """
    from auditor.cli.progress import shown_progress
    from auditor.clock import utc_now
    from auditor.pipeline import Run, clean, forget

    if (email is None) != is_expired:
        raise click.UsageError("Give an e-mail address, or --expired.")
    settings = invocation.settings()
    with shown_progress() as progress:
        run = Run(settings, invocation.config.resolve().parent, utc_now, progress)
        if email is None:
            return _tell_cleaned(invocation, settings, clean(run))
        done = forget(run, email)
    if invocation.format == "json":
        click.echo(json.dumps(_json(done)))
    else:
        _tell(done)
    return LEFT if done.left else 0


def _json(done: Forgotten) -> dict[str, object]:
    return {
        "format": 1,
        "rows": done.rows,
        "files": done.files,
        "searched": {"tables": done.searched_tables, "files": done.searched_files},
        "left": list(done.left),
        "present": done.is_present,
        # Only where a key ties records under another address to the person.
        **({"others": list(done.others)} if done.others else {}),
    }


def _tell(done: Forgotten) -> None:
    click.echo(f"Erased: {done.rows} rows, {done.files} files.")
    where = f"{done.searched_tables} tables and {done.searched_files} files"
    if done.left:
        click.echo(f"Looked again into {where}; still there: {', '.join(done.left)}.")
    else:
        click.echo(f"Looked again into {where}: nothing is left.")
    if done.is_present:
        click.echo(
            "The newest snapshot had this person: erase them in Centra and Emarsys, and forget them again."
        )
    if done.others:
        click.echo(
            "Under another address the same key has "
            f"{printable(', '.join(done.others))}: forget that address as well, if it is the same person's."
        )


def _tell_cleaned(invocation: Invocation, settings: Settings, done: Cleaned) -> int:
    if invocation.format == "json":
        from dataclasses import asdict

        click.echo(json.dumps({"format": 1, "brand": settings.brand, **asdict(done)}))
    else:
        click.echo(f"{done.sentence().capitalize()}.")
    return 0
