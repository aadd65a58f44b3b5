"""What docs/scale.md reckons follows from what it says was measured."""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path

import pytest

from auditor.bigquery_engine import MOST_BYTES
from auditor.config import load_settings
from auditor.systems.emarsys.lists import PAGE as IDS_A_REQUEST
from auditor.systems.emarsys.lookup import BLOCK as CONTACTS_A_REQUEST
from tests.benchmarks.bytes import grows_with
from tests.config.sample import SAMPLE
from tests.distributed import cluster

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "scale.md").read_text()
FLAT = " ".join(TEXT.split())
TIB, SHARE = 2**40, 0.3


def table(name: str) -> list[list[str]]:
    """Return the cells of the table behind a mark, without its head."""
    _, _, behind = TEXT.partition(f"<!-- {name} -->\n")
    lines = behind.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


SIZES = table("bytes")
OPEN_DATA = ("`emarsys_sale`", "`emarsys_event`")


def total(column: int) -> float:
    """Return the bytes of a column of the table, over all rows of the large brand."""
    return sum(number(row[3]) * number(row[column]) for row in SIZES)


@pytest.mark.parametrize("row", SIZES[:-1], ids=lambda row: row[0])
def test_rows_grow_with_what_the_table_says(row: list[str]):
    times = {"lines": 500_000_000 / 857_026, "contacts": 50_000_000 / 97_376}
    assert grows_with(row[0].strip("`")) == row[1]
    assert number(row[3]) == round(number(row[2]) * times[row[1]])


@pytest.mark.parametrize(
    ("what", "column"),
    [
        ("kept, logical", 4),
        ("kept, as Parquet (zstd)", 5),
        ("read by judging, each night", 6),
        ("read by publishing, each night", 7),
    ],
)
def test_a_sum_is_that_of_its_column(what: str, column: int):
    assert f"| {what} | {total(column) / 1e9:,.0f} |" in TEXT


def test_the_price_of_a_night_and_of_a_month_follows():
    tib = (total(6) + total(7)) / TIB
    dollars = tib * 6.25
    said = f"a night reads {tib:.2f} TiB and costs {dollars:.2f} USD, thirty nights {dollars * 30:,.0f} USD"
    assert said in FLAT
    assert f"keeping it costs {total(4) / 1e9 * 0.02:.0f} USD a month" in FLAT


def test_the_price_of_open_data_follows():
    read = sum(number(row[3]) * number(row[4]) for row in SIZES if row[0] in OPEN_DATA)
    tib = 2 * read / TIB
    assert f"are {read / 1e9:.0f} GB, read once" in FLAT
    assert f"{tib:.2f} TiB, or {tib * 6.25:.2f} USD a night" in FLAT


def test_the_price_of_slots_follows_from_what_spark_took():
    hours = 319.1 * 2 * (500_000_000 / 857_026) / 3600
    assert f"{hours:.0f} core-hours a night" in FLAT
    assert f"a night costs {hours * 0.06:.2f} USD" in FLAT


READING = {row[0]: [number(cell) for cell in row[1:]] for row in table("reading")}
REQUESTS = sum(ceil(records / page) for records, page, _ in READING.values())
POINTS = sum(ceil(records / page) * points for records, page, points in READING.values())


def test_requests_and_points_are_those_of_the_streams():
    assert f"{REQUESTS / 1e6:.2f} million requests and {POINTS / 1e9:.1f} billion points" in FLAT


@pytest.mark.parametrize("row", table("plans"), ids=lambda row: row[0])
def test_a_plan_reads_as_long_as_its_tighter_limit_says(row: list[str]):
    _, requests, points, days, night = row
    hours = max(REQUESTS / (number(requests) * SHARE), POINTS / (number(points) * SHARE))
    assert (f"{hours / 24:.0f}", f"{hours / 100:.1f}") == (days, night)


def test_subscriptions_take_as_long_as_the_page_says():
    records, page, _ = READING["newsletter subscriptions"]
    requests, allowed = ceil(records / page), 85_000 * SHARE
    assert f"{requests / 1000:.0f} thousand requests each night" in FLAT
    assert f"allows {allowed:,.0f} an hour" in FLAT
    whole = requests + (REQUESTS - requests) / 100
    assert f"that is {whole / allowed:.1f} hours" in FLAT


def test_contacts_are_read_in_the_pages_that_the_page_says():
    ids, fields = 50_000_000 // IDS_A_REQUEST, 50_000_000 // CONTACTS_A_REQUEST
    assert f"{ids:,} requests for ids ({IDS_A_REQUEST:,} each)" in FLAT
    assert f"{fields:,} for fields ({CONTACTS_A_REQUEST:,} contacts each)" in FLAT
    assert f"{(ids + fields) / 1000:.0f} minutes" in FLAT


def test_the_limit_of_bytes_is_the_one_that_is_set():
    assert f"maximum_bytes_billed={MOST_BYTES}" in TEXT
    assert MOST_BYTES == TIB


def test_the_cluster_is_the_one_that_is_started():
    assert f"`{cluster.MASTER}`" in TEXT


def test_the_stores_of_the_example_are_settings(tmp_path: Path):
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    file = tmp_path / "auditor.yaml"
    stores = "\n".join(line[3:] for line in block.splitlines())
    whole = re.sub(r"store:\n(?:  .*\n)+", stores + "\n", SAMPLE, count=1)
    file.write_text(whole)
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", whole), "x")
    warehouse = load_settings(file, environ).store.warehouse
    assert str(warehouse).startswith("bigquery://acme-audit/nordlys")


@pytest.mark.parametrize("path", re.findall(r"`((?:auditor|tests)/[\w./]+)`", TEXT))
def test_what_it_points_at_is_there(path: str):
    assert (ROOT / path).exists()


def test_the_commands_that_it_names_are_there():
    modules = re.findall(r"python -m (tests[.\w]+)", TEXT)
    assert modules
    assert all((ROOT / f"{module.replace('.', '/')}.py").exists() for module in modules)
    assert "spark: $(READY)" in (ROOT / "Makefile").read_text()
