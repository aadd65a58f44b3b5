"""TLS towards databases: required, with the certificate verified, for any host but this machine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.systems.http import is_loopback

if TYPE_CHECKING:
    import sqlalchemy as sa

VERIFYING = ("verify-full", "verify-ca")


def with_tls(url: sa.URL, setting: str) -> sa.URL:
    """Return the address of a database with TLS and certificates verified where it is elsewhere.

    Only PostgreSQL is told so: files need none, and BigQuery speaks nothing else.

    Raises:
        ConfigError: the address asks for less.
    """
    hosts = [host for host in _hosts(url) if not _is_here(host)]
    if url.get_backend_name() != "postgresql" or not hosts:
        return url
    mode = url.query.get("sslmode")
    if mode is None:
        trusted = {"sslmode": "verify-full", "sslrootcert": "system"}
        return url.update_query_dict({**trusted, **url.query})
    if mode not in VERIFYING:
        raise ConfigError(
            f"{setting}: sslmode={mode} does not verify {hosts[0]}; leave sslmode out, and name a "
            "certificate authority of your own with sslrootcert=FILE."
        )
    return url


def _hosts(url: sa.URL) -> list[str]:
    named = url.query.get("host", ())
    several = [named] if isinstance(named, str) else list(named)
    hosts = [url.host or "", *(part for one in several for part in one.split(","))]
    return [host.rpartition(":")[0] or host if host.count(":") == 1 else host for host in hosts]


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine: none is named, a socket's folder, or loopback."""
    return not host or host.startswith("/") or is_loopback(host)
