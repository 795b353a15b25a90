"""Messages as the anthropic SDK reads it: its client, its models, its stream accumulator.

The beta resource is used throughout: its types are those of the stable one and the betas' (advisor, MCP, iterations).
"""

from __future__ import annotations

from typing import Any

from anthropic import APIStatusError

from .official_clients import anthropic_client, dump
from .reading import ChoiceReading, ErrorReading, Reading, ToolCallReading, compact, usage_of, without_empty
from .recordings import Recording

_REQUEST: dict[str, Any] = {"model": "any", "max_tokens": 1, "messages": [{"role": "user", "content": "any"}]}

_REPLY_FIELDS = frozenset({"id", "type", "role", "model", "content", "stop_reason", "usage"})
_KINDS = {"text": "text", "thinking": "reasoning", "redacted_thinking": "reasoning", "tool_use": "tool_call"}


def read_messages(recording: Recording) -> Reading:
    """Read a recording of Messages."""
    return _read(recording, beta=True)


def read_messages_stable(recording: Recording) -> Reading:
    """Read it with the SDK's stable resource, to compare."""
    return _read(recording, beta=False)


def _read(recording: Recording, *, beta: bool) -> Reading:
    try:
        return _read_stream(recording, beta=beta) if recording.stream else _read_plain(recording, beta=beta)
    except APIStatusError as error:
        return Reading(error=_error(error), extras={"request_id": error.request_id} if error.request_id else {})


def _error(error: APIStatusError) -> ErrorReading:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error") or {}
    return ErrorReading(
        code=inner.get("type"),
        message=inner.get("message") or error.message,
        type=inner.get("type"),
        status=error.status_code,
    )


def _read_plain(recording: Recording, *, beta: bool) -> Reading:
    with anthropic_client(recording) as client:
        messages: Any = client.beta.messages if beta else client.messages
        return _reading(dump(messages.create(**_REQUEST)), arguments={})


def _read_stream(recording: Recording, *, beta: bool) -> Reading:
    """Fold the events with the SDK's accumulator; it parses a tool's input and drops its text, which is kept here."""
    arguments: dict[int, str] = {}
    with anthropic_client(recording) as client:
        messages: Any = client.beta.messages if beta else client.messages
        with messages.stream(**_REQUEST) as stream:
            for event in stream:
                if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                    arguments[event.index] = arguments.get(event.index, "") + event.delta.partial_json
            message = dump(stream.get_final_message())
    return _reading(message, arguments)


def _reading(message: dict[str, Any], arguments: dict[int, str]) -> Reading:
    """Read the SDK's Message; the service tier's place on this protocol is the usage."""
    usage = message.get("usage") or {}
    return Reading(
        choices=(_choice(message, arguments),),
        id=message["id"],
        model=message["model"],
        usage=usage_of(usage),
        service_tier=usage.get("service_tier"),
        extras=without_empty(message, _REPLY_FIELDS),
    )


def _choice(message: dict[str, Any], arguments: dict[int, str]) -> ChoiceReading:
    blocks = message["content"]
    native = [block for block in blocks if block["type"] not in _KINDS]
    return ChoiceReading(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        reasoning="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        tool_calls=tuple(
            ToolCallReading(block["id"], block["name"], arguments.get(place) or compact(block["input"]))
            for place, block in enumerate(blocks)
            if block["type"] == "tool_use"
        ),
        finish=message.get("stop_reason"),
        citations=tuple(citation for block in blocks for citation in block.get("citations") or ()),
        native=tuple(block["type"] for block in native),
        native_items=tuple(native),
        items=tuple(blocks),
        signatures=tuple(sealed for block in blocks for sealed in _sealed(block)),
        order=tuple(_KINDS.get(block["type"], block["type"]) for block in blocks),
    )


def _sealed(block: dict[str, Any]) -> list[str]:
    """Return the block's signature or redacted data: only reasoning has one."""
    sealed = {"thinking": block.get("signature"), "redacted_thinking": block.get("data")}.get(block["type"])
    return [sealed] if sealed else []
