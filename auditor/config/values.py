"""Values that need more than a type: secrets, addresses, durations, cron lines, time zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import TYPE_CHECKING, NewType
from zoneinfo import ZoneInfo

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

Duration = NewType("Duration", timedelta)
Cron = NewType("Cron", str)
LocaleName = NewType("LocaleName", str)

LONGEST = timedelta(days=3650)
"""Of any duration: counted back from today, a longer one leaves the times that databases know."""
LONGEST_LABEL = 63
"""Bytes of a part of a host's name. Source: RFC 1035, 2.3.4."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"([0-9]{1,6})([smhdw])")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_SCHEME = re.compile(r"[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://")
_IN_MEMORY = re.compile(r"duckdb(?:\+\w+)?:///?(?::memory:[^?]*)?(?:\?.*)?", re.DOTALL)
_PASSWORD = re.compile(r"(://[^/?#@:]*:)([^/?#]*)(?=@)")
_CREDENTIALS = re.compile(r"(://[^/?#@:]*:).*(?=@)", re.DOTALL)
_QUERY = re.compile(r"\?.*", re.DOTALL)
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


class Secret:
    """A value that no message, log line or report ever shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class UnsetSecret(Secret):
    """A secret whose environment variable is not set: nobody misses it who does not need it.

    Args:
        told: What to say when somebody does.
    """

    __slots__ = ()

    def reveal(self) -> str:
        """Refuse.

        Raises:
            ConfigError: always; it names the setting and the variable.
        """
        raise ConfigError(self._value)


class Address(str):
    """An address whose `repr` hides the password and the query it may carry."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_QUERY.sub("?***", _CREDENTIALS.sub(r"\1***", str(self))))


class WebUrl(Address):
    """An http(s) address; plain http only on loopback."""

    __slots__ = ()


class StoreUrl(Address):
    """A SQLAlchemy URL."""

    __slots__ = ()


class MailUrl(Address):
    """A mail server: `smtp://host:587` or `smtps://host:465`."""

    __slots__ = ()


class Window(str):
    """A time of day to another, such as `22:00-05:00`, which may go past midnight."""

    __slots__ = ()

    def holds(self, moment: time) -> bool:
        """Tell whether a time of day lies in it; the last minute does not."""
        begin, _, end = self.partition("-")
        first, last = time.fromisoformat(begin), time.fromisoformat(end)
        if first < last:
            return first <= moment < last
        return moment >= first or moment < last


class FeedSource(Address):
    """An http(s) address or the path of a file."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of text is read.

    Attributes:
        phrase: What it must be, as in "must be a duration".
        parse: Takes the text and the setting's path; raises ValueError, or a ConfigError that says more.
    """

    phrase: str
    parse: Callable[[str, str], object]


def has_literal_password(text: str) -> bool:
    """Return whether a URL carries a password that was typed instead of taken from a variable."""
    match = _PASSWORD.search(text)
    return match is not None and _VARIABLE.fullmatch(match[2]) is None


def parse_duration(text: str) -> timedelta:
    """Return the duration that a text such as `26h` names."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _duration(text: str, path: str) -> Duration:
    found = parse_duration(text)
    if found > LONGEST:
        raise ConfigError(f"{path}: must be at most {LONGEST.days}d.")
    return Duration(found)


def _web_url(text: str, path: str) -> WebUrl:
    from auditor.systems.http import require_safe_url

    _require_labels(require_safe_url(text, path).raw_host.decode())
    return WebUrl(text)


def require_webhook(secret: Secret) -> None:
    """Refuse a webhook that nothing can be sent to; what it holds is not told.

    Raises:
        ValueError: it is no address, or plain http to another machine.
    """
    if isinstance(secret, UnsetSecret):
        return
    try:
        _web_url(secret.reveal(), "webhook")
    except ConfigError as exc:
        raise ValueError from exc


def _store_url(text: str, path: str) -> StoreUrl:
    if _SCHEME.match(text) is None:
        raise ValueError
    if _IN_MEMORY.fullmatch(text):
        raise ConfigError(
            f"{path}: a database in memory forgets what was read; "
            "name a file, like duckdb:///var/brand.duckdb."
        )
    return StoreUrl(text)


def _mail_url(text: str, _path: str) -> MailUrl:
    if re.match(r"smtps?://[^/\s]", text) is None:
        raise ValueError
    _require_reachable(text)
    return MailUrl(text)


def _require_reachable(url: str) -> None:
    """Refuse an address that no computer can have, before hours of work end at it.

    Raises:
        ValueError: the port is no number from 1 to 65535, or a part of the host is empty or too long.
    """
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0:
        raise ValueError
    _require_labels(parts.hostname.encode("idna").decode())


def _require_labels(host: str) -> None:
    """Refuse a host of which no name server can be asked.

    Raises:
        ValueError: a part between two dots is empty, or longer than 63 bytes.
    """
    parts = host.removesuffix(".").split(".")
    if not all(0 < len(part) <= LONGEST_LABEL for part in parts):
        raise ValueError


def _feed_source(text: str, path: str) -> FeedSource:
    if "://" in text:
        _web_url(text, path)
    elif not text.strip() or not text.isprintable():
        raise ValueError
    return FeedSource(text)


def _cron(text: str, _path: str) -> Cron:
    from auditor.cron import trigger_of

    trigger_of(text)
    return Cron(text)


def _window(text: str, _path: str) -> Window:
    begin, _, end = text.partition("-")
    if _CLOCK.fullmatch(begin) is None or _CLOCK.fullmatch(end) is None or begin == end:
        raise ValueError
    return Window(text)


def _zone(text: str, _path: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, OSError) as exc:  # a name that is a folder of the zone database is an OSError
        raise ValueError from exc


def _locale(text: str, _path: str) -> LocaleName:
    import babel

    try:
        return LocaleName(str(babel.Locale.parse(text.replace("-", "_"))))
    except babel.UnknownLocaleError as exc:
        raise ValueError from exc


KINDS: dict[object, Kind] = {
    Duration: Kind("a duration such as 90m, 26h or 14d", _duration),
    Cron: Kind("a cron line of five fields, such as 0 5 * * *, or null", _cron),
    Window: Kind("a time of day to another, such as 22:00-05:00, or null", _window),
    LocaleName: Kind("a locale such as en_GB, sv_SE or de_DE", _locale),
    ZoneInfo: Kind("a time zone such as Europe/Stockholm", _zone),
    WebUrl: Kind("an address like https://host/path", _web_url),
    StoreUrl: Kind("a SQLAlchemy URL such as duckdb:///var/brand.duckdb", _store_url),
    MailUrl: Kind("a mail server such as smtp://mail.example:587", _mail_url),
    FeedSource: Kind("an address like https://host/path, or the path of a file", _feed_source),
}
"""Everything that is written as text but is more than text; plain types are msgspec's."""
