"""What the tests of Chat Completions' requests share: requests in, the wire's bodies out, each of them checked."""

from __future__ import annotations

from typing import Any

from seacloud_client.conversation import (
    Message,
    Part,
    Request,
    Tool,
    user,
)
from seacloud_client.protocols.chat_completions import PROTOCOL
from seacloud_emulator.strict import problems

Json = dict[str, Any]
PNG, PDF, WAV = "iVBORw0KGgo=", "JVBERi0xLjQ=", "UklGRg=="
CACHED = {"cache_control": {"type": "ephemeral"}}
WEATHER = Tool(
    "weather", "Tells the weather.", {"type": "object", "properties": {}, "additionalProperties": False}, True
)


def body_of(*messages: Message, stream: bool = False, model: str = "some-model", **fields: Any) -> Json:
    body = PROTOCOL.encode(Request(model=model, messages=messages or (user("Hi"),), **fields), stream)
    assert problems("chat_completions", body) == []
    return body


def messages_of(*messages: Message, **fields: Any) -> list[Json]:
    return body_of(*messages, **fields)["messages"]


def fields_of(**fields: Any) -> Json:
    body = body_of(**fields)
    assert body.pop("messages") == [{"role": "user", "content": "Hi"}]
    assert body.pop("model") == fields.get("model", "some-model")
    return body


def said(*parts: Part, **fields: Any) -> Message:
    return Message("assistant", parts, **fields)
