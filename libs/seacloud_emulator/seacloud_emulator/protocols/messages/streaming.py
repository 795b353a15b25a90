"""A Messages answer as events, in the order in which Anthropic sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from seacloud_emulator.brain import tokens
from seacloud_emulator.protocols.messages.output import Block, Output
from seacloud_emulator.refusals import anthropic_error
from seacloud_emulator.sse import Event

Body = dict[str, Any]


def events(output: Output) -> Iterator[Event]:
    """All events of an answer, to the last."""
    yield _event("message_start", message=output.beginning())
    for index, block in enumerate(output.blocks):
        yield _event("content_block_start", index=index, content_block=_BEGUN[block.content["type"]](block.content))
        if index == 0:
            yield _event("ping")
        for delta in _DELTAS[block.content["type"]](block):
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event("message_delta", delta=output.ending(), usage=output.final_usage())
    yield _event("message_stop")


def error_event(error: Any) -> Event:
    """The event for an error in the stream: the JSON that was ordered, or the usual one."""
    return Event(error if error is not None else anthropic_error("The stream broke.", kind="api_error"), "error")


def _event(kind: str, **content: Any) -> Event:
    return Event({"type": kind, **content}, kind)


def _begun_text(content: Body) -> Body:
    return {**({"citations": []} if "citations" in content else {}), "type": "text", "text": ""}


def _begun_thinking(_content: Body) -> Body:
    return {"type": "thinking", "thinking": "", "signature": ""}


def _begun_call(content: Body) -> Body:
    return {**content, "input": {}}


def _whole(content: Body) -> Body:
    return content


_BEGUN: Mapping[str, Callable[[Body], Body]] = {
    "text": _begun_text,
    "thinking": _begun_thinking,
    "redacted_thinking": _whole,
    "tool_use": _begun_call,
    "server_tool_use": _begun_call,
    "web_search_tool_result": _whole,
}
"""How a block begins: empty, or whole where it comes at once."""


def _text(block: Block) -> Iterator[Body]:
    for citation in block.content.get("citations", ()):
        yield {"type": "citations_delta", "citation": citation}
    for fragment in tokens.tokens(block.content["text"]):
        yield {"type": "text_delta", "text": fragment}


def _thinking(block: Block) -> Iterator[Body]:
    for fragment in tokens.tokens(block.content["thinking"]):
        yield {"type": "thinking_delta", "thinking": fragment}
    yield {"type": "signature_delta", "signature": block.content["signature"]}


def _call(block: Block) -> Iterator[Body]:
    yield {"type": "input_json_delta", "partial_json": ""}
    for fragment in tokens.tokens(block.json_text):
        yield {"type": "input_json_delta", "partial_json": fragment}


def _nothing(_block: Block) -> Iterator[Body]:
    yield from ()


_DELTAS: Mapping[str, Callable[[Block], Iterator[Body]]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _nothing,
    "tool_use": _call,
    "server_tool_use": _call,
    "web_search_tool_result": _nothing,
}
