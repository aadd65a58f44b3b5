from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from auditor.put_off import put_off

if TYPE_CHECKING:
    from types import ModuleType

LOADED: list[int] = []


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose module `late` says when it is loaded."""
    folder = tmp_path / "put_off_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "late.py").write_text(f"from {__name__} import LOADED\nLOADED.append(1)\nvalue = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    LOADED.clear()
    yield folder.name
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def imported(package: str, name: str) -> ModuleType:
    """Do what `from package import name` does."""
    module: ModuleType = getattr(__import__(package, fromlist=[name]), name)
    return module


def test_a_module_is_not_loaded_by_being_imported(package):
    put_off(package, "late")
    imported(package, "late")
    assert not LOADED


def test_a_module_is_loaded_when_something_of_it_is_used(package):
    put_off(package, "late")
    assert imported(package, "late").value == 7


def test_a_module_that_is_loaded_stays_as_it_is(package):
    loaded = imported(package, "late")
    put_off(package, "late")
    assert sys.modules[f"{package}.late"] is loaded


def test_what_is_not_installed_is_still_not_there(package):
    put_off(package, "nowhere")
    with pytest.raises(AttributeError, match="nowhere"):
        imported(package, "nowhere")


def test_a_package_that_is_not_installed_is_none():
    put_off("put_off_nowhere", "late")
    assert "put_off_nowhere" not in sys.modules
