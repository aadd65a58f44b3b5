"""Clinics: a healthy one for the whole module, and others made to measure."""

from __future__ import annotations

import contextlib

import pytest

from tests.doctor.clinic import clinic


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    with clinic(tmp_path_factory.mktemp("clinic")) as running:
        yield running


@pytest.fixture
def opened(tmp_path):
    """Start a clinic that lasts as long as the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **plan: stack.enter_context(clinic(tmp_path, *args, **plan))
