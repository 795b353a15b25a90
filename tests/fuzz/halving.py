"""Streams whose texts come in two pieces each: where a service cuts a text means nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import from_json
from seacloud_client.conversation import Protocol
from seacloud_client.sse import ServerSentEvent


def halve(name: Protocol, events: Iterable[ServerSentEvent]) -> bytes:
    """The bytes of a stream that says the same in more pieces."""
    return b"".join(piece for event in events for piece in _pieces(name, event))


def _pieces(name: Protocol, event: ServerSentEvent) -> Iterator[bytes]:
    head = f"event: {event.event}\n".encode() if event.event else b""
    for data in _halves(name, event.data):
        yield head + b"".join(b"data: " + line + b"\n" for line in data.split(b"\n")) + b"\n"


def _halves(name: Protocol, data: bytes) -> list[bytes]:
    try:
        value = from_json(data)
    except ValueError:
        return [data]  # `[DONE]`, or events without a blank line between them
    places = _PLACES[name](value) if isinstance(value, dict) else None
    if places is None:
        return [data]
    holder, key = places
    text = holder[key]
    if not isinstance(text, str) or len(text) < 2:
        return [data]
    halves = []
    for half in (text[: len(text) // 2], text[len(text) // 2 :]):
        holder[key] = half
        halves.append(json.dumps(value).encode())
        value.pop("logprobs", None)  # they are said once
    return halves


def _in_chat(chunk: dict[str, Any]) -> tuple[Any, str] | None:
    """The text of a chunk that says nothing else."""
    match chunk.get("choices"):
        case [{"index": int(), "delta": dict() as delta, **others}] if not others and not chunk.get("error"):
            return _of_delta(delta)
    return None


def _of_delta(delta: dict[str, Any]) -> tuple[Any, str] | None:
    match delta:
        case {"tool_calls": [{"index": int(), "function": {"arguments": str(), **more} as function, **others}], **rest}:
            return None if more or others or rest else (function, "arguments")
        case {"content": str()} | {"reasoning_content": str()} | {"refusal": str()} if len(delta) == 1:
            return delta, next(iter(delta))
    return None


def _in_messages(event: dict[str, Any]) -> tuple[Any, str] | None:
    delta = event.get("delta")
    if event.get("type") != "content_block_delta" or not isinstance(delta, dict):
        return None
    kind = delta.get("type")
    field = _FIELDS.get(kind) if isinstance(kind, str) else None
    return (delta, field) if field is not None and delta.keys() == {"type", field} else None


_FIELDS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


def _in_responses(event: dict[str, Any]) -> tuple[Any, str] | None:
    """The text of a delta; base64 is none, since its pieces are whole."""
    kind = event.get("type")
    is_text = isinstance(kind, str) and kind.endswith(".delta") and kind != "response.audio.delta"
    return (event, "delta") if is_text and "delta" in event else None


_PLACES: Mapping[Protocol, Callable[[dict[str, Any]], tuple[Any, str] | None]] = {
    "chat_completions": _in_chat,
    "messages": _in_messages,
    "responses": _in_responses,
}
"""Where the text of an event is: its container and its key; `None` where there is none."""
