"""What a gateway makes of an answer: JSON for a stream, a stream for JSON, pages, nothing, told by a function."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chat_callers import ASK, Caller, every_way
from seacloud_client.conversation import Request, Tool, user
from seacloud_client.errors import ProtocolError, StreamBroken

EMPTY_STREAM = "data: [DONE]\n\n"


def with_handler(
    caller: Caller, handler: Callable[[httpx.Request], httpx.Response], request: Request = ASK, **options: Any
):
    mock = httpx.MockTransport(handler)
    return caller.ask(
        request,
        api_key="k",
        http_client=httpx.Client(transport=mock),
        http_async_client=httpx.AsyncClient(transport=mock),
        **options,
    )


PLAIN = {
    "id": "c-1",
    "created": 7,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
}
CHUNKS = (
    '{"id":"c-1","created":7,"model":"m","choices":[{"index":0,"delta":{"content":"Hel"}}]}',
    '{"id":"c-1","created":7,"model":"m","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}',
)
STREAM = "".join(f"data: {chunk}\n\n" for chunk in (*CHUNKS, "[DONE]"))


@every_way
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json=PLAIN),
        httpx.Response(200, text=STREAM, headers={"content-type": "text/event-stream"}),
        httpx.Response(200, text=STREAM, headers={"content-type": "application/json"}),
    ],
    ids=["json", "sse", "sse called json"],
)
def test_json_or_a_stream_is_read_whatever_was_asked_for(caller: Caller, answer: httpx.Response):
    reply = with_handler(
        caller, lambda _: httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
    )
    assert (reply.text, reply.id, reply.choice.finish_reason) == ("Hello", "c-1", "stop")


@pytest.mark.parametrize("end", ["", "data: [DONE]"], ids=["not at all", "without its blank line"])
@every_way
def test_a_stream_that_does_not_announce_its_end_is_whole_if_the_reply_is(caller: Caller, end: str):
    text = "".join(f"data: {chunk}\n\n" for chunk in CHUNKS) + end
    reply = with_handler(
        caller, lambda _: httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})
    )
    assert (reply.text, reply.id, reply.choice.finish_reason) == ("Hello", "c-1", "stop")


@every_way
def test_a_stream_that_ends_before_the_reply_does_is_broken(caller: Caller):
    text = f"data: {CHUNKS[0]}\n\n"
    with pytest.raises(StreamBroken, match="ended before the reply was complete"):
        with_handler(caller, lambda _: httpx.Response(200, text=text, headers={"content-type": "text/event-stream"}))


@every_way
def test_a_page_with_status_200_is_an_error_that_asks_for_the_base_url(caller: Caller):
    with pytest.raises(ProtocolError, match="Is base_url right"):
        with_handler(caller, lambda _: httpx.Response(200, html="<html>Welcome</html>"))


@every_way
def test_an_answer_without_a_choice_is_an_error(caller: Caller):
    body = EMPTY_STREAM if caller.streams else '{"choices": []}'
    kind = "text/event-stream" if caller.streams else "application/json"
    with pytest.raises(ProtocolError, match="no choice"):
        with_handler(caller, lambda _: httpx.Response(200, text=body, headers={"content-type": kind}))


@every_way
def test_the_body_is_utf8_json_and_extra_body_wins(caller: Caller):
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=PLAIN)

    request = Request(model="m", messages=(user("Hé 🎨"),), tools=(Tool("t"),), extra_body={"model": "other"})
    with_handler(caller, handler, request, base_url="https://gateway.example/v9")
    assert seen[0].url == "https://gateway.example/v9/v1/chat/completions"
    assert "Hé 🎨".encode() in seen[0].content
    body = json.loads(seen[0].content)
    assert body["model"] == "other"
    assert body["tools"] == [{"type": "function", "function": {"name": "t"}}]
