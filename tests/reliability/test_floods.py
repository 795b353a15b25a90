"""Too much of everything: memory and time stay bounded, by limits that can be set."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from seacloud_client.chat import ChatClient
from seacloud_client.errors import ConfigurationError, ProtocolError
from seacloud_client.folding import Fold
from seacloud_client.settings import MAX_EVENT_BYTES, MAX_REPLY_BYTES, Settings
from seacloud_client.sse import SSEDecoder

from reliability.faults import Body
from reliability.hostile import STREAMS
from reliability.operations import HOST, KEY, PROTOCOLS, request

pytestmark = pytest.mark.heavy

MEGA = 1_000_000
PIECE = 16_384


def client(pieces: Callable[[], Iterator[bytes]], **options: Any) -> tuple[ChatClient, Body]:
    """A client whose requests are answered with a stream of these pieces."""
    body = Body(pieces)
    headers = {"content-type": "text/event-stream", **options.pop("sent", {})}
    stub = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=body))
    options = {"protocol": "chat_completions", "http_client": httpx.Client(transport=stub), **options}
    return ChatClient(api_key=KEY, base_url=f"https://{HOST}/llm", **options), body


@contextmanager
def memory_below(size: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size


def sse(event: dict[str, Any]) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def flood(protocol: str, place: int, count: int) -> Callable[[], Iterator[bytes]]:
    """A stream with one of its events many times over, in pieces as a network has them."""

    def pieces() -> Iterator[bytes]:
        for number, event in enumerate(STREAMS[protocol]):
            data = sse(event)
            times = count if number == place else 1
            at_once = max(1, PIECE // len(data))
            for _ in range(0, times, at_once):
                yield data * min(at_once, times)
        if protocol == "chat_completions":
            yield b"data: [DONE]\n\n"

    return pieces


def place_of(protocol: str, *words: str) -> int:
    """Which of a protocol's events is the one that all of these are in."""
    return next(
        number for number, event in enumerate(STREAMS[protocol]) if all(word in json.dumps(event) for word in words)
    )


TEXT = {
    "chat_completions": place_of("chat_completions", '"content": "Hello"'),
    "responses": place_of("responses", "output_text.delta"),
    "messages": place_of("messages", "text_delta"),
}
CALL = {
    "chat_completions": place_of("chat_completions", '"arguments": "{\\"a'),
    "responses": place_of("responses", "arguments.delta"),
    "messages": place_of("messages", "input_json_delta"),
}


def seconds_of(protocol: str, place: int, count: int) -> float:
    chat, _ = client(flood(protocol, place, count), protocol=protocol)
    begun = time.thread_time()
    deltas = sum(1 for _ in chat.stream(request()))
    assert deltas > count * 0.9
    return time.thread_time() - begun


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("places", [TEXT, CALL], ids=["texts", "fragments of a tool call"])
def test_twice_the_deltas_take_twice_the_time(protocol: str, places: dict[str, int]) -> None:
    few = min(seconds_of(protocol, places[protocol], 5_000) for _ in range(2))
    many = min(seconds_of(protocol, places[protocol], 20_000) for _ in range(2))
    assert many < 12 * few  # 4, but for a busy machine; what is quadratic would take 16 times as long


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("count", [20_000, pytest.param(MEGA, marks=pytest.mark.long)])
def test_a_reader_of_deltas_needs_no_memory_for_what_went_by(protocol: str, count: int) -> None:
    chat, _ = client(flood(protocol, CALL[protocol], count), protocol=protocol, max_reply_bytes=2**40)
    stream = chat.stream(request())
    next(stream)
    with memory_below(3_000_000 + 100 * count):
        for _ in stream:
            pass


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("count", [20_000, pytest.param(MEGA, marks=pytest.mark.long)])
def test_a_tool_call_of_a_million_fragments_is_whole(protocol: str, count: int) -> None:
    chat, _ = client(flood(protocol, CALL[protocol], count), protocol=protocol, max_reply_bytes=2**40)
    reply = Fold().add_all(chat.stream(request())).reply()
    arguments = [call.arguments for call in reply.tool_calls]
    assert max(len(text) for text in arguments) >= 2 * count * 0.9


def endless(piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        while True:
            yield piece

    return pieces


ENDLESS = {
    "deltas": sse(STREAMS["chat_completions"][1]) * 20,
    "comments": b": ping\n\n" * 2000,
    "empty lines": b"\n" * PIECE,
    "events of no data": b"event: x\n\n" * 1000,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_stream_without_an_end(name: str) -> None:
    chat, body = client(endless(ENDLESS[name]), max_reply_bytes=2 * MEGA)
    with memory_below(3 * MEGA), pytest.raises(ProtocolError, match="Raise max_reply_bytes") as caught:
        for _ in chat.stream(request()):
            pass
    assert caught.value.request_id
    assert body.taken < 2 * MEGA + 2 * PIECE


LINES = {"line": b"x" * PIECE, "row of lines": b"data: x\n" * 2000, "row of empty lines": b"data\n" * 3000}


@pytest.mark.parametrize("name", LINES)
def test_an_event_without_an_end(name: str) -> None:
    chat, body = client(endless(LINES[name]), max_event_bytes=MEGA)
    begun = time.monotonic()
    with memory_below(60 * MEGA), pytest.raises(ProtocolError, match=r"larger than 1000000 bytes.*max_event_bytes"):
        for _ in chat.stream(request()):
            pass
    assert time.monotonic() - begun < 30.0  # what is quadratic takes minutes
    assert body.taken < 10 * MEGA


@pytest.mark.parametrize("line", [b"data: x\n", b"data:\n", b": x\n", b"x"])
def test_an_event_that_comes_in_small_pieces_costs_no_more(line: bytes) -> None:
    def seconds(count: int) -> float:
        decoder = SSEDecoder()
        begun = time.thread_time()
        for _ in range(count):
            decoder.feed(line)
        return time.thread_time() - begun

    few, many = min(seconds(5_000) for _ in range(3)), min(seconds(40_000) for _ in range(3))
    assert many < 24 * few  # 8; what is quadratic would take 64 times as long


@pytest.mark.parametrize("stream", [False, True])
def test_a_bomb_of_gzip(*, stream: bool) -> None:
    text = b": x\n\n" if stream else b" "
    bomb = gzip.compress(text * (100 * MEGA // len(text)))
    assert len(bomb) < MEGA
    sent = {"content-encoding": "gzip", "content-type": "text/event-stream" if stream else "application/json"}
    pieces = [bomb[start : start + PIECE] for start in range(0, len(bomb), PIECE)]
    chat, body = client(lambda: iter(pieces), sent=sent, max_reply_bytes=MEGA)
    ask = (lambda: list(chat.stream(request()))) if stream else (lambda: chat.reply(request()))
    with memory_below(1100 * PIECE * 4), pytest.raises(ProtocolError):
        ask()
    assert body.taken < len(bomb)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip, gzip", "deflate,gzip", "compress", "x-unheard-of"])
def test_what_was_not_asked_for_is_not_decompressed(coding: str) -> None:
    chat, body = client(endless(b"x"), sent={"content-encoding": coding})
    with pytest.raises(ProtocolError, match="compressed in a way that was not asked for"):
        list(chat.stream(request()))
    assert body.taken == 0


@pytest.mark.parametrize("setting", ["max_reply_bytes", "max_event_bytes"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "1"])
def test_limits_that_make_no_sense(setting: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"{setting} must be a whole number of bytes"):
        ChatClient(**{setting: value})


def test_the_limits_are_generous_by_default() -> None:
    settings = Settings.resolve("llm")
    assert (settings.max_reply_bytes, settings.max_event_bytes) == (MAX_REPLY_BYTES, MAX_EVENT_BYTES)
    assert MAX_REPLY_BYTES == 256 * 1024**2
    assert MAX_EVENT_BYTES == 64 * 1024**2
