"""`auditor doctor`: tests everything an audit depends on, and says what to do about it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Invocation, pass_invocation, shared_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.config import Settings
    from auditor.doctor.result import Result
    from auditor.model.finding import Check

BROKEN = 2


@click.command(
    short_help="Test settings, permissions and stores.",
    epilog="""\b
Examples:
  auditor doctor
  auditor doctor --config brands/nordlys.yaml
  auditor --format json doctor | jq '.probes[] | select(.state == "fail")'
""",
)
@shared_options
@pass_invocation
def command(invocation: Invocation) -> int:
    """Test everything an audit depends on; change nothing in either system.

    Every probe says ok, warn, fail or off, and what to do next. A gap names the checks that it disables.

    Exit codes: 0 when nothing fails, 2 when a probe fails. Warnings leave it 0.
    """
    from auditor.errors import ConfigError

    is_text = invocation.format == "text"
    told: list[tuple[Result, tuple[str, ...]]] = []
    brand = None
    try:
        settings = invocation.settings()
    except ConfigError as exc:
        told.append((_settings_failure(exc), ()))
        if is_text:
            _tell(told[0][0])
    else:
        brand = settings.brand
        spot = _Spot(is_shown=sys.stderr.isatty())
        with _quiet(verbose=invocation.verbose):
            for result, disabled in _examined(invocation, settings, spot.show):
                told.append((result, disabled))
                spot.clear()
                if is_text:
                    _tell(result)
    return _end(brand, told, is_text=is_text)


def _settings_failure(exc: Exception) -> Result:
    from auditor.doctor.result import Result, step_of

    detail, fix = step_of(str(exc))
    return Result("fail", detail, fix or "Correct it and run again.", id="settings.loaded")


def _examined(
    invocation: Invocation, settings: Settings, watch: Callable[[str], None]
) -> Iterator[tuple[Result, tuple[str, ...]]]:
    import time
    from dataclasses import replace

    from auditor.clock import utc_now
    from auditor.doctor.disabled import disabled_by
    from auditor.doctor.result import Result
    from auditor.doctor.run import examine
    from auditor.doctor.visit import Moments, Visit
    from auditor.errors import ConfigError

    checks: tuple[Check, ...] = ()
    try:
        checks = _checks(invocation)
        yield Result("ok", f"{len(checks)} checks are loaded.", id="expectations"), ()
    except ConfigError as exc:
        yield replace(_settings_failure(exc), id="expectations"), ()
    owners = {check.owner for check in checks}
    for result in examine(Visit(settings, Moments(utc_now, time.sleep), owners), watch):
        yield result, disabled_by(result, checks)


def _checks(invocation: Invocation) -> tuple[Check, ...]:
    from auditor.expect.suites import load_checks
    from auditor.resources import expectation_files

    files = expectation_files(invocation.config.resolve().parent)
    return tuple(expectation.check for expectation in load_checks(files))


def _tell(result: Result) -> None:
    click.echo(f"{result.state:<6}{result.id:<48}{result.detail}")
    if result.fix is not None and result.state != "ok":
        click.echo(f"{'':<54}-> {result.fix}")


def _end(brand: str | None, told: list[tuple[Result, tuple[str, ...]]], *, is_text: bool) -> int:
    is_ok = all(result.state != "fail" for result, _ in told)
    if is_text:
        _tell_disabled(told)
        counts = ", ".join(
            f"{sum(result.state == state for result, _ in told)} {state}"
            for state in ("ok", "warn", "fail", "off")
        )
        click.echo(f"\n{counts}")
    else:
        import json

        probes = [_as_json(result, disabled) for result, disabled in told]
        click.echo(json.dumps({"format": 1, "brand": brand, "probes": probes, "ok": is_ok}))
    return 0 if is_ok else BROKEN


def _tell_disabled(told: list[tuple[Result, tuple[str, ...]]]) -> None:
    gaps = [(result.id, disabled) for result, disabled in told if disabled]
    if gaps:
        click.echo("\nDisabled checks:")
    for name, disabled in gaps:
        click.echo(f"  {name}")
        for check in disabled:
            click.echo(f"    {check}")


def _as_json(result: Result, disabled: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": result.id,
        "system": result.system,
        "state": result.state,
        "detail": result.detail,
        "fix": result.fix,
        "disables": list(disabled),
    }


@contextlib.contextmanager
def _quiet(*, verbose: bool) -> Iterator[None]:
    """Keep log lines about refusals away: the probes say the same, and what to do."""
    import logging

    loggers = [logging.getLogger(name) for name in ("auditor.systems", "stamina")]
    levels = [logger.level for logger in loggers]
    if not verbose:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _Spot:
    """One line on the terminal that names the running probe; nothing where there is no terminal."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown

    def show(self, name: str) -> None:
        """Name the running probe."""
        self._write(f"{name} ...")

    def clear(self) -> None:
        """Make room for a result."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._is_shown:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
