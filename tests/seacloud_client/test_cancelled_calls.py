"""A call may be cancelled in any turn of the loop, once or twice: no connection is lost, and no other call notices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import httpx
import pytest
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.deltas import TextDelta
from seacloud_client.spreading import POOL_SIZE, SpreadTransport

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

LIMITS = httpx.Limits(max_connections=3 * POOL_SIZE, max_keepalive_connections=100, keepalive_expiry=5.0)
SECONDS = 10.0
TURNS = range(41)
"""Turns of the loop from a call's beginning. Where the server is in the same loop, a call is over after some 30."""

GAPS = ["once", "at once again", "one turn later", "two turns later", "three", "four"]

HEAD = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
REPLY = {**HEAD, "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}
PIECE = {**HEAD, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "hi"}}]}


class Server:
    """A model, in the loop of its callers, that answers at once. Its streams go on until they are closed."""

    def __init__(self) -> None:
        self.open = 0
        self._handlers: set[asyncio.Task[Any]] = set()
        self._ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handlers.add(asyncio.current_task())
        self.open += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            self.open -= 1
            self._ended.set()
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            body = json.loads(await reader.readexactly(int(length.split(b":")[1])))
            if body.get("stream"):
                await self._stream(writer)
            content = json.dumps(REPLY).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ")
            writer.write(b"%d\r\n\r\n" % len(content) + content)
            await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        data = f"data: {json.dumps(PIECE)}\n\n".encode()
        while True:
            writer.write(b"%x\r\n" % len(data) + data + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)

    async def has_open(self, most: int) -> None:
        """Waits until no more connections are open."""
        while self.open > most:
            self._ended.clear()
            await self._ended.wait()

    async def stop(self) -> None:
        await asyncio.sleep(0.01)  # connections that were just made are not served yet
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)


@asynccontextmanager
async def serving(transport: str = "httpx") -> AsyncIterator[tuple[Server, ChatClient]]:
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        client = ChatClient(
            api_key="k" * 20,
            base_url=f"http://{host}:{port}/llm",
            protocol="chat_completions",
            transport=transport,
            timeout=SECONDS,
            max_retries=0,
        )
        try:
            yield server, client
        finally:
            await client.aclose()
            await server.stop()


def ask(client: ChatClient) -> Coroutine[Any, Any, Any]:
    return client.areply(Request(model="m", messages=(user("hi"),)))


async def listen(client: ChatClient, begun: Callable[[], object] = lambda: None) -> None:
    async for delta in client.astream(Request(model="m", messages=(user("hi"),))):
        if isinstance(delta, TextDelta):
            begun()


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def cancelled(call: asyncio.Task[Any], gap: int | None = None) -> None:
    """Cancels a call, with `gap` twice, so many turns apart, and waits for its end."""
    call.cancel()
    if gap is not None:
        await turns(gap)
        call.cancel()
    await asyncio.wait_for(asyncio.gather(call, return_exceptions=True), SECONDS)


async def spread(client: ChatClient) -> SpreadTransport:
    async_client = await client._transport._pool.async_client(client._transport)
    return async_client._transport


async def assert_nothing_is_lost(server: Server, client: ChatClient, transport: str = "httpx") -> None:
    if transport == "httpx":
        own = await spread(client)
        assert own._left == []
        assert [pool.calls for pool in own._pools] == [0] * len(own._pools)
        kept = [one for pool in own._pools for one in pool._connections()]
        assert [one.info() for one in kept if not (one.is_idle() or one.is_closed())] == []
        await asyncio.wait_for(server.has_open(len(kept)), SECONDS)
    replies = await asyncio.wait_for(asyncio.gather(*(ask(client) for _ in range(20))), SECONDS / 2)
    assert [reply.text for reply in replies] == ["hi"] * 20


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
@pytest.mark.parametrize("gap", [None, 0, 1, 2, 3], ids=GAPS[:-1])
async def test_a_call_may_be_cancelled_in_any_turn(transport: str, gap: int | None):
    pytest.importorskip("httpx_aiohttp")
    async with serving(transport) as (server, client):
        for number in TURNS:
            for _ in range(POOL_SIZE if gap is None else 1):
                call = asyncio.create_task(ask(client))
                await turns(number)
                await cancelled(call, gap)
        await assert_nothing_is_lost(server, client, transport)


async def test_calls_beside_each_other_may_be_cancelled_in_any_turn():
    async with serving() as (server, client):
        for number in TURNS:
            calls = [asyncio.create_task(ask(client)) for _ in range(2)]
            await turns(number)
            await asyncio.gather(*(cancelled(call) for call in calls))
        await assert_nothing_is_lost(server, client)


async def test_an_anyio_cancellation_may_come_in_any_turn():
    async with serving() as (server, client):
        for number in TURNS:
            with anyio.CancelScope() as scope:
                asyncio.get_running_loop().call_soon(_later, scope.cancel, number)
                await ask(client)
        await assert_nothing_is_lost(server, client)


def _later(act: Callable[[], object], number: int) -> None:
    if number:
        asyncio.get_running_loop().call_soon(_later, act, number - 1)
    else:
        act()


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
@pytest.mark.parametrize("gap", [None, 0, 1, 2, 3, 4], ids=GAPS)
async def test_a_stream_may_be_cancelled_in_mid_body(transport: str, gap: int | None):
    pytest.importorskip("httpx_aiohttp")
    async with serving(transport) as (server, client):
        for number in range(POOL_SIZE + 2):
            begun = asyncio.Event()
            call = asyncio.create_task(listen(client, begun.set))
            await asyncio.wait_for(begun.wait(), SECONDS)
            await turns(number)
            await cancelled(call, gap)
        await assert_nothing_is_lost(server, client, transport)


async def test_a_lost_connection_cuts_no_other_call():
    """Its pool gets no new calls, but the streams that it has go on."""
    async with serving() as (server, client):
        begun = asyncio.Event()
        stream = asyncio.create_task(listen(client, begun.set))
        await asyncio.wait_for(begun.wait(), SECONDS)
        own = await spread(client)
        first = own._pools[0]
        for number in [*TURNS] * 20:  # in which turn one is lost is httpcore's affair, and the machine's
            if first in own._left:
                break
            call = asyncio.create_task(ask(client))
            await turns(number)
            await cancelled(call, gap=1)
        assert first in own._left  # else nothing was lost, and this test says nothing
        assert not stream.done()
        assert (await asyncio.wait_for(ask(client), SECONDS)).text == "hi"
        await cancelled(stream)
        await assert_nothing_is_lost(server, client)


class Connection:
    """What `SpreadTransport` sees of a connection of httpcore's."""

    def __init__(self, state: str) -> None:
        self.state = state

    def is_idle(self) -> bool:
        return self.state == "idle"

    def is_closed(self) -> bool:
        return self.state == "closed"

    async def aclose(self) -> None:
        self.state = "closed"
        await asyncio.sleep(0)


class Silent(httpx.AsyncBaseTransport):
    """A pool whose answers never come, or whose bodies never close."""

    def __init__(self, *, answers: bool) -> None:
        self._pool = self
        self.answers = answers
        self.connections = [Connection("active")]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.answers:
            return httpx.Response(200, stream=self)
        await asyncio.sleep(0)
        raise AssertionError("nobody runs it any more")


class SilentBody(Silent, httpx.AsyncByteStream):
    async def aclose(self) -> None:
        await asyncio.sleep(0)
        raise AssertionError("nobody runs it any more")


@pytest.mark.parametrize("answers", [False, True], ids=["before the answer", "while its body is closed"])
async def test_a_call_that_is_let_go_waits_for_nothing(answers: bool):
    """As when a loop is left in the middle, and its coroutines are collected."""
    pools: list[httpx.AsyncBaseTransport] = [SilentBody(answers=answers), Losing()]
    waiting = iter(pools)
    transport = SpreadTransport(lambda _: next(waiting), LIMITS)
    call = httpx.Request("GET", "http://x.test/")
    begun = transport.handle_async_request(call)
    if answers:
        begun = (await begun).stream.aclose()
    begun.send(None)
    begun.close()  # which would raise, if it went on to wait
    assert pools[0].connections[0].state == "active"
    await (await transport.handle_async_request(call)).aclose()
    assert pools[0].connections[0].state == "closed"
    await pools[1].aclose()


class Losing(httpx.AsyncBaseTransport):
    """A pool that loses a connection with each call of the path `/lost`."""

    def __init__(self) -> None:
        self._pool = self
        self.connections: list[Connection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connection = Connection("active")
        self.connections.append(connection)
        if request.url.path == "/lost":
            raise asyncio.CancelledError
        connections = self.connections

        class Body(httpx.AsyncByteStream):
            async def __aiter__(self):
                yield b"x"

            async def aclose(self) -> None:
                connections.remove(connection)

        return httpx.Response(200, stream=Body())


async def lose_one(transport: SpreadTransport) -> None:
    with pytest.raises(asyncio.CancelledError):
        await transport.handle_async_request(httpx.Request("GET", "http://x.test/lost"))


async def test_what_runs_in_pools_that_are_left_counts_towards_the_limit():
    pools: list[Losing] = []
    limits = httpx.Limits(max_connections=2 * POOL_SIZE)
    transport = SpreadTransport(lambda _: pools.append(Losing()) or pools[-1], limits)
    call = httpx.Request("GET", "http://x.test/")
    opened = [await transport.handle_async_request(call) for _ in range(POOL_SIZE - 1)]
    await lose_one(transport)  # its pool is left with nine calls, so no second pool fits beside the next
    opened += [await transport.handle_async_request(call) for _ in range(POOL_SIZE + 1)]
    assert [len(pool.connections) for pool in pools] == [POOL_SIZE, POOL_SIZE + 1]
    for answer in opened[: POOL_SIZE - 1]:
        await answer.aclose()
    assert [one.state for one in pools[0].connections] == ["closed"]
    opened.append(await transport.handle_async_request(call))
    assert len(pools) == 3
    await transport.aclose()


async def test_a_pool_is_closed_whole_though_the_task_is_cancelled_meanwhile():
    pool = Losing()
    transport = SpreadTransport(lambda _: pool, LIMITS)
    pool.connections += [Connection("idle") for _ in range(3)]
    losing = asyncio.create_task(lose_one(transport))
    await turns(2)
    losing.cancel()
    await asyncio.wait_for(losing, SECONDS)
    assert [one.state for one in pool.connections] == ["closed"] * 4
