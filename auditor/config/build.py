"""Fits plain YAML values into the declared shape, naming the dotted path of whatever does not fit."""

from __future__ import annotations

import os
import re
from datetime import date
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo, fields

from auditor.config.reading import read_mapping, shown
from auditor.config.section import Brand, Keys, Name, SettingError
from auditor.config.settings import Settings, Switch
from auditor.config.values import KINDS, Secret, StoreUrl, UnsetSecret, has_literal_password
from auditor.errors import ConfigError
from auditor.prose import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Days outside are slips of the keyboard, and the first and the last that exist cannot be counted from."""

_VARIABLE = re.compile(r"\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PHRASES: dict[object, str] = {bool: "true or false", date: "a date such as 2026-01-31"}


class UnsetError(ConfigError):
    """The environment does not have a variable that a setting names."""


def load_settings(
    path: Path, environ: Mapping[str, str] | None = None, *, needs_secrets: bool = True
) -> Settings:
    """Read one brand's settings.

    Args:
        path: The YAML file.
        environ: Where `${NAME}` is looked up; the process environment unless given.
        needs_secrets: Whether every secret must be set. Who only reads the stores needs none: one that is
            not set is missed where it is used.

    Raises:
        ConfigError: anything at all is wrong; one sentence that names the setting and the next step.
    """
    if environ is None:
        environ = os.environ  # noqa: TID251 - auditor/config is the one place that may
    try:
        builder = _Builder(environ, needs_secrets=needs_secrets)
        return cast("Settings", builder.build(Settings, read_mapping(path), ""))
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}") from exc


def load_switch(path: Path, environ: Mapping[str, str] | None = None) -> Switch:
    """Read what stops a brand's corrections: no other setting need be right for that, and no secret set.

    Args:
        path: The YAML file.
        environ: As for `load_settings`; only the address of the ledger may ask for something.

    Raises:
        ConfigError: the brand, its ledger or its stop file is wrong.
    """
    if environ is None:
        environ = os.environ  # noqa: TID251 - auditor/config is the one place that may
    try:
        raw = read_mapping(path)
        builder = _Builder(environ)
        values = {
            name: builder.build(kind, found, setting)
            for name, kind, setting in _OF_SWITCH
            if (found := _below(raw, setting)) is not None or name == "brand"
        }
        return Switch(**cast("Any", values))
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}") from exc


_OF_SWITCH = (
    ("brand", Brand, "brand"),
    ("ledger", StoreUrl, "store.ledger"),
    ("stop_file", Name, "corrections.stop_file"),
)


def _below(raw: object, setting: str) -> object:
    """Return the value at a dotted path, None where nothing is there."""
    for key in setting.split("."):
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw


class _Builder:
    """Builds one settings tree; every method takes the declared kind, the raw value and its path."""

    def __init__(self, environ: Mapping[str, str], *, needs_secrets: bool = True) -> None:
        self._environ = environ
        self._needs_secrets = needs_secrets
        self._by_origin: dict[object, Callable[[Any, object, str], object]] = {
            tuple: self._list,
            dict: self._mapping,
            Union: self._either,
            UnionType: self._either,
        }

    def build(self, kind: object, raw: object, path: str) -> object:
        """Return the value of one setting.

        Raises:
            ConfigError: it does not fit.
        """
        if isinstance(kind, type) and issubclass(kind, Struct):
            return self._section(kind, raw, path)
        origin = get_origin(_bare(kind))
        return self._by_origin.get(origin, self._scalar)(kind, raw, path)

    def _section(self, kind: type[Struct], raw: object, path: str) -> Struct:
        declared = {field.encode_name: field for field in fields(kind)}
        given = _keyed({} if raw is None else raw, path, declared)
        values = {}
        for name, field in declared.items():
            if name in given:
                values[field.name] = self.build(field.type, given[name], _join(path, name))
            elif _is_missing(field):
                values[field.name] = self._absent(field, _join(path, name))
        try:
            return kind(**values)
        except SettingError as exc:
            raise ConfigError(f"{_join(path, exc.key)}: {exc}.") from exc

    def _absent(self, field: FieldInfo, path: str) -> object:
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            return self.build(field.type, {}, path)
        raise ConfigError(f"{path}: missing; add it to the settings file.")

    def _mapping(self, kind: object, raw: object, path: str) -> dict[str, object]:
        known = next((mark for mark in get_args(kind) if isinstance(mark, Keys)), None)
        given = _keyed(raw, path, known.names if known else None)
        _, inner = get_args(_bare(kind))
        return {name: self.build(inner, value, _join(path, name)) for name, value in given.items()}

    def _list(self, kind: object, raw: object, path: str) -> tuple[object, ...]:
        if not isinstance(raw, list):
            raise ConfigError(f"{path}: must be a list, such as [one, two].")
        inner = get_args(kind)[0]
        return tuple(self.build(inner, item, f"{path}[{i}]") for i, item in enumerate(raw))

    def _either(self, kind: object, raw: object, path: str) -> object:
        arms = [arm for arm in get_args(kind) if arm is not NoneType]
        if raw is None and len(arms) < len(get_args(kind)):
            return None
        if len(arms) == 1:
            return self.build(arms[0], raw, path)
        if all(isinstance(arm, type) and issubclass(arm, Struct) for arm in arms):
            return self._tagged(arms, raw, path)
        lists = [arm for arm in arms if get_origin(arm) is tuple]
        if lists and isinstance(raw, list):
            return self.build(lists[0], raw, path)
        # msgspec 0.22 frees memory twice when a union holds a text and a list of texts with patterns.
        scalars = reduce(or_, (arm for arm in arms if arm not in lists))
        return self._scalar(scalars, raw, path, _phrase(kind))

    def _tagged(self, arms: list[type[Struct]], raw: object, path: str) -> Struct:
        by_tag = {str(arm.__struct_config__.tag): arm for arm in arms}
        given = _keyed(raw, path, None)
        tag = given.pop("type", None)
        if not isinstance(tag, str) or tag not in by_tag:
            raise ConfigError(f"{_join(path, 'type')}: must be {_either_of(by_tag)}.")
        return self._section(by_tag[tag], given, path)

    def _scalar(self, kind: object, raw: object, path: str, phrase: str = "") -> object:
        if kind is Secret:
            return self._secret(raw, path)
        value = self._text(kind, raw, path) if isinstance(raw, str) else raw
        problem = ConfigError(f"{path}: must be {phrase or _phrase(kind)}.")
        if kind in KINDS:
            if not isinstance(value, str):
                raise problem
            try:
                return KINDS[kind].parse(value, path)
            except ValueError:
                raise problem from None
        try:
            made: object = msgspec.convert(value, cast("type", kind), strict=False)
        except msgspec.ValidationError:
            raise problem from None  # its text may quote a value that came from the environment
        if isinstance(made, date) and not FIRST_DAY <= made <= LAST_DAY:
            raise ConfigError(f"{path}: must be a day from {FIRST_DAY} to {LAST_DAY}.")
        return made

    def _text(self, kind: object, raw: str, path: str) -> str:
        try:
            return self._expanded(raw, path)
        except UnsetError:
            # The name of a client stands beside its secret; an address is connected to, or not.
            if self._needs_secrets or kind in KINDS:
                raise
            return raw

    def _secret(self, raw: object, path: str) -> Secret:
        variable = _VARIABLE.fullmatch(raw) if isinstance(raw, str) else None
        if variable is None:
            raise ConfigError(f"{path}: comes only from the environment: write ${{NAME}}.")
        try:
            value = self._variable(variable, path).strip()
        except UnsetError as exc:
            if self._needs_secrets:
                raise
            return UnsetSecret(str(exc))
        if not value or not value.isprintable() or " " in value:
            raise ConfigError(
                f"{path}: the environment variable {variable[1]} is empty or holds blanks; "
                "put the secret, and nothing else, in it."
            )
        return Secret(value)

    def _expanded(self, text: str, path: str) -> str:
        if has_literal_password(text):
            raise ConfigError(
                f"{path}: the password comes only from the environment: write ${{NAME}} for it."
            )
        return _VARIABLE.sub(lambda match: self._variable(match, path), text)

    def _variable(self, match: re.Match[str], path: str) -> str:
        name, closed = match.groups()
        if not closed or _NAME.fullmatch(name) is None:
            raise ConfigError(
                f"{path}: a variable is written ${{NAME}}, with letters, digits and _ only."
            )
        if name not in self._environ:
            raise UnsetError(
                f"{path}: the environment variable {name} is not set; set it and try again."
            )
        value = self._environ[name]
        if not _is_text(value):
            raise ConfigError(
                f"{path}: the environment variable {name} is not UTF-8 text; set it to what it stands for."
            )
        return value


def _is_text(value: str) -> bool:
    """Tell whether a value can be written down: bytes that are no UTF-8 come as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bare(kind: object) -> object:
    """Return a kind without its annotations."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _is_missing(field: FieldInfo) -> bool:
    return field.default is NODEFAULT and field.default_factory is NODEFAULT


def _join(path: str, key: str) -> str:
    return ".".join(part for part in (path, key) if part)


def _keyed(raw: object, path: str, known: Iterable[str] | None) -> dict[str, Any]:
    """Return a copy of a mapping whose keys are text, and known ones where `known` tells them."""
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: must be a section of its own, with lines like key: value.")
    names = None if known is None else list(known)
    for key in raw:
        if not isinstance(key, str) or not key:
            raise ConfigError(f"{_join(path, shown(key))}: a key must be text; put it in quotes.")
        if names is not None and key not in names:
            raise ConfigError(f"{_join(path, shown(key))}: {_nearest(key, path, names)}")
    return dict(raw)


def _nearest(key: str, path: str, names: list[str]) -> str:
    close = nearest(key, names)
    if close is not None:
        return f"unknown setting; did you mean {_join(path, close)}?"
    return f"unknown setting; valid here: {', '.join(_join(path, name) for name in sorted(names))}."


def _phrase(kind: object) -> str:
    """Say what a value must be, as in "must be a whole number"."""
    if kind in KINDS:
        return KINDS[kind].phrase
    if get_origin(kind) is Literal:
        return _either_of(str(choice) for choice in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return _either_of(_phrase(arm) for arm in get_args(kind))
    if get_origin(kind) is tuple:
        return "a list"
    meta = next((mark for mark in get_args(kind) if isinstance(mark, Meta)), None)
    return (meta.description if meta else _PHRASES.get(kind)) or "text"


def _either_of(choices: Iterable[str]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last
