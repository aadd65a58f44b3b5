"""The post: whom it goes to, and whether its server begins TLS. Nothing is sent; nobody signs in."""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING

from auditor.doctor.result import Result, probe, step_of
from auditor.mail.server import is_encrypted, opened
from auditor.prose import hint

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


@probe("mail.owners", "mail")
def owners(visit: Visit) -> Iterator[Result]:
    """Look for readers who wait for findings that nobody's checks make."""
    mail = visit.settings.mail
    if mail is None or not visit.owners:
        yield Result("off", "No owner is named." if mail is None else "No check is loaded.")
        return
    named = {
        "mail.to": mail.to,
        "mail.escalate.after": mail.escalate.after if mail.escalate else (),
    }
    strangers = [
        (setting, name)
        for setting, names in named.items()
        for name in sorted({*names} - visit.owners - {"default"})
    ]
    for setting, name in strangers:
        meant = hint(name, sorted(visit.owners))
        detail, fix = step_of(f"{setting} names {name}, who owns no check; {meant}")
        yield Result("warn", detail, fix, id=name)
    if not strangers:
        yield Result("ok", "Every owner that the settings name owns checks.")


def _answer(*, is_encrypted: bool) -> str:
    if is_encrypted:
        return "The mail server answers and begins TLS."
    return "The mail server on this machine answers, without TLS."
