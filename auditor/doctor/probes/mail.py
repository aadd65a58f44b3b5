"""The mail server: it answers and begins TLS, as it will for the post. Nothing is sent; nobody signs in."""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING

from auditor.doctor.result import Result, probe
from auditor.mail.server import is_encrypted, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit

TIMEOUT_S = 10.0
UNREACHED = "Check mail.smtp and whether this machine may reach the server."


@probe("mail.server", "mail")
def server(visit: Visit) -> Iterator[Result]:
    """Greet the server and begin TLS."""
    mail = visit.settings.mail
    if mail is None:
        yield Result("off", "mail is not configured.")
        return
    try:
        with opened(mail.smtp, signs_in=False, timeout_s=TIMEOUT_S) as greeted:
            yield Result("ok", _answer(is_encrypted=is_encrypted(greeted)))
    except ssl.SSLError:
        yield Result("fail", "The mail server's certificate or TLS is refused.", "Renew it.")
    except smtplib.SMTPNotSupportedError:
        fix = "Use smtps://, or a port that offers STARTTLS."
        yield Result("fail", "The mail server offers no TLS, so no mail will be sent to it.", fix)
    except (OSError, smtplib.SMTPException):
        yield Result("fail", "The mail server does not answer.", UNREACHED)


def _answer(*, is_encrypted: bool) -> str:
    if is_encrypted:
        return "The mail server answers and begins TLS."
    return "The mail server on this machine answers, without TLS."
