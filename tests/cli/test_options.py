from __future__ import annotations

import pytest

from auditor.cli.options import Invocation
from auditor.errors import ConfigError


def test_without_options_the_usual_values_hold(call):
    said = call("show-options")
    assert said.out == "auditor.yaml text False text\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--config", "b.yaml", "--format", "json", "-v", "--log-format", "json", "show-options"],
        ["show-options", "--config", "b.yaml", "--format", "json", "-v", "--log-format", "json"],
        ["--config", "b.yaml", "-v", "show-options", "--format", "json", "--log-format", "json"],
    ],
)
def test_options_may_stand_before_and_after_the_command(call, words):
    said = call(*words)
    assert said.out == "b.yaml json True json\n"


def test_the_last_of_two_values_holds(call):
    said = call("--config", "first.yaml", "show-options", "--config", "second.yaml")
    assert said.out.split()[0] == "second.yaml"


def test_the_environment_names_the_settings_file(call, monkeypatch):
    monkeypatch.setenv("AUDITOR_CONFIG", "env.yaml")
    said = call("show-options")
    assert said.out.split()[0] == "env.yaml"


@pytest.mark.parametrize(
    "words", [["--config", "b.yaml", "show-options"], ["show-options", "--config", "b.yaml"]]
)
def test_an_option_wins_over_the_environment(call, monkeypatch, words):
    monkeypatch.setenv("AUDITOR_CONFIG", "env.yaml")
    said = call(*words)
    assert said.out.split()[0] == "b.yaml"


def test_an_unknown_format_is_a_usage_error(call):
    assert call("show-options", "--format", "xml").code == 2


def test_the_invocation_reads_the_settings_it_names(tmp_path):
    invocation = Invocation(config=tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match=r"absent\.yaml: no such file;"):
        invocation.settings()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["explain"], "KEY"),
        (["findings", "--run"], "--run"),
        (["findings", "accept", "3f", "--until", "2099-01-01", "--reason"], "--reason"),
        (["audit", "--suite"], "--suite"),
        (["halt", "--reason"], "--reason"),
        (["forget"], "[EMAIL]"),
    ],
)
def test_bytes_that_are_no_text_are_a_usage_error(call, words, name):
    said = call(*words, "G\udcf6teborg")
    assert (said.code, said.err.splitlines()[-1]) == (
        2,
        f"Error: Invalid value for '{name}': it is no text in UTF-8; write it anew.",
    )


@pytest.mark.parametrize("words", [["show-options", "--config"], ["preflight", "--check"]])
def test_a_file_may_have_a_name_that_is_no_text(call, words):
    said = call(*words, "G\udcf6teborg.yaml")
    assert "no text" not in said.err
