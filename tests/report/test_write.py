"""A report on disk: where it stands, who may read it, and never half of it."""

from __future__ import annotations

import csv
import dataclasses
import json
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.model.audit import PastRun
from auditor.report.figures import Figures
from auditor.report.write import report_path, write_index, write_report
from tests.report import examples, huge
from tests.report.stored import stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyarrow import RecordBatch

    from auditor.model.audit import Record

RICH = examples.record(examples.rich_audit())


def write(record: Record, out: Path) -> Path:
    return write_report(record, examples.all_stored(record.audit), out, examples.TEMPLATES)


def broken() -> Iterator[RecordBatch]:
    yield from stored(examples.rich_findings("sales.missing_order"))
    raise OSError("the disk is full")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_path_holds_brand_and_run_without_colons():
    path = report_path(Path("reports/out"), "nordlys", "2026-11-23T05:00:00Z-7f3a")
    assert path.as_posix() == "reports/out/nordlys/2026-11-23T05-00-00Z-7f3a/index.html"


@pytest.mark.parametrize("name", ["..", "../..", "/etc", ".hidden", ""])
def test_no_brand_or_run_leads_out_of_the_folder(name: str):
    out = Path("/out")
    path = report_path(out, name, name)
    assert ".." not in path.parts
    assert len(path.relative_to(out).parts) == 3


def test_the_page_the_rows_and_the_json_stand_together(tmp_path: Path):
    page = write(RICH, tmp_path)
    assert files(page.parent) == {
        "index.html",
        "audit.json",
        *(f"rows/{check}.{end}" for check in examples.FINDINGS for end in ("csv", "parquet")),
    }


def test_every_link_of_the_page_to_a_file_leads_somewhere(tmp_path: Path):
    page = write(RICH, tmp_path)
    links = [part.split('"')[0] for part in page.read_text().split('href="')[1:]]
    targets = [link for link in links if not link.startswith("#")]
    assert targets
    dead = {t for t in targets if not (page.parent / t.partition("#")[0]).is_file()}
    assert dead == {"../index.html"}


def test_files_are_private(tmp_path: Path):
    page = write(RICH, tmp_path)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in page.parent.rglob("*") if p.is_file()}
    assert modes == {0o600}


def test_folders_are_private_even_if_they_were_not(tmp_path: Path):
    page = report_path(tmp_path, "nordlys", examples.RUN)
    (page.parent / "rows").mkdir(parents=True, mode=0o755)
    write(RICH, tmp_path)
    folders = (page.parent.parent, page.parent, page.parent / "rows")
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_the_json_names_the_page(tmp_path: Path):
    page = write(RICH, tmp_path)
    assert json.loads((page.parent / "audit.json").read_text())["report"] == page.as_posix()


def test_the_csv_holds_all_rows(tmp_path: Path):
    page = write(RICH, tmp_path)
    with (page.parent / "rows" / "sales.missing_order.csv").open(newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == 212


def test_writing_again_gives_the_same_bytes(tmp_path: Path):
    page = write(RICH, tmp_path)
    before = {name: (page.parent / name).read_bytes() for name in files(page.parent)}
    write(RICH, tmp_path)
    assert {name: (page.parent / name).read_bytes() for name in files(page.parent)} == before


def test_a_report_of_the_same_run_is_replaced(tmp_path: Path):
    write(RICH, tmp_path)
    clean = examples.record(examples.clean_audit())
    page = write(clean, tmp_path)
    assert "Both systems agree." in page.read_text()
    assert files(page.parent) == {"index.html", "audit.json"}


def test_a_failure_leaves_the_report_that_was_there(tmp_path: Path):
    page = write(RICH, tmp_path)
    before = page.read_bytes()
    other = dataclasses.replace(RICH, timezone="UTC")
    with pytest.raises(OSError, match="disk is full"):
        write_report(other, broken(), tmp_path, examples.TEMPLATES)
    assert page.read_bytes() == before


def test_a_failure_leaves_no_draft_behind(tmp_path: Path):
    with pytest.raises(OSError, match="disk is full"):
        write_report(RICH, broken(), tmp_path, examples.TEMPLATES)
    assert files(tmp_path) == set()


def test_a_draft_of_a_killed_run_is_no_obstacle(tmp_path: Path):
    page = report_path(tmp_path, "nordlys", examples.RUN)
    page.parent.mkdir(parents=True)
    draft = page.with_name(".index.html.tmp")
    draft.write_text("half")
    draft.chmod(0o644)
    write(RICH, tmp_path)
    assert not draft.exists()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_a_draft_that_someone_made_a_link_is_not_followed(tmp_path: Path):
    page = report_path(tmp_path, "nordlys", examples.RUN)
    page.parent.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    page.with_name(".index.html.tmp").symlink_to(victim)
    write(RICH, tmp_path)
    assert victim.read_text() == "precious"


def test_a_million_findings_are_written_whole_beside_a_small_page(tmp_path: Path):
    record = examples.record(huge.audit())
    page = write_report(record, huge.batches(), tmp_path, examples.TEMPLATES)
    lines = sum(path.read_bytes().count(b"\n") for path in page.parent.glob("rows/*.csv"))
    assert page.stat().st_size <= 2_000_000
    assert lines == huge.CHECKS + huge.FINDINGS


def past(days: float, run: str) -> PastRun:
    return PastRun(run, examples.AS_OF - timedelta(days=days), "drift", 9, new=1)


def index(out: Path, *runs: PastRun) -> str:
    figures = Figures("en_GB", examples.STOCKHOLM)
    return write_index("nordlys", runs, figures, out, examples.TEMPLATES).read_text()


@pytest.mark.parametrize(
    ("days", "marks", "said"),
    [
        (1, ["22 Nov 2026", "23 Nov 2026"], "on 22 Nov 2026 to 9 on 23 Nov 2026."),
        (1 / 24, ["23 Nov 2026", "06:00"], "at 05:00 to 9 at 06:00, on 23 Nov 2026."),
    ],
)
def test_runs_of_one_day_are_told_apart_by_their_time(
    days: float, marks: list[str], said: str, tmp_path: Path
):
    text = index(tmp_path, past(0, examples.RUN), past(days, "2026-11-22T05:00:00Z-22bb"))
    picture = text[text.index("course-title") : text.index("</figure>")]
    assert [mark for mark in marks if f">{mark}<" in picture] == marks
    assert said in text


def test_the_index_links_the_pages_that_are_there(tmp_path: Path):
    write(RICH, tmp_path)
    text = index(tmp_path, past(0, examples.RUN), past(1, "2026-11-22T05:00:00Z-22bb"))
    links = [part.split('"')[0] for part in text.split('href="')[1:]]
    pages = [link for link in links if not link.startswith("#")]
    assert pages == ["2026-11-23T05-00-00Z-7f3a/index.html"]


def test_the_index_lists_runs_that_have_no_page_any_more(tmp_path: Path):
    assert "22 Nov 2026, 06:00 CET" in index(tmp_path, past(1, "2026-11-22T05:00:00Z-22bb"))


def test_the_index_does_not_take_some_suites_that_agree_for_both_systems(tmp_path: Path):
    run = replace(past(0, examples.RUN), verdict="clean", suites=("consent", "sales"))
    text = index(tmp_path, run)
    assert "What was judged agrees. Only the suites consent and sales were judged" in text
    assert "Both systems agree" not in text


def test_the_index_before_the_first_audit_says_so(tmp_path: Path):
    assert "No audit has come to an end yet." in index(tmp_path)


def test_the_index_is_private(tmp_path: Path):
    index(tmp_path, past(0, "a"))
    assert stat.S_IMODE((tmp_path / "nordlys" / "index.html").stat().st_mode) == 0o600
