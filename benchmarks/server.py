"""The benchmark's server: canned answers of the three protocols on loopback, in a process of its own.

It does as little as it can, so that what is measured is the client: an answer's bytes are made once, and written as a
whole. A stream has one event in each chunk of the HTTP body, as services send it.

The first segment of the path says what to answer: `/text-2000/...` streams 2,000 deltas of text, `/tool-2000/...` a
tool call in 2,000 fragments, and requests without `"stream": true` get a short plain answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

PIECE = "token "
USAGE_IN, USAGE_OUT = 20, 2000
TEXT = "The answer to the question is in this sentence."

_STREAM = re.compile(rb'"stream":\s*true')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


@contextmanager
def running() -> Iterator[str]:
    """The server's root address, for as long as the block runs."""
    process = subprocess.Popen([sys.executable, str(Path(__file__))], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def chat_events(kind: str, count: int) -> Iterator[str]:
    """A Chat Completions stream."""
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "bench"}

    def chunk(delta: Any, finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data({**head, "system_fingerprint": "fp_bench", "choices": [choice]})

    yield chunk({"role": "assistant", "content": "" if kind == "text" else None})
    if kind == "tool":
        started = {"name": "write", "arguments": ""}
        yield chunk({"tool_calls": [{"index": 0, "id": "call_bench", "type": "function", "function": started}]})
    for piece in _pieces(kind, count):
        call = {"index": 0, "function": {"arguments": piece}}
        yield chunk({"content": piece} if kind == "text" else {"tool_calls": [call]})
    yield chunk({}, "stop" if kind == "text" else "tool_calls")
    usage = {"prompt_tokens": USAGE_IN, "completion_tokens": USAGE_OUT, "total_tokens": USAGE_IN + USAGE_OUT}
    yield _data({**head, "choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def responses_events(kind: str, count: int) -> Iterator[str]:
    """A Responses stream."""
    number = 0

    def event(name: str, /, **fields: Any) -> str:
        nonlocal number
        number += 1
        return f"event: {name}\n" + _data({"type": name, "sequence_number": number, **fields})

    whole = "".join(_pieces(kind, count))
    place = {"output_index": 0, "item_id": "item_bench"}
    yield event("response.created", response=_response("in_progress", []))
    yield event("response.in_progress", response=_response("in_progress", []))
    if kind == "text":
        message = {"id": "item_bench", "type": "message", "role": "assistant"}
        part = {"type": "output_text", "text": whole, "annotations": [], "logprobs": []}
        yield event(
            "response.output_item.added", output_index=0, item={**message, "status": "in_progress", "content": []}
        )
        yield event("response.content_part.added", content_index=0, part={**part, "text": ""}, **place)
        for piece in _pieces(kind, count):
            yield event("response.output_text.delta", content_index=0, delta=piece, logprobs=[], **place)
        yield event("response.output_text.done", content_index=0, text=whole, logprobs=[], **place)
        yield event("response.content_part.done", content_index=0, part=part, **place)
        item = {**message, "status": "completed", "content": [part]}
    else:
        call = {"id": "item_bench", "type": "function_call", "call_id": "call_bench", "name": "write"}
        yield event(
            "response.output_item.added", output_index=0, item={**call, "status": "in_progress", "arguments": ""}
        )
        for piece in _pieces(kind, count):
            yield event("response.function_call_arguments.delta", delta=piece, **place)
        yield event("response.function_call_arguments.done", arguments=whole, name="write", **place)
        item = {**call, "status": "completed", "arguments": whole}
    yield event("response.output_item.done", output_index=0, item=item)
    yield event("response.completed", response=_response("completed", [item]))


def messages_events(kind: str, count: int) -> Iterator[str]:
    """A Messages stream."""

    def event(name: str, /, **fields: Any) -> str:
        return f"event: {name}\n" + _data({"type": name, **fields})

    usage = {"input_tokens": USAGE_IN, "output_tokens": 1}
    yield event("message_start", message={**_message([]), "stop_reason": None, "usage": usage})
    tool = {"type": "tool_use", "id": "toolu_bench", "name": "write", "input": {}}
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""} if kind == "text" else tool)
    yield event("ping")
    for piece in _pieces(kind, count):
        delta = (
            {"type": "text_delta", "text": piece}
            if kind == "text"
            else {"type": "input_json_delta", "partial_json": piece}
        )
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    reason = "end_turn" if kind == "text" else "tool_use"
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield event("message_delta", delta=delta, usage={"output_tokens": USAGE_OUT})
    yield event("message_stop")


def _pieces(kind: str, count: int) -> Iterator[str]:
    if kind == "text":
        yield from (PIECE for _ in range(count))
        return
    yield '{"text": "'
    yield from (PIECE for _ in range(count - 2))
    yield '"}'


def _data(value: Any) -> str:
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"


def _response(status: str, output: list[Any]) -> dict[str, Any]:
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": USAGE_IN, "output_tokens": USAGE_OUT, "total_tokens": USAGE_IN + USAGE_OUT, **details}
    return {
        "id": "resp_bench",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "bench",
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage if status == "completed" else None,
    }


def _message(content: list[Any]) -> dict[str, Any]:
    return {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": "claude-bench",
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": USAGE_IN, "output_tokens": USAGE_OUT},
    }


def plain_chat() -> dict[str, Any]:
    """A plain answer of Chat Completions."""
    choice = {"index": 0, "message": {"role": "assistant", "content": TEXT}, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": USAGE_IN, "completion_tokens": USAGE_OUT, "total_tokens": USAGE_IN + USAGE_OUT}
    head = {"id": "chatcmpl-bench", "object": "chat.completion", "created": 1_700_000_000, "model": "bench"}
    return {**head, "choices": [choice], "usage": usage}


def plain_responses() -> dict[str, Any]:
    """A plain answer of Responses."""
    part = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    message = {"id": "item_bench", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    return _response("completed", [message])


def plain_messages() -> dict[str, Any]:
    """A plain answer of Messages."""
    return _message([{"type": "text", "text": TEXT}])


PROTOCOLS = {
    "/chat/completions": (chat_events, plain_chat),
    "/responses": (responses_events, plain_responses),
    "/messages": (messages_events, plain_messages),
}
"""What answers a path, by its end."""


@lru_cache(maxsize=64)
def answer(path: str, stream: bool) -> bytes:
    """The bytes of the answer to a request, headers and all."""
    path = path.split("?", 1)[0]
    events, plain = next(made for end, made in PROTOCOLS.items() if path.endswith(end))
    if not stream:
        body = json.dumps(plain()).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    kind, _, count = path.split("/")[1].partition("-")
    chunks = [event.encode() for event in events(kind, int(count))]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + framed + b"0\r\n\r\n"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            path = head.split(b" ", 2)[1].decode()
            writer.write(answer(path, bool(_STREAM.search(body))))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=2**20, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
