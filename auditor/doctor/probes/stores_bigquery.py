"""A warehouse in BigQuery: each right that a run needs, and whether Open Data is read where it lies."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.bigquery_engine import client_of, dry_run, faults
from auditor.doctor.result import Result, probe
from auditor.model.currency import MINOR_DIGITS
from auditor.systems.emarsys.open_data_in_place import InPlace
from auditor.systems.emarsys.streams import open_data_views
from auditor.warehouse.beside import BigQueryBeside, reaches
from auditor.warehouse.bigquery import published
from auditor.warehouse.connect import SETTING, connect_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.config.systems import OpenData
    from auditor.doctor.visit import Visit

THROUGH = (
    "Let Emarsys add the warehouse's service account to the Google group of your Open Data access, and keep "
    "the warehouse in the location of Open Data; until then its rows pass through the auditor."
)


@probe("stores.bigquery", "auditor")
def rights(visit: Visit) -> Iterator[Result]:
    """Use each right once.

    Source:
        BigQuery, IAM: bigquery.jobs.create is in Job User, bigquery.tables.create in Data Editor,
        bigquery.datasets.create in User (read 2026-11).
    """
    url = sa.make_url(visit.settings.store.warehouse)
    if url.get_backend_name() != "bigquery":
        yield Result("off", "The warehouse is not in BigQuery.")
        return
    engine = connect_to(url)
    try:
        yield from _of_jobs_and_tables(engine, url)
        open_data = visit.settings.emarsys.open_data
        if open_data is not None and reaches(engine, open_data.url):
            yield _of_open_data(engine, open_data, visit)
    finally:
        engine.dispose()


def _of_jobs_and_tables(engine: sa.Engine, url: sa.URL) -> Iterator[Result]:
    project, dataset, copy = url.host, url.database, published(url)
    if (why := _refused(engine)) is not None:
        fix = (
            f"Grant BigQuery Job User on the project {project} to the warehouse's service account."
        )
        yield Result("fail", f"{SETTING}: no job can be run in {project} ({why}).", fix, id="jobs")
        return
    yield Result("ok", f"Jobs can be run in {project}.", id="jobs")
    name = f"`doctor_{uuid.uuid4().hex}`"
    why = _refused(engine, f"CREATE TABLE {name} (one INT64)", f"DROP TABLE {name}")
    if why is None:
        yield Result("ok", f"Tables can be made in {dataset}, and dropped.", id="tables")
    else:
        fix = f"Grant BigQuery Data Editor on the dataset {dataset} to the warehouse's service account."
        detail = f"{SETTING}: no table can be made in {dataset} ({why})."
        yield Result("fail", detail, fix, id="tables")
    why = _refused(engine, f"CREATE SCHEMA IF NOT EXISTS `{copy}`")
    if why is None:
        yield Result("ok", f"The copy for notebooks has its dataset {copy}.", id="copy")
    else:
        fix = (
            f"Make the dataset {copy} and grant BigQuery Data Editor on it, or grant BigQuery User on the "
            f"project {project}, to the warehouse's service account."
        )
        detail = f"No copy for notebooks can be made: there is no dataset {copy} ({why})."
        yield Result("warn", detail, fix, id="copy")


def _of_open_data(engine: sa.Engine, settings: OpenData, visit: Visit) -> Result:
    """Look at each view as the warehouse's credentials see it; any currency will do to find columns."""
    beside, since = BigQueryBeside(engine), visit.settings.sales.since
    plans = {
        view.name: InPlace(settings, view, since, beside).plan()
        for view in open_data_views(next(iter(MINOR_DIGITS))).values()
        if not view.is_optional
    }
    untold = [f"{name} ({why})" for name, why in plans.items() if isinstance(why, str)]
    if untold:
        detail = f"Open Data is not read in place: {'; '.join(untold)}."
        return Result("warn", detail, THROUGH, id="open_data")
    read = sum(plan.told.bytes_read for plan in plans.values() if not isinstance(plan, str))
    detail = f"Open Data is read in place, by statements of {read / 1e9:,.1f} GB a snapshot."
    return Result("ok", detail, id="open_data")


def _refused(engine: sa.Engine, *statements: str) -> str | None:
    """Return why statements are refused, None where they run; none at all only asks whether one might."""
    try:
        with engine.connect() as conn:
            dry_run(conn, "SELECT 1")
            for one in statements:
                client_of(conn).query_and_wait(one)
    except faults() as exc:
        return type(exc).__name__  # what Google says may name a person
    return None
