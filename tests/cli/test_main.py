from __future__ import annotations

import pytest

import auditor


def test_a_command_is_found_by_its_file(call):
    said = call("--help")
    assert "faulty        Fail on purpose." in said.out


def test_a_module_without_a_command_is_none(call):
    said = call("--help")
    assert "bystander" not in said.out


@pytest.mark.parametrize("module", ["options", "bystander"])
def test_a_module_without_a_command_cannot_be_called(call, module):
    assert call(module).code == 2


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_clean(call, flag):
    assert call(flag).code == 0


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_of_a_command_is_clean(call, flag):
    assert call("faulty", flag).code == 0


def test_help_has_examples(call):
    said = call("--help")
    assert "  auditor init brands/nordlys.yaml " in said.out


def test_the_version_is_printed(call):
    said = call("--version")
    assert said.out == f"auditor {auditor.__version__}\n"


@pytest.mark.parametrize("code", [0, 1, 4])
def test_a_command_returns_its_exit_code(call, code):
    assert call("show-options", "--code", str(code)).code == code


@pytest.mark.parametrize(("kind", "code"), [("config", 2), ("read", 3), ("apply", 4)])
def test_an_error_of_ours_exits_with_its_code(call, kind, code):
    assert call("faulty", kind, "Something.").code == code


def test_an_error_of_ours_is_one_line(call):
    said = call("faulty", "config", "centra.url: missing.")
    assert said.err == "auditor: centra.url: missing.\n"


def test_hostile_text_in_an_error_is_defused(call):
    said = call("faulty", "read", "a\x1b[31mred\x07\r\nnext\u202eline\x9b")
    assert said.err == "auditor: a [31mred next line\n"


def test_nothing_goes_to_stdout_with_an_error(call):
    said = call("--format", "json", "faulty", "config", "No.")
    assert said.out == ""


@pytest.mark.parametrize("kind", ["interrupt", "abort", "pipe"])
def test_an_interrupted_command_exits_130_without_a_word(call, kind):
    said = call("faulty", kind)
    assert (said.code, said.err) == (130, "")


def test_a_command_may_leave_by_click_s_own_exit(call):
    assert call("faulty", "exit", "1").code == 1


def test_a_bug_exits_3(call):
    assert call("faulty", "bug").code == 3


def test_a_bug_is_one_line(call):
    said = call("faulty", "bug", "secret details")
    assert said.err == (
        "auditor: internal error (ZeroDivisionError); run with --verbose to see where.\n"
    )


def test_a_bug_shows_its_traceback_when_asked(call):
    said = call("--verbose", "faulty", "bug")
    assert "Traceback (most recent call last)" in said.err


def test_a_traceback_holds_no_personal_data(call):
    said = call("faulty", "bug", "ann@example.com", "--verbose")
    assert "ZeroDivisionError: ***\n" in said.err


def test_an_unknown_command_names_the_nearest(call):
    said = call("faulti")
    assert (said.code, said.err.splitlines()[-1]) == (
        2,
        "Error: No such command 'faulti'. Did you mean 'faulty'?",
    )


def test_whoever_asks_for_help_without_dashes_is_told_where_it_is(call):
    said = call("help")
    assert (said.code, "Run 'auditor --help'" in said.err.splitlines()[-1]) == (2, True)


def test_an_unknown_command_that_resembles_none_names_all(call):
    said = call("zzz")
    assert "There are " in said.err


@pytest.mark.parametrize("words", [["--confg", "x", "faulty", "bug"], ["faulty", "bug", "--confg"]])
def test_an_unknown_option_names_the_nearest(call, words):
    said = call(*words)
    assert (said.code, "--config" in said.err) == (2, True)


def test_a_missing_argument_is_a_usage_error(call):
    assert call("faulty").code == 2


def test_no_command_at_all_is_a_usage_error(call):
    assert call().code == 2
