"""The connection to a mail server, the same for the post and for `auditor doctor`."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from auditor.systems.http import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT_S = 30.0


@contextlib.contextmanager
def opened(
    url: str, *, signs_in: bool = True, timeout_s: float = TIMEOUT_S
) -> Iterator[smtplib.SMTP]:
    """Open a mail server, encrypted unless it is this machine itself, and say goodbye at the end.

    Args:
        url: `smtp://host:587`, where TLS begins with STARTTLS, or `smtps://host:465`.
        signs_in: Whether to sign in where the address carries a name.
        timeout_s: Seconds without an answer.

    Raises:
        SMTPNotSupportedError: the server is elsewhere, and offers no TLS.
        OSError, SMTPException: it is away, or refuses, or no server can have the address.
    """
    server = _connected(url, signs_in=signs_in, timeout_s=timeout_s)
    try:
        yield server
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()


def is_encrypted(server: smtplib.SMTP) -> bool:
    """Tell whether what is said to a server is encrypted."""
    return isinstance(server.sock, ssl.SSLSocket)


def _connected(url: str, *, signs_in: bool, timeout_s: float) -> smtplib.SMTP:
    parts, context = urlsplit(url), ssl.create_default_context()
    host = parts.hostname or ""
    try:
        port = parts.port or PORTS[parts.scheme]
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=timeout_s)
    except OSError:
        raise  # a certificate that is refused is a ValueError, too
    except ValueError as exc:  # of a port that is no number, or a host that is no name
        raise OSError("no server can have this address") from exc
    try:
        server.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp" and (server.has_extn("starttls") or not is_loopback(host)):
            server.starttls(context=context)  # refused where it is not offered
            server.ehlo()
        if parts.username and signs_in:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()
        raise
    return server
