"""What the tests of Messages share: requests in, the wire's events and messages out."""

from __future__ import annotations

import base64
import json
from typing import Any

from seacloud_client.conversation import Message, Part, Reply, Request, Text, ToolResult, user
from seacloud_client.deltas import Delta
from seacloud_client.folding import Fold
from seacloud_client.protocols.messages import PROTOCOL
from seacloud_emulator.strict import problems

Json = dict[str, Any]

PDF = base64.b64encode(b"%PDF-1.4").decode()
PNG = base64.b64encode(b"\x89PNG").decode()
CACHED = {"type": "ephemeral"}
EXTRAS = {"cache_control": CACHED, "unknown": 1}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = {**SCHEMA, "additionalProperties": False}


def encoded(request: Request, *, stream: bool = False) -> Json:
    """The body of a request, which must be JSON, and what the official SDK's types take."""
    body: Json = json.loads(json.dumps(PROTOCOL.encode(request, stream)))
    assert problems("messages", body) == []
    return body


def body_of(*messages: Message, model: str = "claude-sonnet-4-5", **fields: Any) -> Json:
    """The body of a request with these messages, by default one."""
    return encoded(Request(model=model, messages=messages or (user("hi"),), **fields))


def turns_of(*messages: Message) -> list[tuple[str, Any]]:
    """Role and content of each turn that the messages become; a plain text alone as that text."""
    return [(turn["role"], shown(turn["content"])) for turn in body_of(*messages)["messages"]]


def shown(content: list[Json]) -> Any:
    """Blocks, or the text if they are one plain text: it is the list that is sent."""
    assert isinstance(content, list)
    return content[0]["text"] if [block.keys() for block in content] == [{"type", "text"}] else content


def assistant(*parts: str | Part, **fields: Any) -> Message:
    """A message of the assistant's."""
    return Message("assistant", tuple(Text(part) if isinstance(part, str) else part for part in parts), **fields)


def tool(*results: ToolResult) -> Message:
    """A message of tools."""
    return Message("tool", results)


def result(call_id: str, *parts: str | Part, **fields: Any) -> ToolResult:
    """A tool's result."""
    return ToolResult(call_id, tuple(Text(part) if isinstance(part, str) else part for part in parts), **fields)


START: Json = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 7, "output_tokens": 1},
    },
}
STOP: Json = {"type": "message_stop"}


def begin(index: int, **block: Any) -> Json:
    """The event that starts a block."""
    return {"type": "content_block_start", "index": index, "content_block": block}


def more(index: int, kind: str, **delta: Any) -> Json:
    """The event that adds to a block."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def end(index: int) -> Json:
    """The event that ends a block."""
    return {"type": "content_block_stop", "index": index}


def stop(reason: str | None = "end_turn", usage: Json | None = None, **delta: Any) -> Json:
    """The event that says why the reply ended."""
    return {"type": "message_delta", "delta": {"stop_reason": reason, **delta}, "usage": usage or {"output_tokens": 5}}


HELLO: list[Json] = [
    begin(0, type="text", text=""),
    more(0, "text_delta", text="Hel"),
    more(0, "text_delta", text="lo"),
    end(0),
]
"""The events of a text."""


def deltas_of(*events: Json) -> list[Delta]:
    """What our decoder makes of a stream's events."""
    decoder = PROTOCOL.decoder()
    deltas = [delta for event in events for delta in decoder.feed("", event)]
    return [*deltas, *decoder.close()]


def reply_of(*events: Json) -> Reply:
    """The reply that a stream's events add up to."""
    return Fold().add_all(deltas_of(*events)).reply()


def message(*content: Json, **fields: Any) -> Json:
    """A plain reply's JSON."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": list(content),
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 7, "output_tokens": 5},
        **fields,
    }
