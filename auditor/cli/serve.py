"""`auditor serve`: the scheduled service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Invocation, pass_invocation, read_settings, shared_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import Event

    from auditor.config import Settings
    from auditor.service.scheduler import Service, Status


@click.command(
    short_help="Audit and correct at the times of the settings.",
    epilog="""\b
Examples:
  auditor serve                                   the settings file of --config
  auditor serve brands/nordlys.yaml brands/fjord.yaml
  auditor serve --status brands/*.yaml            what is due, what was done, and who does it
  auditor serve --metrics-port 9108 brands/*.yaml

\b
Exit codes:
  0 stopped by SIGTERM or SIGINT   1 with --status: something failed last   2 settings
""",
)
@click.argument("configs", nargs=-1, type=click.Path(path_type=Path), metavar="[CONFIG]...")
@click.option("--status", "is_asked", is_flag=True, help="Show jobs and failures, and end.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Serve Prometheus metrics on this machine; off unless given.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation, *, configs: tuple[Path, ...], is_asked: bool, metrics_port: int | None
) -> int:
    """Do what `schedule` and `preflight` say of each brand, one thing at a time for a brand.

    Audits, complete readings, corrections of class auto, and preflights ahead of launches; several brands
    side by side. What was missed or cut off is done once when it is back. A brand that another service
    serves is left to that one until it is gone. SIGTERM ends it within ten seconds. `var/service` holds a
    heartbeat.
    """
    files = configs or (invocation.config,)
    brands = [(read_settings(file, needs_secrets=not is_asked), file) for file in files]
    if is_asked:
        return _show(invocation, brands)
    return _serve(brands, metrics_port)


def _serve(brands: Sequence[tuple[Settings, Path]], metrics_port: int | None) -> int:
    import os

    from auditor.service.scheduler import Service, told

    service = Service(brands)
    ended = _asked_to_end()  # before anything runs, so that no signal finds nobody listening
    if metrics_port is not None:
        _measure([settings for settings, _ in brands], metrics_port)
    service.start()
    for line in (*told(service.due()), *service.waits_for()):
        click.echo(line, err=True)
    _keep_on(service, ended, [settings.brand for settings, _ in brands])
    if not service.stop():
        click.echo(
            "What was being done is left; it is done again when the service is back.", err=True
        )
        os._exit(
            0
        )  # its threads would keep the process; whatever they do can be killed at any moment
    return 0


def _keep_on(service: Service, ended: Event, brands: Sequence[str]) -> None:
    import logging

    from auditor.clock import utc_now
    from auditor.faults import machine_fault
    from auditor.service.watch import beat

    log = logging.getLogger(__name__)
    # Without a limit a signal is not heard before the wait ends.
    while not ended.wait(timeout=1.0):
        service.tick()
        try:
            beat(brands, utc_now())
        except OSError as exc:
            # An old heartbeat says enough to those who watch it; the work goes on.
            log.error("The heartbeat is not written: %s", machine_fault(exc) or exc)  # noqa: TRY400


def _measure(brands: Sequence[Settings], port: int) -> None:
    from auditor.errors import ConfigError
    from auditor.service.watch import LOOPBACK, serve_metrics

    try:
        found = serve_metrics(brands, port)
    except OSError as exc:
        raise ConfigError(f"--metrics-port {port}: it cannot be used ({exc.strerror}).") from exc
    click.echo(f"Metrics: http://{LOOPBACK}:{found}/metrics", err=True)


def _show(invocation: Invocation, brands: Sequence[tuple[Settings, Path]]) -> int:
    import json

    from auditor.service.scheduler import status_of

    stands = [(settings, status_of(settings, file)) for settings, file in brands]
    if invocation.format == "json":
        click.echo(json.dumps({"format": 1, "brands": [_json(status) for _, status in stands]}))
    else:
        for settings, status in stands:
            for line in _lines(settings, status):
                click.echo(line)
    return 1 if any(work.failures for _, status in stands for work in status.done) else 0


def _json(status: Status) -> dict[str, object]:
    from auditor.report.audit_json import zulu

    return {
        "brand": status.brand,
        "served_by": status.served_by,
        "jobs": [{"job": one.kind, "next": one.at and zulu(one.at)} for one in status.due],
        "done": [
            {
                "job": one.kind,
                "began_at": zulu(one.began_at),
                "ended_at": one.ended_at and zulu(one.ended_at),
                "said": one.said,
                "failures": one.failures,
            }
            for one in status.done
        ],
    }


def _lines(settings: Settings, status: Status) -> Iterator[str]:
    from auditor.report.figures import Figures

    figures = Figures(settings.locale, settings.timezone)
    yield f"{status.brand}: served by {status.served_by or 'nobody'}"
    for due in status.due:
        yield f"  next  {due.kind:<24}{'not known' if due.at is None else figures.moment(due.at)}"
    for one in status.done:
        ended = (
            "still going on, or cut off" if one.ended_at is None else figures.moment(one.ended_at)
        )
        word = f"failed {one.failures} times" if one.failures else "done"
        yield f"  last  {one.kind:<24}{ended}, {word if one.ended_at else 'begun'}: {one.said or ''}"


def _asked_to_end() -> Event:
    """Return what is set once somebody ends the process."""
    import signal
    from threading import Event

    ended = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    return ended
