"""Messages: every recording is read with nothing lost, as the anthropic SDK reads it, and goes back as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from seacloud_client.conversation import Message, Reply, Request, Text, ToolCall, ToolResult, user
from seacloud_client.errors import InvalidRequestError, StreamBroken
from seacloud_client.protocols.messages import PROTOCOL
from seacloud_emulator.strict import problems

from .hand_read import payloads
from .official_clients import anthropic_client, dump
from .our_reading import differing, outcome_of, read_ours
from .reading import flatten
from .recordings import SKIP, Recording, load, parametrize
from .request_compare import WRITTEN_OUT, differences, holds_request
from .requests_messages import read_request
from .sdk_reading import read

Json = dict[str, Any]


@parametrize("messages")
def test_a_recording_is_read_as_the_sdk_reads_it(recording: Recording):
    # What the blocks hold besides is compared below, where they go back.
    assert differing(read_ours(recording), read(recording), leave_out=["items"]) == {}


@SKIP
def test_a_recorded_error_has_its_class():
    errors = [outcome_of(recording).error for recording in load("messages") if recording.status == 400]
    assert [type(error) for error in errors] == [InvalidRequestError]


def comparable(reply: Reply) -> Reply:
    """A reply whose arguments are spaced in one way, and whose wire usage is without nulls."""
    parts = tuple(
        replace(part, arguments=json.dumps(json.loads(part.arguments))) if isinstance(part, ToolCall) else part
        for part in reply.choice.parts
    )
    usage = replace(reply.usage, raw=flatten(reply.usage.raw)) if reply.usage else None
    return replace(reply, choices=(replace(reply.choice, parts=parts),), usage=usage, request_id=None)


@parametrize("messages", stream=True)
def test_a_stream_folds_to_the_plain_answer(recording: Recording):
    """The plain answer is what the SDK's accumulator makes of the stream."""
    request: Any = {"model": "any", "max_tokens": 1, "messages": [{"role": "user", "content": "any"}]}
    with anthropic_client(recording) as client, client.beta.messages.stream(**request) as stream:
        accumulated = dump(stream.get_final_message())
    reply = outcome_of(recording).reply
    assert reply is not None
    assert comparable(reply) == comparable(PROTOCOL.decode(accumulated))


@parametrize("messages", stream=True)
def test_a_stream_that_is_cut_off_is_broken(recording: Recording):
    body = recording.response.encode()
    end_of_content = body.rindex(b"\n\n", 0, body.index(b"message_delta"))
    assert isinstance(outcome_of(recording, [body[:end_of_content]]).error, StreamBroken)


def wire_blocks(recording: Recording) -> list[Json]:
    """The blocks of an answer, put together from its raw body by the plainest of means."""
    if not recording.stream:
        return list(payloads(recording)[0]["content"])
    blocks: dict[int, Json] = {}
    for event in payloads(recording):
        if event["type"] == "content_block_start":
            blocks[event["index"]] = event["content_block"]
        elif event["type"] == "content_block_delta":
            grow(blocks[event["index"]], event["delta"])
    for block in blocks.values():
        if "partial_json" in block:
            block["input"] = json.loads(block.pop("partial_json") or "{}")
    return [blocks[index] for index in sorted(blocks)]


def grow(block: Json, delta: Json) -> None:
    for name, value in delta.items():
        if name == "citation":
            block["citations"] = [*(block.get("citations") or []), value]
        elif name != "type":
            block[name] = block.get(name, "") + value


def as_sent(blocks: list[Json]) -> Iterator[Json]:
    """The blocks of an answer as a request has them: no empty texts, no empty citations, and no `file_id` in one."""
    for block in blocks:
        if block["type"] != "text":
            yield block
        elif block["text"].strip():
            citations = [{name: raw[name] for name in raw if name != "file_id"} for raw in block.get("citations") or ()]
            yield {"type": "text", "text": block["text"], **({"citations": citations} if citations else {})}


def without(value: Any, name: str) -> Any:
    """A JSON value without the fields of that name."""
    if isinstance(value, list):
        return [without(item, name) for item in value]
    if isinstance(value, dict):
        return {key: without(inner, name) for key, inner in value.items() if key != name}
    return value


@parametrize("messages")
def test_a_reply_goes_back_without_loss(recording: Recording):
    if recording.status != 200:
        pytest.skip("an error has no reply")
    reply = outcome_of(recording).reply
    assert reply is not None
    results = tuple(ToolResult(call.id, (Text("done"),)) for call in reply.tool_calls)
    answers = [Message("tool", results)] if results else []
    asked = read_request(recording.request).messages if holds_request(recording) else (user("hi"),)
    history = (*asked, reply.message, *answers, user("go on"))
    body = PROTOCOL.encode(Request(model="claude-sonnet-4-5", messages=history), False)
    said, last = body["messages"][-2:]
    assert (said["role"], last["role"]) == ("assistant", "user")
    assert said["content"] == list(as_sent(wire_blocks(recording)))
    assert problems("messages", body) == []


CACHED = {"type": "ephemeral"}

# Requests as Anthropic's reference has them, of what no recording holds.
UNRECORDED: dict[str, Json] = {
    "a history of every kind of block": {
        "model": "claude-sonnet-4-5",
        "max_tokens": 5,
        "system": [
            {"type": "text", "text": "a", "cache_control": {**CACHED, "ttl": "1h"}},
            {"type": "text", "text": "b"},
        ],
        "messages": [
            {"role": "user", "content": "x"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "h", "signature": "s"},
                    {"type": "redacted_thinking", "data": "d"},
                    {"type": "text", "text": "hi", "citations": None},
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1.5}, "caller": {"type": "direct"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t",
                        "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}],
                        "cache_control": CACHED,
                    },
                    {"type": "text", "text": "so?"},
                ],
            },
        ],
        "tools": [
            {
                "name": "f",
                "input_schema": {"type": "object", "properties": {}},
                "strict": False,
                "cache_control": CACHED,
            },
            {"type": "bash_20250124", "name": "bash"},
        ],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        "top_k": 3,
        "metadata": {"user_id": "u"},
        "container": "c",
        "stream": True,
        "service_tier": "auto",
        "cache_control": CACHED,
    },
    "instructions in the middle, thinking, a schema": {
        "model": "claude-opus-4-8",
        "max_tokens": 5,
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "system", "content": "y"},
            {"role": "assistant", "content": "z"},
        ],
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {
            "effort": "max",
            "format": {
                "type": "json_schema",
                "schema": {"type": "object", "properties": {}, "additionalProperties": False},
            },
        },
    },
    "documents": {
        "model": "m",
        "max_tokens": 5,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "document", "source": {"type": "content", "content": "x"}, "title": "t"},
                    {"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}, "context": None},
                    {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                        "citations": {"enabled": True},
                        "context": "c",
                    },
                    {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
                ],
            }
        ],
        "tools": [],
        "thinking": {"type": "disabled"},
    },
}


@pytest.mark.parametrize("name", UNRECORDED)
def test_a_request_is_encoded_as_it_was_read(name: str):
    body = UNRECORDED[name]
    ours = PROTOCOL.encode(read_request(body), bool(body.get("stream")))
    assert problems("messages", body) == []
    assert problems("messages", ours) == []
    write_out = WRITTEN_OUT["messages"]
    assert differences(write_out(body), write_out(ours), "messages") == []
