"""Answers that are read as they come, or whole after all: by the transport's blocks, sync and async."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from seacloud_client.errors import ProtocolError, SeaCloudError, StreamBroken, TimedOut
from seacloud_client.flows import HttpAnswer
from seacloud_client.transport import Transport, abody_of, acollect_body, body_of, collect_body
from transport_stubs import CALL, STREAMED, Endless, forever, settings, streaming


def test_a_stream_is_left_open_and_closed_behind_its_block():
    stream = Endless([b"a", b"b"])
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))) as client:
        answer = Transport(settings(), http_client=client).perform(STREAMED)
        assert stream.taken == 0
        assert answer.body == b""
        with body_of(answer) as body:
            assert next(body) == b"a"
            assert not stream.closed
        assert stream.closed


async def test_a_stream_is_left_open_and_closed_behind_its_block_async():
    stream = Endless([b"a", b"b"])
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))) as client:
        answer = await Transport(settings(), http_async_client=client).aperform(STREAMED)
        assert answer.body == b""
        async with abody_of(answer) as body:
            assert await anext(body) == b"a"
            assert not stream.closed
        assert stream.closed


def broken() -> Iterator[bytes]:
    yield b"a"
    raise httpx.ReadError("reset")


@pytest.fixture(params=["in pieces", "in pieces, async", "whole", "whole, async"])
def read(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    """Reads an answer that was asked for as a stream. Its request id is `theirs`."""
    is_whole = "whole" in request.param

    def sync(response: httpx.Response, **changes: Any) -> bytes:
        with httpx.Client(transport=httpx.MockTransport(lambda _: response)) as client:
            answer = Transport(settings(), http_client=client).perform(STREAMED)
            if is_whole:
                return collect_body(answer, settings(**changes)).body
            with body_of(answer) as body:
                return b"".join(body)

    async def asynchronous(response: httpx.Response, **changes: Any) -> bytes:
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response)) as client:
            answer = await Transport(settings(), http_async_client=client).aperform(STREAMED)
            if is_whole:
                return (await acollect_body(answer, settings(**changes))).body
            async with abody_of(answer) as body:
                return b"".join([chunk async for chunk in body])

    return (lambda *args, **options: asyncio.run(asynchronous(*args, **options))) if "async" in request.param else sync


PACKED = gzip.compress(b"abc" * 100)


@pytest.mark.parametrize("pieces", [[PACKED], [PACKED[:9], PACKED[9:]]])
def test_a_compressed_stream_is_read(read, pieces):
    assert read(streaming(pieces, **{"content-encoding": "gzip"})) == b"abc" * 100


@pytest.mark.parametrize("coding", ["", "identity", " Identity"])
def test_a_stream_that_says_it_is_not_compressed_is_read(read, coding):
    assert read(streaming([b"ab", b"c"], **{"content-encoding": coding})) == b"abc"


STREAMS_THAT_FAIL = {
    "breaks": (
        lambda: streaming(broken()),
        StreamBroken,
        f"The connection to {CALL.url} broke before the answer was complete (reset).",
    ),
    "compressed otherwise": (
        lambda: streaming([b"x"], **{"content-encoding": " BR"}),
        ProtocolError,
        f"The answer of {CALL.url} is compressed in a way that was not asked for: 'br'. It was not read.",
    ),
    "compressed by what is too long to name": (
        lambda: streaming([b"x"], **{"content-encoding": "z" * 300}),
        ProtocolError,
        f"The answer of {CALL.url} is compressed in a way that was not asked for: '{'z' * 100}'. It was not read.",
    ),
}


@pytest.mark.parametrize(("respond", "cls", "said"), STREAMS_THAT_FAIL.values(), ids=STREAMS_THAT_FAIL.keys())
def test_a_stream_that_fails_is_our_error(read, respond, cls, said):
    response = respond()
    with pytest.raises(SeaCloudError) as caught:
        read(response)
    error = caught.value
    assert (type(error), error.message, error.request_id) == (cls, said, "theirs")
    assert error.__context__ is None
    assert response.is_closed


def test_a_stream_that_is_no_gzip_is_our_error(read):
    with pytest.raises(ProtocolError, match=f"The answer of {CALL.url} cannot be decompressed") as caught:
        read(streaming([b"not gzip"], **{"content-encoding": "gzip"}))
    assert caught.value.request_id == "theirs"


@pytest.mark.parametrize("read", ["whole", "whole, async"], indirect=True)
def test_a_stream_that_is_read_whole_has_the_limits_of_any_answer(read):
    with pytest.raises(ProtocolError, match=f"The answer of {CALL.url} is larger than 100 bytes") as caught:
        read(streaming(forever(b"x" * 64)), max_reply_bytes=100)
    assert caught.value.request_id == "theirs"
    slow = httpx.Response(200, stream=Endless(forever(b"x"), pause=0.02), headers={"x-request-id": "theirs"})
    with pytest.raises(TimedOut, match=f"The answer of {CALL.url} began but did not end in time") as caught:
        read(slow, timeout=0.1)
    assert caught.value.request_id == "theirs"


class Mistake(Exception):
    """Of a transport of the caller's own."""


def mistaken() -> Iterator[bytes]:
    yield b"a"
    raise Mistake


def test_what_is_no_failure_of_the_network_is_handed_on(read):
    response = streaming(mistaken())
    with pytest.raises(Mistake):
        read(response)
    assert response.is_closed


async def test_a_stream_can_be_read_whole_after_all():
    handler = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless([b"a", b"b"])))
    async with httpx.AsyncClient(transport=handler) as client:
        answer = await Transport(settings(), http_async_client=client).aperform(STREAMED)
        assert await acollect_body(answer, settings(timeout=5.0)) == replace(answer, body=b"ab", stream=None)
    with httpx.Client(transport=handler) as client:
        answer = Transport(settings(), http_client=client).perform(STREAMED)
        assert collect_body(answer, settings(timeout=5.0)) == replace(answer, body=b"ab", stream=None)


async def test_a_stream_that_is_left_while_a_piece_is_awaited_elsewhere():
    """As when a loop shuts down, and closes all generators at the same time."""

    class Hanging(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"a"
            await asyncio.sleep(60)

    handler = httpx.MockTransport(lambda _: httpx.Response(200, stream=Hanging()))
    async with httpx.AsyncClient(transport=handler) as client:
        answer = await Transport(settings(), http_async_client=client).aperform(STREAMED)
        async with abody_of(answer) as body:
            assert await anext(body) == b"a"
            reading = asyncio.create_task(anext(body))
            await asyncio.sleep(0)
        assert answer.stream.is_closed
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading


def test_an_answer_that_was_not_streamed_cannot_be_read_again():
    with (
        pytest.raises(ValueError, match=r"^This answer was not asked for as a stream\.$"),
        body_of(HttpAnswer(200, {})),
    ):
        pass
