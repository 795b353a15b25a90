"""The transport: what goes with a request, what comes of each failure, and how much of an answer is read.

httpx's own `MockTransport` stands in for the network; where time matters, a small server on the loopback does.
"""

from __future__ import annotations

import asyncio
import gzip
import inspect
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from seacloud_client import transport
from seacloud_client._version import __version__
from seacloud_client.errors import (
    ConfigurationError,
    ConnectionFailed,
    ForeignOriginError,
    ProtocolError,
    SeaCloudError,
    StreamBroken,
    TimedOut,
    TransportError,
)
from seacloud_client.flows import HttpAnswer, HttpCall
from seacloud_client.settings import Settings
from seacloud_client.transport import Transport, abody_of, acollect_body, body_of, collect_body

KEY = "k-0123456789-secret"
BASE = "https://cloud.seaart.ai/llm"
CALL = HttpCall(
    method="POST", url=f"{BASE}/v1/x", auth="Bearer", headers={"Content-Type": "application/json"}, content=b"{}"
)

loopback = pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"])


def settings(**changes: Any) -> Settings:
    return Settings.resolve("llm", **{"api_key": KEY, **changes})


@pytest.fixture(params=["sync", "async"])
def perform(request: pytest.FixtureRequest) -> Callable[..., HttpAnswer]:
    """Makes a call, sync or async, with a handler in the network's place."""

    def sync(handler, call=CALL, **changes):
        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            return Transport(settings(**changes), http_client=client).perform(call)

    def asynchronous(handler, call=CALL, **changes):
        async def run():
            async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
                return await Transport(settings(**changes), http_async_client=client).aperform(call)

        return asyncio.run(run())

    return sync if request.param == "sync" else asynchronous


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=dict(request.headers.items()), headers={"X-A": "b"})


def sent_headers(answer: HttpAnswer) -> dict[str, str]:
    return httpx.Response(200, content=answer.body).json()


def test_a_request_has_key_request_id_and_name(perform):
    sent = sent_headers(perform(echo))
    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent["x-request-id"].startswith("sc-")
    assert len(sent["x-request-id"]) == 35
    assert sent["user-agent"] == f"seacloud-python/{__version__}"
    assert sent["content-type"] == "application/json"
    assert sent["accept"] == "application/json"


def test_each_request_has_an_id_of_its_own(perform):
    assert perform(echo).request_id != perform(echo).request_id


@pytest.mark.parametrize("name", ["X-Request-Id", "x-request-id"])
def test_the_callers_request_id_is_used(perform, name):
    call = HttpCall(method="POST", url=CALL.url, auth="Bearer", headers={name: "mine"})
    answer = perform(echo, call)
    assert (answer.request_id, sent_headers(answer)["x-request-id"]) == ("mine", "mine")


def test_the_services_request_id_wins_in_the_answer(perform):
    answer = perform(lambda _: httpx.Response(200, headers={"X-Request-ID": "theirs"}))
    assert answer.request_id == "theirs"


def test_a_header_takes_the_place_of_ours_whatever_its_case(perform):
    def count(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=request.headers.get_list("user-agent") + request.headers.get_list("accept"))

    call = HttpCall(method="GET", url=CALL.url, auth="Bearer", headers={"ACCEPT": "text/event-stream"})
    answer = perform(count, call, headers={"user-AGENT": "mine/1"})
    assert httpx.Response(200, content=answer.body).json() == ["mine/1", "text/event-stream"]


def test_the_queue_has_a_scheme_of_its_own(perform):
    call = HttpCall(method="GET", url=CALL.url, auth="Key")
    assert sent_headers(perform(echo, call))["authorization"] == f"Key {KEY}"


@pytest.mark.parametrize(
    ("key", "shown"), [("k", "unknown key k"), ("unknown", "unknown key k"), ("k-123456", "unknown key k")]
)
def test_an_error_keeps_its_words_whatever_the_key(perform, key, shown):
    body = b"\xff" + shown.encode()
    answer = perform(lambda _: httpx.Response(400, headers={"x-said": shown}, content=body), api_key=key)
    assert (answer.body, answer.headers["x-said"]) == (body, shown)


def test_an_error_that_quotes_the_key_does_not_show_it(perform):
    def quote(request: httpx.Request) -> httpx.Response:
        sent = request.headers["authorization"]
        return httpx.Response(400, headers={"x-sent": sent}, content=b"\xff\xe9 " + sent.encode())

    answer = perform(quote)
    assert answer.headers["x-sent"] == "Bearer [the API key]"
    assert answer.body == b"\xff\xe9 Bearer [the API key]"


def test_a_call_without_credentials_has_none(perform):
    call = HttpCall(method="GET", url="https://files.example/a.png", auth=None)
    sent = sent_headers(perform(echo, call, api_key=None))
    assert "authorization" not in sent


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/llm/v1/x",
        "http://cloud.seaart.ai/llm/v1/x",
        "https://cloud.seaart.ai:444/llm",
        "https://[::1/x",
        "https://cloud.seaart.ai:x/llm",
        "/v1/x",
        "",
    ],
)
def test_the_key_goes_to_no_other_origin(perform, url):
    def never(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("it was sent")

    with pytest.raises(ForeignOriginError, match="the key was not sent there"):
        perform(never, HttpCall(method="GET", url=url, auth="Key"))


def test_without_a_key_nothing_is_sent(perform):
    with pytest.raises(ConfigurationError, match="SEACLOUD_API_KEY"):
        perform(echo, api_key=None)


def test_a_redirect_is_handed_on_and_not_followed(perform):
    answer = perform(lambda _: httpx.Response(302, headers={"location": "https://evil.example/"}))
    assert (answer.status, answer.headers["location"]) == (302, "https://evil.example/")


def test_no_cookie_and_no_credential_of_the_callers_machine_is_sent(perform, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert sent_headers(perform(echo))["authorization"] == f"Bearer {KEY}"


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        if isinstance(error, httpx.RequestError):
            error.request = request
        raise error

    return handler


FAILURES = {
    "refused": (httpx.ConnectError("[Errno 111] Connection refused"), ConnectionFailed),
    "no connection in time": (httpx.ConnectTimeout("timed out"), ConnectionFailed),
    "no free connection": (httpx.PoolTimeout("pool"), ConnectionFailed),
    "proxy": (httpx.ProxyError("403 Forbidden"), ConnectionFailed),
    "not read in time": (httpx.ReadTimeout("timed out"), TimedOut),
    "not written in time": (httpx.WriteTimeout("timed out"), TimedOut),
    "broken while read": (httpx.ReadError("reset"), StreamBroken),
    "broken while written": (httpx.WriteError("reset"), StreamBroken),
    "hung up": (httpx.RemoteProtocolError("Server disconnected without sending a response."), StreamBroken),
    "decompression": (httpx.DecodingError("bad gzip"), ProtocolError),
    "too many redirects": (httpx.TooManyRedirects("many"), TransportError),
}


@pytest.mark.parametrize(("failure", "cls"), FAILURES.values(), ids=FAILURES.keys())
def test_each_failure_is_our_error_and_holds_no_key(perform, failure, cls):
    with pytest.raises(SeaCloudError) as caught:
        perform(failing(failure))
    error = caught.value
    assert type(error) is cls
    assert error.request_id
    assert CALL.url in error.message
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert KEY not in f"{error!r} {error} {error.__dict__}"


def test_a_missing_scheme_handler_is_our_error(perform):
    with pytest.raises(ConnectionFailed, match="Nothing was sent"):
        perform(failing(httpx.UnsupportedProtocol("no")))


def test_a_compressed_answer_is_read(perform):
    body = gzip.compress(b'{"a": 1}')
    answer = perform(lambda _: httpx.Response(200, content=body, headers={"content-encoding": "gzip"}))
    assert answer.body == b'{"a": 1}'


def test_an_answer_that_cannot_be_decompressed_is_our_error(perform):
    with pytest.raises(ProtocolError, match="cannot be decompressed"):
        perform(lambda _: httpx.Response(200, stream=Endless([b"not gzip"]), headers={"content-encoding": "gzip"}))


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, sync and async; it notes how much was taken and whether it was closed."""

    def __init__(self, pieces, pause: float = 0.0) -> None:
        self._pieces = pieces
        self._pause = pause
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.taken += len(piece)
            time.sleep(self._pause)
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def forever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def test_an_error_without_an_end_is_cut(perform):
    stream = Endless(forever(b"x" * 65536))
    answer = perform(lambda _: httpx.Response(500, stream=stream))
    assert transport.MAX_ERROR_BYTES <= len(answer.body) <= transport.MAX_ERROR_BYTES + 65536
    assert stream.closed


def test_an_answer_without_an_end_is_given_up(perform):
    stream = Endless(forever(b"x" * 65536))
    with pytest.raises(ProtocolError, match="larger than 1000000 bytes"):
        perform(lambda _: httpx.Response(200, stream=stream), max_reply_bytes=1_000_000)
    assert stream.closed
    assert stream.taken < 1_200_000


def test_an_answer_that_drips_in_does_not_hold_the_caller_for_ever(perform):
    stream = Endless(forever(b"x"), pause=0.02)
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=r"did not end in time\. Raise timeout, or stream it"):
        perform(lambda _: httpx.Response(200, stream=stream), timeout=0.2)
    assert time.monotonic() - begun < 15
    assert stream.closed


def test_a_calls_own_timeout_wins(perform):
    def tell(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=request.extensions["timeout"])

    call = HttpCall(method="GET", url=CALL.url, auth="Bearer", timeout=3.0)
    answer = httpx.Response(200, content=perform(tell, call, timeout=50.0).body)
    assert answer.json() == {"connect": 3.0, "read": 3.0, "write": 3.0, "pool": 3.0}
    answer = httpx.Response(200, content=perform(tell, timeout=50.0).body)
    assert answer.json() == {"connect": 10.0, "read": 50.0, "write": 50.0, "pool": 50.0}


STREAMED = HttpCall(method="POST", url=CALL.url, auth="Bearer", stream=True)


def test_an_error_is_read_though_a_stream_was_asked_for(perform):
    answer = perform(lambda _: httpx.Response(503, stream=Endless([b"no", b"pe"])), STREAMED)
    assert (answer.body, answer.stream) == (b"nope", None)


def test_a_stream_is_left_open_and_closed_behind_its_block():
    stream = Endless([b"a", b"b"])
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))) as client:
        answer = Transport(settings(), http_client=client).perform(STREAMED)
        assert stream.taken == 0
        with body_of(answer) as body:
            assert next(body) == b"a"
            assert not stream.closed
        assert stream.closed


async def test_a_stream_is_left_open_and_closed_behind_its_block_async():
    stream = Endless([b"a", b"b"])
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))) as client:
        answer = await Transport(settings(), http_async_client=client).aperform(STREAMED)
        async with abody_of(answer) as body:
            assert await anext(body) == b"a"
            assert not stream.closed
        assert stream.closed


def broken() -> Iterator[bytes]:
    yield b"a"
    raise httpx.ReadError("reset")


def test_a_stream_that_breaks_is_our_error():
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless(broken())))) as client:
        answer = Transport(settings(), http_client=client).perform(STREAMED)
        with body_of(answer) as body, pytest.raises(StreamBroken, match="broke before the answer was complete"):
            list(body)


async def test_a_stream_can_be_read_whole_after_all():
    handler = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless([b"a", b"b"])))
    async with httpx.AsyncClient(transport=handler) as client:
        answer = await Transport(settings(), http_async_client=client).aperform(STREAMED)
        assert (await acollect_body(answer, settings(timeout=5.0))).body == b"ab"
    with httpx.Client(transport=handler) as client:
        answer = Transport(settings(), http_client=client).perform(STREAMED)
        assert collect_body(answer, settings(timeout=5.0)).body == b"ab"


def test_an_answer_that_was_not_streamed_cannot_be_read_again():
    with pytest.raises(ValueError, match="not asked for as a stream"), body_of(HttpAnswer(200, {})):
        pass


def test_a_client_of_the_callers_own_is_never_closed():
    with httpx.Client(transport=httpx.MockTransport(echo)) as client:
        own = Transport(settings(), http_client=client)
        own.perform(CALL)
        own.close()
        assert not client.is_closed


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does with each connection what `talk` says."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., HttpAnswer]:
    """Makes a call over the loopback with a client from the pool."""

    def call_of(url: str, **changes: Any) -> tuple[Transport, HttpCall]:
        return Transport(settings(base_url=url, **changes)), HttpCall(method="GET", url=f"{url}/x", auth="Bearer")

    def sync(url, **changes):
        pooled, call = call_of(url, **changes)
        try:
            return pooled.perform(call)
        finally:
            pooled.close()

    def asynchronous(url, **changes):
        pooled, call = call_of(url, **changes)
        return asyncio.run(pooled.aperform(call))

    return sync if request.param == "sync" else asynchronous


@loopback
def test_a_server_that_says_nothing_is_timed_out(ask):
    over = threading.Event()
    with server(lambda _: over.wait(30)) as url:
        begun = time.monotonic()
        with pytest.raises(TimedOut, match="did not answer in time"):
            ask(url, timeout=0.2)
        assert time.monotonic() - begun < 15
        over.set()


@loopback
def test_a_server_that_hangs_up_is_broken(ask):
    with server(lambda _: None) as url, pytest.raises(StreamBroken):
        ask(url)


@loopback
def test_an_answer_that_is_cut_is_broken(ask):
    def cut(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    with server(cut) as url, pytest.raises(StreamBroken):
        ask(url)


@loopback
def test_an_answer_that_is_no_http_is_broken(ask):
    banner = b"SSH-2.0-OpenSSH_9.6\r\n"
    with server(lambda connection: connection.sendall(banner)) as url, pytest.raises(StreamBroken):
        ask(url)


@loopback
def test_nobody_there_is_no_connection(ask):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="check network and base_url"):
        ask(f"http://127.0.0.1:{port}")


def test_the_two_sides_of_the_transport_differ_by_their_awaits_alone():
    def plain(function: Callable[..., Any]) -> list[str]:
        source = inspect.getsource(function).partition('"""')[2].partition('"""')[2]
        for one, other in (("await ", ""), ("async ", ""), ("_own_async_client", "_own_client"), ("aclose", "close")):
            source = source.replace(one, other)
        return source.replace("_acollect", "_collect").replace("async_client", "client").split()

    assert plain(Transport.aperform) == plain(Transport.perform)
