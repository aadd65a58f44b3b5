"""Turns a settings file into plain values, trusting nothing about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer

from auditor.errors import ConfigError
from auditor.hostile import printable

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 256 * 1024
_LONGEST_KEY = 60
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_OPEN, _CLOSE = "\ue000", "\ue001"


def read_mapping(path: Path) -> dict[Any, Any]:
    """Return the mapping that a YAML file holds.

    Anchors that are used again and explicit tags are refused: a settings file needs neither, and
    both let a small file grow without bounds or surprise its reader.

    Raises:
        ConfigError: the file is missing, too large, no UTF-8 text, no YAML, or no mapping.
    """
    value = parsed(_text(path))
    if not isinstance(value, dict):
        raise ConfigError(
            "holds no settings; write some, or get a commented file from auditor init."
        )
    return value


def parsed(text: str, *, takes_aliases: bool = False) -> object:
    """Return what a YAML text holds, without tags and keys that stand twice.

    Args:
        text: The YAML.
        takes_aliases: Whether an alias may stand for a single value; never for a list or a mapping,
            with which a few lines unfold into billions of values.

    Raises:
        ConfigError: the text is no YAML, or holds one of these.
    """
    try:
        return _parsed(text, takes_aliases=takes_aliases)
    except yaml.MarkedYAMLError as exc:
        where = f"line {exc.problem_mark.line + 1}: " if exc.problem_mark else ""
        raise ConfigError(
            f"{where}this is not YAML; check the indentation, quotes and brackets there."
        ) from exc
    except yaml.YAMLError as exc:
        raise ConfigError("this is not YAML; save the file as plain text.") from exc
    except (ValueError, OverflowError) as exc:
        raise ConfigError(
            "holds a date or number that does not exist; correct it or put it in quotes."
        ) from exc
    except RecursionError as exc:
        raise ConfigError("is nested too deeply; write it flatter.") from exc


def shown(key: object) -> str:
    """Return a key as messages show it: short and printable."""
    text = printable(str(key))
    return text if len(text) <= _LONGEST_KEY else f"{text[:_LONGEST_KEY]}..."


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as exc:
        raise ConfigError(
            "no such file; write one with auditor init, or name another with --config."
        ) from exc
    except (OSError, ValueError) as exc:
        raise ConfigError("cannot be read; check that it is a file that you may read.") from exc
    if len(content) > MAX_BYTES:
        raise ConfigError(f"is larger than {MAX_BYTES // 1024} kB; this is no settings file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError("is not UTF-8 text; save it as UTF-8.") from exc


class _Loader(Composer, yaml.CSafeLoader):
    """The safe loader without aliases and tags, and with `${NAME}` as text everywhere.

    libyaml tells the events, seven times as fast as Python does; nodes are composed here, where they are
    looked at.

    YAML reads an unquoted brace within `{...}` or `[...]` as its own, so that `{token: ${NAME}}` would
    be a syntax error. Private-use characters stand in for the braces while it parses.
    """

    def __init__(self, text: str, *, takes_aliases: bool) -> None:
        Composer.__init__(self)
        yaml.CSafeLoader.__init__(self, _VARIABLE.sub(rf"{_OPEN}\1{_CLOSE}", text))
        self._takes_aliases = takes_aliases

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:  # noqa: ANN401 - PyYAML's own signature
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)
        node.value = node.value.replace(_OPEN, "${").replace(_CLOSE, "}")
        return node

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()
        where = f"line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) and not self._is_harmless(event):
            raise ConfigError(f"{where}: aliases (*name) are not read; write the value out.")
        if getattr(event, "tag", None):
            raise ConfigError(f"{where}: tags (!name) are not read; leave the tag out.")
        return super().compose_node(parent, index)

    def _is_harmless(self, event: yaml.AliasEvent) -> bool:
        return self._takes_aliases and isinstance(self.anchors.get(event.anchor), yaml.ScalarNode)


def _parsed(text: str, *, takes_aliases: bool) -> object:
    loader = _Loader(text, takes_aliases=takes_aliases)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_duplicates(node, "")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_duplicates(node: yaml.Node, path: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            _refuse_duplicates(item, f"{path}[{i}]")
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        where = f"{path}.{shown(key.value)}".lstrip(".")
        if isinstance(key.value, str) and key.value in seen:
            raise ConfigError(
                f"{where}: stands twice (line {key.start_mark.line + 1}); leave one of them out."
            )
        seen.add(key.value if isinstance(key.value, str) else id(key))
        _refuse_duplicates(value, where)
