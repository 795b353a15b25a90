"""What the tests of Responses share: requests in, the wire's events and responses out."""

from __future__ import annotations

import base64
import json
from typing import Any

from seacloud_client.conversation import Message, Native, Part, Reply, Request, Text, ToolCall, ToolResult, user
from seacloud_client.deltas import Delta
from seacloud_client.folding import Fold
from seacloud_client.protocols.responses import PROTOCOL
from seacloud_emulator.strict import problems

Json = dict[str, Any]

PDF = base64.b64encode(b"%PDF-1.4").decode()
PNG = base64.b64encode(b"\x89PNG").decode()
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def encoded(request: Request, *, stream: bool = False) -> Json:
    """The body of a request, which must be JSON, and what the official SDK's types take."""
    body: Json = json.loads(json.dumps(PROTOCOL.encode(request, stream)))
    assert problems("responses", body) == []
    return body


def body_of(*messages: Message, model: str = "gpt-5.5", **fields: Any) -> Json:
    """The body of a request with these messages, by default one."""
    return encoded(Request(model=model, messages=messages or (user("hi"),), **fields))


def items_of(*messages: Message, **fields: Any) -> list[Json]:
    """The input that the messages become."""
    items: list[Json] = body_of(*messages, **fields)["input"]
    return items


def assistant(*parts: str | Part, **fields: Any) -> Message:
    """A message of the assistant's."""
    return Message("assistant", tuple(Text(part) if isinstance(part, str) else part for part in parts), **fields)


def tool(*results: ToolResult) -> Message:
    """A message of tools."""
    return Message("tool", results)


def result(call_id: str, *parts: str | Part, **fields: Any) -> ToolResult:
    """A tool's result."""
    return ToolResult(call_id, tuple(Text(part) if isinstance(part, str) else part for part in parts), **fields)


def call(name: str, number: int = 1, **fields: Any) -> ToolCall:
    """A call as Responses gives it."""
    return ToolCall(f"call_{number}", name, "{}", item_id=f"fc_{number}", **fields)


def native(item: Json) -> Native:
    """An item of the protocol's own."""
    return Native("responses", item)


def answer_of(*parts: str | Part, **fields: Any) -> list[Json]:
    """What the assistant's parts become, between two turns of the user."""
    first, *items, last = items_of(user("hi"), assistant(*parts), user("go on"), **fields)
    assert (first["content"], last["content"]) == ("hi", "go on")
    return items


def response(*output: Json, **fields: Any) -> Json:
    """A response, with what is not the test's matter."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 7,
        "model": "gpt-x",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": list(output),
        "usage": {
            "input_tokens": 5,
            "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 8,
        },
        **fields,
    }


def text_part(text: str, **fields: Any) -> Json:
    """A part of a message's content."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": [], **fields}


def message_item(*texts: str | Json, item_id: str = "msg_1", **fields: Any) -> Json:
    """A message, of texts or parts."""
    content = [text_part(text) if isinstance(text, str) else text for text in texts]
    return {
        "type": "message",
        "id": item_id,
        "role": "assistant",
        "status": "completed",
        "content": content,
        **fields,
    }


def reasoning_item(*summaries: str, item_id: str = "rs_1", **fields: Any) -> Json:
    """A reasoning item."""
    summary = [{"type": "summary_text", "text": text} for text in summaries]
    return {"type": "reasoning", "id": item_id, "summary": summary, **fields}


def call_item(name: str = "f", arguments: str = "{}", number: int = 1, **fields: Any) -> Json:
    """A call of a function."""
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": name,
        "arguments": arguments,
        "status": "completed",
        **fields,
    }


def event(kind: str, output_index: int | None = None, **fields: Any) -> Json:
    """An event, by its type without the prefix."""
    placed = {} if output_index is None else {"output_index": output_index}
    return {"type": f"response.{kind}", **placed, **fields}


def created(**fields: Any) -> Json:
    """The event that a stream begins with."""
    return event("created", response=response(status="in_progress", usage=None, service_tier="auto", **fields))


def added(index: int | None, item: Json) -> Json:
    """The event that announces an item."""
    return event("output_item.added", index, item=item)


def done(index: int | None, item: Json) -> Json:
    """The event that has an item as a whole."""
    return event("output_item.done", index, item=item)


def said(text: str, index: int | None = 0, place: int | None = 0, **fields: Any) -> Json:
    """The event that adds to a text."""
    placed = {} if place is None else {"content_index": place}
    return event("output_text.delta", index, delta=text, **placed, **fields)


def completed(*output: Json, **fields: Any) -> Json:
    """The terminal event."""
    return event("completed", response=response(*output, **fields))


def deltas_of(*events: Json) -> list[Delta]:
    """What our decoder makes of a stream's events."""
    decoder = PROTOCOL.decoder()
    deltas = [delta for given in events for delta in decoder.feed("", given)]
    return [*deltas, *decoder.close()]


def reply_of(*events: Json) -> Reply:
    """The reply that a stream's events add up to."""
    return Fold().add_all(deltas_of(*events)).reply()
