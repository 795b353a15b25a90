"""The operations of the fault matrix: each with what the service answers if all goes well, sync and async."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Request, user
from seacloud_client.downloads import Downloader
from seacloud_client.media import Output
from seacloud_client.queue import Queue
from seacloud_client.settings import Settings

KEY = "k-planted-0123456789"
MODEL = "nano_banana_2"
TASK = "mmsu_1"
HOST = "service.test"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 4000

Run = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """One thing that is asked of the service.

    Attributes:
        name: as the table shows it.
        kind: what the expectations go by: protocols do not differ in them.
        method: the HTTP method of its request.
        good: the answer if all goes well.
        content_type: the media type of that answer.
        status: its status.
        run: does it, with the keyword arguments of `client_options`.
        arun: the same, async.
    """

    name: str
    kind: str
    method: str
    good: bytes
    content_type: str
    run: Run
    arun: Callable[..., Awaitable[Any]]
    status: int = 200


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _sse(*events: Any, end: bytes = b"") -> bytes:
    lines = []
    for event in events:
        name = f"event: {event['type']}\n" if "type" in event else ""
        lines.append(f"{name}data: {json.dumps(event)}\n\n".encode())
    return b"".join(lines) + end


_USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
_CHUNK = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
_RESPONSE: dict[str, Any] = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m"}
_TEXT = {"type": "output_text", "text": "Hello there", "annotations": []}
_ITEM = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [_TEXT]}
_DONE = {**_RESPONSE, "status": "completed", "output": [_ITEM]}

PLAIN = {
    "chat_completions": {
        **_CHUNK,
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hello there"}, "finish_reason": "stop"},
        ],
        "usage": _USAGE,
    },
    "responses": _DONE,
    "messages": {
        **_MESSAGE,
        "content": [{"type": "text", "text": "Hello there"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    },
}
"""A reply of each protocol, by their vendors' references."""

STREAMED = {
    "chat_completions": _sse(
        {**_CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}}]},
        {**_CHUNK, "choices": [{"index": 0, "delta": {"content": " there"}}]},
        {**_CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        end=b"data: [DONE]\n\n",
    ),
    "responses": _sse(
        {"type": "response.created", "response": {**_RESPONSE, "status": "in_progress", "output": []}},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**_ITEM, "status": "in_progress", "content": []},
        },
        {
            "type": "response.content_part.added",
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "part": {**_TEXT, "text": ""},
        },
        {
            "type": "response.output_text.delta",
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "delta": "Hello there",
        },
        {
            "type": "response.output_text.done",
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "text": "Hello there",
        },
        {"type": "response.output_item.done", "output_index": 0, "item": _ITEM},
        {"type": "response.completed", "response": _DONE},
    ),
    "messages": _sse(
        {
            "type": "message_start",
            "message": {
                **_MESSAGE,
                "content": [],
                "stop_reason": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello there"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ),
}
"""The same as a stream."""


def request() -> Request:
    return Request(model="m", messages=(user("hi"),))


def _chat(protocol: str, root: str, options: dict[str, Any]) -> ChatClient:
    return ChatClient(protocol=protocol, api_key=KEY, base_url=f"{root}/llm", **options)  # type: ignore[arg-type]  # one of three


def _plain(protocol: str) -> Operation:
    def run(root: str, **options: Any) -> Any:
        return _chat(protocol, root, options).reply(request()).text

    async def arun(root: str, **options: Any) -> Any:
        return (await _chat(protocol, root, options).areply(request())).text

    return Operation(f"chat, {protocol}", "chat", "POST", _json(PLAIN[protocol]), "application/json", run, arun)


def _streamed(protocol: str) -> Operation:
    def run(root: str, **options: Any) -> Any:
        return list(_chat(protocol, root, options).stream(request()))

    async def arun(root: str, **options: Any) -> Any:
        return [delta async for delta in _chat(protocol, root, options).astream(request())]

    return Operation(f"stream, {protocol}", "stream", "POST", STREAMED[protocol], "text/event-stream", run, arun)


def _queue(root: str, options: dict[str, Any]) -> Queue:
    options = {"request_timeout" if name == "timeout" else name: value for name, value in options.items()}
    options.pop("max_reply_bytes", None)
    return Queue(api_key=KEY, base_url=f"{root}/model", **options)


def _task(kind: str, good: Any, method: str = "GET", status: int = 200) -> Operation:
    def run(root: str, **options: Any) -> Any:
        return getattr(_queue(root, options).task(MODEL, TASK), kind)()

    async def arun(root: str, **options: Any) -> Any:
        return await getattr(_queue(root, options).task(MODEL, TASK), f"a{kind}")()

    return Operation(kind, kind, method, _json(good), "application/json", run, arun, status)


def _submit() -> Operation:
    good = _json({"request_id": TASK, "queue_position": 0})

    def run(root: str, **options: Any) -> Any:
        return _queue(root, options).submit(MODEL, {"prompt": "a cat"})

    async def arun(root: str, **options: Any) -> Any:
        return await _queue(root, options).asubmit(MODEL, {"prompt": "a cat"})

    return Operation("submit", "submit", "POST", good, "application/json", run, arun)


def _output(root: str, options: dict[str, Any]) -> tuple[Output, dict[str, Any]]:
    # A client of the caller's own is for one kind of calls; the seconds of a download are those of the whole of it.
    clients = {name: value for name, value in options.items() if name in ("http_client", "http_async_client")}
    transport = {name: value for name, value in options.items() if name == "transport"}
    settings = Settings.resolve("model", api_key=KEY, base_url=f"{root}/model", **transport)
    output = Output(type="image", url=f"{root}/files/a.png", downloader=Downloader(settings, **clients))
    return output, {"timeout": options["timeout"]} if "timeout" in options else {}


def _download() -> Operation:
    def run(root: str, **options: Any) -> Any:
        output, limits = _output(root, options)
        return output.read(**limits)

    async def arun(root: str, **options: Any) -> Any:
        output, limits = _output(root, options)
        return await output.aread(**limits)

    return Operation("download", "download", "GET", PNG, "image/png", run, arun)


PROTOCOLS = tuple(PLAIN)

OPERATIONS: tuple[Operation, ...] = (
    *(_plain(protocol) for protocol in PROTOCOLS),
    *(_streamed(protocol) for protocol in PROTOCOLS),
    _submit(),
    _task("status", {"status": "IN_PROGRESS", "request_id": TASK}),
    _task("result", {"request_id": TASK, "outputs": [], "metadata": {}}),
    _task("cancel", {"status": "CANCELLATION_REQUESTED"}, "PUT", 202),
    _download(),
)

KINDS = tuple(dict.fromkeys(operation.kind for operation in OPERATIONS))
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def clients_of(transport: httpx.MockTransport) -> dict[str, Any]:
    """The caller's own clients, sync and async, with something in the network's place."""
    return {
        "http_client": httpx.Client(transport=transport),
        "http_async_client": httpx.AsyncClient(transport=transport),
    }
