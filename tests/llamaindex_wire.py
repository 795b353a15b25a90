"""LLMs that are answered without a network: with the bytes, or the deltas, that a test gives."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import httpx
from llamaindex_seacloud import SeaCloud

COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4.1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
}
"""A whole answer over Chat Completions."""


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces. `closed` says that it was closed before its end or at it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def events(*data: Any, end: bytes = b"data: [DONE]\n\n") -> list[bytes]:
    """Server-sent events, one a chunk; those of a dict with a `type` bear its name, as Responses' and Messages' do."""
    named = [
        (f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n" for event in data
    ]
    return [*(event.encode() for event in named), end]


def chat_chunk(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk of Chat Completions, as OpenAI's reference has it."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1"}
    return {**head, "choices": [choice], **fields}


USAGE_CHUNK = {
    **chat_chunk({}),
    "choices": [],
    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
}


def answering(answer: Any, **kwargs: Any) -> tuple[SeaCloud, list[httpx.Request]]:
    """An LLM that gets this answer to each request (a list is a stream's chunks), and the requests that it makes."""
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if isinstance(answer, list):
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Chunks(answer))
        if isinstance(answer, Chunks):
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=answer)
        return httpx.Response(200, json=answer)

    transport = httpx.MockTransport(handle)
    llm = SeaCloud(
        **{
            "model": "gpt-4.1",
            "protocol": "chat_completions",
            "api_key": "sk-test",
            "http_client": httpx.Client(transport=transport),
            "http_async_client": httpx.AsyncClient(transport=transport),
            **kwargs,
        }
    )
    return llm, requests


def body_of(request: httpx.Request) -> Any:
    """A request's JSON."""
    return json.loads(request.content)
