"""What is retried, what is given up on, and what is never done."""

from __future__ import annotations

import gzip
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stamina

from auditor.errors import ConfigError, ReadError, RefusedError, TransientReadError
from auditor.systems.http import HttpClient, PassingFaultError, Retries, require_safe_url

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://shop.example/graphql"
Reply = httpx.Response | Exception


class FakeHost:
    """Gives one reply after the other, the last for ever; an exception is a fault of the network."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply


class Body(httpx.SyncByteStream):
    """Comes in one piece, as it is."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


class BrokenBody(httpx.SyncByteStream):
    """Breaks off while it is read."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def __iter__(self) -> Iterator[bytes]:
        yield b"{"
        raise self._fault


@pytest.fixture(autouse=True)
def _retry_at_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def client_of(host: FakeHost, **options: Any) -> HttpClient:
    transport = httpx.MockTransport(host)
    return HttpClient(system="Shop", setting="shop.url", transport=transport, **options)


def test_an_answer_is_returned():
    with_answer = client_of(FakeHost(httpx.Response(200, text="hello")))
    assert with_answer.request("GET", URL).text == "hello"


def test_a_refusing_status_is_an_answer():
    assert client_of(FakeHost(httpx.Response(403))).request("GET", URL).status_code == 403


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_status_is_asked_again(status: int):
    host = FakeHost(httpx.Response(status), httpx.Response(200))
    assert client_of(host).request("GET", URL).is_success


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("cut"),
        httpx.DecodingError("not gzip"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_the_network_is_asked_again(fault: Exception):
    host = FakeHost(fault, httpx.Response(200))
    assert client_of(host).request("GET", URL).is_success


def test_a_fault_that_stays_is_given_up_on():
    client = client_of(FakeHost(httpx.Response(500)))
    with pytest.raises(TransientReadError, match=r"^Shop keeps answering HTTP 500\.$"):
        client.request("GET", URL)
    assert client.requests == 3


def test_no_more_attempts_are_made_than_allowed():
    host = FakeHost(httpx.Response(500))
    with pytest.raises(TransientReadError):
        client_of(host, retries=Retries(attempts=2)).request("GET", URL)
    assert len(host.requests) == 2


def test_what_doubles_is_sent_once():
    host = FakeHost(httpx.Response(500))
    with pytest.raises(TransientReadError):
        client_of(host).request("POST", URL, repeatable=False)
    assert len(host.requests) == 1


def test_a_host_that_asks_for_too_long_a_pause_is_given_up_on_at_once():
    host = FakeHost(httpx.Response(429))
    with pytest.raises(TransientReadError, match=r"asks for a pause of 1800 s"):
        client_of(host, wait_of=lambda _: 1800.0).request("GET", URL)
    assert len(host.requests) == 1


@pytest.mark.parametrize(("status", "asked"), [(429, 1), (503, 1), (500, 0), (200, 0)])
def test_only_some_answers_say_how_long_to_wait(status: int, asked: int):
    seen: list[httpx.Response] = []

    def wait_of(response: httpx.Response) -> float:
        seen.append(response)
        return 0.0

    host = FakeHost(httpx.Response(status), httpx.Response(200))
    client_of(host, wait_of=wait_of).request("GET", URL)
    assert len(seen) == asked


@pytest.mark.parametrize("fault", [httpx.ConnectError("x"), httpx.ConnectTimeout("x")])
def test_a_host_that_never_answered_has_a_wrong_address(fault: Exception):
    host = FakeHost(fault)
    with pytest.raises(RefusedError, match=r"^Shop cannot be reached; check shop\.url"):
        client_of(host).request("GET", URL)
    assert len(host.requests) == 1


def test_a_host_that_answered_before_is_tried_again():
    client = client_of(FakeHost(httpx.Response(200), httpx.ConnectError("x"), httpx.Response(204)))
    client.request("GET", URL)
    assert client.request("GET", URL).status_code == 204


def test_a_host_that_stays_away_is_a_passing_fault():
    client = client_of(FakeHost(httpx.Response(500), httpx.ConnectError("x")))
    with pytest.raises(TransientReadError, match=r"^Shop cannot be reached any more\.$"):
        client.request("GET", URL)


def test_a_redirect_is_refused():
    host = FakeHost(httpx.Response(302, headers={"location": "https://other.example/"}))
    with pytest.raises(RefusedError, match=r"set shop\.url to the final address"):
        client_of(host).request("GET", URL)
    assert [str(request.url) for request in host.requests] == [URL]


def test_what_is_read_out_of_an_answer_is_returned():
    client = client_of(FakeHost(httpx.Response(200, text="7")))
    assert client.read(lambda response: int(response.text), "GET", URL) == 7


def test_an_answer_that_cannot_be_read_is_asked_again():
    def whole(response: httpx.Response) -> str:
        if not response.text.endswith("}"):
            raise PassingFaultError("half an answer")
        return response.text

    client = client_of(FakeHost(httpx.Response(200, text="{"), httpx.Response(200, text="{}")))
    assert client.read(whole, "GET", URL) == "{}"


def test_an_answer_that_is_refused_is_not_asked_again():
    def refuse(_: httpx.Response) -> str:
        raise RefusedError("no")

    host = FakeHost(httpx.Response(200))
    with pytest.raises(RefusedError):
        client_of(host).read(refuse, "GET", URL)
    assert len(host.requests) == 1


def test_a_stream_is_read_piece_by_piece():
    client = client_of(FakeHost(httpx.Response(200, content=b"abc")))
    with client.stream("GET", URL) as response:
        assert b"".join(response.iter_bytes()) == b"abc"


def test_opening_a_stream_is_retried():
    host = FakeHost(httpx.Response(503), httpx.Response(200, content=b"abc"))
    with client_of(host).stream("GET", URL) as response:
        assert response.read() == b"abc"


def test_a_stream_that_cannot_be_opened_says_so():
    client = client_of(FakeHost(httpx.Response(503)))
    with pytest.raises(TransientReadError, match="HTTP 503"), client.stream("GET", URL):
        pass


@pytest.mark.parametrize("fault", [httpx.ReadError("reset"), httpx.DecodingError("not gzip")])
def test_a_stream_that_breaks_off_says_so(fault: Exception):
    client = client_of(FakeHost(httpx.Response(200, stream=BrokenBody(fault))))
    with (
        pytest.raises(TransientReadError, match=r"^Shop: the answer was cut short\.$"),
        client.stream("GET", URL) as response,
    ):
        response.read()


@pytest.mark.parametrize("lost", [0, 1, 40])
def test_a_compressed_file_that_is_cut_breaks_off(lost: int):
    packed = gzip.compress(bytes(range(256)) * 9)
    body = Body(packed[: len(packed) - lost])
    zipped = httpx.Response(200, stream=body, headers={"content-encoding": "gzip"})
    cut = pytest.raises(TransientReadError, match="cut short") if lost else nullcontext()
    with cut, client_of(FakeHost(zipped)).stream("GET", URL) as response:
        assert response.read() == bytes(range(256)) * 9


def test_a_closed_client_sends_nothing_more():
    client = client_of(FakeHost(httpx.Response(200)))
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.request("GET", URL)


def test_no_message_holds_an_answer():
    client = client_of(FakeHost(httpx.Response(500, text="ann@example.com")))
    with pytest.raises(ReadError) as caught:
        client.request("GET", URL)
    assert "ann@example.com" not in repr(caught.value)


@pytest.mark.parametrize(
    "url",
    ["https://shop.example/graphql", "http://127.0.0.1:8000", "http://[::1]/", "http://localhost/"],
)
def test_a_safe_address_is_taken(url: str):
    assert str(require_safe_url(url, "shop.url")).startswith(url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://shop.example", "plain http is refused for shop.example"),
        ("http://10.0.0.1", "plain http is refused"),
        ("shop.example/graphql", "not an absolute"),
        ("ftp://shop.example", "not an absolute"),
        ("https://", "not an absolute"),
        ("https://shop.example:port", "not a URL"),
    ],
)
def test_an_unsafe_address_is_refused(url: str, complaint: str):
    with pytest.raises(ConfigError, match=rf"^shop\.url: {complaint}"):
        require_safe_url(url, "shop.url")


def test_a_request_is_signed():
    host = FakeHost(httpx.Response(200))

    class Signed(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
            request.headers["authorization"] = "signed"
            yield request

    client_of(host, auth=Signed()).request("GET", URL)
    assert host.requests[0].headers["authorization"] == "signed"


def test_the_pause_that_a_host_asks_for_is_kept():
    fault = TransientReadError("Shop keeps answering HTTP 429.")
    fault.__cause__ = PassingFaultError("HTTP 429", 7.5)
    assert client_of(FakeHost(httpx.Response(200)))._should_retry(fault) == 7.5
