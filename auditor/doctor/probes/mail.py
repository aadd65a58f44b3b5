"""The mail server: it answers and offers TLS. Nothing is sent, and nobody logs in."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auditor.doctor.result import Result, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit

TIMEOUT_S = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
UNREACHED = "Check mail.smtp and whether this machine may reach the server."


@probe("mail.server", "mail")
def server(visit: Visit) -> Iterator[Result]:
    """Greet the server and begin TLS."""
    mail = visit.settings.mail
    if mail is None:
        yield Result("off", "mail is not configured.")
        return
    parts = urlsplit(mail.smtp)
    host, is_tls = parts.hostname or "", parts.scheme == "smtps"
    try:
        if is_tls:
            context = ssl.create_default_context()
            with smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=TIMEOUT_S, context=context
            ) as smtp:
                smtp.ehlo()
            yield Result("ok", "The mail server answers over TLS.")
        else:
            yield _plain(host, parts.port or 25)
    except ssl.SSLError:
        yield Result("fail", "The mail server's certificate or TLS is refused.", "Renew it.")
    except (OSError, smtplib.SMTPException):
        yield Result("fail", "The mail server does not answer.", UNREACHED)


def _plain(host: str, port: int) -> Result:
    smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        smtp.ehlo_or_helo_if_needed()
        if smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
            return Result("ok", "The mail server answers and begins TLS.")
        if host in LOOPBACK:
            return Result("ok", "The mail server on this machine answers, without TLS.")
        fix = "Use smtps://, or a port that offers STARTTLS."
        return Result("fail", "The mail server offers no TLS, so no mail will be sent to it.", fix)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()
