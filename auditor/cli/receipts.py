"""What became of a plan, as `auditor apply` and `auditor verify` tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.hostile import in_a_line

if TYPE_CHECKING:
    from auditor.cli.options import Invocation
    from auditor.pipeline import Applied


def tell(invocation: Invocation, applied: Applied) -> int:
    """Print what became of a plan and return the exit code."""
    if invocation.format == "json":
        click.echo(_json(applied))
    else:
        _print(applied)
    if applied.stopped is not None:
        click.echo(f"auditor: {applied.stopped}", err=True)
    return applied.exit_code


def _json(applied: Applied) -> str:
    import json

    from msgspec import to_builtins

    from auditor.report.audit_json import zulu

    undo = applied.undo
    return json.dumps(
        {
            "format": 1,
            "plan": applied.path.as_posix(),
            **applied.outcomes,
            "undo": None if undo is None else undo.path.as_posix(),
            "undo_digest": None if undo is None else undo.digest,
            "undo_expires_at": None if undo is None else zulu(undo.plan.expires_at),
            "undecided": applied.undecided,
            "left": applied.left,
            "stopped": None if applied.stopped is None else str(applied.stopped),
            "reverted": len(applied.reverted),
            "effect": to_builtins(applied.effect),
            "reasons": _reasons(applied),
        }
    )


def _reasons(applied: Applied) -> list[dict[str, object]]:
    """Return why changes failed, were skipped or wait, with their numbers."""
    from collections import Counter

    counts = Counter(
        (receipt.state, receipt.reason)
        for receipt in applied.receipts.values()
        if receipt.reason is not None
    )
    return [
        {"state": state, "reason": reason, "changes": count}
        for (state, reason), count in sorted(counts.items())
    ]


def _print(applied: Applied) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in applied.outcomes.items())
    rest = f", {applied.left} left" if applied.left else ""
    click.echo(f"{counts}{rest}")
    if applied.undecided:
        click.echo(
            f"{applied.undecided} may have been sent; `auditor verify` or applying again decides them"
        )
    for row in _reasons(applied):
        click.echo(in_a_line(f"  {row['state']:<12}{row['changes']:>6}  {row['reason']}"))
    if applied.reverted:
        click.echo(f"  {len(applied.reverted)} verified changes do not hold any more")
    if applied.effect:
        click.echo(
            f"\n{'check':<44}{'planned':>8}{'made':>6}{'resolved':>10}{'held':>6}{'open':>6}{'new':>5}"
        )
    for one in applied.effect:
        later = [one.resolved, one.contained, one.persisting, one.new]
        told = ["-" if count is None else str(count) for count in later]
        click.echo(
            f"{one.check:<44}{one.predicted:>8}{one.made:>6}"
            f"{told[0]:>10}{told[1]:>6}{told[2]:>6}{told[3]:>5}"
        )
    if applied.undo is not None:
        click.echo(
            f"\nUndo:    auditor apply {applied.undo.path} --digest {applied.undo.digest}\n"
            f"         until {applied.undo.plan.expires_at:%Y-%m-%d %H:%M} UTC, later with "
            f"`auditor undo {applied.path}`"
        )
