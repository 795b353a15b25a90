"""A stream that stays open and says nothing is given up: silent or pinging, sync and async. A slow consumer is not."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from seacloud_client import endings
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.deltas import Delta, FinishDelta, TextDelta
from seacloud_client.errors import TimedOut
from typing_extensions import Self

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"])

ASK = Request(model="m", messages=(user("x"),))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: r-1\r\n\r\n"
TEXT = b'data: {"id":"c","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
PING = b": ping\n\n"


class Server:
    """Answers each request with these pieces, each after its pause in seconds; a connection gets so many answers."""

    def __init__(self, *pieces: tuple[float, bytes], answers: int = 1) -> None:
        self._pieces = pieces
        self._answers = answers
        self.hung_up = threading.Event()  # the client closed a connection before it had its answer
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/llm"
        self.requests = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        self.connections += 1
        with connection:
            for _ in range(self._answers):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"}"):  # what is not read when it closes would break the answer
            received = connection.recv(65536)
            if not received:
                return
            request += received
        self.requests += 1
        try:
            for pause, piece in self._pieces:
                if select.select([connection], [], [], pause)[0] and not connection.recv(1):
                    self.hung_up.set()
                    return
                connection.sendall(piece)
        except OSError:
            self.hung_up.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def ask(server: Server, way: str, **options: Any) -> Iterator[Delta]:
    """The deltas, as a list that an error ends: it is raised when the list is used up."""
    if way == "aiohttp":
        pytest.importorskip("httpx_aiohttp")
        options["transport"] = "aiohttp"
    client = ChatClient(api_key="k", base_url=server.url, **options)
    if way == "sync":
        yield from client.stream(ASK)
        client.close()
        return
    deltas: list[Delta] = []

    async def read() -> Exception | None:
        try:
            async for delta in client.astream(ASK):
                deltas.append(delta)  # noqa: PERF401  # those before an error are of interest
        except TimedOut as error:
            return error
        finally:
            await client.aclose()
        return None

    error = asyncio.run(read())
    yield from deltas
    if error is not None:
        raise error


every_way = pytest.mark.parametrize("way", ["sync", "async", "aiohttp"])
STALLS = {
    "silent": [(0.0, HEAD + TEXT), (5.0, END)],
    "silent from the start": [(0.0, HEAD), (5.0, END)],
    "pinging": [(0.0, HEAD + TEXT), *[(0.05, PING)] * 100],
    "dripping": [(0.0, HEAD + TEXT), *[(0.05, b" ")] * 100],
}


@every_way
@pytest.mark.parametrize("pieces", STALLS.values(), ids=STALLS.keys())
def test_a_stream_that_says_nothing_is_given_up(way: str, pieces: list[tuple[float, bytes]]):
    begun = time.monotonic()
    with (
        Server(*pieces) as server,
        pytest.raises(TimedOut, match=r"has said nothing for 0\.3 s.*raise stall_timeout") as e,
    ):
        for _ in ask(server, way, stall_timeout=0.3):
            pass
    assert 0.3 <= time.monotonic() - begun < 4.5  # what it waits for would come after 5
    assert e.value.request_id == "r-1"
    assert server.requests == 1


@every_way
def test_what_came_before_was_handed_on(way: str):
    seen: list[str] = []
    with Server(*STALLS["pinging"]) as server, pytest.raises(TimedOut):  # noqa: PT012  # what came before is of interest
        for delta in ask(server, way, stall_timeout=0.2):
            if isinstance(delta, TextDelta):
                seen.append(delta.text)  # noqa: PERF401
    assert seen == ["a"]


@every_way
def test_the_timeout_alone_bounds_a_pinging_stream_too(way: str):
    with Server(*STALLS["pinging"]) as server, pytest.raises(TimedOut, match=r"said nothing for 0\.3 s.*raise timeout"):
        list(ask(server, way, timeout=0.3))


@every_way
def test_a_stream_that_is_slow_but_alive_is_read_to_its_end(way: str):
    pieces = [(0.0, HEAD), *[(0.05, PING), (0.1, TEXT)] * 3, (0.1, END)]
    with Server(*pieces) as server:
        texts = [delta.text for delta in ask(server, way, stall_timeout=0.35) if isinstance(delta, TextDelta)]
    assert texts == ["a"] * 3


@every_way
def test_the_answers_head_may_take_longer(way: str):
    with Server((0.3, HEAD + TEXT + END)) as server:
        assert list(ask(server, way, stall_timeout=0.15))


def test_a_consumer_may_take_its_time():
    with Server((0.0, HEAD + TEXT), (0.0, PING), (0.0, TEXT + END)) as server:
        texts = []
        for delta in ask(server, "sync", stall_timeout=0.1):
            time.sleep(0.08)
            texts += [delta.text] if isinstance(delta, TextDelta) else []
    assert texts == ["a", "a"]


async def test_a_consumer_may_take_its_time_async():
    with Server((0.0, HEAD + TEXT), (0.0, PING), (0.0, TEXT + END)) as server:
        client = ChatClient(api_key="k", base_url=server.url, stall_timeout=0.1)
        texts = []
        async for delta in client.astream(ASK):
            await asyncio.sleep(0.08)
            texts += [delta.text] if isinstance(delta, TextDelta) else []
        await client.aclose()
    assert texts == ["a", "a"]


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
MESSAGE: Any = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
RESPONSE: Any = {"id": "resp_1", "status": "completed", "model": "m", "output": []}
ENDED: dict[str, list[Any]] = {
    "chat_completions": [
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]},
        "[DONE]",
    ],
    "responses": [{"type": "response.completed", "response": RESPONSE}],
    "messages": [
        {"type": "message_start", "message": MESSAGE},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ],
}
"""Of each protocol, a stream to its announced end."""


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream_of(protocol: str) -> bytes:
    datas = (event if isinstance(event, str) else json.dumps(event) for event in ENDED[protocol])
    return b"".join(chunk(f"data: {data}\n\n".encode()) for data in datas)


BEHIND = {"silent": [(5.0, chunk(PING))], "pinging": [(0.02, chunk(PING))] * 250}
"""What a gateway that keeps the connection open sends behind the end."""


@every_way
@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND.keys())
@pytest.mark.parametrize("protocol", ENDED)
def test_nobody_waits_behind_the_announced_end(way: str, protocol: Any, behind: list[tuple[float, bytes]]):
    threads = threading.active_count()
    with Server((0.0, CHUNKED + stream_of(protocol)), *behind) as server:
        begun = time.monotonic()
        deltas = [(delta, time.monotonic() - begun) for delta in ask(server, way, protocol=protocol)]
        ended = time.monotonic() - begun
        assert ended < 4.5  # the connection ends after 5
    ((_, told),) = [(delta, at) for delta, at in deltas if isinstance(delta, FinishDelta)]
    if way == "sync":  # the others are collected first
        assert ended - told > 0.9 * endings.PATIENCE, "it was told before anything was waited for"
    assert server.hung_up.wait(10.0)
    until = time.monotonic() + 10.0
    while threading.active_count() > threads and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= threads


@pytest.mark.parametrize("pause", [0.0, 0.05])
@pytest.mark.parametrize("protocol", ENDED)
async def test_a_connection_is_used_again_once_its_stream_has_ended(protocol: Any, pause: float):
    """The last chunk, which is empty, comes together with the announced end, or a little later."""
    pieces = [(0.0, CHUNKED + stream_of(protocol)), (pause, b"0\r\n\r\n")]
    with Server(*pieces, answers=2) as server:
        client = ChatClient(api_key="k", base_url=server.url, protocol=protocol)
        for _ in range(2):
            await asyncio.to_thread(lambda: list(client.stream(ASK)))
        assert (server.requests, server.connections) == (2, 1)
        for _ in range(2):
            async for _delta in client.astream(ASK):
                pass
        assert (server.requests, server.connections) == (4, 2)
        client.close()
        await client.aclose()
