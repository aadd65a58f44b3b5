"""The digest in short, for a chat: JSON as Slack's incoming webhooks take it, kept until it was taken."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from auditor.errors import AuditorError
from auditor.hostile import clipped, in_a_line, safe_name
from auditor.mail.post import SPOOL
from auditor.mail.sent import Posted
from auditor.private_file import write_private
from auditor.report import words
from auditor.systems.http import HttpClient, Retries, require_safe_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from auditor.config.settings import Chat
    from auditor.mail.digest import Digest
    from auditor.mail.sent import Sent

MOST_INCIDENTS = 5
WAY = "chat"
RETRIES = Retries(attempts=1, total_s=60.0, timeout_s=30.0)

MARKS = {"clean": ":large_green_circle:", "drift": ":large_orange_circle:"}
MARKS |= {"critical": ":red_circle:", "incomplete": ":large_purple_circle:"}


def message_of(digest: Digest) -> dict[str, Any]:
    """Return a digest as a chat takes it: the same content as the mail, in short.

    `text` is what notifications show; `blocks` what the channel shows. Texts from the systems cannot
    mention anybody, link or format.
    """
    figures = digest.data.figures
    lines = [
        f"• *{incident.severity.capitalize()}*: {plain(incident.result.check.title)} "
        f"({figures.number(incident.total)}{_news(digest.news_of(incident))}"
        f"{''.join(f', {mark}' for mark in words.marks(incident, figures))})"
        for incident in digest.incidents[:MOST_INCIDENTS]
    ]
    hidden = len(digest.incidents) - len(lines)
    if hidden > 0:
        lines.append(f"and {figures.number(hidden)} more in the report")
    mark, headline = MARKS[digest.verdict], words.headline(digest.data.audit, digest.verdict)
    first = words.next_step(digest.data).text if digest.verdict == "incomplete" else None
    parts = [
        f"{mark} *{plain(digest.data.audit.brand)}*: {headline} {plain(digest.delta)}.",
        *map(plain, words.judged(digest.data.audit)),
        *map(plain, words.unlooked(digest.data.audit)),
        "\n".join(lines),
        "" if first is None else f"First: {plain(first)}",
        f"Report: {plain(digest.link)}",
    ]
    return shown(plain(digest.subject), filter(None, parts))


def shown(text: str, parts: Iterable[str]) -> dict[str, Any]:
    """Return a message of a few parts; `text` is what notifications show of it."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in parts]
    return {"text": text, "blocks": blocks}


class ChatPost:
    """The chat of one brand.

    Args:
        chat: Where it is.
        brand: Whose messages.
        sent: Remembers which were.
        spool: Where messages wait.
    """

    def __init__(self, chat: Chat, brand: str, sent: Sent, spool: Path = SPOOL) -> None:
        self._url, self._sent = chat.webhook.reveal(), sent
        self._folder = spool / safe_name(brand)

    def send(self, messages: Mapping[str, dict[str, Any]], at: datetime) -> Posted:
        """Send messages by their keys, and those that wait; nothing is raised where the chat is away.

        A message whose answer was lost is sent again by the next post: a chat knows no message ids.

        Args:
            messages: What to send; one that was taken is left.
            at: The time now, aware.

        Raises:
            ConfigError: `chat.webhook` is no address that a message may go to.
        """
        require_safe_url(self._url, "chat.webhook")
        for key, message in messages.items():
            if not self._sent.was(key):
                name = sha256(key.encode()).hexdigest()[:32]
                body = json.dumps({"key": key, "message": message}).encode()
                write_private(self._folder / f"{name}.chat.json", body)
        posted = self._deliver(at)
        self._sent.leave(WAY, posted)
        return posted

    def _deliver(self, at: datetime) -> Posted:
        waiting = sorted(self._folder.glob("*.chat.json")) if self._folder.is_dir() else []
        if not waiting:
            return Posted(0)
        client = HttpClient(system="The chat", setting="chat.webhook", retries=RETRIES)
        try:
            reasons = [self._deliver_one(client, place, at) for place in waiting]
        finally:
            client.close()
        left = [reason for reason in reasons if reason is not None]
        return Posted(len(waiting) - len(left), len(left), left[-1] if left else None)

    def _deliver_one(self, client: HttpClient, place: Path, at: datetime) -> str | None:
        """Send one message; return why it has to wait."""
        try:
            kept = json.loads(place.read_bytes())
        except FileNotFoundError:
            return None  # another process has just sent it
        if not self._sent.was(kept["key"]):
            try:
                answer = client.request("POST", self._url, repeatable=False, json=kept["message"])
            except AuditorError:
                return "the chat does not answer"
            if not answer.is_success:
                return f"the chat refuses a message (HTTP {answer.status_code})"
            self._sent.note(kept["key"], at)
        place.unlink(missing_ok=True)
        return None


def _news(said: str) -> str:
    return f", {said}" if said else ""


def plain(text: str) -> str:
    """Return a text that a chat shows and does not obey.

    Source: Slack asks for these three characters to be written so; links, mentions and commands all
    begin with `<`. A mark of emphasis in a title does no harm.
    """
    shown = clipped(in_a_line(text))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
