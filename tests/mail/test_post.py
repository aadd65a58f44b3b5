"""Letters reach a real server once; what the server does not take waits, and is sent later."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config.settings import Mail
from auditor.config.values import MailUrl
from auditor.errors import ConfigError
from auditor.mail.letter import Letter, message_id, message_of
from auditor.mail.post import Post, readers_of
from auditor.mail.sent import Posted, Sent
from tests.mail.conftest import Server, authenticate, mail_of, serving

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
LETTER = Letter("k", ("crm@nordlys.example",), "Hello", "plain text", "<p>hypertext</p>")


def letter(**parts: Any) -> Letter:
    values = {"key": "k", "to": LETTER.to, "subject": "Hello", "text": "t", "html": "<p>h</p>"}
    return Letter(**(values | parts))


def _parts(mail: Mail) -> dict[str, Any]:
    return {name: getattr(mail, name) for name in mail.__struct_fields__}


def waiting(folder: Path) -> list[Path]:
    return sorted((folder / "spool").rglob("*.eml"))


def test_a_letter_arrives(server, post):
    assert post.send([LETTER], AT) == Posted(1)
    (message,) = server.messages
    assert (message["Subject"], message["To"]) == ("Hello", "crm@nordlys.example")


def test_it_has_both_forms(server, post):
    post.send([LETTER], AT)
    (message,) = server.messages
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def test_it_is_sent_once(server, post):
    post.send([LETTER], AT)
    assert (post.send([LETTER], AT), len(server.got)) == (Posted(0), 1)


def test_the_same_for_another_reader_is_another_letter(server, post):
    post.send([LETTER, letter(to=("cx@nordlys.example",))], AT)
    assert len(server.got) == 2


def test_its_id_stays_the_same():
    ids = {message_id(LETTER, brand="nordlys", sender="a@x.se") for _ in range(2)}
    assert ids == {str(message_of(LETTER, brand="nordlys", sender="a@x.se", at=AT)["Message-ID"])}


def test_another_brand_has_another_id():
    one, other = (message_id(LETTER, brand=brand, sender="a@x.se") for brand in ("a", "b"))
    assert one != other


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: all@x.se", "Hello\nX: y", "a\x1b[31mred"])
def test_no_subject_gets_out_of_its_line(server, post, subject):
    assert post.send([letter(subject=subject)], AT).sent == 1
    (message,) = server.messages
    assert message["Bcc"] is None
    assert "\x1b" not in server.got[0].decode()


def test_a_very_long_subject_is_cut(server, post):
    post.send([letter(subject="x" * 5000)], AT)
    assert len(server.messages[0]["Subject"]) < 200


def test_while_the_server_is_away_letters_wait(ledger, tmp_path):
    away = Post(mail_of(1), "nordlys", ledger, tmp_path / "spool")
    posted = away.send([LETTER], AT)
    assert (posted.sent, posted.waiting, len(waiting(tmp_path))) == (0, 1, 1)
    assert "mail server" in str(posted.reason)


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.example"])
def test_at_a_server_that_cannot_be_letters_wait(ledger, tmp_path, host):
    mail = Mail(**{**_parts(mail_of(1)), "smtp": MailUrl(f"smtp://{host}")})
    posted = Post(mail, "nordlys", ledger, tmp_path / "spool").send([LETTER], AT)
    assert (posted.waiting, len(waiting(tmp_path))) == (1, 1)


def test_what_waits_is_private(ledger, tmp_path):
    Post(mail_of(1), "nordlys", ledger, tmp_path / "spool").send([LETTER], AT)
    assert stat.S_IMODE(waiting(tmp_path)[0].stat().st_mode) == 0o600


def test_what_waits_is_sent_by_the_next_post(ledger, post, tmp_path):
    Post(mail_of(1), "nordlys", ledger, tmp_path / "spool").send([LETTER], AT)
    assert (post.send([], AT), waiting(tmp_path)) == (Posted(1), [])


def test_a_letter_that_waits_is_not_doubled(server, ledger, post, tmp_path):
    away = Post(mail_of(1), "nordlys", ledger, tmp_path / "spool")
    away.send([LETTER], AT)
    away.send([LETTER], AT)
    post.send([LETTER], AT)
    assert len(server.got) == 1


def test_a_letter_that_was_sent_before_the_process_died_is_not_sent_again(server, post, tmp_path):
    post.send([LETTER], AT)
    file = tmp_path / "spool/nordlys/again.eml"
    file.write_bytes(
        message_of(LETTER, brand="nordlys", sender="auditor@nordlys.example", at=AT).as_bytes()
    )
    assert (post.send([], AT).waiting, len(server.got), file.exists()) == (0, 1, False)


def test_a_letter_that_is_refused_does_not_hold_up_the_others(server, post):
    server.answers = ["550 no"]
    posted = post.send([LETTER, letter(key="other")], AT)
    assert (posted.sent, posted.waiting, len(server.got)) == (1, 1, 1)
    assert "550" in str(posted.reason)


def test_a_reader_whose_address_the_server_cannot_write_holds_up_nobody_else(ledger, tmp_path):
    with serving(Server(), enable_SMTPUTF8=False) as server:
        post = Post(mail_of(server.port), "nordlys", ledger, tmp_path / "spool")
        odd = [letter(key=str(n), to=("åsa@nordlys.example",)) for n in range(3)]
        posted = post.send([*odd, LETTER], AT)
    assert (posted.sent, posted.waiting, "mail.to" in str(posted.reason)) == (1, 3, True)


TWO = letter(to=("crm@nordlys.example", "gone@nordlys.example"))


def test_a_letter_that_one_of_its_readers_is_refused_waits_for_that_one(server, post):
    server.strangers = {"gone@nordlys.example"}
    refused = Posted(0, 1, "the mail server refuses a reader; check mail.to")
    assert post.send([TWO], AT) == refused


def test_who_has_got_a_letter_gets_it_no_second_time(server, post):
    server.strangers = {"gone@nordlys.example"}
    post.send([TWO], AT)
    server.strangers = set()
    post.send([TWO], AT)
    assert server.readers == [["crm@nordlys.example"], ["gone@nordlys.example"]]


def test_who_was_refused_gets_a_letter_though_the_process_dies_once_it_is_noted_as_sent(
    server, post, monkeypatch
):
    def note(self: Sent, name: str, at: datetime) -> None:
        noted(self, name, at)
        raise KeyboardInterrupt

    noted = Sent.note
    server.strangers = {"gone@nordlys.example"}
    with monkeypatch.context() as patch:
        patch.setattr(Sent, "note", note)
        with pytest.raises(KeyboardInterrupt):
            post.send([TWO], AT)
    server.strangers = set()
    post.send([], AT)
    assert server.readers == [["crm@nordlys.example"], ["gone@nordlys.example"]]


def test_no_reader_sees_who_else_has_yet_to_get_a_letter(server, post):
    server.strangers = {"gone@nordlys.example"}
    post.send([TWO], AT)
    server.strangers = set()
    post.send([], AT)
    assert all(message["X-Auditor-Left"] is None for message in server.messages)


def test_a_letter_that_another_process_sends_meanwhile_holds_up_no_other(server, post, tmp_path):
    def sent() -> None:
        waiting(tmp_path)[1].unlink(missing_ok=True)
        server.meanwhile = lambda: None

    server.meanwhile = sent
    posted = post.send([letter(key=key) for key in "abc"], AT)
    assert (posted.waiting, posted.reason, len(server.got)) == (0, None, 2)


def test_without_letters_no_server_is_asked(ledger, tmp_path):
    assert Post(mail_of(1), "nordlys", ledger, tmp_path / "spool").send([], AT) == Posted(0)


def test_the_letters_of_another_brand_wait_for_its_own_post(ledger, post, tmp_path):
    Post(mail_of(1), "other", ledger, tmp_path / "spool").send([LETTER], AT)
    assert post.send([], AT) == Posted(0)


def test_a_server_without_encryption_elsewhere_gets_nothing(server, post, monkeypatch):
    monkeypatch.setattr("auditor.mail.server.is_loopback", lambda _host: False)
    posted = post.send([LETTER], AT)
    assert (posted.waiting, server.got) == (1, [])


@pytest.mark.parametrize(("user", "sent"), [("user:p%40ss@", 1), ("user:wrong@", 0)])
def test_it_signs_in(ledger, tmp_path, user, sent):
    options = {"authenticator": authenticate, "auth_require_tls": False}
    with serving(Server(), **options) as server:
        post = Post(mail_of(server.port, user), "nordlys", ledger, tmp_path / "spool")
        assert (post.send([LETTER], AT).sent, len(server.got)) == (sent, sent)


def test_an_address_without_a_server_is_told(ledger, tmp_path):
    mail = Mail(smtp=MailUrl("smtp://"), from_="a@x.se", to={"default": ("b@x.se",)})
    with pytest.raises(ConfigError, match=r"mail\.smtp"):
        Post(mail, "nordlys", ledger, tmp_path).send([LETTER], AT)


def test_an_owner_without_readers_of_its_own_has_the_default_ones():
    mail = Mail(
        smtp=MailUrl("smtp://x"), from_="a@x.se", to={"default": ("ops@x.se",), "crm": ("c@x.se",)}
    )
    assert (readers_of(mail, "crm"), readers_of(mail, "cx")) == (("c@x.se",), ("ops@x.se",))
