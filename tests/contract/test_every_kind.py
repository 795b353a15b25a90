"""Every kind of item that the official SDKs know: read alike plain and streamed, and taken back in the next request.

The items are made up from the SDKs' models, all fields included. What an answer tells and a request may not have
(`created_by`, a citation's `file_id`) is found by the SDKs' request types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from anthropic.types.beta import BetaContentBlock
from openai.types.responses import ResponseOutputItem
from seacloud_client.conversation import Message, Request, Text, ToolResult, user
from seacloud_client.protocols import get_protocol
from seacloud_emulator.strict import problems

from .made_up import Json, instances, kinds_of
from .our_reading import outcome_of
from .recordings import Recording

FEW_ANSWERS = 3
"""Kinds of which less than so many are known have been looked up wrongly."""


def made(union: Any) -> list[Any]:
    found = [
        pytest.param(item, id=f"{item['type']}-{number}")
        for kind in dict.fromkeys(kinds_of(union))
        for number, item in enumerate(instances(kind))
    ]
    assert len(found) > FEW_ANSWERS
    return found


def answer(protocol: str, body: Json | Iterable[Json]) -> Recording:
    """An answer as if it had been recorded: a body, or the events of a stream."""
    if isinstance(body, dict):
        return Recording("made-up", protocol, False, 200, "", (), {}, {}, json.dumps(body), "")
    events = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in body)
    return Recording("made-up", protocol, True, 200, "", (), {}, {}, events, "")


def unknown_keys(protocol: str, model: str, recording: Recording) -> list[str]:
    """The keys of the next request that the SDK's types do not know."""
    reply = outcome_of(recording).reply
    assert reply is not None
    results = tuple(ToolResult(call.id, (Text("done"),), kind=call.kind) for call in reply.tool_calls)
    history = (user("hi"), reply.message, *([Message("tool", results)] if results else []))
    body = get_protocol(protocol).encode(Request(model=model, messages=history, max_tokens=9), False)  # type: ignore[arg-type]  # it is spoken
    return [problem for problem in problems(protocol, body) if "unknown key" in problem]


@pytest.mark.parametrize("item", made(ResponseOutputItem))
def test_an_item_of_a_response(item: Json):
    plain = {"id": "resp_1", "object": "response", "model": "m", "status": "completed", "output": [item]}
    events = [
        {"type": "response.created", "response": {**plain, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": plain},
    ]
    streamed, whole = outcome_of(answer("responses", events)), outcome_of(answer("responses", plain))
    assert (streamed.error, whole.error) == (None, None)
    assert streamed.reply == whole.reply
    assert whole.reply is not None
    assert len(whole.reply.choice.parts) >= 1
    assert unknown_keys("responses", "any", answer("responses", plain)) == []


@pytest.mark.parametrize("block", made(BetaContentBlock))
def test_a_block_of_a_message(block: Json):
    # A built-in tool's result has its call before it, and a program that calls a tool is not made up here.
    block = {**block, "caller": {"type": "direct"}} if "caller" in block else block
    call = {"type": "server_tool_use", "id": block.get("tool_use_id"), "name": "web_search", "input": {}}
    content = [call, block] if "tool_use_id" in block else [block]
    plain = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content}
    plain |= {"stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2}}
    events = [
        {"type": "message_start", "message": {**plain, "content": [], "stop_reason": None}},
        *(
            event
            for index, part in enumerate(content)
            for event in (
                {"type": "content_block_start", "index": index, "content_block": part},
                {"type": "content_block_stop", "index": index},
            )
        ),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    streamed, whole = outcome_of(answer("messages", events)), outcome_of(answer("messages", plain))
    assert (streamed.error, whole.error) == (None, None)
    assert streamed.reply == whole.reply
    assert whole.reply is not None
    assert len(whole.reply.choice.parts) == len(content)
    assert unknown_keys("messages", "claude-opus-4-6", answer("messages", plain)) == []
