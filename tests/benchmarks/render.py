"""Writes `docs/benchmarks.md` from the results that are kept in `docs/benchmarks.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.budgets import BUDGETS, WHY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.benchmarks.budgets import Budget, Measured

INTRO = """# Benchmarks

What the auditor is to be capable of, and what it was when it was measured. `make bench` measures all of it
(some hours, mostly for world L) and writes this page; `make bench BENCH="start_up report"` measures only what
is named, and the rest stays as it was. What was measured for the commit that is checked out is not measured
again: `python -m tests.benchmarks --again` does. `python -m tests.benchmarks --list` names all, with the command
that measures each alone and prints its table and its JSON.

Nothing is compared with a clock on the wall of another machine: each is a ratio to a peer, or to a plain scan
of the same file, in the same run. World L has a million contacts and customers, three million orders and what
belongs to them; world M is a tenth of it. About 1 % of the subjects of each topic drift. Both are written
straight into the store by the sandbox's generator, and kept in `var/bench`.
"""
SLOWEST, LARGEST = 10, 16


def page(kept: Mapping[str, Any]) -> str:
    """Return the page for the kept results."""
    results = {name: run["result"] for name, run in kept["runs"].items()}
    parts = [
        INTRO,
        *_section("Budgets", _table(_budget_rows(results))),
        *_reasons(results),
        *_section("Where and when", _table(_run_rows(kept["runs"])), _told(kept["runs"])),
        *_details(results),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, *texts: str) -> list[str]:
    return [f"## {title}\n", *(f"{text}\n" for text in texts if text)]


def _table(rows: Iterable[Sequence[object]]) -> str:
    head, *others = [[str(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *others]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _budget_rows(results: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    yield ["Budget", "Of it", "Measured", "Must", "Aim", "Outcome"]
    for budget in BUDGETS:
        for place, one in enumerate(budget.values(results)):
            name = budget.what if place == 0 else ""
            outcome = one.outcome or "no budget"
            shown = one.shown + one.unit if one.value is not None else "-"
            yield [name, one.what, shown, _wanted(one, one.must), _wanted(one, one.aim), outcome]


def _wanted(one: Measured, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{'≥' if one.more_is_better else '≤'} {value:g}{one.unit}"


def missed(results: Mapping[str, Mapping[str, Any]]) -> list[Budget]:
    """Return the budgets of which something is missed."""
    return [b for b in BUDGETS if any(v.outcome == "missed" for v in b.values(results))]


def _reasons(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    told = [f"- {one.what}: {WHY[one.key]}" for one in missed(results) if one.key in WHY]
    return _section("Why some are missed", "\n".join(told)) if told else []


def _run_rows(runs: Mapping[str, Mapping[str, Any]]) -> Iterator[list[object]]:
    yield ["Measured", "Command", "Commit", "On", "Took"]
    for name, run in runs.items():
        command = f"`python -m tests.benchmarks.{' '.join(run['command'])}`"
        yield [name, command, run["commit"], run["at"][:10], f"{run['seconds']:,.0f} s"]


def _told(runs: Mapping[str, Mapping[str, Any]]) -> str:
    machines: dict[str, list[str]] = {}
    for name, run in runs.items():
        of = run["machine"]
        text = (
            f"{of['processor']}, {of['cores']} cores, {of['memory_gb']} GB; "
            f"Python {of['python']}, DuckDB {of['duckdb']}"
        )
        machines.setdefault(text, []).append(name)
    seeds = sorted({run["result"]["seed"] for run in runs.values() if "seed" in run["result"]})
    lines = [
        f"On {text}{'' if len(machines) == 1 else ': ' + ', '.join(names)}."
        for text, names in machines.items()
    ]
    if seeds:
        lines.append(f"Seed of the worlds: {', '.join(map(str, seeds))}.")
    lines.append("A spread is the middle, with the least and the most.")
    return "\n".join(lines)


def _details(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, (title, texts) in SECTIONS.items():
        if name in results:
            yield from _section(title, *texts(results[name]))


def _audit(result: Mapping[str, Any]) -> list[str]:
    stages = result["stages_s"]
    two = sorted(stages, key=lambda stage: -float(stages[stage]))[:2]
    rows: list[list[object]] = [["Stage", "Seconds", "Peak memory at its end, MB"]]
    rows += [
        [stage, seconds, f"{result['stage_peak_kib'].get(stage, 0) / 1000:,.0f}"]
        for stage, seconds in stages.items()
    ]
    slowest: list[list[object]] = [["Stage", "Statement", "Calls", "Seconds"]]
    of_two = [one for one in result["slowest"] if one["stage"] in two][:SLOWEST]
    slowest += [[one["stage"], one["step"], one["calls"], one["seconds"]] for one in of_two]
    told = (
        f"{result['customers']:,} customers, {result['rows']:,} rows in the canonical tables, "
        f"{result['findings']:,} findings. The scan took {_spread(result['scan_s'])} s, the first audit "
        f"{result['first_s']:,.1f} s, a later one of everything {_spread(result['audit_s'])} s."
    )
    largest = sorted(result["rows_of"].items(), key=lambda item: -item[1])[:LARGEST]
    return [
        told,
        f"Its largest tables: {', '.join(f'{name} {count:,}' for name, count in largest)}.",
        _table(rows),
        "The statements that took longest in the two slowest stages:",
        _table(slowest),
    ]


def _again(result: Mapping[str, Any]) -> Iterator[list[object]]:
    yield ["Audit", "Seconds", *next(iter(result["stages_s"].values()))]
    told = {
        "anew": "of everything",
        "unchanged": "nothing changed",
        "changed": f"{result['changed_rows']:,} rows changed",
    }
    for kind, seconds in result["audit_s"].items():
        yield [told[kind], _spread(seconds), *result["stages_s"][kind].values()]


def _compare(result: Mapping[str, Any]) -> Iterator[list[object]]:
    yield ["By", "Version", "Seconds", "Loading before, s", "Rows that differ"]
    for name, seconds in result["compare_s"].items():
        load = result["load_s"].get(name)
        told = _COMPARED.get(name) or name.replace("_", " on ")
        version = result["versions"].get(name, "")
        loading = _spread(load) if load else ""
        yield [told, version, _spread(seconds), loading, result["differ"][name]]


_COMPARED = {"ours": "the auditor", "judged": "the auditor: all links and judging, too"}


def _start(result: Mapping[str, Any]) -> Iterator[list[object]]:
    yield ["Command", "Seconds", "Times `python -c pass`"]
    for name, seconds in result["wall_s"].items():
        times = result["times_pass"].get(name)
        yield [f"`{name}`", _spread(seconds), _spread(times) if times else "1"]


def _report(result: Mapping[str, Any]) -> Iterator[list[object]]:
    yield ["Findings", "Page, bytes", "Beside it, bytes", "Seconds", "Times reading them"]
    for one in result["sizes"]:
        sizes = (f"{one[name]:,}" for name in ("findings", "page_bytes", "beside_bytes"))
        yield [*sizes, one["seconds"], one["times_the_read"]]


def _frames(result: Mapping[str, Any]) -> list[str]:
    text = (
        f"`{result['table']}`, {result['rows']:,} rows: {_spread(result['frame_s'])} s into a frame of "
        f"{result['frame_mb']:,} MB, {_spread(result['frame_to_scan'])} times hashing every column of it."
    )
    return [text]


def _postgresql(result: Mapping[str, Any]) -> list[str]:
    text = (
        f"An audit of {result['customers']:,} customers on PostgreSQL as it comes takes "
        f"{result['audit_times_as_long']:g} times as long as embedded."
    )
    return [text]


def _spread(value: Mapping[str, float]) -> str:
    return f"{value['median']:,.3g} ({value['min']:,.3g} to {value['max']:,.3g})"


def _tabled(
    rows: Callable[[Mapping[str, Any]], Iterator[list[object]]],
) -> Callable[[Mapping[str, Any]], list[str]]:
    return lambda result: [_table(rows(result))]


SECTIONS: dict[str, tuple[str, Callable[[Mapping[str, Any]], list[str]]]] = {
    "audit_L": ("The audit of world L", _audit),
    "audit_M": ("The audit of world M", _audit),
    "again": ("Auditing again", _tabled(_again)),
    "compare": ("Contacts compared", _tabled(_compare)),
    "start_up": ("Starting", _tabled(_start)),
    "report": ("Reports", _tabled(_report)),
    "frames": ("A frame for a notebook", _frames),
    "postgresql": ("PostgreSQL", _postgresql),
}
