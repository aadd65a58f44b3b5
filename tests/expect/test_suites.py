from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.errors import ConfigError
from auditor.expect.suites import load_checks
from auditor.model.drift import DRIFT_TABLES

if TYPE_CHECKING:
    from auditor.expect.expectation import Expectation

SHIPPED = sorted((Path(__file__).parents[2] / "expectations").glob("*.yaml"))

DRIFT_ENTRY = """
suite: consent
owner: crm
expectations:
  - type: expect_no_drift
    check: consent.withdrawn_but_opted_in
    title: People who withdrew are opted in.
    severity: critical
    remedy: {name: opt_out, class: auto}
    needs: [customers, contacts]
    max_rows: 3
    max_share: 0.01
"""
TABLE_ENTRY = """
suite: quality
owner: integration
expectations:
  - type: expect_column_values_to_be_in_set
    table: centra_order
    title: Orders belong to a store that Centra does not list.
    severity: warning
    where: {is_internal: [false, null]}
    kwargs: {column: store_id, value_set: {$PARAMETER: centra_store.store_id}}
"""


def load(folder: Path, *texts: str) -> tuple[Expectation, ...]:
    files = [folder / f"suite{number}.yaml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return load_checks(files)


def test_the_shipped_suites_load():
    assert {e.check.suite for e in load_checks(SHIPPED)} >= {"consent", "sales", "quality"}


def test_shipped_quality_checks_are_never_critical():
    severities = {e.check.severity for e in load_checks(SHIPPED) if e.check.suite == "quality"}
    assert severities == {"info", "warning"}


def test_shipped_quality_checks_propose_no_remedy():
    assert {e.check.remedy for e in load_checks(SHIPPED) if e.check.suite == "quality"} == {None}


def test_shipped_quality_checks_judge_canonical_tables_only():
    tables = {e.table for e in load_checks(SHIPPED) if e.check.suite == "quality"}
    assert tables.isdisjoint({t.name for t in DRIFT_TABLES} | {None})


def test_the_title_of_every_shipped_check_is_a_sentence():
    titles = [e.check.title for e in load_checks(SHIPPED)]
    assert [title for title in titles if not re.fullmatch(r"[A-Z].+\.", title)] == []


def test_a_drift_entry_carries_its_limits(tmp_path):
    (found,) = load(tmp_path, DRIFT_ENTRY)
    assert (found.check.max_rows, found.check.max_share) == (3, 0.01)


def test_a_drift_entry_carries_its_remedy(tmp_path):
    (found,) = load(tmp_path, DRIFT_ENTRY)
    assert (found.check.remedy, found.check.remedy_class) == ("opt_out", "auto")


def test_the_suite_owns_its_checks(tmp_path):
    (found,) = load(tmp_path, DRIFT_ENTRY)
    assert found.check.owner == "crm"


def test_an_entry_may_have_an_owner_of_its_own(tmp_path):
    (found,) = load(tmp_path, DRIFT_ENTRY + "    owner: legal\n")
    assert found.check.owner == "legal"


def test_the_id_of_a_built_in_names_suite_table_type_and_column(tmp_path):
    (found,) = load(tmp_path, TABLE_ENTRY)
    assert found.check.id == "quality.centra_order.expect_column_values_to_be_in_set.store_id"


def test_a_built_in_may_have_an_id_of_its_own(tmp_path):
    (found,) = load(tmp_path, TABLE_ENTRY + "    check: quality.centra_order.store\n")
    assert found.check.id == "quality.centra_order.store"


def test_a_built_in_needs_the_streams_of_its_table_and_of_its_references(tmp_path):
    (found,) = load(tmp_path, TABLE_ENTRY)
    assert found.check.needs == ("orders", "stores")


def test_a_filter_keeps_its_values(tmp_path):
    (found,) = load(tmp_path, TABLE_ENTRY)
    assert found.where == {"is_internal": (False, None)}


WRONG = {
    "unknown key": (DRIFT_ENTRY.replace("max_rows", "max_row"), "max_row"),
    "unknown key of a remedy": (DRIFT_ENTRY.replace("class: auto", "klass: auto"), "klass"),
    "unknown severity": (DRIFT_ENTRY.replace("critical", "fatal"), "fatal"),
    "missing title": (DRIFT_ENTRY.replace("title", "owner"), "title"),
    "id of another suite": (DRIFT_ENTRY.replace("check: consent", "check: sales"), "consent."),
    "unknown stream": (DRIFT_ENTRY.replace("customers", "custmers"), "custmers"),
    "no column to be told": (DRIFT_ENTRY + "    needs_told: [centra_customer.tea]\n", "needs_told"),
    "no earlier stream": (DRIFT_ENTRY + "    needs_before: [tea]\n", "needs_before"),
    "no stream": (DRIFT_ENTRY.replace("[customers, contacts]", "[]"), "needs"),
    "share above 1": (DRIFT_ENTRY.replace("0.01", "1.5"), "max_share"),
    "rows below 0": (DRIFT_ENTRY.replace("max_rows: 3", "max_rows: -1"), "max_rows"),
    "type that is none": (TABLE_ENTRY.replace("expect_column", "assert_column"), "type"),
    "unknown table": (TABLE_ENTRY.replace("table: centra_order", "table: orders"), "orders"),
    "unknown column": (TABLE_ENTRY.replace("column: store_id", "column: shop"), "shop"),
    "unknown column of a filter": (TABLE_ENTRY.replace("is_internal", "internal"), "internal"),
    "unknown parameter": (TABLE_ENTRY.replace("centra_store.store_id", "now"), "now"),
    "unknown column of a parameter": (TABLE_ENTRY.replace("store.store_id", "store.id"), "id"),
    "empty filter": (TABLE_ENTRY.replace("[false, null]", "[]"), "where"),
    "filter in the arguments": (
        TABLE_ENTRY.replace("column:", "row_condition: x, column:"),
        "where",
    ),
    "pattern without ends": (TABLE_ENTRY.replace("value_set:", "regex: 'a+', value_set:"), "^"),
    "remedy of a built-in": (TABLE_ENTRY + "    remedy: {name: x, class: none}\n", "remedy"),
}


def test_a_check_that_reconcile_does_not_have_is_told_with_the_nearest(tmp_path):
    typo = DRIFT_ENTRY.replace("withdrawn_but_opted_in", "withdrawn_but_optd_in")
    expected = (
        r"^suite0\.yaml, entry 1 \(consent\.withdrawn_but_optd_in\): no such check; did you mean "
    )
    with pytest.raises(ConfigError, match=expected + r"consent\.withdrawn_but_opted_in\?$"):
        load(tmp_path, typo)


def test_a_check_that_resembles_none_is_told_with_those_of_its_suite(tmp_path):
    with pytest.raises(ConfigError, match=r"no such check; there are consent\.\w+, .+\.$"):
        load(tmp_path, DRIFT_ENTRY.replace("withdrawn_but_opted_in", "zzz"))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_named_in_one_sentence(tmp_path, name):
    text, word = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert re.fullmatch(
        rf"suite0\.yaml, entry 1 \(.+\): [^\n]*{re.escape(word)}[^\n]*\.", str(caught.value)
    )


def test_an_id_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"suite1\.yaml, entry 1 .*stands twice"):
        load(tmp_path, DRIFT_ENTRY, DRIFT_ENTRY)


@pytest.mark.parametrize(
    "text", ["suite: [", "- just a list", "suite: consent", DRIFT_ENTRY + "extra: 1\n", ""]
)
def test_a_file_that_is_no_suite_is_named(tmp_path, text):
    with pytest.raises(ConfigError, match=r"^suite0\.yaml: .+\.$"):
        load(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"^gone\.yaml: the suite cannot be read"):
        load_checks([tmp_path / "gone.yaml"])


@pytest.mark.parametrize(
    "check", ["sales.unknown_order", "identity.orphaned_contact", "identity.orphaned_by_merge"]
)
def test_nothing_is_said_to_be_gone_where_stores_may_be_hidden_from_the_token(check: str):
    (found,) = (one.check for one in load_checks(SHIPPED) if one.check.id == check)
    assert "stores" in found.needs


def test_no_check_of_the_channels_judges_what_a_restricted_token_cannot_see():
    needs = {one.check.id: one.check.needs for one in load_checks(SHIPPED)}
    blind = {id_ for id_, streams in needs.items() if "wholesale_stores" not in streams}
    assert not [id_ for id_ in blind if id_.startswith("channel.")]
