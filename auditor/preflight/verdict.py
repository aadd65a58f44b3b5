"""The verdict of a preflight as a file: what was found, until when it holds, and a digest over it.

Where the brand has a pepper, the digest is keyed by it, so that nobody without it can write a verdict.
"""

# No `from __future__ import annotations` here: msgspec reads these annotations while it runs.

import hashlib
import hmac
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from auditor.errors import ConfigError
from auditor.hostile import safe_name
from auditor.model.not_json import NOT_JSON
from auditor.private_file import write_private

FORMAT = 1
FOLDER = Path("var/preflight")

Answer = Literal["go", "no-go", "incomplete"]
Kind = Literal["segment", "list", "campaign"]


class Audience(Struct, frozen=True):
    """Who is about to be mailed.

    Attributes:
        kind: What was asked for.
        id: Its number in Emarsys.
        size: Contacts in it.
        mailable: Those of them that are opted in.
        name: Of the campaign, where one was asked for; else empty.
    """

    kind: Kind
    id: int
    size: int
    mailable: int
    name: str = ""


class Blocking(Struct, frozen=True):
    """A reason against mailing, in people."""

    check: str
    title: str
    people: int


class Exclusion(Struct, frozen=True):
    """The list that keeps the offenders out, with how many of them are not on it yet."""

    list: str | None
    contacts: int


class Preflight(Struct, frozen=True):
    """What a preflight came to.

    Attributes:
        made_at: When the audience had been read.
        expires_at: From then on it says nothing.
        launch_at: When the campaign is to go out, where that was said.
        read_from: When the oldest of the data that it rests on was read.
        blocking: Reasons against it, the widest first.
        gaps: Why it is incomplete, as sentences.
        notes: What was not looked at, as sentences.
        items: The products that were asked about.
        offenders: Contacts that should not be mailed, by Emarsys' own ids.
    """

    brand: str
    verdict: Answer
    audience: Audience
    made_at: datetime
    expires_at: datetime
    read_from: datetime
    blocking: tuple[Blocking, ...]
    exclude: Exclusion
    launch_at: datetime | None = None
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    offenders: tuple[str, ...] = ()
    format: int = FORMAT


class _File(Struct, frozen=True):
    preflight: Preflight
    digest: str


def digest_of(preflight: Preflight, pepper: str | None) -> str:
    """Return the digest of a verdict, keyed by the pepper where there is one."""
    content = msgspec.json.encode(preflight, order="sorted")
    if pepper is None:
        return hashlib.sha256(content).hexdigest()
    return hmac.new(pepper.encode(), content, hashlib.sha256).hexdigest()


def _encoded(file: _File) -> bytes:
    return msgspec.json.encode(file, order="sorted") + b"\n"


def write_verdict(preflight: Preflight, pepper: str | None, out: Path | None = None) -> Path:
    """Write a verdict to a file, of its own unless one is given; return the path."""
    about = preflight.audience
    name = f"{about.kind}-{about.id}-{preflight.made_at:%Y-%m-%dT%H-%M-%SZ}.json"
    place = out or FOLDER / safe_name(preflight.brand) / name
    content = _encoded(_File(preflight, digest_of(preflight, pepper)))
    try:
        write_private(place, content)
    except OSError as exc:
        raise ConfigError(
            f"{place}: the verdict cannot be written ({exc.strerror}); name another place with --out."
        ) from exc
    return place


def read_verdict(path: Path, pepper: str | None, brand: str) -> tuple[Preflight, str]:
    """Return a verdict and its digest.

    Raises:
        ConfigError: it is no verdict, was changed, is of another brand, or its digest was made with
            another pepper.
    """
    try:
        content = path.read_bytes()
        file = msgspec.json.decode(content, type=_File)
    except OSError as exc:
        raise ConfigError(f"{path}: the verdict cannot be read ({exc.strerror}).") from exc
    except NOT_JSON as exc:
        raise ConfigError(f"{path}: this is no verdict of a preflight; make a new one.") from exc
    digest = digest_of(file.preflight, pepper).encode()
    is_signed = hmac.compare_digest(digest, file.digest.encode())
    if not is_signed or _encoded(file) != content:
        raise ConfigError(
            f"{path}: the verdict was changed, or made with another pepper; make a new one."
        )
    if file.preflight.brand != brand:
        raise ConfigError(f"{path}: the verdict is of the brand {file.preflight.brand}.")
    return file.preflight, file.digest
