"""`auditor serve`: the scheduled service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from threading import Event


@click.command(
    short_help="Audit and correct at the times of the settings.",
    epilog="""\b
Examples:
  auditor serve                                   the settings file of --config
  auditor serve brands/nordlys.yaml brands/fjord.yaml

\b
Exit codes:
  0 stopped by SIGTERM or SIGINT   2 settings
""",
)
@click.argument("configs", nargs=-1, type=click.Path(path_type=Path), metavar="[CONFIG]...")
@shared_options
@pass_invocation
def command(invocation: Invocation, *, configs: tuple[Path, ...]) -> int:
    """Do what `schedule` says of each brand: audits, complete readings, and corrections of class auto.

    One thing at a time is done for a brand, several brands side by side. What was missed while the
    service was away is done once when it is back. SIGTERM lets it finish what it is doing.
    """
    from auditor.config import load_settings
    from auditor.service.scheduler import Service, told

    files = configs or (invocation.config,)
    service = Service([(load_settings(file), file) for file in files])
    ended = _asked_to_end()  # before anything runs, so that no signal finds nobody listening
    service.start()
    for line in told(service.due()):
        click.echo(line, err=True)
    # Without a limit a signal is not heard before the wait ends.
    while not ended.wait(timeout=1.0):
        pass
    service.stop()
    return 0


def _asked_to_end() -> Event:
    """Return what is set once somebody ends the process."""
    import signal
    from threading import Event

    ended = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    return ended
