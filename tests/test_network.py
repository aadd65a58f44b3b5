"""The network is hostile: certificates, redirects, endless answers, proxies, and hosts nobody named."""

from __future__ import annotations

import gzip
import re
import smtplib
import socket
import ssl
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa
import trustme

from auditor.config import Secret, load_settings
from auditor.config.environment import proxy_for
from auditor.config.settings import Chat
from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import StoreUrl
from auditor.database_tls import with_tls
from auditor.errors import ConfigError, ReadError, RefusedError, SchemaDriftError
from auditor.findings.ledger import Ledger
from auditor.mail.chat import ChatPost
from auditor.mail.sent import Sent
from auditor.mail.server import opened
from auditor.systems import bounded, http
from auditor.systems.bounded import BoundedTransport
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.http import HttpClient, Retries, network, plain_client
from auditor.warehouse.connect import open_engine
from auditor.warehouse.publish import Published
from tests.config.sample import SAMPLE, values_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
ONCE = Retries(attempts=1, timeout_s=5.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Take connections on loopback until the block ends; each is given to `answer` and closed."""

    def serve() -> None:
        while True:
            try:
                taken, _ = server.accept()
            except OSError:
                return
            with taken:
                taken.settimeout(5)
                try:
                    answer(taken)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def saying(reply: bytes, heard: list[bytes] | None = None) -> Callable[[socket.socket], None]:
    def answer(taken: socket.socket) -> None:
        got = taken.recv(65_536)
        if heard is not None:
            heard.append(got)
        taken.sendall(reply)

    return answer


@contextmanager
def client(**options: Any) -> Iterator[HttpClient]:
    with closing(HttpClient(system="Shop", setting="shop.url", retries=ONCE, **options)) as made:
        yield made


# --- certificates --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def speaking_tls(
    authority: trustme.CA, name: str, answer: Callable[[socket.socket], None]
) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def secured(taken: socket.socket) -> None:
        with context.wrap_socket(taken, server_side=True) as wrapped:
            answer(wrapped)

    return secured


def test_a_certificate_of_an_unknown_authority_is_refused(authority: trustme.CA):
    heard: list[bytes] = []
    with (
        listening(speaking_tls(authority, "127.0.0.1", saying(OK, heard))) as port,
        client() as shop,
        pytest.raises(RefusedError, match="cannot be reached"),
    ):
        shop.request("GET", f"https://127.0.0.1:{port}/", headers={"Authorization": "s3cr3t"})
    assert heard == []


@pytest.fixture
def _trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    context = httpx.create_ssl_context()
    authority.configure_trust(context)
    monkeypatch.setattr(http, "_certificates", lambda: context)


@pytest.mark.usefixtures("_trusted")
def test_a_certificate_of_a_known_authority_is_taken(authority: trustme.CA):
    with listening(speaking_tls(authority, "127.0.0.1", saying(OK))) as port, client() as shop:
        assert shop.request("GET", f"https://127.0.0.1:{port}/").text == "hello"


@pytest.mark.usefixtures("_trusted")
def test_a_certificate_of_another_host_is_refused(authority: trustme.CA):
    with (
        listening(speaking_tls(authority, "other.example", saying(OK))) as port,
        client() as shop,
        pytest.raises(RefusedError),
    ):
        shop.request("GET", f"https://127.0.0.1:{port}/")


def test_a_mail_server_with_an_unknown_certificate_is_refused(authority: trustme.CA):
    with (
        listening(speaking_tls(authority, "127.0.0.1", saying(b""))) as port,
        pytest.raises(ssl.SSLCertVerificationError),
        opened(f"smtps://127.0.0.1:{port}"),
    ):
        pass


# --- redirects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("way", ["request", "stream"])
def test_no_redirect_is_followed(status: int, way: str):
    reached: list[bytes] = []
    with listening(saying(OK, reached)) as elsewhere:
        place = f"http://127.0.0.1:{elsewhere}/"
        reply = f"HTTP/1.1 {status} X\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
        with listening(saying(reply)) as port, client() as shop:
            address, headers = f"http://127.0.0.1:{port}/", {"X-WSSE": "s3cr3t"}
            opens = {
                "request": lambda: shop.request("GET", address, headers=headers),
                "stream": lambda: shop.stream("GET", address, headers=headers).__enter__(),
            }
            with pytest.raises(RefusedError, match="redirect"):
                opens[way]()
    assert reached == []


# --- answers without end -------------------------------------------------------------------------------


def endless(piece: bytes, head: bytes) -> Callable[[socket.socket], None]:
    def answer(taken: socket.socket) -> None:
        taken.recv(65_536)
        taken.sendall(head)
        while True:
            taken.sendall(piece)

    return answer


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 1024**2)
    monkeypatch.setattr(bounded, "MOST_FILE_BYTES", 1024**2)


@pytest.mark.usefixtures("_small")
def test_an_answer_without_end_is_refused_while_it_is_read():
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with (
        listening(endless(b"x" * 65_536, head)) as port,
        client() as shop,
        pytest.raises(SchemaDriftError, match=r"^Shop: an answer is larger than 1 MB"),
    ):
        shop.request("GET", f"http://127.0.0.1:{port}/")


@pytest.mark.usefixtures("_small")
def test_a_file_without_end_is_refused_while_it_is_read():
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with (
        listening(endless(b"x" * 65_536, head)) as port,
        client() as shop,
        pytest.raises(SchemaDriftError, match="larger than 1 MB"),
        shop.stream("GET", f"http://127.0.0.1:{port}/") as response,
    ):
        for _piece in response.iter_bytes():
            pass


def test_an_answer_that_announces_too_much_is_not_read():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"
    with (
        listening(saying(head)) as port,
        client() as shop,
        pytest.raises(SchemaDriftError, match="larger than 128 MB"),
    ):
        shop.request("GET", f"http://127.0.0.1:{port}/")


def replying(*, content: bytes, headers: dict[str, str]) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(200, content=content, headers=headers))


@pytest.mark.usefixtures("_small")
def test_a_small_answer_that_unfolds_is_refused():
    bomb = gzip.compress(b"\0" * 3 * 1024**2)
    transport = replying(content=bomb, headers={"Content-Encoding": "gzip"})
    with client(transport=transport) as shop, pytest.raises(SchemaDriftError, match="larger"):
        shop.request("GET", "https://shop.example/")


def test_an_answer_that_is_compressed_twice_is_refused():
    bomb = gzip.compress(gzip.compress(b"x"))
    transport = replying(content=bomb, headers={"Content-Encoding": "gzip, gzip"})
    with (
        client(transport=transport) as shop,
        pytest.raises(SchemaDriftError, match="more than once"),
    ):
        shop.request("GET", "https://shop.example/")


def test_a_compressed_answer_is_read():
    transport = replying(content=gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    with client(transport=transport) as shop:
        assert shop.request("GET", "https://shop.example/").text == "hello"


def test_an_answer_that_drips_is_given_up_on():
    moments = iter(range(0, 10_000, 100))
    transport = BoundedTransport(
        "Shop",
        httpx.MockTransport(lambda _: httpx.Response(200, content=(b"x" for _ in range(50)))),
        timer=lambda: next(moments),
    )
    with httpx.Client(transport=transport) as plain, pytest.raises(httpx.ReadTimeout):
        plain.get("https://shop.example/")


def test_a_host_that_says_nothing_is_given_up_on():
    def silent(taken: socket.socket) -> None:
        taken.recv(65_536)
        taken.recv(1)

    quick = Retries(attempts=1, timeout_s=0.2)
    with (
        listening(silent) as port,
        closing(HttpClient(system="Shop", setting="shop.url", retries=quick)) as shop,
        pytest.raises(ReadError, match="does not answer in time"),
    ):
        shop.request("GET", f"http://127.0.0.1:{port}/")


# --- proxies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opened_by", ["client", "gate", "doctor"])
def test_a_proxy_is_asked_for_a_tunnel_and_sees_no_credentials(
    opened_by: str, monkeypatch: pytest.MonkeyPatch
):
    heard: list[bytes] = []
    with listening(saying(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", heard)) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        headers = {"Authorization": "s3cr3t"}
        if opened_by == "doctor":
            with plain_client("Shop", 5.0) as plain, pytest.raises(httpx.ProxyError):
                plain.get("https://shop.invalid/secret", headers=headers)
        else:
            options = {"transport": network()} if opened_by == "gate" else {}
            with client(**options) as shop, pytest.raises(ReadError):
                shop.request("GET", "https://shop.invalid/secret", headers=headers)
    assert heard[0].startswith(b"CONNECT shop.invalid:443 ")
    assert b"secret" not in heard[0]
    assert b"s3cr3t" not in heard[0]


def test_this_machine_itself_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with listening(saying(OK)) as port, client() as shop:
        assert shop.request("GET", f"http://127.0.0.1:{port}/").text == "hello"


def test_a_host_that_needs_no_proxy_gets_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    found = [proxy_for("https", host) for host in ("feeds.inside.example", "shop.example")]
    assert found == [None, "http://proxy.example:3128"]


def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy.example")
    with client() as shop, pytest.raises(ConfigError, match="HTTPS_PROXY"):
        shop.request("GET", "https://shop.example/")


# --- databases -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@db.example/x",
        "postgresql+psycopg://u@10.0.0.5/x",
        "postgresql:///x?host=db.example",
        "postgresql:///x?host=127.0.0.1,db.example",
    ],
)
def test_a_database_elsewhere_is_verified(url: str):
    query = with_tls(sa.make_url(url), "store.ledger").query
    assert (query["sslmode"], query["sslrootcert"]) == ("verify-full", "system")


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_a_database_that_is_not_verified_is_refused(mode: str):
    url = sa.make_url(f"postgresql://u@db.example/x?sslmode={mode}")
    with pytest.raises(ConfigError, match=rf"^store\.ledger: sslmode={mode} does not verify"):
        with_tls(url, "store.ledger")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///x?host=/var/run/postgresql",
        "postgresql://u@127.0.0.1:5432/x",
        "postgresql://u@localhost/x",
        "duckdb:///x.duckdb",
        "postgresql://u@db.example/x?sslmode=verify-full&sslrootcert=ca.pem",
    ],
)
def test_what_is_here_or_verified_already_stays_as_it_is(url: str):
    assert with_tls(sa.make_url(url), "store.ledger") == sa.make_url(url)


@pytest.mark.parametrize(
    ("open_it", "setting"),
    [
        (open_engine, "store.warehouse"),
        (Published, "store.warehouse"),
        (Ledger, "store.ledger"),
        (
            lambda url: OpenData(OpenDataSettings(url=StoreUrl(url), account=1)),
            "emarsys.open_data.url",
        ),
    ],
    ids=["warehouse", "published", "ledger", "open data"],
)
def test_no_database_elsewhere_is_opened_unverified(open_it: Callable[[str], object], setting: str):
    with pytest.raises(ConfigError, match=rf"^{setting}: sslmode=require"):
        open_it("postgresql+psycopg://u@db.invalid/x?sslmode=require")


# --- addresses in the settings -------------------------------------------------------------------------

ADDRESSES = {
    "centra.url": "https://nordlys.centra.com/graphql",
    "centra.order_api.url": "https://nordlys.centra.com/api/order",
    "emarsys.url": "https://api.emarsys.net/api/v3",
    "emarsys.auth.token_url": "https://auth.emarsys.net/oauth2/token",
    "emarsys.sales.url": "https://admin.scarabresearch.com/hapi/merchant/ABC123",
    "emarsys.catalogue.feed": "https://feeds.nordlys.example/emarsys.csv",
}


@pytest.mark.parametrize("setting", ADDRESSES)
def test_every_address_of_the_settings_needs_tls(setting: str, tmp_path: Path):
    address = ADDRESSES[setting]
    assert address in SAMPLE
    path = tmp_path / "auditor.yaml"
    path.write_text(SAMPLE.replace(address, address.replace("https", "http")))
    with pytest.raises(ConfigError, match=rf"{re.escape(setting)}: plain http is refused"):
        load_settings(path, values_for(SAMPLE))


def test_a_chat_needs_tls(tmp_path: Path):
    chat = ChatPost(
        Chat(webhook=Secret("http://chat.example/hook")), "b", Sent.__new__(Sent), tmp_path
    )
    with pytest.raises(ConfigError, match=r"^chat\.webhook: plain http is refused"):
        chat.send({"key": {}}, datetime(2026, 3, 1, tzinfo=UTC))


def test_a_mail_server_elsewhere_needs_tls(monkeypatch: pytest.MonkeyPatch):
    def plain(taken: socket.socket) -> None:
        taken.sendall(b"220 mail\r\n")
        taken.recv(1024)
        taken.sendall(b"250 mail\r\n")
        taken.recv(1024)

    monkeypatch.setattr("auditor.mail.server.is_loopback", lambda _: False)
    with (
        listening(plain) as port,
        pytest.raises(smtplib.SMTPNotSupportedError),
        opened(f"smtp://127.0.0.1:{port}"),
    ):
        pass


def test_every_client_of_the_network_is_bounded():
    """No module opens a connection of its own beside the few that are tested here."""
    opens = re.compile(
        r"httpx\.(?:Client|get|post|request|stream|AsyncClient|HTTPTransport)\(|urlopen\("
    )
    places = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "auditor").rglob("*.py")
        if "sandbox" not in path.parts and opens.search(path.read_text())
    }
    assert places == {"auditor/systems/http.py"}
