"""`auditor demo`: the whole job against a sandbox with known drift, and what was found of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Invocation, made_folder, pass_invocation, shared_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.sandbox.start import Sandbox


@click.command(
    short_help="See it at work, without credentials.",
    epilog="""\b
Examples:
  auditor demo
  auditor demo --seed 7 --dir demo
  auditor demo --scale M        100,000 customers; takes minutes
  auditor demo --world clean    nothing planted: the audit must find nothing
""",
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
    "--world",
    type=click.Choice(["drift", "clean"]),
    default="drift",
    show_default=True,
    help="With known drift, or with none.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where settings, stores and report go; a fresh temporary folder unless given.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation, *, seed: int, scale: str, world: str, folder: Path | None
) -> int:
    """Start a Centra and an Emarsys with known drift, audit them, correct them, and audit them again.

    Both are read once as they stood some days ago, since some drift shows only by comparing. The audit,
    the plan and all that follows run as processes of their own through the public command line; what was
    planted stays in this one until the last step. Exit code 0 means that every planted drift was found
    and nothing else, that all corrections held, and that the second audit found nothing new.
    """
    from tempfile import mkdtemp

    from auditor.clock import utc_now
    from auditor.sandbox.start import Plan, sandbox
    from auditor.sandbox.world import EARLIER, Scale

    place = made_folder(folder or Path(mkdtemp(prefix="auditor-demo-")))
    click.echo("Building the world and starting both systems...", err=True)
    size = {"S": Scale.S, "M": Scale.M}[scale]
    plan = Plan(place, utc_now, size, seed=seed, drift=world == "drift", lives=EARLIER)
    with sandbox(plan) as running:
        _look(running)
        running.live_on()
        audit = _audit(running)
        found = _findings(running)
        planned = _plan(running)
        corrected = _correct(running, planned, found)
    scores = _scores(running, found)
    _tell(invocation, audit, scores, place, planned, corrected)
    is_exact = all(score["missed"] == score["false"] == 0 for score in scores)
    return 0 if is_exact and corrected["is_clean"] else 1


def _look(running: Sandbox) -> None:
    """Read both systems as they stand before the drift, at the time that they tell."""
    from contextlib import chdir

    from auditor.cli.progress import shown_progress
    from auditor.config import load_settings
    from auditor.pipeline import Run, snapshot

    folder = running.settings.parent
    settings = load_settings(running.settings, running.environ)
    with chdir(folder), shown_progress() as progress:
        snapshot(Run(settings, folder, running.clock, progress))


def _audit(running: Sandbox) -> dict[str, Any]:
    import json

    from auditor.errors import ReadError

    code, output = _auditor(running, "--format", "json", "audit")
    if not output:
        raise ReadError(f"the audit ended with exit code {code} and no result; see above.")
    result: dict[str, Any] = json.loads(output)
    return result


def _plan(running: Sandbox) -> dict[str, Any]:
    """Plan what would correct it, with caps as they are for every brand; nothing is sent."""
    import json

    from auditor.errors import UnsafePlanError

    code, output = _auditor(running, "--format", "json", "plan")
    if code:
        raise UnsafePlanError(f"no plan was made (exit code {code}); see above.")
    result: dict[str, Any] = json.loads(output)
    return result


FOLLOWING = frozenset({"consent.erased_but_present"})
"""What a correction leaves for people: an erased contact that was opted out has still to be erased."""


def _correct(running: Sandbox, plan: dict[str, Any], found: set[tuple[str, str]]) -> dict[str, Any]:
    """Approve the plan, apply it, let Emarsys load what was sent, verify, and audit again."""
    import json

    from auditor.correct.applying.journal import OUTCOMES

    applied = _json(running, "apply", plan["plan"], "--digest", plan["digest"])
    click.echo("A day passes: Emarsys loads what it was sent.", err=True)
    running.load_sales()
    _json(running, "verify", plan["plan"])
    audit = _audit(running)
    verified = _json(running, "verify", plan["plan"])
    _, output = _auditor(running, "--format", "json", "findings")
    rows = [json.loads(line) for line in output.splitlines()]
    new = {(row["check"], row["subject"]["key"]) for row in rows} - found
    effect = verified["effect"]
    persisting = sum(one["persisting"] or 0 for one in effect)
    return {
        "verdict": audit["verdict"],
        "applied": {name: applied[name] for name in OUTCOMES},
        "verified": {name: verified[name] for name in OUTCOMES},
        "mended": sum((one["resolved"] or 0) + (one["contained"] or 0) for one in effect),
        "persisting": persisting,
        "new": sum(check not in FOLLOWING for check, _ in new),
        "for_people": sum(not row["contained"] for row in rows),
        "undo": verified["undo"],
        "is_clean": verified["verified"] == plan["changes"]
        and persisting == 0
        and all(check in FOLLOWING for check, _ in new),
    }


def _json(running: Sandbox, *words: str) -> dict[str, Any]:
    import json

    from auditor.errors import ApplyError

    code, output = _auditor(running, "--format", "json", *words)
    if not output:
        raise ApplyError(f"auditor {words[0]} ended with exit code {code}; see above.")
    result: dict[str, Any] = json.loads(output)
    return result


def _findings(running: Sandbox) -> set[tuple[str, str]]:
    import json

    _, output = _auditor(running, "--format", "json", "findings")
    rows = [json.loads(line) for line in output.splitlines()]
    return {(row["check"], row["subject"]["key"]) for row in rows}


def _auditor(running: Sandbox, *words: str) -> tuple[int, str]:
    """Run the auditor as a user would: its own process, its settings file, its environment."""
    import subprocess
    import sys

    from auditor.config.environment import environment_with

    done = subprocess.run(  # noqa: S603 - our own program, no shell
        [sys.executable, "-m", "auditor", "--config", str(running.settings), *words],
        cwd=running.settings.parent,
        env=environment_with(running.environ),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def _scores(running: Sandbox, found: set[tuple[str, str]]) -> list[dict[str, Any]]:
    planted = {(row.check, row.subject) for row in running.key}
    return [
        {
            "check": check,
            "planted": _of(check, planted),
            "found": _of(check, planted & found),
            "missed": _of(check, planted - found),
            "false": _of(check, found - planted),
        }
        for check in sorted({check for check, _ in planted | found})
    ]


def _of(check: str, rows: Iterable[tuple[str, str]]) -> int:
    return sum(name == check for name, _ in rows)


def _tell(
    invocation: Invocation,
    audit: dict[str, Any],
    scores: list[dict[str, Any]],
    place: Path,
    plan: dict[str, Any],
    corrected: dict[str, Any],
) -> None:
    import json

    report, planned = str(place / audit["report"]), str(place / plan["plan"])
    if invocation.format == "json":
        click.echo(
            json.dumps(
                {
                    "format": 1,
                    "verdict": audit["verdict"],
                    "scores": scores,
                    "report": report,
                    "plan": planned,
                    "corrected": corrected,
                }
            )
        )
        return
    click.echo(f"{'check':<44}{'planted':>8}{'found':>8}{'false':>8}")
    for score in scores:
        click.echo(
            f"{score['check']:<44}{score['planted']:>8}{score['found']:>8}{score['false']:>8}"
        )
    planted, found, false = (sum(s[name] for s in scores) for name in ("planted", "found", "false"))
    recall, precision = _ratio(found, planted), _ratio(found, found + false)
    click.echo(f"{'all':<44}{planted:>8}{found:>8}{false:>8}")
    click.echo(f"\nVerdict: {audit['verdict']}   recall {recall:.3f}   precision {precision:.3f}")
    click.echo(f"Report:  {report}")
    classes = ", ".join(f"{count} {name}" for name, count in plan["by_class"].items())
    click.echo(
        f"Plan:    {plan['changes']} changes ({classes or 'none'}), "
        f"{plan['proposals']} proposals for people"
    )
    click.echo(f"         {planned}")
    for name, outcome in (("Applied: ", "applied"), ("Later:   ", "verified")):
        counts = corrected[outcome]
        click.echo(f"{name}{', '.join(f'{count} {state}' for state, count in counts.items())}")
    click.echo(
        f"Audited again: {corrected['mended']} corrected findings are mended, "
        f"{corrected['persisting']} persist, {corrected['new']} are new; "
        f"{corrected['for_people']} are for people"
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
