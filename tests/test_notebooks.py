"""The frames, and the notebooks that use them, over one audited brand while a service holds the warehouse."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import altair as alt
import nbformat
import pandas as pd
import pytest
import sqlalchemy as sa
from nbclient import NotebookClient

import auditor
import auditor.frames
from auditor.archive import RUNS, Archive
from auditor.config import load_settings
from auditor.errors import ConfigError, StoreError
from auditor.findings.standing import SCHEMA
from auditor.model.bridge import CENTRA, EMARSYS
from auditor.model.finding import NOT_ASKED, CheckResult
from auditor.model.tables import centra_order
from auditor.warehouse.connect import connect_to
from auditor.warehouse.publish import Published, publish
from tests.brand import brand
from tests.correct.desk import read_settings
from tests.report import examples
from tests.stores import warehouse_in
from tests.test_plan import SCALE, Captured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frames import Brand as Frames
    from tests.brand import Brand

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
QUESTIONS = ("revenue", "consent", "merge", "campaign")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    """Give an audited brand whose warehouse somebody holds open for writing, as a running service does."""
    captured = cast("pytest.CaptureFixture[str]", Captured())
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("notebooks")
        with brand(folder, patch, captured, SCALE) as started:
            patch.setenv("AUDITOR_CONFIG", str(started.running.settings))
            assert started.auditor("audit") == 1
            held = connect_to(sa.make_url(warehouse_in(Path())))
            with held.connect() as writer:
                writer.execute(centra_order.delete())
                yield started
                writer.rollback()
            held.dispose()


@pytest.fixture(scope="module")
def frames(shop: Brand) -> Frames:
    return auditor.open(shop.running.settings)


# --- the notebooks -------------------------------------------------------------------------------------


def cells_of(name: str) -> list[Any]:
    return list(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells)


EMPTY = "%reset -f"
"""What a notebook begins with here: it finds no name that another left."""


@pytest.fixture(scope="module")
def client(shop: Brand) -> Iterator[NotebookClient]:
    """Start one kernel for all notebooks: most of what each costs is what it imports."""
    of_brand = {"metadata": {"path": shop.folder}}
    started = NotebookClient(
        nbformat.v4.new_notebook(), timeout=120, kernel_name="python3", resources=of_brand
    )
    with started.setup_kernel():
        yield started


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_notebook_answers_its_question(client: NotebookClient, name: str):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(EMPTY))
    client.nb = notebook
    client.execute(cleanup_kc=False)
    assert all(cell.outputs for cell in code)


def test_a_segment_that_was_not_read_is_no_safe_campaign(client: NotebookClient):
    notebook = nbformat.read(NOTEBOOKS / "campaign.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace('members["segment_id"].min()', '"999"')
    notebook.cells.insert(0, nbformat.v4.new_code_cell(EMPTY))
    client.nb = notebook
    client.execute(cleanup_kc=False)
    shown = [str(one.get("data", "")) for cell in notebook.cells for one in cell.get("outputs", [])]
    assert [one for one in shown if "contacts to exclude" in one and "INCOMPLETE: read" in one]


def test_every_notebook_is_run_here():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_notebook_is_kept_with_what_it_showed(name: str):
    assert not [cell for cell in cells_of(name) if cell.get("outputs")]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_notebook_has_few_cells_and_begins_with_its_question(name: str):
    cells = cells_of(name)
    assert len(cells) <= 12
    assert cells[0].source.splitlines()[0].endswith("?")


# --- the frames ----------------------------------------------------------------------------------------


def test_the_findings_are_those_of_the_run(
    shop: Brand, frames: Frames, capsys: pytest.CaptureFixture[str]
):
    shop.capsys = capsys
    found = frames.findings()
    assert set(zip(found["check_id"], found["subject_key"], strict=True)) == shop.findings()


def test_every_frame_is_backed_by_arrow(frames: Frames):
    for frame in (
        frames.runs(),
        frames.findings(),
        frames.checks(),
        frames.bridge(),
        frames.centra("order"),
    ):
        assert {type(dtype) for dtype in frame.dtypes} <= {pd.ArrowDtype, pd.StringDtype}


def test_amounts_are_whole_minor_units(frames: Frames):
    assert str(frames.findings()["money_minor"].dtype) == "int64[pyarrow]"


def test_money_is_written_as_people_read_it(frames: Frames):
    frame = pd.DataFrame({"money_minor": [129900, None], "currency": ["SEK", "SEK"]})
    assert list(frames.money(frame)) == ["1,299.00\u00a0SEK", ""]


def test_the_bridge_adds_up_in_every_market_and_month(frames: Frames):
    table = frames.bridge().pivot_table(
        index=["month", "market"], columns="step", values="minor", aggfunc="sum"
    )
    steps = [name for name in table.columns if name != EMARSYS]
    assert CENTRA in steps
    assert (table[steps].sum(axis=1) == table[EMARSYS]).all()


def test_the_runs_end_with_the_last(frames: Frames):
    assert frames.runs()["run"].iloc[-1] == frames.last_run


def test_both_sides_are_read_from_the_copy_and_not_from_what_is_being_written(frames: Frames):
    assert len(frames.centra("order")) > 0


def test_a_link_table_tells_who_is_who(frames: Frames):
    assert {"contact_id", "person", "consent"} <= set(frames.links("contact").columns)


def test_a_table_that_there_is_not_is_told(frames: Frames):
    with pytest.raises(ConfigError, match="There is no table centra_oder"):
        frames.centra("oder")


def test_an_explanation_hides_who_it_is_about(shop: Brand, frames: Frames):
    found = frames.findings()
    contact = found[found["subject_kind"] == "contact"]["contact_id"].dropna().iloc[0]
    page = frames.explain(contact, "contact")._repr_html_()
    addresses = [c.email for c in shop.running.world.centra.customers]
    assert "Rule trace" in page
    assert not [address for address in addresses if address in page]


@pytest.mark.parametrize("name", ["findings_chart", "bridge_chart", "runs_chart", "lag_chart"])
def test_a_chart_is_an_object_that_a_notebook_shows(frames: Frames, name: str):
    assert isinstance(getattr(frames, name)(), alt.TopLevelMixin)


def test_a_month_without_a_bridge_is_told(frames: Frames):
    with pytest.raises(ConfigError, match="no revenue bridge of 1999-01"):
        frames.bridge_chart("1999-01")


def test_a_brand_is_found_from_another_folder(
    shop: Brand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert len(auditor.open(shop.running.settings).runs()) == 1


# --- the copy ------------------------------------------------------------------------------------------


@pytest.mark.embedded("a copy in PostgreSQL is no file")
def test_the_copy_is_private(shop: Brand):
    assert (shop.folder / "var" / "nordlys.published.duckdb").stat().st_mode & 0o777 == 0o600


@pytest.mark.embedded("who writes to PostgreSQL holds up no copy")
def test_a_copy_that_cannot_be_made_leaves_the_last(shop: Brand):
    copy = shop.folder / "var" / "nordlys.published.duckdb"
    before = copy.read_bytes()
    publish("duckdb:///var/nordlys.duckdb")  # somebody else holds it
    assert copy.read_bytes() == before


def test_before_the_first_run_there_is_nothing_to_read(tmp_path: Path):
    with pytest.raises(StoreError, match="run `auditor audit` first"):
        Published(f"duckdb:///{tmp_path / 'none.duckdb'}")


def test_the_settings_keep_their_secrets(shop: Brand):
    settings = load_settings(shop.running.settings)
    assert settings.centra.token.reveal() not in repr(auditor.open(shop.running.settings).settings)


# --- what is not there, or was not judged --------------------------------------------------------------


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frames:
    """Give a brand whose last run found nothing, and had no revenue bridge."""
    monkeypatch.setenv("TOKEN", "none")
    settings = read_settings(tmp_path)
    made = auditor.frames.Brand(settings, tmp_path)
    audit = dataclasses.replace(examples.clean_audit(), brand=settings.brand, bridge=())
    made.__dict__["last_run"] = audit.run
    Archive(settings.brand, tmp_path / RUNS).keep(examples.record(audit), (), SCHEMA)
    return made


def test_findings_that_there_are_none_of_have_their_columns(quiet: Frames):
    found = quiet.findings()
    assert (len(found), list(found.columns)) == (0, SCHEMA.names)


def test_a_run_without_a_bridge_is_told(quiet: Frames):
    month = quiet.bridge()["month"].max()
    with pytest.raises(ConfigError, match="no revenue bridge"):
        quiet.bridge_chart(month)


def campaign(quiet: Frames, monkeypatch: pytest.MonkeyPatch, *results: CheckResult) -> str:
    """Return what the notebook says of a campaign to one contact, where checks came to this."""
    record = quiet.record()
    audit = dataclasses.replace(record.audit, checks=results)
    told = dataclasses.replace(record, audit=audit)
    members = pd.DataFrame({"segment_id": ["1"], "contact_id": ["7"]})
    monkeypatch.setattr(quiet, "record", lambda: told)
    monkeypatch.setattr(quiet, "emarsys", lambda _name: members)
    monkeypatch.setattr(auditor, "open", lambda: quiet)
    names: dict[str, Any] = {}
    for cell in cells_of("campaign"):
        if cell.cell_type == "code":
            exec(cell.source, names)  # noqa: S102 - our own
    return str(names["verdict"])


CONSENT = examples.CHECKS["consent.withdrawn_but_opted_in"]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (CheckResult(CONSENT, "pass", 10), "GO"),
        (CheckResult(CONSENT, "off", reason=NOT_ASKED), "INCOMPLETE"),
        (CheckResult(CONSENT, "error", reason="KeyError"), "INCOMPLETE"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.outcome,
)
def test_a_campaign_is_safe_only_where_consent_was_judged(
    quiet: Frames, monkeypatch: pytest.MonkeyPatch, result: CheckResult, expected: str
):
    assert campaign(quiet, monkeypatch, result) == expected


@pytest.mark.parametrize(
    ("name", "check", "none"),
    [
        ("consent", "consent.withdrawn_but_opted_in", "Nobody."),
        ("merge", "identity.orphaned_by_merge", "No merge left anything behind."),
        ("revenue", "sales.missing_order", "No order is wrong."),
    ],
)
@pytest.mark.parametrize("outcome", ["pass", "skipped"])
def test_a_notebook_finds_nothing_only_where_its_checks_judged(
    quiet: Frames, monkeypatch: pytest.MonkeyPatch, name: str, check: str, none: str, outcome: Any
):
    judged = dataclasses.replace(CONSENT, id=check)
    record = quiet.record()
    audit = dataclasses.replace(record.audit, checks=(CheckResult(judged, outcome),))
    monkeypatch.setattr(quiet, "record", lambda _run=None: dataclasses.replace(record, audit=audit))
    empty = quiet.findings()
    names: dict[str, Any] = {
        **dict.fromkeys(("people", "orphans", "largest"), empty),
        "brand": quiet,
        "WITHOUT": [check],
        "faults": {"missing": check},
    }
    exec(cells_of(name)[-1].source, names)  # noqa: S102 - our own
    expected = none if outcome == "pass" else f"Not known: {check} did not judge."
    assert names["answer"] == expected
