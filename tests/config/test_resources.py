from __future__ import annotations

import pytest

from auditor.errors import ConfigError
from auditor.resources import bundled_folder, expectation_files


def test_the_shipped_suites_are_found_without_a_brand_s_own(tmp_path):
    assert "consent.yaml" in [file.name for file in expectation_files(tmp_path)]


def test_suites_come_in_the_order_of_their_names(tmp_path):
    names = [file.name for file in expectation_files(tmp_path)]
    assert names == sorted(names)


def test_a_brand_s_suite_replaces_the_shipped_one_of_its_name(tmp_path):
    own = tmp_path / "expectations" / "consent.yaml"
    own.parent.mkdir()
    own.write_text("mine")
    texts = [f.read_text("utf-8") for f in expectation_files(tmp_path) if f.name == "consent.yaml"]
    assert texts == ["mine"]


def test_the_other_shipped_suites_stay(tmp_path):
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "consent.yml").write_text("mine")
    assert len(expectation_files(tmp_path)) == len(expectation_files(tmp_path / "elsewhere"))


def test_a_brand_s_additional_suite_is_read(tmp_path):
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "house.yaml").write_text("mine")
    assert "house.yaml" in [file.name for file in expectation_files(tmp_path)]


def test_other_files_are_no_suites(tmp_path):
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "notes.txt").write_text("mine")
    assert "notes.txt" not in [file.name for file in expectation_files(tmp_path)]


def test_a_folder_that_is_not_installed_is_named():
    with pytest.raises(ConfigError, match=r"^The folder nowhere is not installed; install"):
        bundled_folder("nowhere")
