"""Limits to a whole exchange: servers that always send something, and never an answer."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.downloads import Downloader, Wanted
from seacloud_client.errors import DownloadError, SeaCloudError, TimedOut
from seacloud_client.media import read_output
from seacloud_client.pool import ClientPool
from seacloud_client.queue import Queue
from seacloud_client.settings import Settings
from seacloud_client.time_limits import Limit, keep_limits

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TIMEOUT = 0.4
MOST = 2.5
"""Seconds in which everything is over here, on a slow machine too; the servers go on for ten."""

ENDLESS = {
    "a head that drips in": (b"HTTP/1.1 200 OK\r\nx-a: ", b"a"),
    "early hints without an end": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a body's chunk that drips in": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", b"a"),
}


@contextmanager
def server(first: bytes, each: bytes, pause: float = 0.1) -> Iterator[str]:
    """A server that answers thus, and goes on and on."""
    over = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(first)
            until = time.monotonic() + 10
            while time.monotonic() < until and not over.wait(pause):
                connection.sendall(each)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        over.set()
        listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < MOST


REQUEST = Request(model="m", messages=(user("hi"),))


def ask_for_status(url: str) -> None:
    queue = Queue(api_key="k", base_url=url, request_timeout=TIMEOUT, max_retries=0)
    queue.task("m", "t").status()


def cancel(url: str) -> None:
    Queue(api_key="k", base_url=url, request_timeout=TIMEOUT, max_retries=0).task("m", "t").cancel()


async def acancel(url: str) -> None:
    await Queue(api_key="k", base_url=url, request_timeout=TIMEOUT, max_retries=0).task("m", "t").acancel()


def chat(url: str, **more: object) -> ChatClient:
    return ChatClient(api_key="k", base_url=url, timeout=TIMEOUT, max_retries=0, **more)


async def reply_over_aiohttp(url: str) -> None:
    pytest.importorskip("httpx_aiohttp")
    await chat(url, transport="aiohttp").areply(REQUEST)


async def reply_over_a_client_of_ones_own(url: str) -> None:
    async with httpx.AsyncClient() as own:
        await chat(url, http_async_client=own).areply(REQUEST)


async def open_stream(url: str) -> None:
    async for _ in chat(url).astream(REQUEST):
        pass


CALLS = {
    "status": ask_for_status,
    "cancel": cancel,
    "acancel": lambda url: asyncio.run(acancel(url)),
    "reply": lambda url: chat(url).reply(REQUEST),
    "areply": lambda url: asyncio.run(chat(url).areply(REQUEST)),
    "stream": lambda url: list(chat(url).stream(REQUEST)),
    "astream": lambda url: asyncio.run(open_stream(url)),
    "areply over aiohttp": lambda url: asyncio.run(reply_over_aiohttp(url)),
    "areply over a client of one's own": lambda url: asyncio.run(reply_over_a_client_of_ones_own(url)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", ["a head that drips in", "early hints without an end"])
def test_a_call_ends(call, how):
    with server(*ENDLESS[how]) as url, soon(), pytest.raises(SeaCloudError) as caught:
        CALLS[call](url)
    # A cancellation that nobody answers is told by an error of the task's.
    assert isinstance(caught.value, TimedOut) or "cancel" in call


@pytest.mark.parametrize("call", ["status", "cancel", "acancel", "reply", "areply"])
def test_so_does_one_whose_body_does_not(call):
    with server(*ENDLESS["a body's chunk that drips in"]) as url, soon(), pytest.raises(SeaCloudError):
        CALLS[call](url)


SILENCES = {
    "silence": (b"", b""),
    "silence in the body": (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\x89PNG", b""),
}


def download(url: str, do: str, directory: Path) -> None:
    output = read_output({"type": "image", "url": url}, Downloader(Settings.resolve("model", base_url=url)))
    saved = getattr(output, do)(directory, timeout=TIMEOUT)
    if do == "asave":
        asyncio.run(saved)


@pytest.mark.parametrize("do", ["save", "asave"])
@pytest.mark.parametrize("how", [*ENDLESS, *SILENCES])
def test_a_download_ends(do, how, tmp_path):
    with server(*{**ENDLESS, **SILENCES}[how]) as url, soon(), pytest.raises(DownloadError, match="in time"):
        download(url, do, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("do", ["stream", "astream"])
def test_a_stream_may_take_longer(do):
    """The limit is for its head: what follows is said piece by piece, as long as it takes."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    pieces = iter([b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'] * 8)
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    def talk(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(head)
            for piece in pieces:
                time.sleep(TIMEOUT / 4)
                connection.sendall(piece)
            connection.sendall(end)

    async def collect(client: ChatClient) -> list[object]:
        return [delta async for delta in client.astream(REQUEST)]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=talk, args=(listening,), daemon=True).start()
        client = chat(f"http://127.0.0.1:{listening.getsockname()[1]}", protocol="chat_completions")
        deltas = list(client.stream(REQUEST)) if do == "stream" else asyncio.run(collect(client))
    assert sum(getattr(delta, "text", "") == "a" for delta in deltas) == 8


def test_the_connections_of_every_pool_know_of_limits(monkeypatch):
    """httpx and httpcore promise nobody where they keep it: this says so when they move it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    pool = ClientPool(proxy=None, transport="httpx")
    client = pool.client(pool)
    transports = [client._transport, *(one for one in client._mounts.values() if one is not None)]
    assert len(transports) == 2
    for transport in transports:
        assert type(transport._pool._network_backend).__module__ == "seacloud_client.time_limits"
    pool.close(pool)


async def test_a_download_by_a_client_of_ones_own_that_knows_no_time_ends(tmp_path):
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as client:
        wanted = Wanted(url="https://8.8.8.8/a.png", declared="image", timeout=0.1)
        with pytest.raises(DownloadError, match="did not arrive in time"):
            await Downloader(Settings.resolve("model"), http_async_client=client).asave(wanted, tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_the_next_read_has_what_is_left():
    limit = Limit(seconds=5.0)
    assert limit.left(None) == float("inf")
    limit.begin()
    assert 4.0 < limit.left(None) <= 5.0
    assert limit.left(1.0) == 1.0
    with pytest.raises(httpx.ReadTimeout, match="the time was over"):
        Limit(deadline=time.monotonic() - 1.0).left(1.0)


def test_a_transport_that_keeps_it_elsewhere_is_left_alone():
    with httpx.HTTPTransport() as transport:
        network = transport._pool._network_backend
        del transport._pool._network_backend
        keep_limits(transport)
        assert not hasattr(transport._pool, "_network_backend")
        transport._pool._network_backend = network
