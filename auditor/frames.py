"""A brand as pandas frames and charts, for notebooks: `auditor.open("brand.yaml")`.

Everything is read from what runs have left: the ledger, the archive of each run, and the published copy of
the warehouse. A service that is running is not held up, and nothing is written. The frames hold personal
data where the warehouse does.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import altair as alt
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from msgspec.structs import replace

from auditor.archive import RUNS, Archive
from auditor.config import load_settings
from auditor.config.environment import settings_file
from auditor.errors import ConfigError
from auditor.model.finding import Money, Severity
from auditor.model.personal import Veil
from auditor.model.tables import metadata
from auditor.pipeline.explaining import explain
from auditor.pipeline.reporting import stored_runs
from auditor.report import charts
from auditor.report.bridge import total_of
from auditor.report.figures import Figures
from auditor.warehouse.publish import Published
from auditor.warehouse.unload import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.config import Settings
    from auditor.explain.subject import Kind
    from auditor.model.audit import Record
    from auditor.pipeline.explaining import Explained


def open_brand(config: str | Path | None = None, folder: str | Path | None = None) -> Brand:
    """Open a brand for reading.

    Args:
        config: Its settings file; None takes `$AUDITOR_CONFIG`, else `auditor.yaml`.
        folder: Where the auditor runs, with `var/` in it; None takes the present folder, or that of the
            settings file where only that one has `var/`.

    Raises:
        ConfigError: the settings are missing or wrong.
    """
    file = settings_file() if config is None else Path(config)
    settings = load_settings(file, needs_secrets=False)
    alt.renderers.enable("svg")  # as static pictures: a notebook loads nothing to show them
    if folder is not None:
        place = Path(folder)
    else:
        here, beside = Path.cwd(), file.resolve().parent
        place = beside if not (here / RUNS).exists() and (beside / RUNS).exists() else here
    return Brand(settings, place.resolve(), file.resolve().parent)


class Brand:
    """One brand, for reading. Frames are Arrow-backed; amounts are minor units beside their currency.

    Args:
        settings: The brand's.
        folder: Where the auditor runs.
        beside: The folder of the settings file, where the brand's own suites stand; None knows of none.
    """

    def __init__(self, settings: Settings, folder: Path, beside: Path | None = None) -> None:
        store = settings.store
        inside = {name: _within(folder, getattr(store, name)) for name in store.__struct_fields__}
        self.settings = replace(settings, store=replace(store, **inside))
        self.figures = Figures(settings.locale, settings.timezone)
        self._archive = Archive(settings.brand, folder / RUNS)
        self._beside = beside

    def __repr__(self) -> str:
        return f"<Brand {self.settings.brand}>"

    # --- what runs came to ----------------------------------------------------------------------------

    def runs(self) -> pd.DataFrame:
        """Return the runs, oldest first: run, as_of, verdict, findings, new, resolved, and by severity."""
        rows = [
            {
                "run": past.run,
                "as_of": past.as_of,
                "verdict": past.verdict,
                "findings": past.findings,
                "new": past.new,
                "resolved": past.resolved,
                **{severity: past.severities.get(severity) for severity in _SEVERITIES},
            }
            for past in reversed(stored_runs(self.settings))
        ]
        return _frame(rows, _RUNS)

    def findings(self, run: str | None = None) -> pd.DataFrame:
        """Return the findings that stood after a run, None for the last; the gravest first."""
        return _pandas(pa.Table.from_batches(self._archive.findings(run or self.last_run)))

    def checks(self, run: str | None = None) -> pd.DataFrame:
        """Return what each check said in a run: check, suite, severity, owner, outcome and its counts."""
        rows = [
            {
                "check": one.check.id,
                "title": one.check.title,
                "suite": one.check.suite,
                "severity": one.check.severity,
                "owner": one.check.owner,
                "outcome": one.outcome,
                "checked": one.checked,
                "failed": one.failed,
                "people": one.people,
                "money_minor": one.money.minor if one.money else None,
                "currency": one.money.currency if one.money else None,
                "reason": one.reason,
            }
            for one in self.record(run).audit.checks
        ]
        return _frame(rows, _CHECKS)

    def bridge(self, run: str | None = None) -> pd.DataFrame:
        """Return the revenue bridge of a run: month, market, currency, step and minor units, in order."""
        rows = [
            {
                "month": one.month,
                "market": one.market,
                "currency": one.currency,
                "step": step,
                "minor": minor,
            }
            for one in self.record(run).audit.bridge
            for step, minor in one.amounts.items()
        ]
        return _frame(rows, _BRIDGE)

    def unless_unjudged(self, said: str, checks: Iterable[str], run: str | None = None) -> str:
        """Return what is said where checks found nothing; where some of them did not judge, which ones."""
        asked = set(checks)
        unjudged = [
            one.check.id
            for one in self.record(run).audit.checks
            if one.check.id in asked and one.outcome not in ("pass", "fail")
        ]
        return f"Not known: {', '.join(unjudged)} did not judge." if unjudged else said

    def record(self, run: str | None = None) -> Record:
        """Return all that a run came to, None for the last.

        Raises:
            StoreError: nothing is kept of it.
        """
        return self._archive.record(run or self.last_run)

    @cached_property
    def last_run(self) -> str:
        """Return the id of the last run that came to a verdict, as of the first asking."""
        found = stored_runs(self.settings)
        if not found:
            raise ConfigError("Nothing was audited yet; run `auditor audit` first.")
        return found[0].run

    # --- both sides, and who is who -------------------------------------------------------------------

    def centra(self, name: str) -> pd.DataFrame:
        """Return a table of Centra as it was last read, such as `order`."""
        return self.table(f"centra_{name}")

    def emarsys(self, name: str) -> pd.DataFrame:
        """Return a table of Emarsys as it was last read, such as `contact`."""
        return self.table(f"emarsys_{name}")

    def links(self, name: str) -> pd.DataFrame:
        """Return a link table of the last run, such as `contact`, `order` or `sale`: who is who."""
        return self.table(f"link_{name}")

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the warehouse by its full name.

        Raises:
            ConfigError: there is no such table.
        """
        if name not in metadata.tables:
            raise ConfigError(f"There is no table {name}; `tables` names those there are.")
        return self.select(sa.select(metadata.tables[name]))

    @property
    def tables(self) -> list[str]:
        """Return the names of the tables that `table` and `select` know."""
        return sorted(metadata.tables)

    def select(self, select: sa.Select[Any]) -> pd.DataFrame:
        """Return the rows of a select over the tables of `auditor.model.tables` and `.drift`."""
        warehouse = Published(self.settings.store.warehouse)
        try:
            found = list(batches(warehouse.engine, select))
            return _pandas(pa.concat_tables(found)) if found else _empty(select)
        finally:
            warehouse.close()

    def explain(self, key: str, kind: Kind | None = None, *, reveal: bool = False) -> Shown:
        """Return everything that is known of a key, as `auditor explain` shows it.

        Args:
            key: As findings name it, or an e-mail address.
            kind: What it names, where it could be several things.
            reveal: Whether to show names and addresses instead of their hashes.
        """
        warehouse = Published(self.settings.store.warehouse)
        try:
            known = explain(self.settings, warehouse, key, kind, beside=self._beside)
        finally:
            warehouse.close()
        pepper = self.settings.privacy.pepper
        return Shown(known, self.figures, Veil(pepper.reveal() if pepper else None, reveal))

    # --- for people -----------------------------------------------------------------------------------

    def money(
        self, frame: pd.DataFrame, amount: str = "money_minor", currency: str = "currency"
    ) -> pd.Series[str]:
        """Return the amounts of a frame as people write them; empty where there is none."""
        told = [
            ""
            if pd.isna(minor) or pd.isna(code)
            else self.figures.money(Money(int(minor), str(code)))
            for minor, code in zip(frame[amount], frame[currency], strict=True)
        ]
        return pd.Series(told, index=frame.index, name="money")

    def findings_chart(self, run: str | None = None) -> alt.Chart:
        """Draw the findings of a run by suite and severity."""
        found = self.findings(run)
        suites: dict[str, dict[Severity, int]] = {}
        if len(found):
            by = found.assign(suite=found["check_id"].str.partition(".")[0])
            counted = by.groupby(["suite", "severity"]).size().reset_index(name="count")
            for row in counted.to_dict("records"):
                suites.setdefault(row["suite"], {})[row["severity"]] = int(row["count"])
        return charts.findings_chart(suites)

    def bridge_chart(self, month: str | None = None, run: str | None = None) -> alt.LayerChart:
        """Draw the revenue bridge of a month, None for the newest, over all markets.

        Raises:
            ConfigError: there is no bridge of that month.
        """
        bridges = self.record(run).audit.bridge
        if not bridges:
            raise ConfigError(
                "This run has no revenue bridge: orders or sales were not read whole."
            )
        wanted = max(one.month for one in bridges) if month is None else month
        if wanted not in {one.month for one in bridges}:
            raise ConfigError(
                f"There is no revenue bridge of {wanted}; `bridge()` has those there are."
            )
        return charts.bridge_chart(*total_of(bridges, str(wanted)))

    def runs_chart(self) -> alt.Chart:
        """Draw the findings that stood open after each run."""
        return charts.course_chart(list(reversed(stored_runs(self.settings))), self.figures)

    def lag_chart(self, run: str | None = None) -> alt.LayerChart:
        """Draw how late the slowest twentieth of each stream is, against what is allowed."""
        return charts.lag_chart(self.record(run).lags)


class Shown:
    """An explanation that a notebook shows as a page, and a terminal as text.

    Attributes:
        known: The explanation and the findings about it.
    """

    def __init__(self, known: Explained, figures: Figures, veil: Veil) -> None:
        self.known, self._figures, self._veil = known, figures, veil

    def _repr_html_(self) -> str:
        return self._rendered(is_html=True)

    def __repr__(self) -> str:
        return self._rendered(is_html=False)

    def _rendered(self, *, is_html: bool) -> str:
        import io

        from rich.console import Console

        from auditor.explain.shown import sections

        # Not as rich would in a notebook: it shows each part by itself, and nothing is recorded.
        console = Console(
            record=True, width=160, file=io.StringIO(), highlight=False, force_jupyter=False
        )
        known = self.known
        for section in sections(known.explanation, known.findings, self._figures, self._veil):
            console.print(section)
        if not is_html:
            return console.export_text()
        return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
_MOMENT = pa.timestamp("us", "UTC")
_RUNS = {"run": pa.string(), "as_of": _MOMENT, "verdict": pa.string()} | dict.fromkeys(
    ("findings", "new", "resolved", *_SEVERITIES), pa.int64()
)
_CHECKS = dict.fromkeys(
    ("check", "title", "suite", "severity", "owner", "outcome"), pa.string()
) | {
    "checked": pa.int64(),
    "failed": pa.int64(),
    "people": pa.int64(),
    "money_minor": pa.int64(),
    "currency": pa.string(),
    "reason": pa.string(),
}
_BRIDGE = dict.fromkeys(("month", "market", "currency", "step"), pa.string()) | {
    "minor": pa.int64()
}


def _frame(rows: Iterable[Mapping[str, Any]], types: Mapping[str, pa.DataType]) -> pd.DataFrame:
    return _pandas(pa.Table.from_pylist(list(rows), pa.schema(list(types.items()))))


def _pandas(table: pa.Table) -> pd.DataFrame:
    return cast("pd.DataFrame", table.to_pandas(types_mapper=pd.ArrowDtype))


def _empty(select: sa.Select[Any]) -> pd.DataFrame:
    return pd.DataFrame(columns=[column.name for column in select.selected_columns])


def _within(folder: Path, url: str) -> str:
    """Return a store's address with its file, if it is one, in a folder."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() not in ("duckdb", "sqlite") or not parsed.database:
        return url
    placed = parsed.set(database=str(folder / parsed.database))
    return type(url)(placed.render_as_string(hide_password=False))
