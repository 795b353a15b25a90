"""The transport over the loopback, with clients from the pool: servers that are silent, hang up, or are not there."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="check network and base_url"):
        ask(f"http://127.0.0.1:{port}")
