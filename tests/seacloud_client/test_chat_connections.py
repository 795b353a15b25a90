"""The chat client's connections: closed at once when a stream is left, used again, shared by threads and loops."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from chat_callers import ASK, settled
from seacloud_client import endings
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.deltas import ResponseMeta, TextDelta, UsageDelta
from seacloud_client.errors import ConfigurationError
from seacloud_client.folding import Fold
from seacloud_emulator import Emulator


def test_closing_a_stream_early_closes_the_connection_at_once(seacloud_env: Emulator):
    seacloud_env.configure(chunk_seconds=0.05)
    client = ChatClient()
    stream = client.stream(ASK)
    next(delta for delta in stream if isinstance(delta, TextDelta))
    stream.close()
    settled(seacloud_env, 10.0)
    assert seacloud_env.requests[0].disconnected
    assert not seacloud_env.requests[0].finished
    client.close()


def test_letting_a_stream_go_closes_the_connection(seacloud_env: Emulator):
    seacloud_env.configure(chunk_seconds=0.05)
    client = ChatClient()
    for delta in client.stream(ASK):
        if isinstance(delta, TextDelta):
            break
    settled(seacloud_env, 10.0)
    assert seacloud_env.requests[0].disconnected
    client.close()


def test_sync_calls_go_over_httpx_whatever_the_transport(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)  # as if it were not installed
    client = ChatClient(transport="aiohttp")
    assert client.reply(ASK).text
    assert Fold().add_all(client.stream(ASK)).reply().text
    client.close()


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_closing_a_stream_early_closes_the_connection_at_once_async(seacloud_env: Emulator, transport: str):
    pytest.importorskip("httpx_aiohttp")
    seacloud_env.configure(chunk_seconds=0.05)
    client = ChatClient(transport=transport)
    stream = client.astream(ASK)
    async for delta in stream:
        if isinstance(delta, TextDelta):
            break
    await stream.aclose()
    await asyncio.to_thread(settled, seacloud_env, 10.0)
    assert seacloud_env.requests[0].disconnected
    await client.aclose()


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
@pytest.mark.parametrize("cancel", ["asyncio", "anyio"])
async def test_cancelling_closes_the_connection_at_once(seacloud_env: Emulator, cancel: str, transport: str):
    pytest.importorskip("httpx_aiohttp")
    seacloud_env.configure(chunk_seconds=0.05)
    client = ChatClient(transport=transport)
    begun = asyncio.Event()

    async def read() -> None:
        async for delta in client.astream(ASK):
            if isinstance(delta, TextDelta):
                begun.set()

    if cancel == "asyncio":
        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await begun.wait()
            group.cancel_scope.cancel()
    await asyncio.to_thread(settled, seacloud_env, 10.0)
    assert seacloud_env.requests[0].disconnected
    await client.aclose()


def test_the_connection_of_a_finished_stream_is_used_again(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endings, "PATIENCE", 20.0)  # a busy machine may be late with the last few bytes
    client = ChatClient()
    http = client._transport._pool.client(client._transport)
    for _ in range(3):
        list(client.stream(ASK))
        client.reply(ASK)
    assert len(http._transport._pool.connections) == 1
    client.close()


def test_one_client_serves_many_threads(seacloud_env: Emulator):
    client = ChatClient()

    def ask(number: int) -> str:
        request = Request(model="gpt-4.1", messages=(user(f"number {number}"),))
        return client.reply(request).text if number % 2 else Fold().add_all(client.stream(request)).reply().text

    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(ask, range(40)))
    assert all(f"number {number}”" in text for number, text in enumerate(texts))
    client.close()


def test_one_client_serves_many_loops(seacloud_env: Emulator):
    client = ChatClient()

    async def ask() -> list[str]:
        replies = await asyncio.gather(*(client.areply(ASK) for _ in range(5)))
        return [reply.text for reply in replies]

    for _ in range(3):
        assert len(set(asyncio.run(ask()))) == 1
    done: list[str] = []
    threads = [threading.Thread(target=lambda: done.extend(asyncio.run(ask()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 15


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_a_stream_that_is_read_in_another_loop_says_so(seacloud_env: Emulator, transport: str):
    if transport == "aiohttp":
        pytest.importorskip("httpx_aiohttp")
    seacloud_env.configure(chunk_seconds=0.05)
    opener, reader = asyncio.new_event_loop(), asyncio.new_event_loop()
    stream = ChatClient(transport=transport).astream(ASK)

    async def read() -> None:
        async for _ in stream:
            pass

    try:
        opener.run_until_complete(anext(stream))
        with pytest.raises(ConfigurationError, match="Read a stream in the loop that opened it"):
            reader.run_until_complete(read())
    finally:
        opener.run_until_complete(opener.shutdown_asyncgens())
        opener.close()
        reader.close()


def test_a_stream_tells_its_request_id_first_and_its_usage_once(seacloud_env: Emulator):
    client = ChatClient()
    deltas = list(client.stream(ASK))
    assert isinstance(deltas[0], ResponseMeta)
    assert deltas[0].request_id == seacloud_env.requests[0].request_id
    assert sum(isinstance(delta, UsageDelta) for delta in deltas) == 1
    client.close()


def test_the_key_is_in_no_repr():
    client = ChatClient(api_key="k-very-secret")
    assert "k-very-secret" not in f"{client!r} {vars(client)} {client.settings}"
