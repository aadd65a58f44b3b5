"""`auditor sandbox`: just the two systems, with a settings file that points at them."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import Invocation, made_folder, pass_invocation, shared_options


@click.command(
    short_help="Run a Centra and an Emarsys of your own.",
    epilog="""\b
Examples:
  auditor sandbox --dir play
  auditor sandbox --world clean --scale M --seed 7 --dir play

\b
Then, in another terminal:
  cd play && set -a && . ./sandbox.env && set +a && auditor audit
""",
)
@click.option(
    "--world",
    type=click.Choice(["drift", "clean"]),
    default="drift",
    show_default=True,
    help="With known drift, or with none.",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="Which world; the same seed gives the same.",
)
@click.option(
    "--scale",
    type=click.Choice(["S", "M"]),
    default="S",
    show_default=True,
    help="2,000 or 100,000 customers.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="sandbox",
    show_default=True,
    help="Where auditor.yaml and the Open Data database go.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, world: str, seed: int, scale: str, folder: Path) -> None:
    """Run both systems on loopback until interrupted.

    Nothing in it is real: people, orders and secrets are made up.
    """
    import json
    import shlex
    import signal
    import threading

    from auditor.clock import utc_now
    from auditor.sandbox.start import Plan, sandbox
    from auditor.sandbox.world import Scale

    folder = made_folder(folder)
    plan = Plan(
        folder,
        utc_now,
        {"S": Scale.S, "M": Scale.M}[scale],
        seed=seed,
        drift=world == "drift",
    )
    click.echo("Building the world...", err=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with sandbox(plan) as running:
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in running.environ.items()]
        (folder / "sandbox.env").write_text("".join(lines))
        if invocation.format == "json":
            ready = {"format": 1, "settings": str(running.settings), "urls": running.urls}
            click.echo(json.dumps(ready))
        else:
            click.echo(f"Centra:   {running.urls['centra']}/graphql")
            click.echo(f"Emarsys:  {running.urls['emarsys']}/api/v3")
            click.echo(f"Settings: {running.settings}")
            click.echo("Stop with Ctrl-C.")
        stop.wait()
