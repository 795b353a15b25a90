"""A recorded Messages body as the `Request` that a caller would have made of it, read by hand-written rules."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from seacloud_client.conversation import (
    Annotation,
    AnyTool,
    File,
    Image,
    Media,
    Message,
    Native,
    NativeTool,
    OutputSchema,
    Part,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

Json = dict[str, Any]

REASONS: dict[tuple[str, str], str] = {}
"""The known differences between recorded bodies and ours, by recording and path, each with its reason."""

# Fields of a request that have our name, and those that have another.
_SAME = ("model", "max_tokens", "temperature", "top_p", "top_k", "thinking", "service_tier", "cache_control")
_READ = {*_SAME, "messages", "system", "tools", "tool_choice", "stop_sequences", "stream", "output_config", "metadata"}
_CHOICES = {"auto": "auto", "none": "none", "any": "required", "tool": "tool"}


def read_request(body: Json) -> Request:
    """Return the request.

    What the vocabulary has no name for goes into `extra_body`, as a caller would do; so does an effort that does not
    mean thinking.
    """
    choice = body.get("tool_choice")
    extra_body = {name: value for name, value in body.items() if name not in _READ}
    config = body.get("output_config") or {}
    output, effort = config.get("format"), config.get("effort")
    if effort and "thinking" not in body:
        extra_body["output_config"] = config
        output = effort = None
    return Request(
        **{name: body[name] for name in _SAME if name in body},
        messages=(*_system(body.get("system")), *map(_message, body["messages"])),
        tools=tuple(map(_tool, body.get("tools") or ())),
        tool_choice=_tool_choice(choice),
        parallel_tool_calls=False if choice and choice.get("disable_parallel_tool_use") else None,
        stop=tuple(body.get("stop_sequences") or ()),
        metadata=body.get("metadata"),
        output=OutputSchema("output", output["schema"]) if output else None,
        reasoning_effort=effort,
        extra_body=extra_body or None,
    )


def _system(system: str | list[Json] | None) -> tuple[Message, ...]:
    return () if system is None else (Message("system", _parts(system)),)


def _message(turn: Json) -> Message:
    extras = {"role": "system"} if turn["role"] == "system" else None
    return Message(turn["role"], _parts(turn["content"]), extras=extras)


def _parts(content: str | list[Json]) -> tuple[Part, ...]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return tuple(_part(block) for block in blocks)


def _part(block: Json) -> Part:
    """Return a block as a part; a block whose source we do not model is a native one."""
    part = _PARTS.get(block["type"], _native)(block)
    return Native("messages", block) if part is None else part


def _extras(block: Json, *known: str) -> Json | None:
    return {name: value for name, value in block.items() if name not in ("type", *known)} or None


def _text(block: Json) -> Part:
    notes = (Annotation(type=raw["type"], raw=raw, protocol="messages") for raw in block.get("citations") or ())
    return Text(block["text"], tuple(notes), extras=_extras(block, "text", "citations"))


def _image(block: Json) -> Part | None:
    return _media(Image, block)


def _document(block: Json) -> Part | None:
    source = block["source"]
    if source["type"] == "text":
        data = base64.b64encode(source["data"].encode()).decode()
        return File(data=data, media_type=source["media_type"], extras=_extras(block, "source"))
    return _media(File, block)


def _media(kind: type[Media], block: Json) -> Part | None:
    source = {name: value for name, value in block["source"].items() if name != "type"}
    if not source.keys() <= {"url", "data", "file_id", "media_type"}:
        return None
    part: Part = kind(**source, extras=_extras(block, "source"))  # type: ignore[assignment]  # an Image or a File
    return part


def _thinking(block: Json) -> Part:
    return Reasoning(block["thinking"], "messages", signature=block["signature"], form="thinking")


def _redacted(block: Json) -> Part:
    return Reasoning("", "messages", encrypted=block["data"], form="redacted_thinking")


def _call(block: Json) -> Part:
    extras = _extras(block, "id", "name", "input")
    return ToolCall(block["id"], block["name"], json.dumps(block["input"]), extras=extras)


def _result(block: Json) -> Part:
    return ToolResult(
        block["tool_use_id"],
        _parts(block.get("content") or ()),  # type: ignore[arg-type]  # no content is no parts
        is_error=bool(block.get("is_error")),
        extras=_extras(block, "tool_use_id", "content", "is_error"),
    )


def _native(block: Json) -> Part:
    return Native("messages", block)


_PARTS: Mapping[str, Callable[[Json], Part | None]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _call,
    "tool_result": _result,
}


def _tool(item: Json) -> AnyTool:
    if "input_schema" not in item:
        return NativeTool(item)
    known = ("name", "description", "input_schema", "strict")
    extras = {name: value for name, value in item.items() if name not in known}
    return Tool(item["name"], item.get("description"), item["input_schema"], item.get("strict"), extras or None)


def _tool_choice(choice: Json | None) -> ToolChoice | None:
    if choice is None:
        return None
    return ToolChoice(_CHOICES[choice["type"]], choice.get("name"))  # type: ignore[arg-type]  # the modes' names
