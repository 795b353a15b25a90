"""The transport over the loopback, with clients from the pool: servers that are silent, hang up, or are not there."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from seacloud_client.errors import ConnectionFailed, StreamBroken, TimedOut
from seacloud_client.flows import HttpAnswer, HttpCall
from seacloud_client.transport import Transport
from transport_stubs import settings

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"])


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


def test_a_server_that_says_nothing_is_timed_out(ask):
    over = threading.Event()
    with server(lambda _: over.wait(30)) as url:
        begun = time.monotonic()
        with pytest.raises(TimedOut, match="did not answer in time"):
            ask(url, timeout=0.2)
        assert time.monotonic() - begun < 15
        over.set()


def test_a_server_that_hangs_up_is_broken(ask):
    with server(lambda _: None) as url, pytest.raises(StreamBroken):
        ask(url)


def test_an_answer_that_is_cut_is_broken(ask):
    def cut(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    with server(cut) as url, pytest.raises(StreamBroken):
        ask(url)


def test_an_answer_that_is_no_http_is_broken(ask):
    banner = b"SSH-2.0-OpenSSH_9.6\r\n"
    with server(lambda connection: connection.sendall(banner)) as url, pytest.raises(StreamBroken):
        ask(url)


def test_nobody_there_is_no_connection(ask):
    with pytest.raises(ConnectionFailed, match="check network and base_url"):
        ask(f"http://{closed_port()}")


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def broken_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy, which is out of order."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", f"http://me:pa55word@{closed_port()}")


@pytest.mark.usefixtures("broken_proxy")
@pytest.mark.filterwarnings("ignore:.*(BasicAuth|proxy_auth).* deprecated:DeprecationWarning")  # httpx-aiohttp's
@pytest.mark.parametrize("kind", ["httpx", "aiohttp"])
def test_a_proxy_of_the_environment_that_is_in_the_way_is_named(ask, kind):
    with pytest.raises(ConnectionFailed) as caught:
        ask("http://service.test", transport=kind)
    assert caught.value.message.startswith("No connection to http://service.test/x: ")
    assert caught.value.message.endswith(
        " Nothing was sent; check network and base_url. It goes through the proxy of the environment's HTTP_PROXY: "
        "check that, or name the host in NO_PROXY."
    )
    assert caught.value.args == (caught.value.message,)
    assert "pa55word" not in f"{caught.value!r} {caught.value.__dict__}"


@pytest.mark.usefixtures("broken_proxy")
@pytest.mark.parametrize("excepted", ["127.0.0.1", "*"])
def test_a_proxy_that_does_not_apply_is_not_named(ask, excepted, monkeypatch):
    monkeypatch.setenv("NO_PROXY", excepted)
    with pytest.raises(ConnectionFailed, match=r"check network and base_url\. \(request id"):
        ask(f"http://{closed_port()}")


@pytest.mark.usefixtures("broken_proxy")
def test_a_proxy_that_was_given_is_not_taken_for_the_environments(ask):
    with pytest.raises(ConnectionFailed, match=r"check network and base_url\. \(request id"):
        ask("http://service.test", proxy=f"http://{closed_port()}")


@pytest.mark.usefixtures("broken_proxy")
def test_a_client_of_the_callers_own_may_know_no_proxy():
    """It may have a transport of its own, as here, and then it reads no environment."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    stub = httpx.MockTransport(refuse)
    clients = {"http_client": httpx.Client(transport=stub), "http_async_client": httpx.AsyncClient(transport=stub)}
    own = Transport(settings(base_url="http://service.test"), **clients)
    call = HttpCall(method="GET", url="http://service.test/x", auth="Bearer")
    with pytest.raises(ConnectionFailed, match=r"check network and base_url\. \(request id"):
        own.perform(call)
    with pytest.raises(ConnectionFailed, match=r"check network and base_url\. \(request id"):
        asyncio.run(own.aperform(call))


def test_only_a_connection_that_fails_speaks_of_the_proxy(ask, monkeypatch):
    with server(lambda _: None) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with pytest.raises(StreamBroken) as caught:
            ask("http://service.test")
    assert "proxy" not in caught.value.message
