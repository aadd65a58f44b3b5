"""The digests of a run, by mail and chat, to those who have to hear of it."""

from __future__ import annotations

import logging
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.archive import Archive
from auditor.errors import ConfigError, StoreError
from auditor.findings.ledger import Ledger
from auditor.findings.lifecycle import changed_between
from auditor.mail.chat import WAY, ChatPost, message_of
from auditor.mail.digest import DEFAULT, catching_up, digest_of, digests, is_due, letters, link_to
from auditor.mail.escalation import escalation, overdue
from auditor.mail.failure import failure_letter, failure_messages
from auditor.mail.post import Post
from auditor.mail.preflight import letter_of
from auditor.mail.sent import Posted, Sent
from auditor.pipeline.reporting import publish
from auditor.report.build import build_report
from auditor.report.figures import Figures
from auditor.report.rows import take
from auditor.resources import bundled_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from auditor.config import Settings
    from auditor.pipeline.preflight import Flown
    from auditor.pipeline.run import Done, Run
    from auditor.report.build import ReportData

log = logging.getLogger(__name__)

TEMPLATES = "reports/templates/mail"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the digests.

    Attributes:
        mail: None where mail is not configured.
        chat: None where no chat is configured.
    """

    mail: Posted | None = None
    chat: Posted | None = None

    def sentences(self) -> Iterator[str]:
        """Yield what a person who ran it should know."""
        if self.mail is None and self.chat is None:
            yield "Nobody is told: neither mail nor chat is configured."
        for way, posted in (("letter", self.mail), ("chat message", self.chat)):
            if posted is not None and posted.waiting:
                yield f"{posted.waiting} {way}(s) wait to be sent: {posted.reason}."


def tell(run: Run, done: Done) -> Told:
    """Send the digests of an audit, and whatever still waits; a digest that was sent is not sent again.

    An earlier run whose process died before it could tell it is told first.

    A server that is away fails nothing: what it did not take waits for the next time, and the next report
    says so.

    Args:
        run: The brand and its surroundings.
        done: The audit, whose record is kept.

    Raises:
        ConfigError: a setting names a server that nothing may be sent to.
    """
    settings = run.settings
    if settings.mail is None and settings.chat is None:
        return Told()
    name = done.audit.run
    with closing(Ledger(settings.store.ledger)) as ledger:
        sent = Sent(ledger, settings.brand)
        for earlier in sent.owed():
            if earlier != name:
                _tell_late(run, ledger, earlier)
                sent.settle(earlier)
        data = _data(settings.brand, name)
        told = _told(run, ledger, done.report, data)
        sent.settle(name)
        return told


def _tell_late(run: Run, ledger: Ledger, name: str) -> None:
    """Tell a run whose process died before it could; where nothing is kept of it any more, do nothing."""
    try:
        data = _data(run.settings.brand, name)
    except StoreError as exc:
        log.warning("The run %s is not told: %s", name, exc)
        return
    page = publish(run, ledger, Archive(run.settings.brand).record(name))
    _told(run, ledger, page, data)


def _told(run: Run, ledger: Ledger, page: Path, data: ReportData) -> Told:
    """Tell one run in every way that is configured."""
    ended = _waivers_ended(run.settings.brand, data)
    return _every_way(
        lambda: _by_mail(run, ledger, page, data, ended),
        lambda: _by_chat(run, ledger, page, data, ended),
    )


def _every_way(*ways: Callable[[], Posted | None]) -> Told:
    """Go by mail and by chat; what a setting keeps from one is raised once the other was gone."""
    posted: list[Posted | None] = []
    faults = []
    for way in ways:
        try:
            posted.append(way())
        except ConfigError as exc:
            faults.append(exc)
    if faults:
        raise faults[0]
    return Told(*posted)


def tell_preflight(run: Run, flown: Flown) -> Iterator[str]:
    """Send the verdict of a preflight to those who send campaigns; yield what a person should know.

    Raises:
        ConfigError: a setting names a server that nothing may be sent to.
    """
    mail, brand = run.settings.mail, run.settings.brand
    if mail is None:
        yield "Nobody is told: mail is not configured."
        return
    figures = Figures(run.settings.locale, run.settings.timezone)
    folder = Path(str(bundled_folder(TEMPLATES)))
    letter = letter_of(flown.preflight, flown.digest, mail, folder, figures)
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        yield from Told(mail=Post(mail, brand, ledger).send([letter], run.clock())).sentences()


def tell_failure(settings: Settings, name: str, why: str, now: datetime) -> Iterator[str]:
    """Say by mail and chat that the auditor itself failed, once a day for each kind of work.

    Args:
        settings: The brand's.
        name: What failed.
        why: As a sentence without personal data.
        now: Aware.

    Raises:
        ConfigError: a setting names a server that nothing may be sent to.
    """
    if settings.mail is None and settings.chat is None:
        return
    with closing(Ledger(settings.store.ledger)) as ledger:
        told = _every_way(
            lambda: _failure_by_mail(settings, ledger, name, why, now),
            lambda: _failure_by_chat(settings, ledger, name, why, now),
        )
    yield from told.sentences()


def _failure_by_mail(
    settings: Settings, ledger: Ledger, name: str, why: str, now: datetime
) -> Posted | None:
    if settings.mail is None:
        return None
    letter = failure_letter(settings, name, why, Path(str(bundled_folder(TEMPLATES))), now)
    return Post(settings.mail, settings.brand, ledger).send([letter], now)


def _failure_by_chat(
    settings: Settings, ledger: Ledger, name: str, why: str, now: datetime
) -> Posted | None:
    if settings.chat is None:
        return None
    post = ChatPost(settings.chat, settings.brand, Sent(ledger, settings.brand))
    return post.send(failure_messages(settings, name, why, now), now)


def _data(brand: str, run: str) -> ReportData:
    archive = Archive(brand)
    record = archive.record(run)
    return build_report(record, take(archive.findings(run), record.with_rows))


def _waivers_ended(brand: str, data: ReportData) -> dict[str, int]:
    """Return by check how many waivers ended with this run; none where the run before is not kept."""
    if not data.history:
        return {}
    with suppress(StoreError):
        return Archive(brand).waivers_ended(data.history[0].run, data.audit.run)
    return {}


def _untold(ledger: Ledger, data: ReportData, heard_at: datetime | None) -> dict[str, int]:
    """Return by check how many findings changed since readers heard last, in audits before this one.

    What changed in an audit that they were told of, they have heard: news are always told.
    """
    if heard_at is None:
        return {}
    return changed_between(ledger, data.audit.brand, heard_at, data.audit.as_of)


def _by_mail(
    run: Run, ledger: Ledger, page: Path, data: ReportData, ended: Mapping[str, int]
) -> Posted | None:
    mail, brand = run.settings.mail, run.settings.brand
    if mail is None:
        return None
    sent = Sent(ledger, brand)
    link = link_to(page, brand, mail)
    heard_at = {group: sent.heard_at(group) for group in mail.to}
    untold = {group: _untold(ledger, data, moment) for group, moment in heard_at.items()}
    due = digests(data, mail, link, heard_at, ended, untold)
    folder = Path(str(bundled_folder(TEMPLATES)))
    written = letters(due, mail, folder)
    if mail.escalate is not None:
        late = escalation(overdue(data, mail.escalate), data, mail.escalate, folder, link)
        written += [] if late is None else [late]
    posted = Post(mail, brand, ledger).send(written, run.clock())
    for digest in due:
        sent.hears(digest.group, data.audit.as_of)
    return posted


def _by_chat(
    run: Run, ledger: Ledger, page: Path, data: ReportData, ended: Mapping[str, int]
) -> Posted | None:
    chat, brand = run.settings.chat, run.settings.brand
    if chat is None:
        return None
    sent = Sent(ledger, brand)
    link = link_to(page, brand, run.settings.mail)
    owners = {result.check.owner for result in data.audit.checks}
    heard_at = sent.heard_at(WAY)
    made = digest_of(data, DEFAULT, owners, link, heard_at, ended)
    digest = catching_up(made, _untold(ledger, data, heard_at))
    due = {f"chat:{digest.key}": message_of(digest)} if is_due(digest) else {}
    posted = ChatPost(chat, brand, sent).send(due, run.clock())
    if due:
        sent.hears(WAY, data.audit.as_of)
    return posted
