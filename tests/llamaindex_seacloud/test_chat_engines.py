"""Histories that LlamaIndex writes anew: its chat engines, and what is left where one call at most is allowed.

A streaming chat engine puts one text in place of all blocks of an answer, and keeps what is beside them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import CacheControl, CachePoint, ChatMessage, ContentBlock, TextBlock
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool
from llamaindex_seacloud import SeaCloud
from llamaindex_seacloud.messages import read_messages
from llamaindex_seacloud.replies import message_of
from llamaindex_wire import answering, body_of
from seacloud_client.conversation import Choice, Message, Native, Part, Protocol, Reasoning, Refusal, Text, ToolCall
from seacloud_emulator import Emulator

WEB_SEARCH = [{"type": "web_search"}]
ANTHROPICS = [{"type": "web_search_20250305", "name": "web_search"}]
MODELS: dict[str, dict[str, Any]] = {
    "responses": {"model": "gpt-4.1", "protocol": "responses", "additional_kwargs": {"tools": WEB_SEARCH}},
    "responses that reason": {
        "model": "gpt-5",
        "additional_kwargs": {"tools": WEB_SEARCH},
        "reasoning": {"effort": "low", "summary": "auto"},
    },
    "messages": {"model": "claude-opus-4-6", "additional_kwargs": {"tools": ANTHROPICS}},
    "messages that think": {
        "model": "claude-opus-4-6",
        "max_tokens": 4000,
        "thinking": {"type": "adaptive"},
        "additional_kwargs": {"tools": ANTHROPICS},
    },
}
TURNS = ("Please search the web for cats", "And search the web for dogs", "Thank you")


def memory_of(messages: Sequence[ChatMessage]) -> ChatMemoryBuffer:
    """A memory without SQLite, as it is restored from JSON. That of the default one is never closed."""
    restored = [ChatMessage.model_validate_json(message.model_dump_json()) for message in messages]
    return ChatMemoryBuffer.from_defaults(chat_history=restored, token_limit=100_000)


def until_written(engine: SimpleChatEngine, count: int) -> None:
    """Waits, at most ten seconds, for the thread that writes the history."""
    for _ in range(1000):
        if len(engine.chat_history) >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"the history has {len(engine.chat_history)} messages")


async def talk(llm: SeaCloud, how: str) -> list[ChatMessage]:
    """A conversation of three turns, and its history."""
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory_of([]))
    for number, turn in enumerate(TURNS, start=1):
        if how == "chat":
            engine.chat(turn)
        elif how == "stream_chat":
            assert "".join(engine.stream_chat(turn).response_gen)
        else:
            answer = await engine.astream_chat(turn)
            assert "".join([word async for word in answer.async_response_gen()])
        await asyncio.to_thread(until_written, engine, 2 * number)
    return engine.chat_history


@pytest.mark.parametrize("how", ["chat", "stream_chat", "astream_chat"])
@pytest.mark.parametrize("name", list(MODELS))
async def test_a_conversation_with_a_built_in_tool(seacloud_env: Emulator, name: str, how: str) -> None:
    """The emulator refuses what the services refuse: a call without its reasoning, or without its result."""
    await talk(SeaCloud(**MODELS[name]), how)
    assert [request.status for request in seacloud_env.requests] == [200, 200, 200]
    sent = seacloud_env.requests[-1].json
    kinds = kinds_of(sent["input"] if "input" in sent else sent["messages"])
    is_messages = name.startswith("messages")
    calls = ["server_tool_use", "web_search_tool_result"] if is_messages else ["web_search_call"]
    if how == "chat":
        reasons = ["thinking" if is_messages else "reasoning"] if "that" in name else []
        assert kinds[0][: len(reasons) + len(calls)] == reasons + calls
    else:  # in their order, or not at all
        assert kinds[0] == ([] if "that" in name else calls) + ["text" if is_messages else "message"]


def kinds_of(items: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The types of what the assistant said, by its turns."""
    turns: list[list[str]] = []
    is_new = True
    for item in items:
        if item.get("role") == "user":
            is_new = True
            continue
        if is_new:
            turns.append([])
        is_new = False
        inner = item["content"] if item.get("role") == "assistant" and "type" not in item else None
        if isinstance(inner, list) and inner[0]["type"] != "output_text":
            turns[-1] += [block["type"] for block in inner]
        else:
            turns[-1].append(item.get("type") or "message")
    return turns


@pytest.mark.parametrize("name", list(MODELS))
def test_a_memory_that_is_restored_keeps_it_all(seacloud_env: Emulator, name: str) -> None:
    llm, plain = SeaCloud(**MODELS[name]), list[ChatMessage]()
    memory = memory_of([])
    for turn in TURNS[:2]:
        asked = ChatMessage(role="user", content=turn)
        memory.put(asked)
        answer = llm.chat(memory.get())
        memory.put(answer.message)
        memory = memory_of(memory.get_all())
        plain += [asked, answer.message]
    last = ChatMessage(role="user", content=TURNS[2])
    llm.chat([*plain, last])
    llm.chat([*memory.get(), last])
    assert [request.status for request in seacloud_env.requests] == [200] * 4
    assert seacloud_env.requests[-1].json == seacloud_env.requests[-2].json


def native(kind: str, protocol: Protocol = "messages") -> Native:
    return Native(protocol, {"type": kind, "id": kind})


USE, RESULT = native("server_tool_use"), native("web_search_tool_result")
THOUGHT = Reasoning("Hm.", "messages", signature="sig", form="thinking")


def with_blocks(parts: Sequence[Part], blocks: Sequence[ContentBlock]) -> tuple[Part, ...]:
    """What is read of a reply of these parts, whose blocks are others now."""
    message = message_of(Choice(parts=tuple(parts)))
    message.blocks = list(blocks)
    (read,) = read_messages([ChatMessage.model_validate_json(message.model_dump_json())], "messages", "gpt-4.1")
    return read.parts


@pytest.mark.parametrize(
    ("parts", "text", "left"),
    [
        ([USE, RESULT, Text("a")], "a", (USE, RESULT, Text("a"))),
        ([USE, RESULT, Text("a")], "other", (USE, RESULT, Text("other"))),
        ([Text("a"), USE, RESULT, Text("b")], "ab", (Text("ab"),)),
        ([USE, RESULT, Text("a"), USE, RESULT, Text("b")], "ab", (USE, RESULT, Text("ab"))),
        ([THOUGHT, USE, RESULT, Text("a")], "a", (Text("a"),)),
        ([THOUGHT, USE], "a", (Text("a"),)),
        ([Text("a"), USE], "a", (Text("a"), USE)),
        ([Text("a"), Refusal("No.")], "a", (Text("a"), Refusal("No."))),
    ],
)
def test_one_text_in_place_of_all(parts: list[Part], text: str, left: tuple[Part, ...]) -> None:
    assert with_blocks(parts, [TextBlock(text=text)]) == left


def test_what_is_put_behind_changes_nothing() -> None:
    parts = [THOUGHT, USE, RESULT, Text("a")]
    message = message_of(Choice(parts=tuple(parts)))
    point = CachePoint(cache_control=CacheControl(type="ephemeral"))
    *read, last = with_blocks(parts, [*message.blocks, point])
    assert read == parts[:-1]
    assert last == Text("a", extras={"cache_control": {"type": "ephemeral", "ttl": "5m"}})


@pytest.mark.parametrize(
    "facts",
    [
        "x",
        [1],
        {"a": 1},
        [{"type": "text"}],
        [{"type": ["text"], "at": 0, "blocks": 1}],
        [{"type": "text", "at": "0", "blocks": 1}],
        [{"type": "text", "at": -1, "blocks": 1}],
        [{"type": "text", "at": 0, "blocks": 1}],
        [{"type": "text", "at": 0, "blocks": 0, "checksum": 1}],
        [{"type": "text", "at": 0, "blocks": 1, "checksum": 3633523372, "annotations": [{"kind": "none"}]}],
        [{"type": "native", "at": 0, "blocks": 0}],
        [{"type": "native", "at": 1, "blocks": 0, "protocol": "messages", "item": {}, "among": "x"}],
        [{"type": "native", "at": 0, "blocks": 0, "protocol": "messages", "item": "x"}],
        [{"type": "image", "at": 0, "blocks": 0}],
    ],
)
def test_facts_that_are_damaged_are_left_out(facts: Any) -> None:
    message = ChatMessage(role="assistant", content="hi", additional_kwargs={"seacloud": facts})
    (read,) = read_messages([message], "messages", "claude-opus-4-6")
    assert read.parts == (Text("hi"),)


@pytest.mark.parametrize("kept", [{"seacloud_message": "x"}, {"seacloud_message": [1]}, {"seacloud_container": 1}])
@pytest.mark.parametrize("protocol", ["chat_completions", "messages"])
def test_what_else_is_damaged_is_left_out(protocol: Protocol, kept: dict[str, Any]) -> None:
    message = ChatMessage(role="assistant", content="hi", additional_kwargs=kept)
    assert read_messages([message], protocol, "gpt-4.1") == (Message("assistant", (Text("hi"),)),)


# One call at most


def call_item(number: int) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": "add",
        "arguments": f'{{"a": {number}}}',
        "status": "completed",
    }


REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "enc"}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "hi", "annotations": []}],
}
OUTPUTS = [
    [REASONING, call_item(1), call_item(2), SEARCH, MESSAGE],
    [REASONING, call_item(1), SEARCH, call_item(2), MESSAGE, call_item(3)],
    [MESSAGE, SEARCH, call_item(1), call_item(2)],
]


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_stands_behind_the_calls_that_are_dropped_is_kept(output: list[dict[str, Any]]) -> None:
    reply = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "status": "completed"}
    llm, requests = answering({**reply, "output": output}, model="gpt-5", protocol="responses")
    tool = FunctionTool.from_defaults(lambda a: a, name="add", description="Adds.")
    response = llm.chat_with_tools([tool], user_msg="Add.")
    assert [call["id"] for call in response.message.additional_kwargs["tool_calls"]] == ["call_1"]
    result = ChatMessage(role="tool", content="1", additional_kwargs={"tool_call_id": "call_1"})
    llm.chat([ChatMessage("Add."), response.message, result, ChatMessage("Go on.")])
    kept = [item for item in output if item.get("call_id") in (None, "call_1")]
    assert body_of(requests[1])["input"][1 : 1 + len(kept)] == kept


def test_a_call_alone_is_not_touched() -> None:
    message = message_of(Choice(parts=(Text("a", id="msg_1"), ToolCall("call_1", "add", "{}", item_id="fc_1"))))
    (read,) = read_messages([message], "responses", "gpt-5")
    assert read.parts == (Text("a", id="msg_1"), ToolCall("call_1", "add", "{}", item_id="fc_1"))
